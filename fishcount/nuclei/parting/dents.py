"""Dents of outlines, and the straight cuts between them: where one nucleus may be two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.nuclei.geometry.contour import longest_contours
from fishcount.nuclei.geometry.shape import disk_diameter

__all__ = [
    "DENT_WORTH",
    "NO_CUT",
    "DentCuts",
    "beside_others",
    "find_cuts",
    "outlines_of",
]

# Points per outline; half the arc over which a dent is measured, in nuclear diameters.
_N_POINTS, _DENT_REACH = 72, 0.3
# Weight of the depth of dents against the length of a cut, and how many of the best cuts of an
# outline are kept.
DENT_WORTH, _N_BEST = 3.0, 4
NO_CUT = 9.0
# Two cuts are one where their ends are at most this many points apart.
_SAME_CUT = 3
# Distance outside an outline at which a neighbouring nucleus is looked up.
_OUTSIDE_PX = 1.5
_ONE, _OTHER = np.triu_indices(_N_POINTS, 2)


@dataclass(frozen=True, slots=True, eq=False)
class DentCuts:
    """The best cuts of some outlines, the best first.

    Attributes
    ----------
    cost : ndarray of float64, (n, 4)
        Length of the cut over the width of the smaller part (the diameter of a disk of its area),
        less three times the depth of both dents in nuclear diameters; `NO_CUT` where there is none.
    one, other : ndarray of float64, (n, 4, 2)
        Ends of the cuts, y and x; NaN where there is none.
    """

    cost: NDArray[np.float64]
    one: NDArray[np.float64]
    other: NDArray[np.float64]

    @classmethod
    def none(cls, n: int) -> DentCuts:
        """A table without cuts, for `n` outlines."""
        ends = np.full((n, _N_BEST, 2), np.nan)
        return cls(np.full((n, _N_BEST), NO_CUT), ends, ends.copy())


def outlines_of(
    labels: NDArray[np.int32], rows: NDArray[np.int64], boxes: Sequence[tuple[slice, slice]]
) -> NDArray[np.float64]:
    """Outlines of some labels as points at even distance, lightly smoothed, (n, 72, 2).

    Parameters
    ----------
    labels
        Label image (y, x).
    rows, boxes
        The labels, and a box around each that holds all of its pixels.
    """
    outlines = np.zeros((len(rows), _N_POINTS, 2))
    masks = [labels[box] == label for label, box in zip(rows, boxes, strict=True)]
    for outline, contour, box in zip(outlines, longest_contours(masks), boxes, strict=True):
        if len(contour):
            outline[:] = _even_points(contour) + np.array([box[0].start, box[1].start])
    return np.asarray(ndi.gaussian_filter1d(outlines, 1.0, axis=1, mode="wrap"), np.float64)


def beside_others(
    labels: NDArray[np.int32], rows: NDArray[np.int64], outlines: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which points of `outlines_of` have another label of the image on their outer side."""
    along = np.roll(outlines, -1, axis=1) - np.roll(outlines, 1, axis=1)
    y, x = outlines[..., 0], outlines[..., 1]
    turn = np.sign((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1))
    outward = np.stack([-along[..., 1], along[..., 0]], axis=-1) * turn[:, None, None]
    outward /= np.maximum(np.hypot(*np.moveaxis(outward, -1, 0)), 1e-6)[..., None]
    at = np.rint(outlines + _OUTSIDE_PX * outward).astype(np.int64)
    at = np.clip(at, 0, np.array(labels.shape) - 1)
    there = labels[at[..., 0], at[..., 1]]
    beside: NDArray[np.bool_] = (there > 0) & (there != rows[:, None])
    return beside


