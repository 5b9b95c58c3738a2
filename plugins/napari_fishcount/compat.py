"""Parts of napari that have other names from version to version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

__all__ = ["camera_of", "canvas_size_px", "told_once"]

# A viewer model without a window has no canvas; this stands for one.
_NO_CANVAS_PX = (800.0, 800.0)
# Changes of a layer after which a viewer measures all of its layers again.
_MEASURED_AGAIN = ("data", "scale", "translate")


def camera_of(viewer: Any) -> Any:
    """The camera: of the scene from napari 0.9 on."""
    return viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera


def canvas_size_px(viewer: Any) -> tuple[float, float]:
    """Height and width of the canvas on the screen."""
    size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
    height, width = (float(side) for side in size)
    return (height, width) if min(height, width) > 1 else _NO_CANVAS_PX


@contextmanager
def told_once(viewer: Any) -> Iterator[None]:
    """Let a viewer measure its layers once, after many of them were changed.

    It would do so after each change of each layer, which takes most of a jump to a nucleus. Where
    a napari has no such thing, every change is told.
    """
    measure = getattr(viewer, "_on_layers_change", None)
    if measure is None:
        yield
        return
    with ExitStack() as stack:
        for layer in viewer.layers:
            for name in _MEASURED_AGAIN:
                stack.enter_context(getattr(layer.events, name).blocker(measure))
        yield
    measure()
