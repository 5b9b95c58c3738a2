"""What the pointer means: a place to add a signal at, a nucleus, the signal it comes near."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fishcount.errors import ReviewError
from fishcount.review import Desk, Id, nucleus_under, signal_near
from napari_fishcount.review.marks import Marks
from napari_fishcount.review.pointer import Pointer
from napari_fishcount.review.stage import Stage

__all__ = ["Pointing"]


class Pointing:
    """Follows the pointer over the field: it picks signals, and a click goes to a nucleus.

    Parameters
    ----------
    viewer
        A viewer, or a viewer model.
    desk, stage, marks
        The review and what is shown of it.
    idle
        Whether nothing is being drawn: else the pointer is that of the tool.
    """

    def __init__(
        self, viewer: Any, *, desk: Desk, stage: Stage, marks: Marks, idle: Callable[[], bool]
    ) -> None:
        self._desk, self._stage, self._marks = desk, stage, marks
        self._idle = idle
        self._pointer = Pointer(viewer, moved=self._on_moved, clicked=self._on_clicked)

    def close(self) -> None:
        """Stop following."""
        self._pointer.close()

    @property
    def world(self) -> tuple[float, ...] | None:
        """Where it is, in the units of the viewer; None while it is not over the canvas."""
        return self._pointer.place

    def place_px(self) -> tuple[float, float, float]:
        """Plane, row and column under the pointer; ReviewError where it is not over the canvas."""
        if self.world is None:
            raise ReviewError("point at the place first")
        return self._stage.to_px(self.world)

    def nucleus(self) -> Id | None:
        """The nucleus under the pointer."""
        if self.world is None:
            return None
        _, y_px, x_px = self._stage.to_px(self.world)
        return nucleus_under(self._desk.state, self._stage.field, (y_px, x_px))

    def _on_moved(self) -> None:
        """What the pointer comes near is what the next action on signals means."""
        if not self._idle() or not self._stage.field or self.world is None:
            return
        _, y_px, x_px = self._stage.to_px(self.world)
        near = signal_near(
            self._desk.state,
            self._stage.field,
            (y_px, x_px),
            left_out=self._marks.shows_left_out,
        )
        if near is not None:
            self._desk.pick(near)

    def _on_clicked(self) -> None:
        """A click takes the nucleus under the pointer."""
        if not self._idle() or not self._stage.field:
            return
        under = self.nucleus()
        if under is not None and under != self._desk.nucleus:
            self._desk.go_to(under)
