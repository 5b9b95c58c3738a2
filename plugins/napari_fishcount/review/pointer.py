"""Where the pointer is on the canvas, and when it has clicked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Pointer"]


class Pointer:
    """Follows the pointer of a viewer.

    Parameters
    ----------
    viewer
        A viewer, or a viewer model.
    moved, clicked
        Called when it moved without a button, and when a button was pressed and let go in place.
    """

    def __init__(
        self, viewer: Any, *, moved: Callable[[], object], clicked: Callable[[], object]
    ) -> None:
        self._viewer, self._moved, self._clicked = viewer, moved, clicked
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.mouse_drag_callbacks.append(self._on_press)

    @property
    def place(self) -> tuple[float, ...] | None:
        """Where it is, in the units of the viewer; None while it is not over the canvas."""
        if not self._viewer.mouse_over_canvas:
            return None
        return tuple(self._viewer.cursor.position)

    def close(self) -> None:
        """Stop following."""
        self._viewer.mouse_move_callbacks.remove(self._on_move)
        self._viewer.mouse_drag_callbacks.remove(self._on_press)

    def _on_move(self, viewer: Any, event: Any) -> None:
        self._moved()

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged and event.button in (None, 1):
            self._clicked()
