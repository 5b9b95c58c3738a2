"""Positions and heights of all points of a scene at once, and how sure they are.

Points that overlap by much are solved together, in groups, by Gauss-Newton steps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.crowds.moments import Patches, residual_moments
from fishcount.spots.crowds.scene import Scene
from fishcount.spots.points.groups import blocks_of_groups, connected_groups
from fishcount.spots.points.model import COUPLED_REACH, PointModel, Points

__all__ = ["amplitude_errors", "fit_jointly", "fit_to_patches"]

# Points within this many widths of each other are solved together.
_TIGHT_REACH = 3.0
# Points that lie nearly on top of each other leave the matrix nearly singular: its diagonal is
# raised by the first share, and by the second of its largest entry.
_DAMPING, _LEAST_DIAGONAL = 1e-2, 1e-6
# No position moves farther at a step, and no height falls to less than this share of itself.
_MAX_STEP_PX, _LEAST_SHARE = 0.6, 0.05
# Larger groups are solved in parts: a matrix of their size would cost more than it gains.
_LARGEST_GROUP = 24


def fit_jointly(scene: Scene, points: Points, *, iterations: int) -> Points:
    """Positions and heights of all points, overlapping ones together, by Gauss-Newton steps.

    What the points leave of the image is exact; in the curvature only points of a group are
    coupled, those that overlap by much.
    """
    return fit_to_patches(scene, points, Patches.of(scene, points), iterations=iterations)


def fit_to_patches(
    model: PointModel, points: Points, patches: Patches, *, iterations: int
) -> Points:
    """As `fit_jointly`, where the image is known around each point alone."""
    bottom, right = patches.shape[0] - 1.0, patches.shape[1] - 1.0
    groups, pairs = _groups(model, points), model.pairs(points, COUPLED_REACH)
    for _ in range(iterations if len(points) else 0):
        left = residual_moments(model, points, patches, pairs)
        height = points.amplitude_counts
        gradient = np.stack([height * left.y, height * left.x, left.zero], axis=1)
        step = np.zeros((len(points), 3))
        for index in groups:
            taken = index >= 0
            step[index[taken]] = _newton_step(model, points, gradient, index)[taken]
        move = np.clip(step[:, :2], -_MAX_STEP_PX, _MAX_STEP_PX)
        points = Points(
            y_px=np.clip(points.y_px + move[:, 0], 0, bottom),
            x_px=np.clip(points.x_px + move[:, 1], 0, right),
            amplitude_counts=np.maximum(height + step[:, 2], _LEAST_SHARE * height),
        )
    return points


def _newton_step(
    model: PointModel, points: Points, gradient: NDArray[np.float64], index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Change of (y, x, height) for groups (m, k), as (m, k, 3); of no use where index is -1."""
    if index.shape[1] == 1:
        return _step_alone(model, points, gradient, index)
    unit = _tallest(points, index)
    height = np.where(index >= 0, _heights(points, index) / unit, 1.0)
    matrix = _normal_matrix(height, model.products(*_distances(points, index)))
    diagonal = np.einsum("nii->ni", matrix)
    diagonal *= 1 + _DAMPING
    diagonal += _LEAST_DIAGONAL * diagonal.max(axis=1, keepdims=True)
    right = _in_units(gradient[index], unit).transpose(0, 2, 1).reshape(len(index), -1, 1)
    step = np.linalg.solve(matrix, right).reshape(len(index), 3, -1).transpose(0, 2, 1)
    step[:, :, 2] *= unit
    return np.asarray(step, np.float64)


