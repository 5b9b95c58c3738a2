"""A label image and its DAPI to the table of nuclei."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.depth import Depths, cut_by_depth, measure_depths
from fishcount.nuclei.doubt import measure_doubt
from fishcount.nuclei.flags import flag_nuclei
from fishcount.nuclei.result import Nuclei
from fishcount.nuclei.runs import Runs, find_runs
from fishcount.nuclei.search import Found
from fishcount.nuclei.shape import measure_shapes, moments_of
from fishcount.settings import NucleiSettings

__all__ = ["in_centroid_order", "measure_found", "measure_nuclei"]

# The slope of an edge is taken between pixels at this distance inside and outside of it.
_EDGE_REACH_PX = 3
# Mean cosine between the rows of a disk and the normals of its outline. Near the first and the last
# row of an ellipse, which run along the outline, the cosine is limited.
_DISK_COSINE = np.pi / 4
_LAST_ROW = 0.98
# Rows that are numbered anew at a time.
_BAND_PX = 32


def in_centroid_order(
    labels: NDArray[np.integer], *, out: NDArray[np.int32] | None = None
) -> tuple[NDArray[np.int32], Runs]:
    """The same objects labelled 1 to n without gaps, by centroid (y first, then x), and runs.

    `out` is written to, and may be `labels` itself; a new image costs more than its numbers do.
    """
    runs = find_runs(labels)
    if not len(runs):
        return np.zeros(labels.shape, np.int32), runs
    if runs.label[-1] > labels.size:
        _, inverse = np.unique(np.append(labels.ravel(), 0), return_inverse=True)
        labels = inverse[:-1].reshape(labels.shape)
        runs = find_runs(labels)
    new = runs.in_centroid_order(int(runs.label[-1]))
    ordered = np.empty(labels.shape, np.int32) if out is None else out
    moved = np.unique(runs.y[new[runs.label] != runs.label] // _BAND_PX)
    # Band by band: where labels are in order already nothing is to be done.
    for band in range(-(-len(labels) // _BAND_PX)):
        rows = slice(band * _BAND_PX, (band + 1) * _BAND_PX)
        if band in moved:
            ordered[rows] = new.take(labels[rows])
        elif ordered is not labels:
            ordered[rows] = labels[rows]
    return ordered, runs.renamed(new)


def measure_found(
    found: Found,
    stack: NDArray[np.number],
    *,
    focus: tuple[NDArray[np.number], NDArray[np.float32] | None],
    limit_counts: float,
    z_step_um: float | None,
    roi: NDArray[np.bool_] | None,
    settings: NucleiSettings,
) -> tuple[Nuclei, Runs]:
    """The table of what a search found, and the runs of its labels.

    Parameters
    ----------
    found
        From the search of `focus`; its labels are written to.
    stack
        DAPI, (y, x) or (z, y, x).
    focus
        From `best_focus` of the stack.
    limit_counts
        Counts at which the camera is full.
    z_step_um, roi, settings
        As for `fishcount.segment_nuclei`.
    """
    image, sharpness = focus
    about: dict[str, Any] = {
        "z_step_um": z_step_um,
        "diameter_px": found.diameter_px,
        "settings": settings,
    }
    cut = cut_by_depth(found.labels, stack, **about)
    labels, runs = in_centroid_order(cut, out=cut)
    nuclei = measure_nuclei(
        labels,
        runs,
        image,
        background=found.background,
        limit_counts=limit_counts,
        diameter_px=found.diameter_px,
        threshold_counts=found.threshold_counts,
        roi=roi,
        depths=measure_depths(labels, runs, stack, sharpness=sharpness, **about),
        settings=settings,
    )
    return nuclei, runs


def measure_nuclei(
    labels: NDArray[np.int32],
    runs: Runs,
    dapi: NDArray[np.number],
    *,
    background: NDArray[np.float32],
    limit_counts: float,
    diameter_px: float,
    threshold_counts: float,
    roi: NDArray[np.bool_] | None,
    depths: Depths,
    settings: NucleiSettings,
) -> Nuclei:
    """The table of nuclei; `labels` in centroid order, `background` as coarse as it was made."""
    if not len(runs):
        return Nuclei.empty(labels.shape)
    shapes = measure_shapes(runs)
    area = shapes.area_px
    total, square = runs.sums_of(dapi)
    dose = total - _background_below(runs, background, labels.shape)
    mean = dose / area
    spread = np.sqrt(np.maximum(square / area - (total / area) ** 2, 0))
    neck, contact, overlap = measure_doubt(labels, shapes, diameter_px=diameter_px)
    nuclei = Nuclei(
        labels=labels,
        y_px=shapes.y_px,
        x_px=shapes.x_px,
        area_px=area,
        bbox_px=shapes.bbox_px,
        eccentricity=shapes.eccentricity,
        solidity=shapes.solidity,
        mean_dapi_counts=mean,
        dose_counts=dose,
        texture=spread / np.maximum(mean, 1e-6),
        edge_width_px=_edge_width(labels, runs, dapi, mean),
        neck=neck,
        contact_width=contact,
        overlap=overlap,
        saturated_fraction=_saturated_fraction(runs, dapi, limit_counts),
        plane=depths.plane,
        depth_distance_um=depths.distance_um,
        flags=np.zeros(len(area), np.uint32),
        diameter_px=diameter_px,
        threshold_counts=threshold_counts,
    )
    flags = flag_nuclei(
        nuclei,
        inside_roi=np.ones(len(area), bool) if roi is None else _share_of(roi, runs) >= 0.5,
        shape_px=labels.shape,
        settings=settings,
    )
    return replace(nuclei, flags=flags)


def _share_of(mask: NDArray[np.bool_], runs: Runs) -> NDArray[np.float64]:
    """Share of the pixels of each nucleus that lie in a mask."""
    return runs.sum_of(mask.astype(np.float32)) / runs.total(runs.length)


def _saturated_fraction(
    runs: Runs, dapi: NDArray[np.number], limit_counts: float
) -> NDArray[np.float64]:
    """Share of the pixels of each nucleus at which the camera was full."""
    # Few images have such a pixel, and their maximum is found quickly.
    if dapi.max() < limit_counts:
        return np.zeros(len(runs))
    return _share_of(dapi >= limit_counts, runs)


def _background_below(
    runs: Runs, background: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Sum of the background under each nucleus, read at the middle of every run."""
    y = runs.y * background.shape[0] // shape[0]
    x = (runs.x0 + runs.x1 - 1) // 2 * background.shape[1] // shape[1]
    return runs.total(background[y, x] * runs.length)


