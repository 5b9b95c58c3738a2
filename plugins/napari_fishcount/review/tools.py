"""What a reader draws with: a knife that splits a nucleus, a brush that paints one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from napari.layers import Labels, Shapes
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from fishcount.errors import ReviewError
from fishcount.review import (
    DrawNucleus,
    Edit,
    Id,
    Outline,
    RedrawNucleus,
    ReviewState,
    SplitNucleus,
)
from napari_fishcount.compat import camera_of
from napari_fishcount.review.stage import Stage

__all__ = ["Brush", "Knife", "Tool"]

_DRAWN_COLOUR = "#4dd2ff"
# Room to paint in around a nucleus, and the side of the sheet for one that was missed.
_MARGIN_UM = 5.0
_SHEET_UM = 30.0
_BRUSH_UM = 1.0


class Tool(Protocol):
    """Something that is drawn before it becomes an edit."""

    waits_for: str

    def take_up(self) -> None:
        """Put it into the viewer."""

    def put_down(self) -> None:
        """Take it out of the viewer."""

    def action(self) -> Edit:
        """The edit that was drawn; ReviewError where nothing was."""


class Knife:
    """Cuts a nucleus in two along a straight line, at its waist where none was drawn.

    Parameters
    ----------
    stage
        Where it is drawn.
    outline, nucleus
        What is cut.
    drawn
        Called when a line was drawn to its end.
    """

    waits_for = "Drag a line across the nucleus. Return cuts it at its waist, Escape cancels."

    def __init__(
        self, stage: Stage, outline: Outline, nucleus: Id, *, drawn: Callable[[], object]
    ) -> None:
        self._stage, self._outline, self._nucleus = stage, outline, nucleus
        self._drawn = drawn
        self._cut: tuple[tuple[float, float], tuple[float, float]] | None = None
        self._layer: Shapes | None = None

    def take_up(self) -> None:
        """Put a layer for the line into the viewer; a drag draws, and does not move the view."""
        viewer, scale = self._stage.viewer, self._stage.pixel_size_um
        self._layer = Shapes(
            name="cut",
            edge_color=_DRAWN_COLOUR,
            edge_width=2,
            ndim=2,
            scale=(scale, scale),
            units=("um", "um"),
            axis_labels=("y", "x"),
        )
        viewer.add_layer(self._layer)
        camera_of(viewer).mouse_pan = False
        viewer.mouse_drag_callbacks.append(self._on_drag)

    def put_down(self) -> None:
        """Take the line out of the viewer."""
        viewer = self._stage.viewer
        camera_of(viewer).mouse_pan = True
        viewer.mouse_drag_callbacks.remove(self._on_drag)
        if self._layer in viewer.layers:
            viewer.layers.remove(self._layer)

    def action(self) -> Edit:
        """The split along the line, or at the waist."""
        name, number = self._nucleus
        cut = self._cut or _waist(self._outline)
        return SplitNucleus(field=name, nucleus=number, cut_yx_px=cut)

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        start = self._place(event)
        yield
        while event.type == "mouse_move":
            self._draw(start, self._place(event))
            yield
        if self._cut is not None:
            self._drawn()

    def _place(self, event: Any) -> tuple[float, float]:
        _, y_px, x_px = self._stage.to_px(event.position)
        return y_px, x_px

    def _draw(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        if start != end and self._layer is not None:
            self._cut = (start, end)
            self._layer.data = [np.array(self._cut)]


class Brush:
    """Paints a nucleus anew, or one that was missed, on a sheet of its own.

    Parameters
    ----------
    stage
        Where it is drawn.
    state
        The case as it stands.
    nucleus
        The one to paint anew; None for one that was missed.
    around
        Place in the viewer for the sheet of one that was missed; the middle of the view where None.
    """

    waits_for = (
        "Paint with the brush ([ and ] change its size, 1 erases, 2 paints, 3 draws a polygon). "
        "Return takes it, Escape cancels."
    )

    def __init__(
        self,
        stage: Stage,
        state: ReviewState,
        nucleus: Id | None,
        *,
        around: tuple[float, ...] | None = None,
    ) -> None:
        self._stage, self._state, self._nucleus, self._around = stage, state, nucleus, around
        self._layer: Labels | None = None
        self._origin = (0, 0)

    def take_up(self) -> None:
        """Put a sheet to paint on into the viewer."""
        stage, viewer = self._stage, self._stage.viewer
        sheet, self._origin = self._sheet()
        scale = stage.pixel_size_um
        self._layer = Labels(
            sheet,
            name="outline that is drawn",
            colormap=DirectLabelColormap(
                color_dict={None: _DRAWN_COLOUR, 0: "transparent", 1: _DRAWN_COLOUR}
            ),
            opacity=0.5,
            scale=(scale, scale),
            translate=np.array(self._origin) * scale,
            units=("um", "um"),
            axis_labels=("y", "x"),
        )
        viewer.add_layer(self._layer)
        viewer.layers.selection.active = self._layer
        self._layer.selected_label = 1
        self._layer.brush_size = max(2, round(_BRUSH_UM / scale))
        self._layer.mode = "paint"

    def put_down(self) -> None:
        """Take the sheet out of the viewer."""
        if self._layer in self._stage.viewer.layers:
            self._stage.viewer.layers.remove(self._layer)

    def action(self) -> Edit:
        """The outline as it was painted; ReviewError where nothing was."""
        painted = np.asarray(self._layer.data) > 0 if self._layer is not None else None
        if painted is None or not painted.any():
            raise ReviewError("nothing was painted")
        outline = Outline.from_mask(painted, y0=self._origin[0], x0=self._origin[1])
        if self._nucleus is None:
            return DrawNucleus(field=self._stage.field, runs_px=outline.runs)
        name, number = self._nucleus
        return RedrawNucleus(field=name, nucleus=number, runs_px=outline.runs)

    def _sheet(self) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """A part of the field to paint on, with the nucleus where there is one."""
        stage, state = self._stage, self._state
        shape = state.shape(stage.field)
        if self._nucleus is None:
            half = round(_SHEET_UM / 2 / stage.pixel_size_um)
            middle = self._around or camera_of(stage.viewer).center
            _, y_px, x_px = stage.to_px(middle)
            box = (round(y_px) - half, round(x_px) - half, round(y_px) + half, round(x_px) + half)
        else:
            margin = round(_MARGIN_UM / stage.pixel_size_um)
            y0, x0, y1, x1 = state.outline(self._nucleus).box
            box = (y0 - margin, x0 - margin, y1 + margin, x1 + margin)
        y0, x0 = (min(max(low, 0), side - 1) for low, side in zip(box[:2], shape, strict=True))
        y1, x1 = (min(max(high, 1), side) for high, side in zip(box[2:], shape, strict=True))
        sheet = np.zeros((max(y1 - y0, 1), max(x1 - x0, 1)), np.uint8)
        if self._nucleus is not None:
            here = state.crop(stage.field, (y0, x0, y1, x1))
            sheet[here == self._nucleus[1]] = 1
        return sheet, (y0, x0)


def _waist(outline: Outline) -> tuple[tuple[float, float], tuple[float, float]]:
    """The line through the middle of an outline across its longest direction."""
    yx = np.argwhere(outline.mask)
    middle = yx.mean(axis=0)
    _, _, axes = np.linalg.svd(yx - middle, full_matrices=False)
    across = axes[1]
    middle = middle + np.array([outline.y0, outline.x0])
    one, other = middle - across, middle + across
    return (float(one[0]), float(one[1])), (float(other[0]), float(other[1]))
