"""Points that are longer or brighter than one signal, split in two where the image gains by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.groups import connected_groups
from fishcount.spots.noise import Noise
from fishcount.spots.prior import height_prior, point_cost, uncertainty
from fishcount.spots.scene import (
    GROUP_REACH,
    Points,
    Scene,
    energy,
    fit_jointly,
    residual_moments,
)

__all__ = ["with_splits"]

# Least promise, in log likelihood, for which a split is tried.
_PROMISING = -2.0


def with_splits(
    scene: Scene,
    points: Points,
    fresh: NDArray[np.bool_],
    noise: Noise,
    typical_counts: float,
) -> tuple[Points, NDArray[np.bool_]]:
    """Split the most promising point of each group in two, where the group gains by it."""
    if len(points) == 0:
        return points, fresh
    group = connected_groups(points.y_px, points.x_px, GROUP_REACH * scene.sigma_px)
    angle, promise = _split_promise(scene, points, noise, typical_counts)
    chosen = _best_of_groups(group, promise)
    chosen = chosen[promise[chosen] > _PROMISING]
    if len(chosen) == 0:
        return points, fresh
    involved = np.flatnonzero(np.isin(group, group[chosen]))
    old = points.take(involved)
    old_group = group[involved]
    position = np.searchsorted(involved, chosen)
    new = _split_at(old, position, angle[chosen], 0.7 * scene.sigma_px)
    new = fit_jointly(scene, new, iterations=4)
    new_group = np.append(old_group, group[chosen])
    n_groups = int(group.max()) + 1
    # Both sides are weighed with the larger uncertainty, that of the points before the split.
    variance = _mean_of_groups(np.square(uncertainty(old, noise)), old_group, n_groups)
    change = _score(scene, new, new_group, variance, typical_counts)
    change -= _score(scene, old, old_group, variance, typical_counts)
    change[group[chosen]] += point_cost(scene, points)[chosen]
    accepted = np.zeros(n_groups, bool)
    accepted[group[chosen]] = change[group[chosen]] < 0
    stay, grown = ~accepted[group], accepted[new_group]
    is_new = np.arange(len(new)) >= len(old)
    is_new[position] = True
    carried = np.append(fresh[involved], np.ones(len(chosen), bool)) | is_new
    return (
        points.take(stay).joined(new.take(grown)),
        np.concatenate([fresh[stay], carried[grown]]),
    )


def _split_promise(
    scene: Scene, points: Points, noise: Noise, typical_counts: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direction in which each point is longest, and what splitting it may gain."""
    left = residual_moments(scene, points)
    mean, half = 0.5 * (left.yy + left.xx), 0.5 * (left.yy - left.xx)
    stretch = mean + np.hypot(half, left.yx)
    angle = 0.5 * np.arctan2(left.yx, half)
    variance = np.square(uncertainty(points, noise))
    # 3/4: square norm of the second derivative of a Gaussian, in units of pi / s^2.
    norm = 0.75 * np.pi / scene.sigma_px**2
    shape = np.sign(stretch) * stretch**2 / (2 * variance * norm)
    height = points.amplitude_counts
    prior = 2 * height_prior(height / 2, typical_counts) - height_prior(height, typical_counts)
    return angle, shape + prior - point_cost(scene, points)


def _best_of_groups(group: NDArray[np.int64], promise: NDArray[np.float64]) -> NDArray[np.int64]:
    """The point with the largest promise of each group, in the order of points."""
    order = np.lexsort((-promise, group))
    first = np.append(True, np.diff(group[order]) != 0)
    return np.sort(order[first])


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


def _mean_of_groups(
    values: NDArray[np.float64], group: NDArray[np.int64], n_groups: int
) -> NDArray[np.float64]:
    members = np.maximum(np.bincount(group, minlength=n_groups), 1)
    return np.asarray(np.bincount(group, values, minlength=n_groups) / members, np.float64)


def _score(
    scene: Scene,
    points: Points,
    group: NDArray[np.int64],
    variance: NDArray[np.float64],
    typical_counts: float,
) -> NDArray[np.float64]:
    """Misfit less log prior of each group: the smaller the better."""
    misfit = energy(scene, points, group=group, n_groups=len(variance))
    prior = height_prior(points.amplitude_counts, typical_counts)
    likelihood = misfit / np.maximum(variance, 1e-12)
    return np.asarray(likelihood - np.bincount(group, prior, minlength=len(variance)), np.float64)
