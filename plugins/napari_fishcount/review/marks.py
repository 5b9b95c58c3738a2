"""What lies over the images of a review: contours, counts, signals, and the one that is picked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from napari.layers import Layer, Points
from numpy.typing import NDArray

from fishcount.review import Box, Desk, signal_place
from napari_fishcount.layers import LayerTuple, result_layers
from napari_fishcount.scored import ScoredField

__all__ = ["MARK_SIZE_UM", "Marks"]

# Smaller than in an overview: a nucleus fills the view, and its signals must be seen.
MARK_SIZE_UM = 0.6
_PICKED_COLOUR = "#ffffff"
_PICKED_SIZE_UM = 1.4
# What hides with all marks; what was left out has a switch of its own.
_TOGETHER = ("nuclei", "present", "picked", "counts", "HER2 signals", "CEP17 signals")


class Marks:
    """The marks of a review, and how a reader has set them.

    Parameters
    ----------
    desk
        The review.
    layers
        Those that the viewer shows, by what they show.

    Attributes
    ----------
    size_um : float
        Size of the marks of signals.
    only : bool
        Whether the present nucleus is drawn without the others.
    """

    def __init__(self, desk: Desk, layers: Mapping[str, Layer]) -> None:
        self._desk, self._layers = desk, layers
        self.size_um = MARK_SIZE_UM
        self.only = False

    def draw(self, name: str, box: Box) -> Iterator[LayerTuple]:
        """Layers of what was found in a part of a field, as it stands after the edits."""
        field = ScoredField.from_review(self._desk.state, name, box)
        if self.only and self._desk.nucleus is not None:
            field = field.only(self._desk.nucleus[1])
        for data, options, kind in result_layers(field):
            if kind == "points" and "text" not in options:
                options["size"] = self.size_um / field.pixel_size_um
            yield data, options, kind
        yield self._picked_layer(field)

    def mark_picked(self, name: str) -> None:
        """Put the square on the picked signal, where that is in the field that is shown."""
        layer, place = self._layers.get("picked"), self._picked_place(name)
        if layer is not None and not np.array_equal(layer.data, place):
            layer.data = place

    def toggle(self) -> None:
        """Hide all of them to see the bare image, or show them again."""
        shown = self._shown()
        visible = not any(layer.visible for layer in shown.values())
        for layer in shown.values():
            layer.visible = visible

    def toggle_left_out(self) -> None:
        """Show the candidates that were left out, or hide them."""
        layer = self._layers["left out"]
        layer.visible = not layer.visible

    @property
    def shows_left_out(self) -> bool:
        """Whether candidates that were left out are shown."""
        return bool(self._layers["left out"].visible)

    def resize(self, size_um: float, *, pixel_size_um: float) -> None:
        """Draw signals in another size, now and from now on."""
        self.size_um = size_um
        for what, layer in self._shown().items():
            if isinstance(layer, Points) and what != "counts":
                layer.size = layer.current_size = size_um / pixel_size_um

    def _shown(self) -> dict[str, Layer]:
        return {what: layer for what, layer in self._layers.items() if what in _TOGETHER}

    def _picked_place(self, name: str) -> NDArray[np.float64]:
        signal = self._desk.signal
        if signal is None or signal[0] != name:
            return np.zeros((0, 2))
        return np.array([signal_place(self._desk.state, signal)[1:]])

    def _picked_layer(self, field: ScoredField) -> LayerTuple:
        options = {
            "name": "picked signal",
            "symbol": "square",
            "size": _PICKED_SIZE_UM / field.pixel_size_um,
            "face_color": "transparent",
            "border_color": _PICKED_COLOUR,
            "border_width": 0.08,
            "opacity": 1.0,
            "scale": (field.pixel_size_um,) * 2,
            "units": ("um", "um"),
            "axis_labels": ("y", "x"),
            "metadata": {"fishcount": {"shows": "picked"}},
        }
        return self._picked_place(field.name), options, "points"
