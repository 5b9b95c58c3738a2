"""Which signals of one colour lie so close together that they may hide others between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["close_pairs", "crowded_groups"]


def close_pairs(
    position_px: NDArray[np.float64], nucleus: NDArray[np.int64], *, reach_px: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of signals of one nucleus that are at most `reach_px` apart.

    Parameters
    ----------
    position_px : ndarray of float64, (n, d)
        Positions in an isotropic frame, y and x last.
    nucleus : ndarray of int64, (n,)
    reach_px

    Returns
    -------
    pairs : ndarray of int64, (m, 2)
        Each pair once, in no order.
    apart_px : ndarray of float64, (m,)
        Their distance.
    """
    if len(position_px) < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    y, x = position_px[:, -2:].T
    # Nuclei side by side, so that neighbours are of one nucleus. In the plane a search is fast;
    # a hair more than the reach, because far to the right positions are less exact.
    wide = np.ptp(x) + 2.0 * reach_px + 2.0
    plane = np.column_stack([y, x + nucleus * wide])
    found = cKDTree(plane).query_pairs(reach_px + 1e-3, output_type="ndarray")
    pairs = found.astype(np.int64)
    apart = np.linalg.norm(position_px[pairs[:, 0]] - position_px[pairs[:, 1]], axis=1)
    near = (apart <= reach_px) & (nucleus[pairs[:, 0]] == nucleus[pairs[:, 1]])
    return pairs[near], apart[near]


def crowded_groups(
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    *,
    reach_px: float | NDArray[np.float64],
) -> NDArray[np.int64]:
    """Groups of signals of one nucleus in which each has a neighbour within `reach_px`.

    Parameters
    ----------
    position_px : ndarray of float64, (n, d)
        Positions in an isotropic frame.
    nucleus : ndarray of int64, (n,)
    reach_px : float or ndarray of float64, (n,)
        Signals at most this far apart are of one group; where it differs from signal to
        signal, the shorter reach of a pair holds.

    Returns
    -------
    ndarray of int64, (n,)
        Number of the group of each signal, from 0 in the order of their first signals; a signal
        alone is a group of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals import crowded_groups
    >>> position = np.array([[10.0, 10.0], [10.0, 50.0], [12.0, 12.0], [14.0, 10.0]])
    >>> crowded_groups(position, np.array([1, 1, 1, 2]), reach_px=5.0)
    array([0, 1, 0, 2])
    """
    n = len(position_px)
    if n == 0:
        return np.zeros(0, np.int64)
    reach = np.broadcast_to(np.asarray(reach_px, np.float64), (n,))
    pairs, apart = close_pairs(position_px, nucleus, reach_px=float(reach.max()))
    pairs = pairs[apart <= np.minimum(reach[pairs[:, 0]], reach[pairs[:, 1]])]
    return np.unique(_first_of_each(pairs, n), return_inverse=True)[1].astype(np.int64)


def _first_of_each(pairs: NDArray[np.intp], n: int) -> NDArray[np.int64]:
    """First member of the group of each of `n` points, where pairs (m, 2) are of one group.

    The later of two firsts is hung below the earlier until every pair has the same. The groups
    are small, so this takes a few rounds; a graph would have to be built and checked first.
    """
    first = np.arange(n)
    while len(pairs):
        one, other = first[pairs].T
        np.minimum.at(first, np.maximum(one, other), np.minimum(one, other))
        above = first[first]
        while (above != first).any():
            first, above = above, above[above]
        pairs = pairs[first[pairs[:, 0]] != first[pairs[:, 1]]]
    return first
