"""Split signals: two equal, close signals of one colour that count as one.

The rule is that of the probe kits (Leica HER2 FISH TA9217, 2013): two signals of the same
colour and size count as one when the gap between their edges is at most one signal diameter.
The edge of a signal is where it falls to half of its height, so a diameter is the full width at
half maximum, 2.355 sigma, and the gap of two signals is the distance of their centres less one
diameter.

A diffuse or stringy signal counts as one, too. Detection takes it for several points whose edges
overlap, of any brightness: they are one signal, represented by its brightest point.

Both rules were made for nuclei with few signals. Where there are many, close pairs are neighbours
by chance, and merging them loses copies. So signals are merged only where chance would hardly
put two of them as close as these, given the signals of this nucleus and its area: the more
signals, the closer they must be (our choice).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fishcount.signals.neighbours import Neighbours

__all__ = ["chance_distance_px", "split_partners", "stringy_partners"]


def chance_distance_px(
    nucleus: NDArray[np.int64], area_px: NDArray[np.int64], *, max_neighbours: float
) -> NDArray[np.float64]:
    """Distance within which chance alone puts `max_neighbours` other signals.

    Parameters
    ----------
    nucleus : ndarray of int64, (n,)
        Label of the nucleus of each signal of one probe; 0 for none.
    area_px : ndarray of int64, (m,)
        Area of nucleus ``i + 1``.
    max_neighbours
        Number of neighbours within that distance.

    Returns
    -------
    ndarray of float64, (n,)
        For signals spread evenly over their nucleus, (k - 1) pi d^2 / area = `max_neighbours`;
        infinite for the only signal of a nucleus, 0 outside.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals import chance_distance_px
    >>> chance_distance_px(np.array([1, 1, 0]), np.array([3142]), max_neighbours=0.1).round(2)
    array([10., 10.,  0.])
    """
    others = np.bincount(nucleus, minlength=len(area_px) + 1)[nucleus] - 1
    area = np.concatenate([[0.0], np.asarray(area_px, np.float64)])[nucleus]
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.sqrt(max_neighbours * area / (math.pi * others))
    return np.where(nucleus > 0, np.where(others > 0, distance, np.inf), 0.0)


def stringy_partners(
    near: Neighbours,
    strength: NDArray[np.float64],
    *,
    reach_px: NDArray[np.float64],
    copies: NDArray[np.float64] | None = None,
    most_copies: float = math.inf,
) -> NDArray[np.int64]:
    """For each point of a stringy signal, the brightest point, which stands for it.

    One signal has the light of about one: points that together have that of `most_copies` or
    more are a heap of signals, and each stands for itself.

    Parameters
    ----------
    near : Neighbours
        Pairs of the points, as far as any reaches.
    strength : ndarray of float64, (n,)
        Brightness; at equal brightness the first in the order given stands for the signal.
    reach_px : ndarray of float64, (n,)
        Distance at which edges overlap; less where signals are crowded.
    copies : ndarray of float64, (n,), optional
        Light of each point over that of a single signal; NaN where that is not known.
    most_copies
        Light, in copies, from which on points together are several signals.

    Returns
    -------
    ndarray of int64, (n,)
        Index of the brightest; -1 for a point that stands for itself, alone or as the brightest.
        Empty of none.
    """
    into = np.full(near.n, -1, np.int64)
    rows, group = near.within(reach_px).groups()
    order = np.lexsort((-strength[rows], group))
    _, first, members = np.unique(group[order], return_index=True, return_inverse=True)
    into[rows[order]] = rows[order][first][members.reshape(-1)]
    into[into == np.arange(near.n)] = -1
    if copies is not None and len(rows):
        into[rows[np.bincount(group, copies[rows])[group] >= most_copies]] = -1
    return into


def split_partners(
    near: Neighbours,
    strength: NDArray[np.float64],
    *,
    strength_error: NDArray[np.float64],
    reach_px: NDArray[np.float64],
    min_similarity: float,
) -> NDArray[np.int64]:
    """For each signal of one colour, the signal that it is merged into.

    A pair is merged when each is the other's nearest neighbour in the same nucleus, each is
    within the reach of the other, and the weaker has at least `min_similarity` of the strength
    of the stronger, as far as their errors can tell. The weaker goes into the stronger; at
    equal strength the later into the earlier in the order given.

    Parameters
    ----------
    near : Neighbours
        Pairs of the signals, as far as any reaches.
    strength, strength_error : ndarray of float64, (n,)
        Brightness and its standard error.
    reach_px : ndarray of float64, (n,)
        How far away the partner of each may be; 0 for a signal that is never merged.
    min_similarity
        Least share of the strength of the stronger, from 0 to 1.

    Returns
    -------
    ndarray of int64, (n,)
        Index of the partner; -1 for a signal that stays. Empty of none.
    """
    into = np.full(near.n, -1, np.int64)
    reach_px = np.where(np.isfinite(reach_px), reach_px, 0.0)
    neighbour, distance = near.nearest()
    found = np.flatnonzero(distance <= reach_px)
    mutual = found[neighbour[neighbour[found]] == found]
    first = mutual[mutual < neighbour[mutual]]
    second = neighbour[first]
    larger = np.maximum(strength[first], strength[second])
    smaller = np.minimum(strength[first], strength[second])
    error = np.hypot(strength_error[first], strength_error[second])
    both_reach = (distance[first] <= reach_px[first]) & (distance[first] <= reach_px[second])
    merge = both_reach & (smaller + error >= min_similarity * larger)
    first, second = first[merge], second[merge]
    second_wins = strength[second] > strength[first]
    loser = np.where(second_wins, first, second)
    into[loser] = np.where(second_wins, second, first)
    return into