def _step_alone(
    model: PointModel, points: Points, gradient: NDArray[np.float64], index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """As `_newton_step` for points (m, 1) that are alone: nothing is coupled."""
    p, _, _, p_yy, p_xx, _ = (float(term[0]) for term in model.products(np.zeros(1), np.zeros(1)))
    unit = points.amplitude_counts[index]
    diagonal = np.array([-p_yy, -p_xx, p]) * (1 + _DAMPING)
    diagonal += _LEAST_DIAGONAL * diagonal.max()
    step = _in_units(gradient[index], unit) / diagonal
    step[:, :, 2] *= unit
    return np.asarray(step, np.float64)


def _tallest(points: Points, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """Largest height of each group (m, k), (m, 1)."""
    height = np.where(index >= 0, points.amplitude_counts[index], 0.0)
    return np.asarray(height.max(axis=1, keepdims=True), np.float64)


def _in_units(
    gradient: NDArray[np.float64], unit_counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Gradients (m, k, 3) by place, place and height with heights in units of their own.

    In counts a matrix of places and heights has entries that grow with the square of the counts
    beside others that do not: how a fit is damped would depend on the gain of the camera.
    """
    return np.stack(
        [
            gradient[:, :, 0] / unit_counts**2,
            gradient[:, :, 1] / unit_counts**2,
            gradient[:, :, 2] / unit_counts,
        ],
        axis=2,
    )


def _distances(
    points: Points, index: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the points of groups (m, k) from each other: second minus first, (m, k, k)."""
    # Groups are padded with stand-ins that lie far from everything.
    nowhere = -1e6 * (1 + np.arange(index.shape[1]))
    y = np.where(index >= 0, points.y_px[index], nowhere)
    x = points.x_px[index]
    return y[:, None, :] - y[:, :, None], x[:, None, :] - x[:, :, None]


def _heights(points: Points, index: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(index >= 0, points.amplitude_counts[index], 1.0)


def _normal_matrix(
    height: NDArray[np.float64], products: tuple[NDArray[np.float64], ...]
) -> NDArray[np.float64]:
    """Curvature of the energy by the places y, x and the heights of a group, (m, 3k, 3k)."""
    p, p_y, p_x, p_yy, p_xx, p_xy = products
    first, second = height[:, :, None], height[:, None, :]
    both = -first * second
    n_groups, size = height.shape
    matrix = np.empty((n_groups, 3, size, 3, size))
    matrix[:, 0, :, 0] = p_yy * both
    matrix[:, 1, :, 1] = p_xx * both
    matrix[:, 0, :, 1] = matrix[:, 1, :, 0] = p_xy * both
    matrix[:, 2, :, 0] = p_y * second
    matrix[:, 2, :, 1] = p_x * second
    matrix[:, 0, :, 2] = -p_y * first
    matrix[:, 1, :, 2] = -p_x * first
    matrix[:, 2, :, 2] = p
    return matrix.reshape(n_groups, 3 * size, 3 * size)


def amplitude_errors(model: PointModel, points: Points) -> NDArray[np.float64]:
    """Error of each height for pixel noise of 1, its neighbours and positions being free."""
    error = np.full(len(points), 1 / model.norm)
    for index in _groups(model, points):
        if index.shape[1] == 1:
            continue
        height = _heights(points, index)
        matrix = _normal_matrix(height, model.products(*_distances(points, index)))
        diagonal = np.einsum("nii->ni", matrix)
        diagonal *= 1 + 1e-6
        diagonal += 1e-9
        # Heights come last: their corner of the root is what is left of them when places are free.
        size = index.shape[1]
        inverse = np.linalg.inv(np.linalg.cholesky(matrix)[:, -size:, -size:])
        variance = np.square(inverse).sum(axis=1)
        taken = index >= 0
        error[index[taken]] = np.sqrt(np.maximum(variance[taken], 1e-12))
    return error


def _groups(model: PointModel, points: Points) -> list[NDArray[np.int64]]:
    reach = _TIGHT_REACH * model.sigma_px
    group = model.groups(points, _TIGHT_REACH)
    # A larger crowd is cut into parts; points of different parts are not coupled.
    while group.size and np.bincount(group).max() > _LARGEST_GROUP:
        reach *= 0.8
        crowd = np.flatnonzero(np.bincount(group)[group] > _LARGEST_GROUP)
        parts = connected_groups(points.y_px[crowd], points.x_px[crowd], reach)
        group[crowd] = group.max() + 1 + parts
        group = np.unique(group, return_inverse=True)[1].astype(np.int64)
    return list(blocks_of_groups(group))
