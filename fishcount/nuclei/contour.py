"""Contours of masks: the middles of the pixel edges between inside and outside, in order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import border_chains

__all__ = ["longest_contour"]

# The eight neighbours of a pixel, y and x, in turn; one more for a pixel that has none.
_TURN = np.array([(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)])
_NONE = 8
# Number of a neighbour by 3 (dy + 1) + dx + 1, and of the one opposite to it.
_NUMBER = np.array([5, 6, 7, 4, _NONE, 0, 3, 2, 1])
_OPPOSITE = np.array([4, 5, 6, 7, 0, 1, 2, 3, _NONE])


def _edge_tables() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The edges that a contour passes at a pixel, by where it comes from and where it goes to.

    All neighbours between the two lie outside; those at the four sides share an edge.
    """
    middle, passed = np.zeros((9, 9, 4, 2)), np.zeros((9, 9, 4), bool)
    for come in range(9):
        for go in range(9):
            between = range(come + 1, come + ((go - come) % 8 or 8))
            turns = range(0, 8, 2) if _NONE in (come, go) else [k % 8 for k in between]
            sides = [k for k in turns if k % 2 == 0]
            middle[come, go, : len(sides)] = 0.5 * _TURN[sides]
            passed[come, go, : len(sides)] = True
    return middle, passed


_MIDDLE, _PASSED = _edge_tables()


def longest_contour(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The longest contour around pixels of a mask (y, x), that touch also by corners.

    Points (k, 2), y and x, from the lowest row on; none of an empty mask. As the longest of
    ``skimage.measure.find_contours(mask, 0.5)``, where nothing touches by a corner, in a quarter of
    its time.
    """
    contours = [_edges_along(chain) for chain in border_chains(mask)]
    if not contours:
        return np.zeros((0, 2))
    points = max(contours, key=len)
    y, x = np.floor(0.5 * (points + _next(points))).T
    start = 1 + int(np.argmax(y * (mask.shape[1] + 2) + x))
    return np.concatenate([points[start:], points[:start]])


def _edges_along(chain: NDArray[np.int32]) -> NDArray[np.float64]:
    y, x = (_next(chain) - chain).T
    go = _NUMBER[3 * y + x + 4]
    come = _OPPOSITE[np.concatenate([go[-1:], go[:-1]])]
    points: NDArray[np.float64] = (chain[:, None] + _MIDDLE[come, go])[_PASSED[come, go]]
    return points


def _next(points: NDArray[Any]) -> NDArray[Any]:
    """The point after each one, around a closed contour."""
    return np.concatenate([points[1:], points[:1]])
