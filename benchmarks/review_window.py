"""Measure the review in a real napari window on a large case.

    python -m benchmarks.review_window [--out FILE.md]

Run it where there is a screen, or under Xvfb. The case is that of `benchmarks.review`, 5,000 nuclei
with 50,000 signals on 4096 x 4096 pixels, with an image of three channels. Times last until the
window is painted again.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
import tifffile
from qtpy.QtWidgets import QApplication

import fishcount
from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from benchmarks.review import FIELD, N_NUCLEI, PIXEL_UM, draw_case
from fishcount.io import put_file, read_case_folder
from fishcount.review import (
    AddSignal,
    DeleteSignal,
    RejectNucleus,
    SetCopies,
    SplitNucleus,
    signal_place,
    signals_of,
)
from napari_fishcount.review.start import WINDOW_PX, open_review

REPEATS = 15


def draw_image(case: Path, *, rng: np.random.Generator) -> None:
    """Write an image that goes with the case, and note it in its summary."""
    labels = read_case_folder(case).label_image(FIELD)
    pixels = rng.poisson(100, (3, *labels.shape)).astype(np.uint16)
    pixels[0][labels > 0] += 800
    signals = read_case_folder(case).signals
    for channel, name in ((1, "HER2"), (2, "CEP17")):
        here = signals[signals["channel"] == name]
        y, x = (here[axis].to_numpy(int) for axis in ("y_px", "x_px"))
        for dy in (0, 1):
            for dx in (0, 1):
                pixels[channel][y + dy, x + dx] += 700
    path = case.parent / "field_1.ome.tif"
    sizes = {f"PhysicalSize{axis}": PIXEL_UM for axis in "XY"}
    units = {f"PhysicalSize{axis}Unit": "µm" for axis in "XY"}
    names = {"Channel": {"Name": ["DAPI", "HER2", "CEP17"]}}
    tifffile.imwrite(path, pixels, metadata={"axes": "CYX", **names, **sizes, **units})
    summary = json.loads((case / "summary.json").read_text())
    summary["fields"][0] |= {"path": str(path), "sha256": fishcount.read_image(path).sha256}
    put_file(case, "summary.json", data=json.dumps(summary).encode())


class Clock:
    """Wall and processor time of steps, until the window is painted."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[float, float]]] = {}

    def time(self, name: str, step: Callable[[], object]) -> None:
        """Time a step once."""
        wall, used = time.perf_counter(), time.process_time()
        step()
        QApplication.processEvents()
        pair = (time.perf_counter() - wall, time.process_time() - used)
        self.rows.setdefault(name, []).append(pair)

    def table(self) -> str:
        """Medians and worst, in milliseconds."""
        rows = []
        for name, pairs in self.rows.items():
            wall, used = (np.array(column) * 1e3 for column in zip(*pairs, strict=True))
            shown = f"{np.median(wall):.0f}, {wall.max():.0f}"
            rows.append(
                {"step": name, "wall, ms": shown, "processor, ms": f"{np.median(used):.0f}"}
            )
        return markdown_table(rows)


def measure(case: Path, *, rng: np.random.Generator) -> str:
    """Open the case in a window and work in it; the table of times."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*WINDOW_PX)
    QApplication.processEvents()
    clock = Clock()

    def open_case() -> None:
        dock = open_review(viewer, [case], reader="A")
        while dock.panel is None:
            QApplication.processEvents()
            time.sleep(0.005)
        found.append(dock)

    found: list = []
    clock.time("open the case", open_case)
    (dock,) = found
    station, desk = dock.panel.station, dock.panel.desk
    for _ in range(3):
        station.run("next")
        QApplication.processEvents()
    for _ in range(REPEATS):
        clock.time("next nucleus", lambda: station.run("next"))
    for nucleus in rng.choice(np.arange(1, N_NUCLEI), REPEATS, replace=False).tolist():
        clock.time("any nucleus", lambda nucleus=nucleus: desk.go_to((FIELD, nucleus)))
    for i in range(REPEATS):
        station.run("next")
        name, number = desk.nucleus
        first, second = signals_of(desk.state, desk.nucleus)[:2]
        y, x = signal_place(desk.state, first)[1:]
        edits = {
            "set copies": SetCopies(field=name, signal=first[1], copies=5),
            "delete signal": DeleteSignal(field=name, signal=second[1]),
            "add signal": AddSignal(field=name, channel="HER2", y_px=y + 2, x_px=x),
            "reject": RejectNucleus(field=name, nucleus=number),
        }
        for title, edit in edits.items():
            clock.time(title, lambda edit=edit: desk.do(edit))
        clock.time("undo", lambda: station.run("undo"))
        if i < REPEATS // 3:
            y, x = (float(side) for side in np.argwhere(desk.state.labels(name) == number).mean(0))
            cut = SplitNucleus(field=name, nucleus=number, cut_yx_px=((y, x), (y, x + 1)))
            clock.time("split nucleus", lambda cut=cut: desk.do(cut))
        clock.time("accept and go on", lambda: station.run("accept"))
    dock.close_case()
    viewer.close()
    return clock.table()


def main(arguments: list[str] | None = None) -> None:
    """Draw the case, measure, print the page and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS / "review_window.md")
    given = parser.parse_args(arguments)
    rng = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as folder:
        case = draw_case(Path(folder) / "case", n_nuclei=N_NUCLEI, rng=rng)
        draw_image(case, rng=rng)
        table = measure(case, rng=rng)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = f"Peak memory of the whole window {peak_mib:.0f} MiB; napari {napari.__version__}."
    print(table, told, sep="\n\n")
    note = (
        "The case of [a review without a window](review.md), with an image of three channels, in a "
        f"window of {WINDOW_PX[0]} x {WINDOW_PX[1]} pixels, until everything is painted again. "
        f"Median, and for wall time the worst of {REPEATS}. {made_by('review_window', arguments)}"
    )
    write_report(given.out, "# A review in its window", note, table, told)


if __name__ == "__main__":
    main()
