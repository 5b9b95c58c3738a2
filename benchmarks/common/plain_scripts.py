"""What a careful person writes with scikit-image in an afternoon: the peer of the count table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage import feature, filters, measure, segmentation

from benchmarks.common.truth_fields import TrueField
from fishcount import FishImage
from fishcount.metrics import match_points
from fishcount.synthetic.truth import SpotKind

# In camera counts, for the scale-normalized response: half the height of a matched spot.
BLOB_THRESHOLDS = tuple(np.geomspace(6.0, 95.0, 15).round(1).tolist())


def plane_of(image: FishImage, role: str) -> NDArray[np.float64]:
    """Brightest projection of a channel."""
    plane = np.asarray(image.channel(role), np.float64)
    return plane.max(axis=0) if plane.ndim == 3 else plane


def otsu_nuclei(image: FishImage) -> NDArray[np.int32]:
    """The tutorial recipe: smooth, Otsu, distance transform, watershed; border ones removed."""
    dapi = filters.gaussian(plane_of(image, "DAPI"), 2)
    mask = ndi.binary_fill_holes(dapi > filters.threshold_otsu(dapi))
    distance = filters.gaussian(ndi.distance_transform_edt(mask), 2)
    peaks = feature.peak_local_max(distance, min_distance=20, labels=measure.label(mask))
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = segmentation.clear_border(segmentation.watershed(-distance, markers, mask=mask))
    area = np.bincount(labels.ravel())
    areas = area[1:][area[1:] > 0]
    labels[(area < 0.3 * (np.median(areas) if len(areas) else 0))[labels]] = 0
    return segmentation.relabel_sequential(labels)[0].astype(np.int32)


def count_points(labels: NDArray[np.int32], yx_px: NDArray[np.float64]) -> NDArray[np.int64]:
    """Points in each label: one point one copy."""
    y, x = np.rint(yx_px).astype(int).reshape(-1, 2).T
    return np.bincount(labels[y, x], minlength=int(labels.max()) + 1)[1:]


def blobs(image: FishImage, probe: str, *, threshold: float) -> NDArray[np.float64]:
    """Points of `blob_log`, (n, 2)."""
    found = feature.blob_log(
        plane_of(image, probe), min_sigma=1.2, max_sigma=2.4, num_sigma=5, threshold=threshold
    )
    return found[:, :2]


def best_blobs(fields: list[TrueField], probe: str) -> list[NDArray[np.float64]]:
    """Points of `blob_log` in each field, at the threshold with the best F1 of its case."""
    points: list[NDArray[np.float64]] = [np.zeros((0, 2))] * len(fields)
    for case in dict.fromkeys(field.case for field in fields):
        rows = [i for i, field in enumerate(fields) if field.case == case]
        trials = [
            [blobs(fields[i].image, probe, threshold=threshold) for i in rows]
            for threshold in BLOB_THRESHOLDS
        ]
        best = max(trials, key=lambda found: f1([fields[i] for i in rows], found, probe))
        for i, found in zip(rows, best, strict=True):
            points[i] = found
    return points


def f1(fields: list[TrueField], found: list[NDArray[np.float64]], probe: str) -> float:
    """F1 at 3 px over several fields; a split signal is one thing, debris does not matter."""
    hits = false = missed = 0
    for field, yx in zip(fields, found, strict=True):
        spots, rows = field.truth.spots, field.true_points(probe)
        copy = spots.nucleus[rows] * 10_000 + spots.copy[rows]
        match = match_points(
            yx,
            np.column_stack([spots.y[rows], spots.x[rows]]),
            max_distance_px=3.0,
            group=copy,
            ignored=spots.kind[rows] == SpotKind.DEBRIS,
        )
        hits, false = hits + len(match.found), false + len(match.false)
        missed += len(match.missed)
    return 2 * hits / max(2 * hits + false + missed, 1)
