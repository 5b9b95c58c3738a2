"""Slides: processor time and peak memory against pixels and nuclei, up to 16,384 x 16,384.

    python -m benchmarks.scale [--largest 16384] [--sparse 65536] [--out FILE.md]

A drawn field of 2,048 x 2,048 pixels is laid side by side, every second one mirrored, into a tiled
OME-TIFF. Each size is scored into a case folder in a process of its own, on one thread. The sparse
slide has the same field in few places and camera noise nowhere else. Time is processor time, so
that other work on the machine does not show; what carries over are ratios and the slope.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import tifffile
from numpy.typing import NDArray

from benchmarks.report import markdown_table, provenance, write_report
from fishcount.synthetic import simulate_case

RESULTS = Path(__file__).parent / "results"
PATCH_PX, TILE_PX = 2048, 512
SMALLEST_PX = 1024
# Of the cells of the sparse slide, one in so many holds the field.
SPARSE = 64


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


def _tiles(patch: NDArray[np.uint16], side_px: int, sparse: int) -> Iterator[NDArray[np.uint16]]:
    nothing = np.full((TILE_PX, TILE_PX), 100, np.uint16)
    for channel in patch:
        for top in range(0, side_px, TILE_PX):
            for left in range(0, side_px, TILE_PX):
                row, column = top // PATCH_PX, left // PATCH_PX
                if (row * 5 + column * 3) % sparse:
                    yield nothing
                    continue
                laid = channel[:: -1 if row % 2 else 1, :: -1 if column % 2 else 1]
                y, x = top % PATCH_PX, left % PATCH_PX
                yield np.ascontiguousarray(laid[y : y + TILE_PX, x : x + TILE_PX])


def score_one(file: Path, out: Path) -> dict[str, float]:
    """Score a slide in this process; what it took."""
    from fishcount.batch import CaseJob, FieldJob, score_job
    from fishcount.settings import Settings, with_overrides

    job = CaseJob(
        name="slide",
        fields=(FieldJob(files=file),),
        settings=with_overrides(Settings(), ["reading.tiles_above_px=64"]),
    )
    start = time.process_time()
    _, summary = score_job(job, out, threads=1)
    return {
        "seconds": time.process_time() - start,
        "peak_mib": _peak_mib(),
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


def in_a_process(file: Path, out: Path) -> dict[str, float]:
    """The same in a new process, whose peak memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", "--score", str(file), str(out)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure(
    folder: Path, patch: NDArray[np.uint16], side_px: int, *, sparse: int = 1
) -> dict[str, object]:
    """One row of the table."""
    file = write_slide(folder / f"{side_px}.ome.tif", patch, side_px, sparse=sparse)
    found = in_a_process(file, folder / f"{side_px}_case")
    file.unlink()
    megapixels = side_px**2 / 1e6
    row = {
        "pixels": f"{side_px:,} x {side_px:,}" + (" sparse" if sparse > 1 else ""),
        "Mpx": round(megapixels),
        "nuclei": int(found["nuclei"]),
        "processor s": found["seconds"],
        "s for each Mpx": found["seconds"] / megapixels,
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


def main(arguments: list[str] | None = None) -> None:
    """Run and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=16384)
    parser.add_argument("--sparse", type=int, default=65536)
    parser.add_argument("--out", type=Path, default=RESULTS / "scale.md")
    parser.add_argument("--score", nargs=2, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.score:
        print(json.dumps(score_one(*asked.score)))
        return
    patch = draw_patch()
    sides = [SMALLEST_PX]
    while 2 * sides[-1] <= asked.largest:
        sides.append(2 * sides[-1])
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(Path(folder), patch, side) for side in sides]
        sparse = [measure(Path(folder), patch, asked.sparse, sparse=SPARSE)] if asked.sparse else []
    slope = draw_plot(rows, asked.out.with_suffix(".png"))
    per_mpx = {row["pixels"]: row["s for each Mpx"] for row in rows}
    one, largest = f"{PATCH_PX:,} x {PATCH_PX:,}", rows[-1]["pixels"]
    ratio = f"{per_mpx[largest] / per_mpx[one]:.2f}" if one in per_mpx else "not measured"
    command = " ".join(
        ["python -m benchmarks.scale", *(sys.argv[1:] if arguments is None else arguments)]
    )
    write_report(
        asked.out,
        "# Slides",
        f"`{command}`. {provenance()} One thread; load while this ran: "
        f"{os.getloadavg()[1]:.1f} on {os.cpu_count()} cores.",
        "From a tiled OME-TIFF with three channels to the case folder and its report, each size in "
        "a process of its own:",
        markdown_table([*rows, *sparse]),
        f"Slope of time against pixels in logarithms: {slope:.2f}. Time for each megapixel at "
        f"{largest} over that at {one}: {ratio}.",
        f"The command draws time and memory against pixels as "
        f"`{asked.out.with_suffix('.png').name}` beside this page.",
    )


if __name__ == "__main__":
    main()
