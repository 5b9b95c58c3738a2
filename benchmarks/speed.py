"""Time and memory of one field and of one stack, with the steps apart, beside a plain script.

    python -m benchmarks.speed [--repeats N] [--out FILE.md]

Medians of the repeats, on one thread, in processor time, so that other work on the machine does
not show. Memory is the peak of what is allocated on top of the image, from a run of its own. The
plain script is `benchmarks.common.plain_scripts` at one fixed threshold; big-fish, where it is
installed (extra "bench"), finds signals with its automatic threshold. They take turns with ours in
the same run, and each ratio is the median of theirs over ours with its range: what carries over to
other machines are the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.cost import peak_mib, processor_seconds
from benchmarks.common.plain_scripts import blobs, count_points, otsu_nuclei
from benchmarks.common.plots import draw_bars
from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from fishcount import count_signals, detect_spots, score_case, score_field, segment_nuclei
from fishcount.image import DAPI, PROBES, FishImage
from fishcount.quality import image_findings
from fishcount.synthetic import simulate_case

# Camera counts: half the height of a signal in these fields.
PLAIN_THRESHOLD = 19.0
MEASURED = {
    "one field, 2048 x 2048, three channels": {"size": 2048, "n_planes": 1},
    "one stack, 9 planes of 1024 x 1024, three channels": {"size": 1024, "n_planes": 9},
}


@dataclass(frozen=True)
class Measured:
    """Median processor seconds and peak MiB of one step."""

    seconds: float
    peak_mib: float

    runs: tuple[float, ...]

    def times_faster(self, other: Measured | None) -> str:
        """How many times as long the other took, turn by turn: median and range."""
        if other is None:
            return ""
        ratios = np.array(other.runs) / np.array(self.runs)
        return f"{np.median(ratios):.1f} ({ratios.min():.1f} to {ratios.max():.1f})"


def measure(steps: Mapping[str, Callable[[], object]], *, repeats: int) -> dict[str, Measured]:
    """Time steps that take turns and, once more, watch what each allocates."""
    runs: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            runs[name].append(processor_seconds(step))
    return {
        name: Measured(float(np.median(runs[name])), peak_mib(step), tuple(runs[name]))
        for name, step in steps.items()
    }


def our_steps(image: FishImage) -> Mapping[str, Callable[[], object]]:
    """The steps of the pipeline as the pipeline calls them, and the pipeline whole."""
    size = image.pixel_size_um
    channels = {probe: image.raw(probe) for probe in PROBES}
    other = dict(zip(PROBES, reversed(PROBES), strict=True))
    nuclei = segment_nuclei(image.raw(DAPI), pixel_size_um=size, z_step_um=image.z_step_um)
    result = score_field(image, threads=1)

    def detect(probe: str) -> object:
        return detect_spots(
            channels[probe],
            pixel_size_um=size,
            z_step_um=image.z_step_um,
            other=channels[other[probe]],
        )

    return {
        "quality of the image": lambda: image_findings(image),
        "nuclei": lambda: segment_nuclei(
            image.raw(DAPI), pixel_size_um=size, z_step_um=image.z_step_um
        ),
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


def big_fish_steps(image: FishImage) -> Mapping[str, Callable[[], object]]:
    """Signals with the automatic threshold of big-fish, and a field with them in plain nuclei.

    Nothing where it is not installed.
    """
    if not find_spec("bigfish") or image.n_planes > 1:
        return {}
    from bigfish.detection import detect_spots as detect

    def step(probe: str) -> NDArray[np.int64]:
        size_nm = 1000 * image.pixel_size_um
        return detect(image.raw(probe), voxel_size=(size_nm,) * 2, spot_radius=(1.6 * size_nm,) * 2)

    def whole() -> object:
        labels = otsu_nuclei(image)
        return [count_points(labels, step(probe)) for probe in image.probes]

    return {f"{probe} signals": partial(step, probe) for probe in image.probes} | {
        "field, whole": whole
    }


def compare(image: FishImage, *, repeats: int) -> list[dict[str, object]]:
    """One row for each step."""
    peers = {"plain script": plain_steps(image), "big-fish": big_fish_steps(image)}
    rows = []
    for name, step in our_steps(image).items():
        turns = {"fishcount": step} | {
            peer: steps[name] for peer, steps in peers.items() if name in steps
        }
        found = measure(turns, repeats=repeats)
        ours = found["fishcount"]
        row: dict[str, object] = {"step": name}
        row |= {f"{who}, ms": _in_ms(found.get(who)) for who in ("fishcount", *peers)}
        row |= {f"over {peer}": ours.times_faster(found.get(peer)) for peer in peers}
        row |= {f"{who}, MiB": _in_mib(found.get(who)) for who in ("fishcount", *peers)}
        rows.append(row)
    return rows


def _in_ms(found: Measured | None) -> str:
    return f"{1e3 * found.seconds:.0f}" if found else ""


def _in_mib(found: Measured | None) -> str:
    return f"{found.peak_mib:.0f}" if found else ""


def measure_looks(*, repeats: int) -> dict[str, list[dict[str, object]]]:
    """The rows for a field and for a stack, by their headings."""
    tables = {}
    for title, look in MEASURED.items():
        image, truth = simulate_case("mixed", seed=1, n_fields=1, **look)[0]
        heading = f"{title[0].upper()}{title[1:]}, {len(truth.nuclei)} nuclei"
        tables[heading] = compare(image, repeats=repeats)
    return tables


def main(arguments: list[str] | None = None) -> None:
    """Print the tables and keep them."""
    parser = argparse.ArgumentParser(description="Time and memory, steps apart.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "speed.md")
    asked = parser.parse_args(arguments)
    note = f"Medians of {asked.repeats} runs, processor time, one thread. " + made_by(
        "speed", arguments
    )
    tables = measure_looks(repeats=asked.repeats)
    text = "\n\n".join(f"## {title}\n\n{markdown_table(rows)}" for title, rows in tables.items())
    print(text)
    write_report(asked.out, "# Speed and memory", note, text)
    bars = [
        {"step": row["step"], "program": who, "ms": float(str(row[f"{who}, ms"]) or "nan")}
        for row in next(iter(tables.values()))
        for who in ("fishcount", "plain script", "big-fish")
    ]
    draw_bars(asked.out.with_suffix(".png"), bars, across="step", beside="program", height="ms")


if __name__ == "__main__":
    main()
