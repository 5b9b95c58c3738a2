"""`fishcount review` as a process of its own, from its window to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.viewer

# Opens a case as a person does, waits until it is there, and closes the window as Ctrl+Q does.
SESSION = """
import sys
import napari
from qtpy.QtCore import QTimer
from fishcount.cli import main

run = napari.run

def stay_until_it_is_open():
    timer = QTimer()

    def look():
        viewer = napari.current_viewer()
        if len(viewer.layers) > 3:
            timer.stop()
            viewer.window._qt_window.close(quit_app=True)

    timer.timeout.connect(look)
    timer.start(100)
    run()

napari.run = stay_until_it_is_open
main(sys.argv[1:])
"""


@pytest.mark.parametrize("mode", [(), ("--second-count",)], ids=["review", "second count"])
def test_the_window_closes_without_a_word(review_case: Path, mode: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SESSION, "review", str(review_case), "--reader", "A", *mode],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Error" not in done.stderr, done.stderr
    assert done.returncode == 0
