"""Pairs of signals of one probe in one nucleus that lie close together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.spots.points.groups import groups_of_pairs

__all__ = ["Neighbours"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """Pairs of signals of one nucleus that lie near each other: found once, looked at many times.

    Attributes
    ----------
    n : int
        Number of signals.
    pairs : ndarray of int64, (m, 2)
        Rows of both signals of a pair; each pair once, in no order.
    apart_px : ndarray of float64, (m,)
        Their distance.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals import Neighbours
    >>> position = np.array([[10.0, 10.0], [10.0, 50.0], [12.0, 12.0], [14.0, 10.0]])
    >>> near = Neighbours.of(position, np.array([1, 1, 1, 2]), reach_px=5.0)
    >>> near.pairs
    array([[0, 2]])
    """

    n: int
    pairs: NDArray[np.int64]
    apart_px: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        position_px: NDArray[np.float64],
        nucleus: NDArray[np.int64],
        *,
        reach_px: float,
        chosen: NDArray[np.bool_] | None = None,
    ) -> Neighbours:
        """Pairs that are at most `reach_px` apart.

        Parameters
        ----------
        position_px : ndarray of float64, (n, d)
            Positions in an isotropic frame, y and x last.
        nucleus : ndarray of int64, (n,)
        reach_px
        chosen : ndarray of bool, (n,), optional
            Signals that are looked at; all where left out.
        """
        n = len(position_px)
        rows = np.arange(n) if chosen is None else np.flatnonzero(chosen)
        if len(rows) < 2:
            return cls(n=n, pairs=np.zeros((0, 2), np.int64), apart_px=np.zeros(0))
        y, x = position_px[rows, -2:].T
        # Nuclei are moved apart along x, so that only signals of one nucleus are near each other.
        # The reach is a little larger, as positions far to the right are less exact.
        wide = np.ptp(x) + 2.0 * reach_px + 2.0
        plane = np.column_stack([y, x + nucleus[rows] * wide])
        pairs = rows[KDTree(plane).query_pairs(reach_px + 1e-3, output_type="ndarray")]
        one, other = pairs.T
        apart = np.linalg.norm(position_px[one] - position_px[other], axis=1)
        near = (apart <= reach_px) & (nucleus[one] == nucleus[other])
        return cls(n=n, pairs=pairs[near], apart_px=apart[near])

    def within(self, reach_px: float | NDArray[np.float64]) -> Neighbours:
        """The pairs at most `reach_px` apart; of two reaches (n,), the shorter counts."""
        reach = np.broadcast_to(np.asarray(reach_px, np.float64), self.n)[self.pairs].min(axis=1)
        return self._only(self.apart_px <= reach)

    def among(self, chosen: NDArray[np.bool_]) -> Neighbours:
        """Pairs of which both are chosen, (n,)."""
        both: NDArray[np.bool_] = np.logical_and.reduce(chosen[self.pairs], axis=1)
        return self._only(both)

    def groups(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Signals that have a neighbour, ascending, and the group that each is connected with.

        Groups are numbered from 0 in the order of their first signals.
        """
        rows = np.flatnonzero(np.bincount(self.pairs.reshape(-1), minlength=self.n))
        group = np.unique(groups_of_pairs(self.pairs, self.n)[rows], return_inverse=True)[1]
        return rows, group.astype(np.int64)

    def nearest(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Nearest neighbour of each signal, (n,), and its distance; -1 and infinite for none.

        Of two that are equally near it is the first in the order given.
        """
        one, other = np.concatenate([self.pairs, self.pairs[:, ::-1]]).T
        apart = np.concatenate([self.apart_px, self.apart_px])
        order = np.lexsort((other, apart, one))
        own, first = np.unique(one[order], return_index=True)
        neighbour, distance = np.full(self.n, -1, np.int64), np.full(self.n, np.inf)
        neighbour[own], distance[own] = other[order[first]], apart[order[first]]
        return neighbour, distance

    def _only(self, which: NDArray[np.bool_]) -> Neighbours:
        return Neighbours(n=self.n, pairs=self.pairs[which], apart_px=self.apart_px[which])
