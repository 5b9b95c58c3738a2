"""Nuclei against true label images, and against plain scikit-image in the same run.

    python -m benchmarks.nuclei FOLDER... [--pixel-size-um X] [--peer MODULE:FUNCTION]...
                                [--worst PICTURE.png] [--out REPORT.md] [--speed]

FOLDER holds images with true labels beside them (``NAME.png`` and ``NAME_label.png`` or
``NAME_masks.tif``, ``img*.tif`` and ``mask*.tif``), or has them under equal names in ``images`` and
``masks`` or ``labels``; or is shaped like the phantoms of this project (``cases.json``),
where only scorable nuclei count and found ones that best overlap another true nucleus are ignored.
There selection is judged too: the share of scorable nuclei that it loses, and of scored ones that
are wrong.

The plain recipe is Gaussian 2, Otsu, fill holes, distance transform, peaks 10 px apart,
watershed. ``--peer`` adds any function of an image (y, x) that returns labels, such as a wrapper of
Cellpose or StarDist. ``--speed`` times ours and the recipe on 2048 x 2048 pixels, one thread,
with the peak memory of ours, and the table of nuclei against ``regionprops_table`` from 250 to
5,000 nuclei.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage import feature, filters, io, measure, segmentation

from benchmarks.common.cost import processor_seconds
from benchmarks.common.nuclei_cost import measure_memory, measure_tables
from benchmarks.common.nuclei_fields import Field, Labels, labelled_folder, phantom_folder
from benchmarks.common.plots import draw_bars
from benchmarks.common.report import made_by, markdown_table, write_report
from fishcount.image import project
from fishcount.metrics import LabelMatch, match_labels
from fishcount.nuclei import nuclei_from_labels, segment_nuclei, select_nuclei
from fishcount.nuclei.figures.measure import in_centroid_order
from fishcount.nuclei.geometry.shape import measure_shapes

Segment = Callable[[NDArray[np.generic]], Labels]
IOU_LEVELS = (0.5, 0.75, 0.9)
TILE_PX = 360


@dataclass
class Tally:
    """Hits, inventions and misses at each IoU, summed over fields."""

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((3, 3), np.int64))
    jaccard: list[float] = field(default_factory=list)
    splits: int = 0
    merges: int = 0
    seconds: float = 0.0
    megapixels: float = 0.0

    def add(self, match: LabelMatch, ignored: Sequence[int]) -> float:
        """Count one field; its F1 at IoU 0.5."""
        scores = [match.score(iou, ignored_labels=ignored or None) for iou in IOU_LEVELS]
        self.counts += [(s.true_positives, s.false_positives, s.false_negatives) for s in scores]
        kept = ~np.isin(match.true_labels, ignored)
        self.jaccard += match.jaccard[kept].tolist()
        self.splits += match.n_splits
        self.merges += match.n_merges
        return float(scores[0].f1)

    def row(self, group: str, method: str) -> dict[str, object]:
        """One line of the report."""
        hits, inventions, misses = self.counts.T
        f1 = 2 * hits / np.maximum(2 * hits + inventions + misses, 1)
        ap = hits / np.maximum(hits + inventions + misses, 1)
        figures = {f"F1 {iou}": float(x) for iou, x in zip(IOU_LEVELS, f1, strict=True)}
        figures |= {f"AP {iou}": float(x) for iou, x in zip(IOU_LEVELS, ap, strict=True)}
        return {
            "set": group,
            "method": method,
            **figures,
            "Jaccard": float(np.mean(self.jaccard)) if self.jaccard else float("nan"),
            "splits": self.splits,
            "merges": self.merges,
            "s / Mpx": self.seconds / max(self.megapixels, 1e-9),
        }


def plain_recipe(image: NDArray[np.generic]) -> Labels:
    """Plain scikit-image: Gaussian, Otsu, fill holes, distance transform, peaks, watershed."""
    plane = project(np.asarray(image, np.float32))
    smooth = ndi.gaussian_filter(plane, 2)
    mask = ndi.binary_fill_holes(smooth > filters.threshold_otsu(smooth))
    distance = ndi.distance_transform_edt(mask)
    peaks = feature.peak_local_max(distance, min_distance=10, labels=mask.astype(np.int32))
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(segmentation.watershed(-distance, seeds, mask=mask))


def measure_fields(
    fields: Sequence[Field], peers: dict[str, Segment]
) -> tuple[list[dict[str, object]], list[tuple[float, Field, Labels]]]:
    """A row for each set and method, and for the picture each field with its F1 and our labels."""
    tallies: dict[tuple[str, str], Tally] = {}
    ours = []
    for one in fields:
        for method in ("fishcount", *peers):
            start = time.perf_counter()
            if method == "fishcount":
                labels = segment_nuclei(one.image, pixel_size_um=one.pixel_size_um).labels
            else:
                labels = peers[method](one.image)
            tally = tallies.setdefault((one.group, method), Tally())
            tally.seconds += time.perf_counter() - start
            tally.megapixels += one.truth.size / 1e6
            f1 = tally.add(match_labels(labels, one.truth), one.ignored)
            if method == "fishcount":
                ours.append((f1, one, labels))
    return [tally.row(*key) for key, tally in sorted(tallies.items())], ours


def measure_selection(fields: Sequence[Field]) -> list[dict[str, object]]:
    """Of phantoms: scorable nuclei that selection loses, scored ones that are wrong or merged."""
    sums: dict[str, NDArray[np.int64]] = {}
    for one in fields:
        if not one.group.startswith("phantoms"):
            continue
        nuclei = segment_nuclei(one.image, pixel_size_um=one.pixel_size_um)
        scored, _ = select_nuclei(nuclei.flags)
        chosen = np.flatnonzero(scored) + 1
        match = match_labels(nuclei.labels, one.truth)
        found, true = match.pairs(0.5)
        scorable = np.setdiff1d(match.true_labels, one.ignored)
        kept = np.isin(scorable, true[np.isin(found, chosen)])
        wrong = np.isin(chosen, found, invert=True).sum()
        merged = np.isin(match.merged_labels(), chosen).sum()
        counts = np.array([scorable.size, (~kept).sum(), chosen.size, wrong, merged])
        sums[one.group] = sums.get(one.group, np.zeros(5, np.int64)) + counts
    return [
        {
            "set": group,
            "scorable": int(n),
            "lost %": 100.0 * lost / max(n, 1),
            "scored": int(scored),
            "wrong %": 100.0 * wrong / max(scored, 1),
            "merged and scored": int(merged),
        }
        for group, (n, lost, scored, wrong, merged) in sums.items()
    ]


def _speed_field(size: int = 2048) -> NDArray[np.generic]:
    """A drawn field of medium noise, repeated to that size; 0.1 um pixels."""
    from fishcount.synthetic import simulate_case, spec_of_case

    spec = spec_of_case("mixed", snr="medium", size=768, n_planes=1)
    tile = simulate_case("mixed", seed=11, n_fields=1, spec=spec)[0][0].raw("DAPI")
    repeat = -(-size // tile.shape[0])
    return np.tile(tile, (repeat, repeat))[:size, :size]


def measure_speed(image: NDArray[np.generic]) -> list[dict[str, object]]:
    """Seconds of processor time, best of three: segmentation, and the table of its nuclei."""
    labels = segment_nuclei(image, pixel_size_um=0.1).labels
    plane = image.astype(np.float32)

    def table() -> None:
        _, runs = in_centroid_order(labels)
        measure_shapes(runs)
        runs.sum_of(plane)

    def regionprops() -> None:
        measure.regionprops_table(
            labels,
            intensity_image=plane,
            properties=("area", "centroid", "bbox", "eccentricity", "solidity", "mean_intensity"),
        )

    rows = []
    for what, our_way, their_way in (
        ("nuclei", lambda: segment_nuclei(image, pixel_size_um=0.1), lambda: plain_recipe(image)),
        ("table", table, regionprops),
        ("labels to Nuclei", lambda: nuclei_from_labels(labels, image), regionprops),
    ):
        our_s, their_s = _best_of_three(our_way), _best_of_three(their_way)
        rows.append(
            {
                "what": what,
                "fishcount s": our_s,
                "scikit-image s": their_s,
                "ratio": their_s / our_s,
            }
        )
    return rows


def _best_of_three(call: Callable[[], object]) -> float:
    return min(processor_seconds(call) for _ in range(3))


def draw_worst(path: Path, ours: list[tuple[float, Field, Labels]], n_worst: int = 8) -> None:
    """The worst fields, truth left and ours right."""
    rows = []
    for _, one, labels in sorted(ours, key=lambda item: item[0])[:n_worst]:
        plane = project(np.asarray(one.image, np.float32))
        low, high = np.percentile(plane, (1, 99.7))
        grey = np.sqrt(np.clip((plane - low) / max(high - low, 1e-6), 0, 1))
        pair = [
            segmentation.mark_boundaries(grey, x, color=(1, 0.2, 0.2)) for x in (one.truth, labels)
        ]
        pair = [
            np.pad(
                x[:TILE_PX, :TILE_PX], [(0, max(TILE_PX - s, 0)) for s in x.shape[:2]] + [(0, 0)]
            )
            for x in pair
        ]
        rows.append(np.hstack(pair))
    half = -(-len(rows) // 2)
    columns = [np.vstack(rows[:half]), np.vstack(rows[half:] or [np.zeros_like(rows[0])])]
    columns[1] = np.pad(
        columns[1], [(0, columns[0].shape[0] - columns[1].shape[0]), (0, 0), (0, 0)]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    io.imsave(path, (255 * np.hstack(columns)).astype(np.uint8), check_contrast=False)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description="Measure nuclei.")
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--pixel-size-um", type=float, help="of images that are no phantoms")
    parser.add_argument("--peer", action="append", default=[], metavar="MODULE:FUNCTION")
    parser.add_argument("--worst", type=Path, help="write a picture of the worst fields")
    parser.add_argument("--out", type=Path, help="write the tables as Markdown")
    parser.add_argument("--speed", action="store_true")
    asked = parser.parse_args(arguments)
    peers: dict[str, Segment] = {"plain scikit-image": plain_recipe}
    for peer in asked.peer:
        module, _, function = peer.partition(":")
        peers[peer] = getattr(importlib.import_module(module), function)
    fields: list[Field] = []
    for folder in asked.folders:
        phantoms = (folder / "cases.json").is_file()
        fields += (
            phantom_folder(folder) if phantoms else labelled_folder(folder, asked.pixel_size_um)
        )
    parts = ["# Nuclei", made_by("nuclei", arguments)]
    if fields:
        rows, ours = measure_fields(fields, peers)
        parts.append(markdown_table(rows, digits=3))
        selection = measure_selection(fields)
        if selection:
            parts.append(markdown_table(selection, digits=1))
        if asked.worst:
            draw_worst(asked.worst, ours)
    if asked.speed:
        image = _speed_field()
        parts.append(markdown_table(measure_speed(image), digits=3))
        parts.append(markdown_table([measure_memory(image, 0.1)], digits=1))
        parts.append(markdown_table(measure_tables(), digits=3))
    print("\n\n".join(parts))
    if asked.out:
        write_report(asked.out, *parts)
        if fields:
            picture = asked.out.with_suffix(".png")
            draw_bars(picture, rows, across="set", beside="method", height="F1 0.5")


if __name__ == "__main__":
    main()
