"""Pieces of nuclei with figures that add up.

Moments, support function, brightness and depth of a union follow from those of its parts, so
pieces are joined, and judged as joined, without going back to the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.runs import Runs, find_runs
from fishcount.nuclei.geometry.shape import N_DIRECTIONS, ellipse_fit, hull_of_support, moments_of

__all__ = ["Pieces", "hull_area", "measure_outlines", "measure_pieces"]

_ANGLES = 2 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
_COS, _SIN = np.cos(_ANGLES), np.sin(_ANGLES)


@dataclass(slots=True, eq=False)
class Pieces:
    """Figures that add up (or take the larger) when pieces are joined; row i is label i + 1.

    Attributes
    ----------
    moments : ndarray of float64, (n, 6)
        Sums over pixels of 1, y, x, y^2, x^2, y x.
    support : ndarray of float64, (n, 32)
        Support function of the pixel centres in `N_DIRECTIONS` directions.
    light : ndarray of float64, (n, 2)
        Sums of signal times depth, and of depth: their ratio is the brightness of the inside.
    depth : ndarray of float64, (n,)
        Largest distance to the outside of the foreground.
    """

    moments: NDArray[np.float64]
    support: NDArray[np.float64]
    light: NDArray[np.float64]
    depth: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.depth)

    @property
    def area(self) -> NDArray[np.float64]:
        """Pixels of each piece."""
        return self.moments[:, 0]

    @property
    def brightness(self) -> NDArray[np.float64]:
        """Mean signal, the inside weighing more than the edge."""
        return self.light[:, 0] / np.maximum(self.light[:, 1], 1e-6)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Pieces:
        """The pieces of some rows, in that order."""
        return Pieces(self.moments[rows], self.support[rows], self.light[rows], self.depth[rows])

    def union(self, other: Pieces) -> Pieces:
        """Row by row, both pieces as one."""
        return Pieces(
            self.moments + other.moments,
            np.maximum(self.support, other.support),
            self.light + other.light,
            np.maximum(self.depth, other.depth),
        )

    def ellipse_fit(self) -> NDArray[np.float64]:
        """Area over that of the ellipse with equal second moments: 1 for every ellipse."""
        return ellipse_fit(self.moments)

    def hollow(self) -> NDArray[np.float64]:
        """Area of the convex hull that is not of the piece, in pixels."""
        return np.maximum(hull_area(self) - self.area, 0)


def hull_area(pieces: Pieces) -> NDArray[np.float64]:
    """Area of the convex hulls, from the polygon of tangents half a pixel outside the centres."""
    area, sum_y, sum_x = pieces.moments[:, :3].T
    # Seen from the centroid: far from the origin, differences of large numbers lose digits.
    reach = pieces.support + 0.5
    reach -= np.multiply.outer(sum_x / area, _COS)
    reach -= np.multiply.outer(sum_y / area, _SIN)
    return hull_of_support(reach)


def measure_pieces(
    labels: NDArray[np.int32], signal: NDArray[np.float32], depth: NDArray[np.float32]
) -> Pieces:
    """Figures of the labels 1 to n of an image (y, x), none of which may be missing."""
    runs = find_runs(labels)
    pieces = measure_outlines(runs)
    if len(pieces):
        glow, weight, deepest = runs.per_run(
            (np.add, signal * depth), (np.add, depth), (np.maximum, depth)
        )
        pieces.light = np.stack([runs.total(glow), runs.total(weight)], axis=1)
        pieces.depth = np.maximum.reduceat(deepest, runs.first).astype(np.float64)
    return pieces


def measure_outlines(runs: Runs) -> Pieces:
    """Figures of shape of all labels; their light and depth are zero."""
    if not len(runs):
        return Pieces(np.zeros((0, 6)), np.zeros((0, N_DIRECTIONS)), np.zeros((0, 2)), np.zeros(0))
    y = runs.y.astype(np.float64)
    left, right = runs.x0.astype(np.float64), (runs.x1 - 1).astype(np.float64)
    reach = np.empty((N_DIRECTIONS, len(y)))
    for k in range(N_DIRECTIONS):
        np.multiply(_COS[k], right if _COS[k] > 0 else left, out=reach[k])
        reach[k] += _SIN[k] * y
    support = np.ascontiguousarray(np.maximum.reduceat(reach, runs.first, axis=1).T)
    return Pieces(
        moments=moments_of(runs),
        support=support,
        light=np.zeros((len(runs), 2)),
        depth=np.zeros(len(runs)),
    )