def _edge_width(
    labels: NDArray[np.int32],
    runs: Runs,
    dapi: NDArray[np.number],
    mean: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Step of DAPI over its slope across the left and right ends of the runs, in pixels.

    Only ends towards background tell: across a contact there is no step, however sharp both nuclei
    are, and none is seen where the field ends. Where no end is free all of them count. Rows that
    meet the outline at a slant see less of its slope, by the cosine: so they count less, and a
    long nucleus is as sharp along the rows as across them.
    """
    width = dapi.shape[1]
    row, flat = runs.y * width, labels.ravel()
    reach = _EDGE_REACH_PX
    slope, cosine, free_slope, free_cosine = (np.zeros(len(mean)) for _ in range(4))
    ends = (runs.x0, 1), (runs.x1 - 1, -1)
    for (x, sign), normal in zip(ends, _cosines(runs), strict=True):
        inner = np.clip(x + sign * (reach - 1), 0, width - 1)
        outer = x - sign * reach
        free = (outer >= 0) & (outer < width)
        outer = np.clip(outer, 0, width - 1)
        # Beside a neighbour its glow is in the way, too.
        further = np.clip(x - sign * 2 * reach, 0, width - 1)
        free &= (flat.take(row + outer) == 0) & (flat.take(row + further) == 0)
        inner_counts, outer_counts = (
            dapi[runs.y, side].astype(np.float32, copy=False) for side in (inner, outer)
        )
        here = (inner_counts - outer_counts) / (2 * reach - 1)
        slope += runs.total(here)
        cosine += runs.total(normal)
        free_slope += runs.total(here * free)
        free_cosine += runs.total(normal * free)
    some = free_cosine > 0
    slope = np.where(some, free_slope, slope) / np.where(some, free_cosine, cosine)
    slope *= _DISK_COSINE
    edge: NDArray[np.float64] = mean / np.maximum(slope, 1e-3 * np.maximum(mean, 1e-6))
    return edge


def _cosines(runs: Runs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine between rows and the outline's normal at the left and the right end of each run.

    Of the ellipse with equal moments: the outline itself is too ragged, pixel by pixel.
    """
    area, sum_y, sum_x, sum_yy, sum_xx, sum_yx = moments_of(runs).T
    y, x = sum_y / area, sum_x / area
    yy = sum_yy / area - y * y + 1 / 12
    lean = (sum_yx / area - y * x) / yy
    across = np.maximum(sum_xx / area - x * x + 1 / 12 - lean * lean * yy, 1 / 12)
    row = runs.label - 1
    height = np.clip((runs.y - y[row]) / (2 * np.sqrt(yy[row])), -_LAST_ROW, _LAST_ROW)
    bend = np.sqrt(across / yy)[row] * height / np.sqrt(1 - height * height)
    return 1 / np.hypot(1, lean[row] + bend), 1 / np.hypot(1, lean[row] - bend)
