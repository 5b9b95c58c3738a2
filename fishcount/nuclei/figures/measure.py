"""A label image and its DAPI to the table of nuclei."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.depth import Depths, cut_by_depth, measure_depths
from fishcount.nuclei.figures.doubt import measure_doubt
from fishcount.nuclei.figures.flags import flag_nuclei
from fishcount.nuclei.figures.sharpness import edge_width, fine_detail
from fishcount.nuclei.geometry.runs import Runs, find_runs
from fishcount.nuclei.geometry.shape import measure_shapes
from fishcount.nuclei.result import Nuclei
from fishcount.nuclei.search.plane import Found
from fishcount.settings import NucleiSettings

__all__ = ["in_centroid_order", "measure_found", "measure_nuclei"]

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
        # Zero of the same type: beside a signed one, unsigned numbers of 64 bits become floats.
        zero = np.zeros(1, labels.dtype)
        _, inverse = np.unique(np.concatenate([labels.ravel(), zero]), return_inverse=True)
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
        edge_width_px=edge_width(labels, runs, dapi, mean),
        detail=fine_detail(runs, dapi, mean, diameter_px=diameter_px),
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
