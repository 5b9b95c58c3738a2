"""Opens FISH fields in napari, with the channels in their colours and the scale in micrometres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import fishcount
from fishcount.errors import FishcountError
from napari_fishcount.layers import LayerTuple, image_layers

__all__ = ["get_reader", "read_field"]

Reader = Callable[[str | Sequence[str]], list[LayerTuple]]

SUFFIXES = (".tif", ".tiff")


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """What napari calls for a path that was opened.

    Parameters
    ----------
    path
        A file, or several.

    Returns
    -------
    callable or None
        None where a path is no TIFF, so that napari asks another reader.
    """
    return read_field if all(_is_field(Path(one)) for one in _listed(path)) else None


def read_field(path: str | Sequence[str]) -> list[LayerTuple]:
    """Layers of one field or several.

    Raises
    ------
    FishcountError
        When the file cannot be read, or does not say its channels or its pixel size. napari
        shows the message, which says what to do.
    """
    layers = []
    for one in _listed(path):
        try:
            image = fishcount.read_image(one)
        except FishcountError as error:
            error.add_note(
                "Or open it with napari's own reader, and name its layers and its pixel size in "
                "Plugins > Score HER2 FISH."
            )
            raise
        layers += image_layers(image)
    return layers


def _is_field(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES)


def _listed(path: str | Sequence[str]) -> list[str]:
    return [path] if isinstance(path, str) else list(path)
