"""Parts of napari that have other names from version to version."""

from __future__ import annotations

from typing import Any

__all__ = ["camera_of", "canvas_size_px"]

# A viewer model without a window has no canvas; this stands for one.
_NO_CANVAS_PX = (800.0, 800.0)


def camera_of(viewer: Any) -> Any:
    """The camera: of the scene from napari 0.9 on."""
    return viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera


def canvas_size_px(viewer: Any) -> tuple[float, float]:
    """Height and width of the canvas on the screen."""
    size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
    height, width = (float(side) for side in size)
    return (height, width) if min(height, width) > 1 else _NO_CANVAS_PX
