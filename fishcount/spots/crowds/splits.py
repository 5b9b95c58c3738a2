"""Points that are longer or brighter than one signal, split in two where the image gains by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.spots.channel.scale import ChannelView
from fishcount.spots.crowds.joint_fit import fit_jointly
from fishcount.spots.crowds.moments import Patches, energy, residual_moments
from fishcount.spots.crowds.prior import PROMISING, height_prior, point_cost, uncertainty
from fishcount.spots.crowds.scene import Scene
from fishcount.spots.points.model import GROUP_REACH, Points

__all__ = ["with_splits"]

# Points that are split at the same time are this far apart.
_APART_WIDTHS = 3.0
# How far from where the point was its halves start; the fit moves them on.
_OFFSET_WIDTHS = 0.7


def with_splits(
    scene: Scene,
    points: Points,
    is_new: NDArray[np.bool_],
    view: ChannelView,
    *,
    at: NDArray[np.bool_],
) -> tuple[Points, NDArray[np.bool_]]:
    """Split the most promising of the points `at` some in two, where the image gains by it.

    Comes back with `is_new`, true for halves as well. Points that are split at the same time lie
    some widths apart; each is judged by the points of its group that are nearest to it.
    """
    if len(points) == 0:
        return points, is_new
    angle, promise = _split_promise(scene, points, view)
    chosen = _most_promising(scene, points, np.where(at, promise, -np.inf))
    if len(chosen) == 0:
        return points, is_new
    trial = _try_splits(scene, points, chosen, angle[chosen])
    accepted = _change(scene, trial, view) + point_cost(scene, points, view)[chosen] < 0
    stay = np.ones(len(points), bool)
    stay[trial.rows] = ~accepted[trial.cell]
    taken = accepted[trial.new_cell]
    is_new_after = np.append(is_new[trial.rows], np.ones(len(chosen), bool))
    is_new_after[trial.split] = True
    return (
        points.take(stay).joined(trial.new.take(taken)),
        np.concatenate([is_new[stay], is_new_after[taken]]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Trial:
    """Some points that were split at the same time, each in its cell of points beside it.

    Attributes
    ----------
    rows, cell : ndarray of int64, (k,)
        Points that have a part in it, and the number of the split in which each has.
    split : ndarray of int64, (m,)
        Which of these were split, in the order of their cells.
    old : Points, (k,)
        As they were.
    new : Points, (k + m,)
        With first halves in place of those that were split; second halves come last.
    """

    rows: NDArray[np.int64]
    cell: NDArray[np.int64]
    split: NDArray[np.int64]
    old: Points
    new: Points

    @property
    def new_cell(self) -> NDArray[np.int64]:
        """Cells of the new points, (k + m,)."""
        return np.append(self.cell, np.arange(len(self.split)))


def _try_splits(
    scene: Scene, points: Points, chosen: NDArray[np.int64], angle: NDArray[np.float64]
) -> _Trial:
    """Split the chosen points along an angle each, and fit them with those beside them."""
    cell = _nearest_chosen(scene, points, chosen)
    rows, old = np.flatnonzero(cell >= 0), points.take(cell >= 0)
    split = np.searchsorted(rows, chosen)
    new = _split_at(old, split, angle, _OFFSET_WIDTHS * scene.sigma_px)
    return _Trial(
        rows=rows,
        cell=cell[rows],
        split=split,
        old=old,
        new=fit_jointly(scene, new, iterations=3),
    )


def _change(scene: Scene, trial: _Trial, view: ChannelView) -> NDArray[np.float64]:
    """By how much each split changes misfit less log prior of its cell, (m,): below 0 it gains.

    Both sides are weighed with the larger uncertainty, that of the points before the split.
    """
    typical, n_cells = view.scale.typical_counts, len(trial.split)
    variance = _mean_of_cells(np.square(uncertainty(trial.old, view)), trial.cell, n_cells)
    after = _penalty(scene, trial.new, trial.new_cell, variance, typical)
    return after - _penalty(scene, trial.old, trial.cell, variance, typical)


def _split_promise(
    scene: Scene, points: Points, view: ChannelView
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direction in which each point is longest, and what splitting it may gain."""
    left = residual_moments(scene, points, Patches.of(scene, points))
    mean, half = 0.5 * (left.yy + left.xx), 0.5 * (left.yy - left.xx)
    stretch = mean + np.hypot(half, left.yx)
    angle = 0.5 * np.arctan2(left.yx, half)
    variance = np.square(uncertainty(points, view))
    # 3/4: square norm of the second derivative of a Gaussian, in units of pi / s^2.
    norm = 0.75 * np.pi / scene.sigma_px**2
    shape = np.sign(stretch) * stretch**2 / (2 * variance * norm)
    height, typical_counts = points.amplitude_counts, view.scale.typical_counts
    prior = 2 * height_prior(height / 2, typical_counts) - height_prior(height, typical_counts)
    return angle, shape + prior - point_cost(scene, points, view)


def _most_promising(
    scene: Scene, points: Points, promise: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Points that promise more than any other near them, in the order of points."""
    best = promise > PROMISING
    first, second = scene.pairs(points, _APART_WIDTHS).T
    second_better = promise[second] > promise[first]
    best[np.where(second_better, first, second)] = False
    return np.flatnonzero(best)


def _nearest_chosen(scene: Scene, points: Points, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the chosen points of its group is nearest to each point; -1 for none."""
    group = scene.groups(points, GROUP_REACH)
    # Groups are set apart along a third axis, so that the nearest is one of the same group.
    apart = 1e6 * group
    places = np.stack([points.y_px, points.x_px, apart], axis=1)
    distance, nearest = KDTree(places[chosen]).query(places)
    return np.where(distance < 1e6, nearest, -1)


def _split_at(
    points: Points,
    position: NDArray[np.int64],
    angle: NDArray[np.float64],
    offset_px: float,
) -> Points:
    """Two halves in place of some points; second halves come last."""
    dy, dx = offset_px * np.cos(angle), offset_px * np.sin(angle)
    y, x = points.y_px.copy(), points.x_px.copy()
    height = points.amplitude_counts.copy()
    height[position] /= 2
    second = Points(y_px=y[position] + dy, x_px=x[position] + dx, amplitude_counts=height[position])
    y[position] -= dy
    x[position] -= dx
    return Points(y_px=y, x_px=x, amplitude_counts=height).joined(second)


def _mean_of_cells(
    values: NDArray[np.float64], cell: NDArray[np.int64], n_cells: int
) -> NDArray[np.float64]:
    members = np.maximum(np.bincount(cell, minlength=n_cells), 1)
    return np.asarray(np.bincount(cell, values, minlength=n_cells) / members, np.float64)


def _penalty(
    scene: Scene,
    points: Points,
    cell: NDArray[np.int64],
    variance: NDArray[np.float64],
    typical_counts: float,
) -> NDArray[np.float64]:
    """Misfit less log prior of each cell: the smaller the better."""
    misfit = np.bincount(cell, energy(scene, points), minlength=len(variance))
    prior = height_prior(points.amplitude_counts, typical_counts)
    likelihood = misfit / np.maximum(variance, 1e-12)
    return np.asarray(likelihood - np.bincount(cell, prior, minlength=len(variance)), np.float64)