def find_cuts(
    outlines: NDArray[np.float64],
    *,
    diameter_px: float,
    min_dent: float,
    min_area_px: float,
    beside: NDArray[np.bool_] | None = None,
) -> DentCuts:
    """The best straight cuts from dent to dent of each outline.

    Parameters
    ----------
    outlines : ndarray of float64, (n, 72, 2)
        From `outlines_of`.
    diameter_px
        Typical nuclear diameter.
    min_dent
        Least depth of both dents together, in nuclear diameters.
    min_area_px
        Least area on each side of a cut.
    beside : ndarray of bool, (n, 72)
        Points where another nucleus begins: a cut may end there without a dent, as the neighbour
        lies over it. None: nowhere.
    """
    dent, step = _dents(outlines, diameter_px)
    if beside is not None:
        dent = np.where(beside, np.maximum(dent, 1e-9), dent)
    both = dent[:, _ONE] + dent[:, _OTHER]
    wanted = (both > min_dent * diameter_px) & (dent[:, _ONE] > 0) & (dent[:, _OTHER] > 0)
    # Few pairs of points lie in dents; only those are looked at.
    row, pair = np.nonzero(wanted)
    one, other = outlines[row, _ONE[pair]], outlines[row, _OTHER[pair]]
    length = np.hypot(*(one - other).T)
    whole, part = _areas(outlines, row, pair)
    small = np.minimum(part, whole - part)
    width = disk_diameter(np.maximum(small, 1))
    cost = length / width - DENT_WORTH * both[row, pair] / diameter_px
    # A cut from a dent to itself, along the outline, separates nothing.
    good = np.flatnonzero((small > min_area_px) & (length > step[row]))
    left = good[np.lexsort((cost[good].round(9), row[good]))]
    best = DentCuts.none(len(outlines))
    for rank in range(_N_BEST):
        _, first = np.unique(row[left], return_index=True)
        taken = left[first]
        for values, kept in ((cost, best.cost), (one, best.one), (other, best.other)):
            kept[row[taken], rank] = values[taken]
        # The next best is another cut, not the same moved by a little.
        ends = np.full((len(outlines), 2), _N_POINTS)
        ends[row[taken]] = np.stack([_ONE[pair[taken]], _OTHER[pair[taken]]], axis=1)
        left = left[~_same(_ONE[pair[left]], _OTHER[pair[left]], *ends[row[left]].T)]
    return best


def _even_points(contour: NDArray[np.float64]) -> NDArray[np.float64]:
    y, x = np.concatenate([contour, contour[:1]]).T
    along = np.zeros(len(y))
    np.cumsum(np.hypot(y[1:] - y[:-1], x[1:] - x[:-1]), out=along[1:])
    at = along[-1] / _N_POINTS * np.arange(_N_POINTS)
    return np.stack([np.interp(at, along, y), np.interp(at, along, x)], axis=1)


def _same(
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    best_one: NDArray[np.int64],
    best_other: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether both ends of cuts lie near those of others, by their places on the outline."""
    far = []
    for a, b in ((one, best_one), (other, best_other)):
        apart = np.abs(a - b)
        far.append(np.minimum(apart, _N_POINTS - apart))
    return np.asarray(np.maximum(*far) <= _SAME_CUT)


def _dents(
    outlines: NDArray[np.float64], diameter_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Depth of each point under the chord of its neighbourhood, positive where concave.

    Also the distance of neighbouring points of each outline.
    """
    y, x = outlines[..., 0], outlines[..., 1]
    step = np.hypot(*np.moveaxis(outlines - np.roll(outlines, 1, axis=1), -1, 0)).mean(axis=1)
    turn = np.sign((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1))
    depth = np.full(outlines.shape[:2], -np.inf)
    place = np.arange(_N_POINTS)
    row = np.arange(len(outlines))[:, None]
    for reach in (0.5, 1.0):
        shift = np.rint(reach * _DENT_REACH * diameter_px / np.maximum(step, 1e-6))
        shift = np.clip(shift, 1, _N_POINTS // 4).astype(np.int64)[:, None]
        before = outlines[row, (place - shift) % _N_POINTS]
        chord = outlines[row, (place + shift) % _N_POINTS] - before
        offset = outlines - before
        cross = chord[..., 1] * offset[..., 0] - chord[..., 0] * offset[..., 1]
        under = cross / np.maximum(np.hypot(chord[..., 0], chord[..., 1]), 1e-6)
        depth = np.maximum(depth, turn[:, None] * under)
    return depth, step


def _areas(
    outlines: NDArray[np.float64], row: NDArray[np.intp], pair: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Area of some outlines and of their parts between two points, (k,)."""
    y, x = outlines[..., 0], outlines[..., 1]
    cross = x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)
    sums = np.pad(np.cumsum(cross, axis=1), ((0, 0), (1, 0)))
    one, other = _ONE[pair], _OTHER[pair]
    closing = x[row, other] * y[row, one] - y[row, other] * x[row, one]
    part = 0.5 * (sums[row, other] - sums[row, one] + closing)
    return np.abs(0.5 * sums[row, -1]), np.abs(part)
