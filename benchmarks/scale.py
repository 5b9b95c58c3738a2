"""Slides: processor time and peak memory against pixels and nuclei, up to 65,536 x 65,536.

    python -m benchmarks.scale [--sides 1024 2048 4096 8192 16384] [--sparse 65536] [--out FILE.md]

A drawn field of 2,048 x 2,048 pixels is laid side by side, every second one mirrored, into a tiled
OME-TIFF. Each size is scored into a case folder in a process of its own, on one thread, after a
field of 1,024 x 1,024 pixels that it forgets: what is done once in a process is not counted. While
the largest is scored it is halted again and again, and one of 2,048 x 2,048 runs in each pause:
both see the same machine. The sparse slide has the field in few places, and pixels of one value,
as scanners fill what they did not scan, everywhere else. Time is processor time; what carries over
are ratios and the slope. 0 leaves a part out; each has a page of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import tifffile
from numpy.typing import NDArray

from benchmarks.common.report import RESULTS, markdown_table, provenance, write_report
from fishcount.synthetic import simulate_case

PATCH_PX, TILE_PX = 2048, 512
SIDES_PX = (1024, 2048, 4096, 8192, 16384)
WARM_UP_PX = 1024
# Of the cells of the sparse slide, one in about so many holds the field: three of 1,024.
SPARSE = 200
# Processor seconds after which the largest is halted.
TURN_S = 30.0


def draw_patch() -> NDArray[np.uint16]:
    """DAPI, HER2, CEP17 of one drawn field, (channel, y, x)."""
    image, _ = simulate_case("mixed", seed=1, n_fields=1, size=PATCH_PX)[0]
    return image.pixels[:, 0]


def write_slide(file: Path, patch: NDArray[np.uint16], side_px: int, *, sparse: int = 1) -> Path:
    """A square slide of so many pixels, written tile by tile."""
    tifffile.imwrite(
        file,
        _tiles(patch, side_px, sparse),
        shape=(3, side_px, side_px),
        dtype=np.uint16,
        tile=(TILE_PX, TILE_PX),
        photometric="minisblack",
        compression="zlib",
        bigtiff=True,
        metadata={
            "axes": "CYX",
            "Channel": {"Name": ["DAPI", "HER2", "CEP17"]},
            "PhysicalSizeX": 0.1,
            "PhysicalSizeY": 0.1,
        },
    )
    return file


def _tiles(patch: NDArray[np.uint16], side_px: int, sparse: int) -> Iterator[bytes]:
    """Tiles as they are stored: each is there many times, and deflated once."""
    empty = zlib.compress(np.full((TILE_PX, TILE_PX), 100, np.uint16).tobytes())
    known: dict[tuple[int, ...], bytes] = {}
    for channel, plane in enumerate(patch):
        for top in range(0, side_px, TILE_PX):
            for left in range(0, side_px, TILE_PX):
                row, column = top // PATCH_PX, left // PATCH_PX
                if (row * 5 + column * 3 + 1) % sparse:
                    yield empty
                    continue
                place = channel, row % 2, column % 2, top % PATCH_PX, left % PATCH_PX
                if place not in known:
                    laid = plane[:: -1 if row % 2 else 1, :: -1 if column % 2 else 1]
                    y, x = place[3:]
                    tile = np.ascontiguousarray(laid[y : y + TILE_PX, x : x + TILE_PX])
                    known[place] = zlib.compress(tile.tobytes())
                yield known[place]


def score_one(warm_up: Path, file: Path, out: Path) -> dict[str, float]:
    """Score a slide in this process; what it took."""
    _score(warm_up, out.with_name(f"{out.name}_warm_up"))
    begun = _peak_mib()
    found = _score(file, out)
    return found | {"begun_mib": begun, "peak_mib": _peak_mib()}


def _score(file: Path, out: Path) -> dict[str, float]:
    from fishcount.batch import CaseJob, FieldJob, score_job
    from fishcount.settings import Settings, with_overrides

    job = CaseJob(
        name="slide",
        fields=(FieldJob(files=file),),
        settings=with_overrides(Settings(), ["reading.tiles_above_px=64"]),
    )
    searched = []
    start = time.process_time()
    _, summary = score_job(
        job,
        out,
        threads=1,
        overwrite=True,
        on_field=lambda _: searched.append(time.process_time() - start),
    )
    return {
        "seconds": time.process_time() - start,
        "search_seconds": searched[0],
        "nuclei": summary["fields"][0]["n_nuclei"],
    }


def _peak_mib() -> float:
    """Peak of this process alone; what the system counts for a child begins with its parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def in_a_process(warm_up: Path, file: Path, out: Path) -> subprocess.Popen[str]:
    """The same in a new process, whose peak memory is its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.scale", "--score", *map(str, (warm_up, file, out))],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def ended(process: subprocess.Popen[str]) -> dict[str, float]:
    told, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    found: dict[str, float] = json.loads(told.splitlines()[-1])
    return found


def in_turns(process: subprocess.Popen[str], other: Callable[[], None]) -> None:
    """Halt a process each time that it has worked for `TURN_S`, and do something else."""
    until = TURN_S
    while process.poll() is None:
        time.sleep(0.5)
        if processor_seconds(process.pid) >= until:
            process.send_signal(signal.SIGSTOP)
            other()
            process.send_signal(signal.SIGCONT)
            until += TURN_S


def processor_seconds(pid: int) -> float:
    """Of another process that is there, or has ended and was not waited for."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


