"""Large images: the same in memory and from files of any tiling; what another grid would change.

    python -m benchmarks.memory_and_file [--side 5376] [--moved 6400] [--out FILE.md]

A crowded drawn field at 0.25 um, of more than ten thousand nuclei (a hundred thousand with
``--side 15872``, which takes some 20 minutes and 5 GiB), laid side by side as in
`benchmarks.scale`, is scored in memory and from a file in tiles of 256 pixels, and every column of
nuclei, signals and copies is compared, to the last digit. Of files in tiles of 512, 1,024 and 2,048
pixels and in strips, every window that scoring reads is compared: the rest is one computation.

Where the grid of blocks lies follows from the size of an image. What depends on it is seen in a
strip of 1,400 pixels, whose first columns are left out so that the grid moves: same pixels, same
figures of the whole, and what is found otherwise is counted. Moved by a multiple of 64 pixels, the
map of background stays where it is, as it does in the blocks of an image. 0 leaves a part out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from benchmarks.common.report import RESULTS, markdown_table, provenance, write_report
from fishcount import FishImage, score_field
from fishcount.io import open_slide
from fishcount.pipeline.by_block import MARGIN_PX, find_nuclei, find_spots
from fishcount.results import FieldResult
from fishcount.settings import Settings
from fishcount.slide import Slide, blocks_of
from fishcount.synthetic import draw_field, spec_of_case, write_image

PATCH_PX, PIXEL_UM = 2048, 0.25
NUCLEI = {"per_mm2": 6500, "touching": 0.5, "overlapping": 0.15}
STORED: dict[str, dict[str, Any]] = {
    "tiles of 256": {"tile": (256, 256), "compression": "zlib"},
    "tiles of 512": {"tile": (512, 512), "compression": "zstd"},
    "tiles of 1024": {"tile": (1024, 1024), "compression": "zlib", "predictor": True},
    "tiles of 2048": {"tile": (2048, 2048)},
    "strips": {"rowsperstrip": 7, "compression": "zlib"},
}
STRIP_PX = 1400
SHIFTS_PX = (128, 256, 512, 100)
# Nuclei and signals nearer to the new edge are cut, or have another margin.
EDGE_PX = 200
# The same nucleus, and the same signal.
NEAR_PX = {"nuclei": 1.0, "signals": 0.5}
SAME_AREA = 0.1
COUNTED = ("best", "low", "high", "estimated", "disagree")


def draw(high_px: int, wide_px: int) -> FishImage:
    """A crowded field of many signals, from one patch that is mirrored again and again."""
    spec = spec_of_case("mixed", size=PATCH_PX, snr="medium")
    spec = spec.changed(pixel_size_um=PIXEL_UM, nuclei=NUCLEI)
    patch = draw_field(spec, rng=np.random.default_rng(8), name="crowded")[0].pixels[:, 0]
    more = [(0, max(side - PATCH_PX, 0)) for side in (high_px, wide_px)]
    pixels = np.pad(patch, ((0, 0), *more), mode="symmetric")
    return FishImage.from_array(
        np.ascontiguousarray(pixels[:, :high_px, :wide_px]),
        axes="CYX",
        channels=("DAPI", "HER2", "CEP17"),
        pixel_size_um=PIXEL_UM,
    )


def columns_of(result: FieldResult) -> Iterator[tuple[str, NDArray[Any]]]:
    """Everything that a result says of each nucleus and each candidate."""
    for name, column in result.nuclei.figures().items():
        if isinstance(column, np.ndarray):
            yield f"nuclei.{name}", column
    signals = result.counts.signals
    for name in (column.name for column in fields(signals)):
        yield f"signals.{name}", np.asarray(getattr(signals, name))
    for probe, copies in result.counts.copies.items():
        for name in COUNTED:
            yield f"copies.{probe}.{name}", np.asarray(getattr(copies, name))
    for name in ("flags", "scored", "reject_reason"):
        yield name, getattr(result, name)


def unlike(found: FieldResult, expected: FieldResult) -> list[str]:
    """Names of what differs in any digit."""
    theirs = dict(columns_of(expected))
    named = [
        name
        for name, column in columns_of(found)
        if column.shape != theirs[name].shape
        or not np.array_equal(column, theirs[name], equal_nan=column.dtype.kind == "f")
    ]
    if not all(
        np.array_equal(found.nuclei.labels_in(block.core), expected.nuclei.labels_in(block.core))
        for block in blocks_of(expected.image.shape)
    ):
        named.append("labels")
    return named


def score_both(image: FishImage, folder: Path) -> dict[str, object]:
    """The image in memory beside the same from a file."""
    name, stored = next(iter(STORED.items()))
    file = write_image(folder / "slide.ome.tif", image, **stored)
    start = time.process_time()
    whole = score_field(image, threads=1)
    tiles = score_field(open_slide(file), threads=1)
    differ = unlike(tiles, whole)
    return {
        "in memory and from": name,
        "pixels": " x ".join(f"{side:,}" for side in image.shape),
        "blocks": len(list(blocks_of(image.shape))),
        "nuclei": len(whole.nuclei),
        "candidate signals": len(whole.counts.signals.y_px),
        "columns compared": len(dict(columns_of(whole))) + 1,
        "columns that differ": ", ".join(differ) or 0,
        "processor s for both": time.process_time() - start,
    }


def read_all(image: FishImage, folder: Path) -> list[dict[str, object]]:
    """Of each way to store it: windows of scoring that come otherwise than from memory."""
    memory, rows = Slide.of(image), []
    windows = [
        block.window
        for margin in (0, MARGIN_PX, 3 * MARGIN_PX)
        for block in blocks_of(image.shape, margin_px=margin, step_px=MARGIN_PX if margin else 1)
    ]
    for name, stored in STORED.items():
        slide = open_slide(write_image(folder / "slide.ome.tif", image, **stored))
        differ = [
            not np.array_equal(memory.counts(role, window), slide.counts(role, window))
            for window in windows
            for role in image.channels
        ]
        same_sample = slide.sample_windows() == memory.sample_windows()
        rows.append(
            {
                "stored in": name,
                "windows read": len(differ),
                "windows that differ": sum(differ),
                "sample": "the same" if same_sample else "another",
            }
        )
    return rows


def moved(image: FishImage) -> list[dict[str, object]]:
    """What is found otherwise when the grid lies elsewhere, all else being the same."""
    whole = Slide.of(image)
    sample = whole.sample(whole.sample_windows())
    expected = _found(whole, sample, 0)
    rows = []
    for shift in SHIFTS_PX:
        cut = replace(image, pixels=np.ascontiguousarray(image.pixels[..., shift:]))
        found = _found(Slide.of(cut), sample, shift)
        row: dict[str, object] = {
            "moved by, px": shift,
            "borders of blocks": f"{_borders(image.shape)} to {_borders(cut.shape)}",
        }
        for kind, theirs in expected.items():
            here, there = (one[one[:, 1] > shift + EDGE_PX] for one in (found[kind], theirs))
            row |= {kind: len(there), f"{kind}, otherwise": _otherwise(here, there, kind)}
        rows.append(row)
        print(row, flush=True)
    return rows


def _borders(shape: tuple[int, int]) -> int:
    return len(list(blocks_of(shape))) - 1


def _found(slide: Slide, sample: FishImage, shift: int) -> dict[str, NDArray[np.float64]]:
    """Nuclei and kept signals: y, x in pixels of the whole, and the area or the probe."""
    nuclei = find_nuclei(slide, sample=sample, settings=Settings())
    spots = find_spots(slide, sample=sample, settings=Settings(), threads=1)
    kept = [
        np.stack([own.y_px, own.x_px, np.full(len(own), number)], axis=1)[own.kept]
        for number, own in enumerate(spots.values())
    ]
    found = {
        "nuclei": np.stack([nuclei.y_px, nuclei.x_px, nuclei.area_px], axis=1),
        "signals": np.concatenate(kept),
    }
    return {kind: one + np.array([0, shift, 0]) for kind, one in found.items()}


def _otherwise(here: NDArray[np.float64], there: NDArray[np.float64], kind: str) -> int:
    """Objects of either that have none in the other at the same place, and as large."""

    def alone(one: NDArray[np.float64], other: NDArray[np.float64]) -> int:
        # Probes lie apart as if in z.
        apart = np.array([1, 1, 0 if kind == "nuclei" else 100])
        distance, at = KDTree(other * apart).query(one * apart)
        same = distance <= NEAR_PX[kind]
        if kind == "nuclei":
            same &= np.abs(other[at, 2] / one[:, 2] - 1) <= SAME_AREA
        return int(np.count_nonzero(~same))

    return max(alone(here, there), alone(there, here))


def main(arguments: list[str] | None = None) -> None:
    """Run and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=5376)
    parser.add_argument("--moved", type=int, default=6400)
    parser.add_argument("--out", type=Path, default=RESULTS / "memory_and_file.md")
    asked = parser.parse_args(arguments)
    told = sys.argv[1:] if arguments is None else arguments
    parts: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        if asked.side:
            image = draw(asked.side, asked.side)
            stored = markdown_table(read_all(image, Path(folder)))
            print(stored, flush=True)
            both = markdown_table([score_both(image, Path(folder))])
            print(both, flush=True)
            parts += ["## In memory and from files", both, stored]
    if asked.moved:
        parts += [
            "## Another grid",
            "The grid follows from the size of an image alone, so nobody meets this in one image. "
            "It says how much hangs on where blocks end: nuclei that are found elsewhere, by more "
            f"than {NEAR_PX['nuclei']:.0f} px, or with another area, by more than "
            f"{100 * SAME_AREA:.0f} %, and kept signals that are lost, new, or moved by more than "
            f"{NEAR_PX['signals']} px.",
            markdown_table(moved(draw(STRIP_PX, asked.moved))),
        ]
    write_report(
        asked.out,
        "# In memory and from a file",
        f"`{' '.join(['python -m benchmarks.memory_and_file', *told])}`. {provenance()} "
        f"Load while this ran: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores.",
        *parts,
    )


if __name__ == "__main__":
    main()
