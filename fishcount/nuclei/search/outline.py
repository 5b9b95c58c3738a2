"""Outlines: each nucleus cut at its own half height, smooth and whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import connected_parts, gaussian
from fishcount.nuclei.field.foreground import find_holes
from fishcount.nuclei.field.light import NuclearLight, core_heights
from fishcount.nuclei.geometry.distance import nearest_label
from fishcount.nuclei.geometry.ellipses import Ellipses, fit_ellipses
from fishcount.nuclei.geometry.runs import count_pixels, find_runs
from fishcount.nuclei.geometry.shape import disk_area
from fishcount.nuclei.parting.contacts import (
    JoinLabels,
    cut_by_the_edge,
    divide_at_contacts,
    join_false_cuts,
)

__all__ = ["Outlines", "draw_outlines"]

# The glow around a nucleus is measured from this many diameters outside its core on.
_RIM_FROM, _MAX_GLOW = 0.08, 0.6
# A core grows by at most this many diameters; smoothing of the outline; largest hole to fill.
_MAX_GROWTH, _OUTLINE_SMOOTHING, _MAX_HOLE = 0.15, 0.03, 0.2
# Least share of a nuclear area, and of the typical height: less is a fragment or glow. A nucleus
# that the edge of the field cuts may be a thinner slice, if it is bright.
_MIN_AREA, _MIN_HEIGHT = 0.08, 0.2
_MIN_SLICE, _SLICE_HEIGHT = 0.03, 0.5
# An object smaller than the shares of a nuclear area below must be brighter than its surroundings
# at this distance, in diameters, by a share of its own height and of the typical one. A slice that
# the edge of the field cuts may be no more than the blurred rim of its nucleus.
_STEP_REACH = 0.12
_OWN_STEP, _OWN_STEP_AREA = 0.4, 0.45
_LARGER_STEP, _LARGER_STEP_AREA = 0.3, 0.6
_TYPICAL_STEP, _SLICE_STEP, _TYPICAL_STEP_AREA = 0.3, 0.15, 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Nuclei on the working image.

    Attributes
    ----------
    labels : ndarray of int32, (y, x)
        1 to n in the order of centroids.
    margin : ndarray of float32, (y, x)
        Positive inside of nuclei, zero on their outline.
    ellipses : Ellipses
        Between those of nuclei that touch runs the cut.
    cut_counts : float
        Typical signal at the outline.
    """

    labels: NDArray[np.int32]
    margin: NDArray[np.float32]
    ellipses: Ellipses
    cut_counts: float


def draw_outlines(
    cores: NDArray[np.int32],
    signal: NDArray[np.float32],
    *,
    diameter_px: float,
    floor_counts: float,
    light: NuclearLight,
    join: JoinLabels = join_false_cuts,
) -> Outlines:
    """Grow or shrink each core to where the signal is `light.cut` of its own height.

    `join` tells what parts of a nucleus are to be one again, as `join_false_cuts` does.
    """
    height = core_heights(cores, signal)
    nearest, squared = nearest_label(cores, reach_px=_MAX_GROWTH * diameter_px)
    ellipses = fit_ellipses(cores)
    nearest = divide_at_contacts(nearest, ellipses, diameter_px=diameter_px)
    rim = nearest * (squared > (_RIM_FROM * diameter_px) ** 2)
    glow = np.minimum(_glow(rim, signal, len(height)), _MAX_GLOW * height)
    cut = np.maximum(glow + light.cut * (height - glow), floor_counts).astype(np.float32)
    nucleus_area = disk_area(diameter_px)
    inside = (signal > cut.take(nearest)) & (nearest > 0)
    inside = _fill_own_holes(inside, nearest, _MAX_HOLE * nucleus_area)
    soft = gaussian(inside.astype(np.float32), max(_OUTLINE_SMOOTHING * diameter_px, 0.5))
    margin = np.where(nearest > 0, soft - 0.5, -0.5).astype(np.float32)
    labels = _largest_parts(nearest * (margin > 0))
    joined = join(labels, diameter_px=diameter_px)
    if (joined != np.arange(len(joined))).any():
        labels, nearest = joined[labels], joined[nearest]
        ellipses = fit_ellipses(labels)
        labels = divide_at_contacts(labels, ellipses, diameter_px=diameter_px)
    area = count_pixels(labels, len(height))
    share, cut_off = area / nucleus_area, np.zeros(len(area), bool)
    edge = cut_by_the_edge(labels)
    cut_off[: len(edge)] = edge
    kept = _is_nucleus(share, height, light.height_counts, cut_off=cut_off)
    mean, step = _steps(labels, area, signal, diameter_px)
    kept &= _stands_out(share, mean, step, light.height_counts, cut_off=cut_off)
    old, new = _in_order(labels, kept)
    labels = new.take(labels)
    np.minimum(margin, 0, out=margin, where=labels == 0)
    np.copyto(margin, -0.5, where=(labels == 0) & (soft > 0.5))
    typical = float(np.median(cut[1:])) if len(cut) > 1 else float("nan")
    return Outlines(labels, margin, Ellipses(ellipses.centre[old], ellipses.form[old]), typical)


