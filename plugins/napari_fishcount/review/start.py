"""What `fishcount review` starts: a window with a queue of cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import napari

from napari_fishcount.review.dock import ReviewDock
from napari_fishcount.review.second_dock import SecondCountDock

__all__ = ["WINDOW_PX", "fit_to_screen", "make_room", "open_review", "run"]

# Where the screen has room for it.
WINDOW_PX = (1500, 950)


def open_review(
    viewer: Any, cases: Sequence[Path], *, reader: str | None = None, second_count: bool = False
) -> ReviewDock | SecondCountDock:
    """Dock a review, or a blinded second count, in a viewer and open the first case."""
    dock = SecondCountDock(viewer) if second_count else ReviewDock(viewer)
    name = "Second count HER2 FISH" if second_count else "Review HER2 FISH"
    viewer.window.add_dock_widget(dock, name=name)
    if reader:
        dock.reader.setText(reader)
    dock.add_cases(cases)
    dock.open_case(cases[0])
    return dock


def make_room(viewer: Any) -> None:
    """Hide napari's own panels: the review has what it needs of them, and the image needs room.

    They come back from napari's menu *Window*.
    """
    window = viewer.window._qt_viewer
    for panel in (window.dockLayerList, window.dockLayerControls):
        panel.setVisible(False)


def fit_to_screen(viewer: Any) -> None:
    """Give the window its size, and no more than the screen has: its buttons are at its rim."""
    window = viewer.window._qt_window
    room = window.screen().availableGeometry()
    # The frame that the desktop draws around the window is not a part of its size.
    frame = window.frameGeometry().size() - window.size()
    width = min(WINDOW_PX[0], room.width() - frame.width())
    height = min(WINDOW_PX[1], room.height() - frame.height())
    window.resize(width, height)
    outer = window.frameGeometry()
    window.move(
        max(room.left(), min(outer.left(), room.right() + 1 - outer.width())),
        max(room.top(), min(outer.top(), room.bottom() + 1 - outer.height())),
    )


def run(cases: Sequence[Path], *, reader: str | None, second_count: bool) -> None:
    """Open a window and stay until it is closed."""
    viewer = napari.Viewer(title="fishcount review")
    fit_to_screen(viewer)
    if not second_count:
        # Who counts blinded has channels and contrast there alone.
        make_room(viewer)
    dock = open_review(viewer, cases, reader=reader, second_count=second_count)
    napari.run()
    dock.release()
