"""From layers of the viewer back to a field that can be scored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from napari.layers import Image

from fishcount.errors import ChannelError
from fishcount.image import ROLES, FishImage
from fishcount.io import guess_role
from napari_fishcount.notes import shown_by

__all__ = ["calibration_of", "field_from_layers", "guess_layers"]


def guess_layers(layers: Iterable[Any]) -> dict[str, Image]:
    """The layer of each role: the last that fishcount opened, else the last that has its name.

    Returns
    -------
    dict of str to Image
        Without the roles for which no layer speaks.
    """
    guess: dict[str, Image] = {}
    images = [layer for layer in layers if isinstance(layer, Image)]
    for role in ROLES:
        noted = [layer for layer in images if shown_by(layer).get("shows") == role]
        named = [layer for layer in images if role in _roles_in(layer.name)]
        if noted or named:
            guess[role] = (noted or named)[-1]
    return guess


def _roles_in(name: str) -> set[str | None]:
    return {guess_role(word) for word in (name, *re.split(r"[^A-Za-z0-9]+", name))}


def calibration_of(layer: Image) -> tuple[float | None, float | None]:
    """Pixel size and plane distance in um; None for what the layer does not know.

    A layer without units has a scale of its own making, mostly 1: that is not believed.
    """
    units = [str(unit) for unit in layer.units]
    if any(unit not in ("micrometer", "um", "µm", "micron") for unit in units):
        return None, None
    scale = [float(step) for step in layer.scale]
    return scale[-1], scale[-3] if layer.ndim > 2 else None


def field_from_layers(
    layers: Mapping[str, Image], *, pixel_size_um: float, z_step_um: float | None = None
) -> FishImage:
    """The field that these layers show.

    Parameters
    ----------
    layers
        Role to layer; (y, x) or (z, y, x), all of the same shape.
    pixel_size_um, z_step_um
        Calibration; the plane distance is needed for stacks.

    Returns
    -------
    FishImage
        The very field that was opened where the layers and the calibration are its own, with
        its file, hash and region; otherwise one made from the pixels of the layers.

    Raises
    ------
    ChannelError
        When a layer serves twice, is a colour picture, or differs in shape.
    FishcountError
        As `FishImage.from_array`.
    """
    opened = _opened_as(layers)
    if opened is not None and (opened.pixel_size_um, opened.z_step_um) == (
        pixel_size_um,
        z_step_um,
    ):
        return opened
    _check(layers)
    first = next(iter(layers.values()))
    return FishImage.from_array(
        np.stack([np.asarray(layer.data) for layer in layers.values()]),
        axes="CYX" if first.ndim == 2 else "CZYX",
        channels=list(layers),
        pixel_size_um=pixel_size_um,
        z_step_um=z_step_um,
        name=first.name if opened is None else opened.name,
        **({} if opened is None else {"roi": opened.roi, "findings": opened.findings}),
    )


def _opened_as(layers: Mapping[str, Image]) -> FishImage | None:
    """The field that all these layers were opened from, each in its own role."""
    notes = [(role, shown_by(layer)) for role, layer in layers.items()]
    images = [note.get("image") for role, note in notes if note.get("shows") == role]
    if not images or len(images) < len(notes) or any(image is not images[0] for image in images):
        return None
    image = images[0]
    return image if isinstance(image, FishImage) and set(image.channels) == set(layers) else None


def _check(layers: Mapping[str, Image]) -> None:
    if not layers:
        raise ChannelError("no layer was chosen")
    if len(set(map(id, layers.values()))) < len(layers):
        raise ChannelError("one layer was chosen for two channels")
    for role, layer in layers.items():
        if layer.multiscale:
            raise ChannelError(
                "a pyramid is not a channel", field=role, remedy="open one level of it"
            )
        if layer.rgb:
            raise ChannelError(
                "a colour picture is not a channel", field=role, remedy="use Layer > Split RGB"
            )
        if layer.ndim not in (2, 3):
            raise ChannelError("neither (y, x) nor (z, y, x)", field=role, found=layer.data.shape)
    shapes = {role: layer.data.shape for role, layer in layers.items()}
    if len(set(shapes.values())) > 1:
        raise ChannelError("the layers differ in shape", found=shapes)
