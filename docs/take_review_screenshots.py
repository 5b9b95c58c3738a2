"""Walks through a case in the review window by keys alone, and takes pictures on the way.

Run it where there is a screen, or under Xvfb; ``make screenshots`` does both. It prints how many
keys the walk took.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from fishcount.batch import CaseJob, FieldJob, score_job
from napari_fishcount.review.start import make_room, open_review

IMAGES = Path(__file__).parent / "images"
SAMPLES = Path(__file__).parents[1] / "sample_images"
WINDOW_PX = (1440, 900)
KEYS = {",": Qt.Key.Key_Comma, ".": Qt.Key.Key_Period, "Return": Qt.Key.Key_Return}


class Walk:
    """A review window and a count of the keys that were pressed in it."""

    def __init__(self, case: Path, *, reader: str, second_count: bool = False) -> None:
        self.n_keys = 0
        self.viewer = napari.Viewer(title="fishcount review", show=True)
        self.viewer.window.resize(*WINDOW_PX)
        if not second_count:
            make_room(self.viewer)
        self.dock: Any = open_review(self.viewer, [case], reader=reader, second_count=second_count)
        wait(lambda: self.dock._worker is None)
        self.viewer.window._qt_window.activateWindow()
        wait(lambda: QApplication.activeWindow() is not None)

    def press(self, *keys: str) -> None:
        """Press keys, as a person does who has the list in focus."""
        for key in keys:
            QTest.keyClick(self.dock.panel.worklist, KEYS.get(key, key.lower()))
            self.n_keys += 1
            QApplication.processEvents()

    def type_count(self, text: str) -> None:
        """Type a count and press Return."""
        QTest.keyClicks(self.dock.entry, text)
        QTest.keyClick(self.dock.entry, Qt.Key.Key_Return)
        self.n_keys += len(text) + 1
        QApplication.processEvents()

    def take(self, name: str) -> None:
        """Save what is seen."""
        for _ in range(20):
            QApplication.processEvents()
        pixels = self.viewer.screenshot(canvas_only=False, flash=False)
        # A palette holds what there is to see, in a third of the bytes.
        Image.fromarray(pixels[..., :3]).quantize(128, dither=Image.Dither.NONE).save(
            IMAGES / f"{name}.png", optimize=True
        )

    def close(self) -> None:
        """Close the case and the window."""
        self.dock.close_case()
        self.viewer.close()


def wait(until: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Let the window work until something is so."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise TimeoutError("the window did not answer")
        QApplication.processEvents()
        time.sleep(0.005)


def review(case: Path) -> None:
    """Review every nucleus of a case."""
    walk = Walk(case, reader="A. Reader")
    desk = walk.dock.panel.desk
    n_nuclei = desk.scored.n_nuclei
    walk.take("review_open")
    # The first: step to a signal of its cluster, say how many copies it stands for, accept.
    walk.press(".", "3")
    walk.take("review_copies")
    walk.press("D")
    # The second is two: cut it at its waist, think again, take it back, accept.
    walk.press("S", "Return")
    walk.take("review_split")
    walk.press("U", "D")
    # The third is left out.
    walk.press("W")
    while desk.scored.n_reviewed < n_nuclei:
        walk.press("D" if desk.nucleus in desk.shown and is_unreviewed(desk) else "N")
    walk.dock.panel.upper.setCurrentIndex(1)
    walk.dock.panel.lower.setCurrentIndex(1)
    walk.take("review_gallery")
    print(f"{walk.n_keys} keys for {n_nuclei} nuclei, {walk.n_keys / n_nuclei:.2f} for each")
    walk.close()


def is_unreviewed(desk: Any) -> bool:
    """Whether nobody has looked at the present nucleus."""
    row = desk.state.nuclei.get(desk.nucleus)
    return row is None or row.review == "unreviewed"


def second_count(case: Path) -> None:
    """Count twenty nuclei blinded; the figures are made up, as a careless reader would."""
    walk = Walk(case, reader="B. Reader", second_count=True)
    count = walk.dock.view.count
    first = {
        (row.field, row.nucleus): (int(row.her2), int(row.cep17))
        for row in count.first_count().itertuples()
    }
    for place, nucleus in enumerate(count.chosen):
        her2, cep17 = first[nucleus]
        walk.type_count(f"{her2 + (place % 5 == 0)} {cep17}")
        if place == len(count.chosen) // 2:
            walk.take("second_count")
    walk.dock.finish()
    walk.take("second_count_done")
    print(f"{walk.n_keys} keys for {len(count.chosen)} nuclei counted blinded")
    walk.close()


def main() -> None:
    """Score a sample and walk through it."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        fields = tuple(FieldJob(files=path) for path in sorted(SAMPLES.glob("group4/*.ome.tif")))
        case = Path(folder) / "case_7"
        score_job(CaseJob(name="case_7", fields=fields, ihc="2+"), case)
        second_count(case)
        review(case)


if __name__ == "__main__":
    main()