class Slides:
    """Slides in a folder, drawn when they are asked for, and what scoring them takes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._patch = draw_patch()
        self._warm_up = write_slide(folder / "warm_up.ome.tif", self._patch, WARM_UP_PX)

    def write(self, side_px: int, *, sparse: int = 1) -> Path:
        """The file of a slide."""
        file = self._folder / f"{side_px}.ome.tif"
        return file if file.exists() else write_slide(file, self._patch, side_px, sparse=sparse)

    def start(self, file: Path) -> subprocess.Popen[str]:
        """A process that scores a slide."""
        return in_a_process(self._warm_up, file, self._folder / f"{file.stem}_case")

    def measure(self, side_px: int, *, sparse: int = 1) -> dict[str, object]:
        """One row of the table."""
        found = ended(self.start(self.write(side_px, sparse=sparse)))
        return row_of(found, side_px, sparse=sparse)

    def measure_beside(
        self, side_px: int, small_px: int
    ) -> tuple[dict[str, object], list[dict[str, object]]]:
        """The row of a large slide, and those of a small one while the large one was halted."""
        large, small = self.write(side_px), self.write(small_px)
        beside: list[dict[str, object]] = []
        process = self.start(large)
        in_turns(process, lambda: beside.append(row_of(ended(self.start(small)), small_px)))
        return row_of(ended(process), side_px), beside


def row_of(found: dict[str, float], side_px: int, *, sparse: int = 1) -> dict[str, object]:
    megapixels = side_px**2 / 1e6
    row = {
        "pixels": f"{side_px:,} x {side_px:,}" + (" sparse" if sparse > 1 else ""),
        "Mpx": round(megapixels),
        "nuclei": int(found["nuclei"]),
        "processor s": found["seconds"],
        "s for each Mpx": found["seconds"] / megapixels,
        "of these, search": found["search_seconds"] / megapixels,
        "peak MiB": round(found["peak_mib"]),
    }
    print(row, flush=True)
    return row


def draw_plot(rows: list[dict[str, object]], file: Path) -> float:
    """Time and memory against pixels in logarithms; the slope of time comes back."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    pixels = np.array([float(row["Mpx"]) for row in rows])
    seconds = np.array([float(row["processor s"]) for row in rows])
    slope = float(np.polyfit(np.log(pixels), np.log(seconds), 1)[0])
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    left.loglog(pixels, seconds, "o-", color="0.2")
    left.set(xlabel="megapixels", ylabel="processor seconds", title=f"slope {slope:.2f}")
    right.semilogx(pixels, [row["peak MiB"] for row in rows], "o-", color="0.2")
    right.set(xlabel="megapixels", ylabel="peak memory, MiB", ylim=(0, None))
    figure.savefig(file, dpi=130)
    plt.close(figure)
    return slope


def over(rows: list[dict[str, object]], large: dict[str, object], column: str) -> str:
    """A figure of the large one over those of the small ones beside it: median and range."""
    ratio = float(large[column]) / np.array([float(row[column]) for row in rows])
    return f"{np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f})"


def main(arguments: list[str] | None = None) -> None:
    """Run and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=list(SIDES_PX))
    parser.add_argument("--sparse", type=int, default=65536)
    parser.add_argument("--out", type=Path, default=RESULTS / "scale.md")
    parser.add_argument("--score", nargs=3, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.score:
        print(json.dumps(score_one(*asked.score)))
        return
    told = sys.argv[1:] if arguments is None else arguments
    command = " ".join(["python -m benchmarks.scale", *told])
    with tempfile.TemporaryDirectory() as folder:
        slides = Slides(Path(folder))
        if asked.sparse:
            table = markdown_table([slides.measure(asked.sparse, sparse=SPARSE)])
            out = asked.out.with_stem(f"{asked.out.stem}_sparse")
            write_report(out, "# A sparse slide", circumstances(command), table)
        if sum(asked.sides):
            report_sides(slides, sorted(asked.sides), asked.out, command)


def report_sides(slides: Slides, sides: list[int], out: Path, command: str) -> None:
    """Measure slides of these sides, from small to large, and write the page."""
    rows = [slides.measure(side) for side in sides[:-1]]
    large, beside = slides.measure_beside(sides[-1], PATCH_PX)
    rows.append(large)
    slope = draw_plot(rows, out.with_suffix(".png"))
    paired = (
        f"{len(beside)} times {large['pixels']} was halted for {beside[0]['pixels']}. Time for "
        f"each megapixel over that of the small one: {over(beside, large, 's for each Mpx')}; of "
        "the search alone, without tables, report and label file: "
        f"{over(beside, large, 'of these, search')}."
        if beside
        else f"{large['pixels']} took less than {TURN_S:.0f} s and was set beside nothing."
    )
    write_report(
        out,
        "# Slides",
        circumstances(command),
        markdown_table(rows),
        paired,
        f"Slope of time against pixels in logarithms: {slope:.2f}. The command draws time and "
        f"memory against pixels as `{out.with_suffix('.png').name}` beside this page.",
    )


def circumstances(command: str) -> str:
    return (
        f"`{command}`. {provenance()} One thread; load while this ran: {os.getloadavg()[1]:.1f} on "
        f"{os.cpu_count()} cores. From a tiled OME-TIFF with three channels to the case folder and "
        "its report, in a process of its own."
    )


if __name__ == "__main__":
    main()
