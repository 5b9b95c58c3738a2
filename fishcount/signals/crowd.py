"""Which signals of one colour lie so close together that they may hide others between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["crowded_groups", "distance_in_nucleus", "frame_of_nuclei"]


def frame_of_nuclei(
    position_px: NDArray[np.float64], nucleus: NDArray[np.int64], *, reach_px: float
) -> NDArray[np.float64]:
    """Positions with one more axis that sets nuclei apart by more than `reach_px`.

    A search for neighbours in this frame finds those of the same nucleus only.
    """
    return np.column_stack([position_px, nucleus * (2.0 * reach_px + 2.0)])


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
    frame = frame_of_nuclei(position_px, nucleus, reach_px=float(reach.max()))
    pairs = cKDTree(frame).query_pairs(float(reach.max()), output_type="ndarray")
    apart = np.linalg.norm(frame[pairs[:, 0]] - frame[pairs[:, 1]], axis=1)
    pairs = pairs[apart <= np.minimum(reach[pairs[:, 0]], reach[pairs[:, 1]])]
    links = csr_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, group = connected_components(links, directed=False)
    _, first, number = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number.reshape(-1)]


def distance_in_nucleus(
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    other_px: NDArray[np.float64],
    other_nucleus: NDArray[np.int64],
    *,
    reach_px: float,
) -> NDArray[np.float64]:
    """Distance of each position to the nearest of the others in the same nucleus.

    Returns
    -------
    ndarray of float64, (n,)
        Infinite where there is none within `reach_px`.
    """
    if not (len(position_px) and len(other_px)):
        return np.full(len(position_px), np.inf)
    tree = cKDTree(frame_of_nuclei(other_px, other_nucleus, reach_px=reach_px))
    frame = frame_of_nuclei(position_px, nucleus, reach_px=reach_px)
    distance, _ = tree.query(frame, distance_upper_bound=np.nextafter(reach_px, np.inf))
    return np.asarray(distance, np.float64)
