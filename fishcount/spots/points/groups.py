"""Groups of points whose images overlap, and the stacks of groups that are solved at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

__all__ = ["blocks_of_groups", "close_pairs", "connected_groups", "groups_of_pairs"]

# Sizes of arrays of members: each about half as large again as the one before.
_ROOM = np.unique(np.rint(1.5 ** np.arange(0, 60))).astype(np.int64)


def close_pairs(
    y_px: NDArray[np.float64], x_px: NDArray[np.float64], reach_px: float
) -> NDArray[np.int64]:
    """Pairs (m, 2) of points at most `reach_px` apart, each once, first index smaller; sorted."""
    if len(y_px) < 2:
        return np.zeros((0, 2), np.int64)
    # A tree that is asked once is not worth balancing.
    tree = KDTree(np.stack([y_px, x_px], axis=1), balanced_tree=False, compact_nodes=False)
    first, second = tree.query_pairs(reach_px, output_type="ndarray").astype(np.int64).T
    n = len(y_px)
    return np.stack(np.divmod(np.sort(first * n + second), n), axis=1)


def connected_groups(
    y_px: NDArray[np.float64], x_px: NDArray[np.float64], reach_px: float
) -> NDArray[np.int64]:
    """Number of the group of each point, from 0 in the order of first members.

    Points of a group are connected by steps of at most `reach_px`.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.points.groups import connected_groups
    >>> connected_groups(np.array([0.0, 9, 1]), np.zeros(3), 2.0)
    array([0, 1, 0])
    """
    return groups_of_pairs(close_pairs(y_px, x_px, reach_px), len(y_px))


def groups_of_pairs(pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """As `connected_groups`, of `n` points whose close pairs (m, 2) are known.

    Each takes the lowest number among its neighbours, and then that of the one so named, until
    all pairs agree: for the few pairs of points much faster than a graph of scipy.
    """
    first, second = pairs.T
    lowest = np.arange(n)
    one, other = first, second
    while (one != other).any():
        lower = np.minimum(one, other)
        np.minimum.at(lowest, one, lower)
        np.minimum.at(lowest, other, lower)
        lowest = lowest[lowest]
        one, other = lowest[first], lowest[second]
    leads = lowest == np.arange(n)
    return np.asarray((np.cumsum(leads) - 1)[lowest], np.int64)


def blocks_of_groups(group: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Members of groups as index arrays (groups, size), with -1 where a group has no more.

    Sizes grow by about a half, so a few arrays hold all groups with little to spare.
    """
    order = np.argsort(group, kind="stable")
    size = np.bincount(group)
    start = np.cumsum(size) - size
    room = np.where(size > 0, _ROOM[np.searchsorted(_ROOM, np.maximum(size, 1))], 0)
    for members in np.unique(room[room > 0]):
        chosen = room == members
        slot = np.arange(members)
        taken = slot < size[chosen][:, None]
        rank = start[chosen][:, None] + slot
        yield np.where(taken, order[np.where(taken, rank, 0)], -1)
