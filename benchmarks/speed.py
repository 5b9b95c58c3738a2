"""Time and memory of one field and of one stack, with the steps apart, beside a plain script.

    python -m benchmarks.speed [--repeats N] [--out FILE.md]

Medians of the repeats, on one thread, in processor time, so that other work on the machine does
not show. Memory is the peak of what is allocated on top of the image, from a run of its own. The
plain script is `benchmarks.plain_scripts` at one fixed threshold, timed in the same run: what
carries over to other machines are the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.plain_scripts import blobs, count_points, otsu_nuclei
from benchmarks.report import markdown_table, provenance, write_report
from fishcount import count_signals, detect_spots, score_case, score_field, segment_nuclei
from fishcount.image import DAPI, PROBES, FishImage
from fishcount.quality import image_findings
from fishcount.synthetic import simulate_case

# Camera counts: half the height of a signal in these fields.
PLAIN_THRESHOLD = 19.0
RESULTS = Path(__file__).parent / "results"
MEASURED = {
    "one field, 2048 x 2048, three channels": {"size": 2048, "planes": 1},
    "one stack, 9 planes of 1024 x 1024, three channels": {"size": 1024, "planes": 9},
}


@dataclass(frozen=True)
class Measured:
    """Median processor seconds and peak MiB of one step."""

    seconds: float
    peak_mib: float


def measure(step: Callable[[], object], *, repeats: int) -> Measured:
    """Time a step and, once more, watch what it allocates."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        step()
        seconds.append(time.process_time() - start)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Measured(float(np.median(seconds)), (peak - before) / 2**20)


def our_steps(image: FishImage) -> Mapping[str, Callable[[], object]]:
    """The steps of the pipeline as the pipeline calls them, and the pipeline whole."""
    size = image.pixel_size_um
    channels = {probe: image.channel(probe) for probe in PROBES}
    other = dict(zip(PROBES, reversed(PROBES), strict=True))
    nuclei = segment_nuclei(image.channel(DAPI), pixel_size_um=size)
    result = score_field(image, threads=1)

    def detect(probe: str) -> object:
        return detect_spots(
            channels[probe],
            pixel_size_um=size,
            z_step_um=image.z_step_um,
            labels=nuclei.labels,
            other=channels[other[probe]],
        )

    return {
        "quality of the image": lambda: image_findings(image),
        "nuclei": lambda: segment_nuclei(image.channel(DAPI), pixel_size_um=size),
        "HER2 signals": lambda: detect("HER2"),
        "CEP17 signals": lambda: detect("CEP17"),
        "counts": lambda: count_signals(
            result.spots, nuclei, pixel_size_um=size, z_step_um=image.z_step_um
        ),
        "score of the case": lambda: score_case([result]),
        "field, whole": lambda: score_field(image, threads=1),
    }


def plain_spots(image: FishImage, probe: str) -> NDArray[np.float64]:
    """Points of `blob_log`, at a threshold that finds about what is there."""
    return blobs(image, probe, threshold=PLAIN_THRESHOLD)


def plain_steps(image: FishImage) -> Mapping[str, Callable[[], object]]:
    """The same steps of the plain script."""
    labels = otsu_nuclei(image)
    points = {probe: plain_spots(image, probe) for probe in PROBES}

    def whole() -> object:
        own = otsu_nuclei(image)
        return [count_points(own, plain_spots(image, probe)) for probe in PROBES]

    return {
        "nuclei": lambda: otsu_nuclei(image),
        "HER2 signals": lambda: plain_spots(image, "HER2"),
        "CEP17 signals": lambda: plain_spots(image, "CEP17"),
        "counts": lambda: [count_points(labels, points[probe]) for probe in PROBES],
        "field, whole": whole,
    }


def compare(image: FishImage, *, repeats: int) -> list[dict[str, object]]:
    """One row for each step."""
    plain = {
        name: measure(step, repeats=max(1, repeats // 2))
        for name, step in plain_steps(image).items()
    }
    rows = []
    for name, step in our_steps(image).items():
        ours, theirs = measure(step, repeats=repeats), plain.get(name)
        rows.append(
            {
                "step": name,
                "fishcount, ms": f"{1e3 * ours.seconds:.0f}",
                "plain script, ms": f"{1e3 * theirs.seconds:.0f}" if theirs else "",
                "times faster": f"{theirs.seconds / ours.seconds:.1f}" if theirs else "",
                "fishcount, MiB": f"{ours.peak_mib:.0f}",
                "plain script, MiB": f"{theirs.peak_mib:.0f}" if theirs else "",
            }
        )
    return rows


def report(*, repeats: int) -> str:
    """Both tables as Markdown."""
    parts = []
    for title, look in MEASURED.items():
        image, truth = simulate_case("mixed", seed=1, n_fields=1, **look)[0]
        parts += [
            f"## {title[0].upper()}{title[1:]}, {len(truth.nuclei)} nuclei",
            markdown_table(compare(image, repeats=repeats)),
        ]
    return "\n\n".join(parts)


def main(arguments: list[str] | None = None) -> None:
    """Print the tables and keep them."""
    parser = argparse.ArgumentParser(description="Time and memory, steps apart.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "speed.md")
    asked = parser.parse_args(arguments)
    note = f"Medians of {asked.repeats} runs, processor time, one thread. " + provenance()
    text = report(repeats=asked.repeats)
    print(text)
    write_report(asked.out, "# Speed and memory", note, text)


if __name__ == "__main__":
    main()
