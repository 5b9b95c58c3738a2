"""Contours of masks: the middles of the pixel edges between inside and outside, in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import border_chains

__all__ = ["longest_contours"]

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


def longest_contours(masks: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.float64]]:
    """Of each mask (y, x) the longest contour around pixels that touch by edges or corners.

    Points (k, 2), y and x, from the lowest row on; none of an empty mask. As the longest of
    ``skimage.measure.find_contours(mask, 0.5)``, where nothing touches by a corner, many at a time.
    """
    chains = [border_chains(mask) for mask in masks]
    flat = [chain for of_mask in chains for chain in of_mask]
    contours = [np.zeros((0, 2)) for _ in masks]
    if not flat:
        return contours
    points, length = _edges_along(np.concatenate(flat), np.array([len(chain) for chain in flat]))
    stop = np.cumsum(length)
    following = _following(length)
    y, x = np.floor(0.5 * (points + points[following])).T
    first = 0
    for k, of_mask in enumerate(chains):
        if of_mask:
            longest = first + int(length[first : first + len(of_mask)].argmax())
            here = slice(stop[longest] - length[longest], stop[longest])
            start = 1 + int(np.argmax(y[here] * (masks[k].shape[1] + 2) + x[here]))
            contours[k] = np.concatenate([points[here][start:], points[here][:start]])
        first += len(of_mask)
    return contours


def _edges_along(
    pixels: NDArray[np.int32], length: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Middles of the edges that closed chains of pixels pass, and how many each passes.

    `length` is how many pixels each chain has.
    """
    following = _following(length)
    y, x = (pixels[following] - pixels).T
    go = _NUMBER[3 * y + x + 4]
    come = np.empty_like(go)
    come[following] = _OPPOSITE[go]
    pixel, edge = np.nonzero(_PASSED[come, go])
    points: NDArray[np.float64] = pixels[pixel] + _MIDDLE[come[pixel], go[pixel], edge]
    n_points = np.bincount(pixel, minlength=len(pixels))
    return points, np.add.reduceat(n_points, np.cumsum(length) - length)


def _following(length: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the next point is, around closed chains of these lengths, one after the other."""
    following = np.arange(1, int(length.sum()) + 1)
    stop = np.cumsum(length)
    following[stop - 1] = stop - length
    return following
