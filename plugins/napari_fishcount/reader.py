"""Opens FISH fields and case folders in napari, in their colours and scaled to micrometres."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from napari.utils.notifications import show_warning

import fishcount
from fishcount.errors import FishcountError
from fishcount.io import CaseFolder, read_case_folder, read_scored_image
from napari_fishcount.layers import LayerTuple, image_layers, result_layers
from napari_fishcount.scored import ScoredField

__all__ = ["Reader", "get_reader", "read_case", "read_field"]

Reader = Callable[[str | Sequence[str]], list[LayerTuple]]

_SUFFIXES = (".tif", ".tiff")


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """What napari calls for a path that was opened.

    Parameters
    ----------
    path
        A file or a case folder, or several.

    Returns
    -------
    callable or None
        None where a path is neither TIFF nor case folder, so that napari asks another reader.
    """
    paths = [Path(one) for one in _listed(path)]
    if all(_is_field(one) for one in paths):
        return read_field
    if all((one / "summary.json").is_file() for one in paths):
        return read_case
    return None


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


def read_case(path: str | Sequence[str]) -> list[LayerTuple]:
    """Images and results of the fields of a case folder, or of several.

    The images are those that were scored: where one is no longer there, or is another file by
    its hash, napari warns and the results are shown without it.

    Raises
    ------
    FishcountError
        When the folder does not keep the contract of case folders.
    """
    folders = [read_case_folder(one) for one in _listed(path)]
    return [
        layer
        for folder in folders
        for record in folder.summary["fields"]
        for layer in _case_field(folder, record["name"])
    ]


def _case_field(folder: CaseFolder, name: str) -> Iterator[LayerTuple]:
    field = ScoredField.from_case_folder(folder, name)
    try:
        image = read_scored_image(folder, field.name)
    except FishcountError as error:
        show_warning(f"{field.name} is shown without its image: {error}")
    else:
        yield from image_layers(image)
    yield from result_layers(field)


def _is_field(path: Path) -> bool:
    return path.name.lower().endswith(_SUFFIXES)


def _listed(path: str | Sequence[str]) -> list[str]:
    return [path] if isinstance(path, str) else list(path)