def _in_order(
    labels: NDArray[np.int32], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Old labels by new ones, and new ones by old: those kept, 1 to n by centroid.

    They will be numbered like that at full size, where it costs more to number them anew.
    """
    runs = find_runs(labels)
    present = runs.label[runs.first]
    rows = np.flatnonzero(kept[present])
    number = runs.take(rows).in_centroid_order(len(rows))
    old, new = np.zeros(len(rows) + 1, np.int64), np.zeros(len(kept), np.int32)
    old[number[1:]] = present[rows]
    new[present[rows]] = number[1:]
    return old, new


def _fill_own_holes(
    inside: NDArray[np.bool_], nearest: NDArray[np.int32], max_area_px: float
) -> NDArray[np.bool_]:
    """Fill the holes of single nuclei: what several enclose is a gap between them."""
    at, hole = find_holes(inside, max_area_px=max_area_px)
    label = nearest.ravel()[at]
    one = np.zeros(int(hole.max(initial=0)) + 1, np.int32)
    one[hole] = label
    # A hole whose pixels have another label than the one written last lies between nuclei.
    gap = one == 0
    gap[hole[label != one[hole]]] = True
    filled = inside.copy()
    filled.ravel()[at[~gap[hole]]] = True
    return filled


def _glow(rim: NDArray[np.int32], signal: NDArray[np.float32], n: int) -> NDArray[np.float64]:
    """Mean of the darker part of the rim of each nucleus; 0 where neighbours leave it none."""
    inside = np.flatnonzero(rim > 0)
    label, values = rim.ravel()[inside], signal.ravel()[inside]
    mean = np.bincount(label, values, n) / np.maximum(np.bincount(label, minlength=n), 1)
    lower = values <= mean[label]
    label, values = label[lower], values[lower]
    mean = np.bincount(label, values, n) / np.maximum(np.bincount(label, minlength=n), 1)
    return np.maximum(mean, 0)


def _largest_parts(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Of each label only its largest connected part; the first in raster order of equals."""
    runs = find_runs(labels)
    # Nearly all labels have one run in each row, each beside the next: these are one part.
    beside = (runs.y[1:] == runs.y[:-1] + 1) & (runs.x0[1:] < runs.x1[:-1])
    beside &= runs.x1[1:] > runs.x0[:-1]
    doubtful = np.unique(runs.label[1:][~beside & (runs.label[1:] == runs.label[:-1])])
    largest = labels.copy()
    boxes = runs.boxes()[np.searchsorted(runs.label[runs.first], doubtful)]
    for label, (y0, x0, y1, x1) in zip(doubtful.tolist(), boxes.tolist(), strict=True):
        here = largest[y0:y1, x0:x1]
        parts, n = connected_parts(here == label)
        if n > 1:
            area = np.bincount(parts.ravel())
            area[0] = 0
            here[(parts > 0) & (parts != area.argmax())] = 0
    return largest


def _is_nucleus(
    share: NDArray[np.float64],
    height: NDArray[np.float64],
    typical: float,
    *,
    cut_off: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which labels, of areas in nuclear areas, are large and bright enough; 0 is not."""
    kept = (share >= _MIN_AREA) & (height >= _MIN_HEIGHT * typical)
    kept |= cut_off & (share >= _MIN_SLICE) & (height >= _SLICE_HEIGHT * typical)
    kept[0] = False
    return np.asarray(kept)


def _stands_out(
    share: NDArray[np.float64],
    mean: NDArray[np.float64],
    step: NDArray[np.float64],
    typical: float,
    *,
    cut_off: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which labels are no crumbs of haze, of texture, or of a larger object."""
    faint = (step < _OWN_STEP * mean) & (share < _OWN_STEP_AREA)
    faint |= (step < _LARGER_STEP * mean) & (share < _LARGER_STEP_AREA)
    least = np.where(cut_off, _SLICE_STEP, _TYPICAL_STEP) * typical
    faint |= (step < least) & (share < _TYPICAL_STEP_AREA)
    return np.asarray(~faint)


def _steps(
    labels: NDArray[np.int32],
    pixels: NDArray[np.int64],
    signal: NDArray[np.float32],
    diameter_px: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean signal of each label, and how much that is more than a little outside of it."""
    flat, bright, width = labels.ravel(), signal.ravel(), labels.shape[1]
    inside, n = flat > 0, len(pixels)
    at = np.flatnonzero(inside)
    mean = np.bincount(flat.take(at), bright.take(at), n) / np.maximum(pixels, 1)
    outside, pairs = np.zeros(n), np.zeros(n)
    reach = max(round(_STEP_REACH * diameter_px), 2)
    for step in (reach * width, reach):
        leaves = np.flatnonzero(inside[step:] & ~inside[:-step]) + step
        enters = np.flatnonzero(inside[:-step] & ~inside[step:])
        if step == reach:
            # Steps must not lead from the end of one row to the start of another.
            leaves, enters = leaves[leaves % width >= reach], enters[enters % width < width - reach]
        for here, there in ((leaves, leaves - step), (enters, enters + step)):
            outside += np.bincount(flat[here], bright[there], n)
            pairs += np.bincount(flat[here], minlength=n)
    return mean, mean - outside / np.maximum(pairs, 1)
