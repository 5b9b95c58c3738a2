"""`fishcount review` as a process of its own, from its window to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.viewer

# Opens a case as a person does, waits until it is there, and closes the window as Ctrl+Q does;
# then counts it a second time. Both in one process, because napari takes seconds to start.
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
for mode in ([], ["--second-count"]):
    try:
        main([*sys.argv[1:], *mode])
    except SystemExit as ended:
        assert ended.code == 0, ended.code
    print("closed", *mode)
"""


def test_the_window_closes_without_a_word(review_case: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SESSION, "review", str(review_case), "--reader", "A"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Error" not in done.stderr, done.stderr
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == ["closed", "closed --second-count"]
