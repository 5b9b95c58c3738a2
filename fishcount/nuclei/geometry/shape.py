"""Figures of shape for every nucleus at once, from the runs of its pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.runs import Runs

__all__ = [
    "N_DIRECTIONS",
    "Shapes",
    "disk_area",
    "disk_diameter",
    "ellipse_fit",
    "hull_of_support",
    "measure_shapes",
    "moments_of",
]

# Directions of the support function: with fewer, slender nuclei seem hollow. Even, so that every
# direction has its opposite.
N_DIRECTIONS = 32


def disk_area(diameter: float) -> float:
    """Area of a disk."""
    return np.pi / 4 * diameter**2


def disk_diameter(area: NDArray[np.float64]) -> NDArray[np.float64]:
    """Diameter of disks (n,) of an area."""
    return np.asarray(2 * np.sqrt(area / np.pi), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Figures of shape, one row for each label.

    Attributes
    ----------
    area_px : ndarray of int64, (n,)
    y_px, x_px : ndarray of float64, (n,)
        Centroids.
    bbox_px : ndarray of int64, (n, 4)
    major_px, minor_px : ndarray of float64, (n,)
        Axes (full length) of the ellipse with equal second moments.
    eccentricity : ndarray of float64, (n,)
    solidity : ndarray of float64, (n,)
        Area over that of the convex hull.
    """

    area_px: NDArray[np.int64]
    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    bbox_px: NDArray[np.int64]
    major_px: NDArray[np.float64]
    minor_px: NDArray[np.float64]
    eccentricity: NDArray[np.float64]
    solidity: NDArray[np.float64]


def measure_shapes(runs: Runs) -> Shapes:
    """Area, centroid, box, ellipse and solidity of every label."""
    if not len(runs):
        none = np.zeros(0)
        box = np.zeros((0, 4), np.int64)
        return Shapes(none.astype(np.int64), none, none, box, none, none, none, none)
    length = runs.length.astype(np.float64)
    middle = 0.5 * (runs.x0 + runs.x1 - 1)
    area = runs.total(length)
    y_px = runs.total(length * runs.y) / area
    x_px = runs.total(length * middle) / area
    row = runs.label - 1
    dy = runs.y - y_px[row]
    dx = middle - x_px[row]
    # 1/12 is the spread of a pixel within itself, along y; along x it completes (l^2 - 1) / 12.
    yy = runs.total(length * dy**2) / area + 1 / 12
    xx = runs.total(length * (dx**2 + length**2 / 12)) / area
    xy = runs.total(length * dy * dx) / area
    half, root = 0.5 * (yy + xx), np.sqrt((0.5 * (yy - xx)) ** 2 + xy**2)
    large, small = half + root, np.maximum(half - root, 1 / 12)
    return Shapes(
        area_px=area.astype(np.int64),
        y_px=y_px,
        x_px=x_px,
        bbox_px=runs.boxes(),
        major_px=4 * np.sqrt(large),
        minor_px=4 * np.sqrt(small),
        eccentricity=np.sqrt(np.clip(1 - small / large, 0, 1)),
        solidity=np.clip(area / _hull_area(runs, y_px, x_px), 0, 1),
    )


def moments_of(runs: Runs) -> NDArray[np.float64]:
    """Sums over the pixels of each label of 1, y, x, y^2, x^2, y x: (n, 6)."""
    length = runs.length.astype(np.float64)
    y, middle = runs.y.astype(np.float64), 0.5 * (runs.x0 + runs.x1 - 1)
    per_run = (
        length,
        length * y,
        length * middle,
        length * y * y,
        length * (middle * middle + (length * length - 1) / 12),
        length * y * middle,
    )
    return np.stack([runs.total(values) for values in per_run], axis=1)


def ellipse_fit(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area over that of the ellipse with equal `moments_of`: 1 for every ellipse."""
    area, sum_y, sum_x, sum_yy, sum_xx, sum_yx = moments.T
    y, x = sum_y / area, sum_x / area
    # 1/12 is the spread of a pixel within itself.
    yy, xx = sum_yy / area - y * y + 1 / 12, sum_xx / area - x * x + 1 / 12
    yx = sum_yx / area - y * x
    root = np.sqrt(np.maximum(yy * xx - yx * yx, 1e-9))
    fit: NDArray[np.float64] = np.minimum(area / (4 * np.pi * root), 1.0)
    return fit


def hull_of_support(reach: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of convex hulls from how far they reach in each of `N_DIRECTIONS` directions.

    The polygon of tangents is larger than the hull; for a disk that is divided out, for an ellipse
    of axes 1 to 2 about 1 % stays.

    Parameters
    ----------
    reach : ndarray of float64, (n, 32)
        Support functions from a place inside.
    """
    step = 2 * math.pi / N_DIRECTIONS
    excess = N_DIRECTIONS * math.tan(0.5 * step) / math.pi
    # An edge of the polygon is as long as the reach of its neighbours says; its area, summed up:
    beside = (reach[:, 1:] * reach[:, :-1]).sum(axis=1) + reach[:, 0] * reach[:, -1]
    square = np.square(reach).sum(axis=1)
    hull: NDArray[np.float64] = (beside - math.cos(step) * square) / (math.sin(step) * excess)
    return hull


def _hull_area(
    runs: Runs, y_px: NDArray[np.float64], x_px: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area of the convex hull, from the support function half a pixel outside the pixel centres.

    The corners of pixel squares would make every small nucleus look ragged.
    """
    row = runs.label - 1
    y = runs.y - y_px[row]
    left, right = runs.x0 - x_px[row], runs.x1 - 1 - x_px[row]
    angles = 2 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
    support = np.empty((N_DIRECTIONS, len(runs)))
    for k, (c, s) in enumerate(zip(np.cos(angles), np.sin(angles), strict=True)):
        reach = s * y + c * (right if c > 0 else left)
        support[k] = np.maximum.reduceat(reach, runs.first) + 0.5
    return hull_of_support(np.ascontiguousarray(support.T))
