"""Copies in clusters, where signals lie too close to be counted one by one.

A cluster is estimated, never counted. The estimate is its integrated intensity over that of a
single signal of the same field (or case): light adds up even where positions do not resolve.
Beside it stands an estimate from area, the footprint of the cluster over that of one signal,
which cannot see copies that lie on top of each other. The two must agree within their ranges,
or the cluster is flagged. What was resolved is a lower limit of the best estimate: resolved
points are never taken away.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fishcount.signals.flux import MEDIAN_ERROR, SingleFlux
from fishcount.signals.result import Clusters

__all__ = ["estimate_clusters", "footprint_signals"]

# Two-sided 90 % of a normal distribution.
_Z90 = 1.645


def estimate_clusters(
    group: NDArray[np.int64],
    flux_counts: NDArray[np.float64],
    *,
    channel: str,
    nucleus: NDArray[np.int64],
    yx_px: NDArray[np.float64],
    single: SingleFlux,
    diameter_px: float,
) -> Clusters:
    """Copies of each cluster from its integrated intensity and from its area.

    Parameters
    ----------
    group : ndarray of int64, (n,)
        Cluster of each signal, numbered from 0 without gaps.
    flux_counts : ndarray of float64, (n,)
        Integrated intensity of each signal.
    channel
        Role of the probe.
    nucleus : ndarray of int64, (n,)
        The same for all signals of a cluster.
    yx_px : ndarray of float64, (n, 2)
        Place of each signal.
    single : SingleFlux
        With an unknown flux, the resolved signals alone are the estimate.
    diameter_px
        Diameter of one signal, for the estimate from area.

    Returns
    -------
    Clusters
        One row for each group; none without signals.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals import SingleFlux, estimate_clusters
    >>> single = SingleFlux(typical_counts=100.0, spread=0.3, n=20)
    >>> clusters = estimate_clusters(
    ...     np.zeros(3, int), np.array([300.0, 200.0, 300.0]), channel="HER2",
    ...     nucleus=np.ones(3, int), yx_px=np.array([[5.0, 5], [5, 8], [8, 5]]), single=single,
    ...     diameter_px=4.0)
    >>> clusters.n_resolved.tolist(), clusters.from_flux.tolist()
    ([3], [8.0])
    """
    n = int(group.max()) + 1 if len(group) else 0
    n_resolved = np.bincount(group, minlength=n)
    from_flux = np.bincount(group, flux_counts, minlength=n) / single.typical_counts
    from_area = footprint_signals(group, yx_px, diameter_px=diameter_px)
    low, high = _flux_range(from_flux, single)
    known = np.isfinite(from_flux)
    best = np.where(known, np.maximum(np.rint(np.nan_to_num(from_flux)), n_resolved), n_resolved)
    low = np.where(known, np.minimum(np.floor(np.nan_to_num(low)), best), n_resolved)
    high = np.where(known, np.maximum(np.ceil(np.nan_to_num(high)), best), n_resolved)
    first = np.zeros(n, np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]
    return Clusters(
        channel=np.full(n, channel, dtype="U16"),
        nucleus=nucleus[first],
        y_px=np.bincount(group, yx_px[:, 0], minlength=n) / np.maximum(n_resolved, 1),
        x_px=np.bincount(group, yx_px[:, 1], minlength=n) / np.maximum(n_resolved, 1),
        n_resolved=n_resolved,
        from_flux=from_flux,
        from_area=from_area,
        low=np.maximum(low, 1).astype(np.int64),
        best=best.astype(np.int64),
        high=high.astype(np.int64),
        disagree=known & _disagree(from_flux, from_area, single),
    )


def _flux_range(
    copies: NDArray[np.float64], single: SingleFlux
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """90 % range: signals differ from each other, and the single flux is known only so well."""
    if not math.isfinite(single.typical_counts):
        return copies, copies
    # How well the median is known, and how far the mode may be from it.
    unit = math.hypot(MEDIAN_ERROR * single.spread / math.sqrt(single.n), single.spread**2 / _Z90)
    relative = np.hypot(single.spread / np.sqrt(np.maximum(copies, 1.0)), unit)
    return copies * np.maximum(1.0 - _Z90 * relative, 0.0), copies * (1.0 + _Z90 * relative)


def _disagree(
    from_flux: NDArray[np.float64], from_area: NDArray[np.float64], single: SingleFlux
) -> NDArray[np.bool_]:
    """Intensity outside what the area allows: from no overlap to twofold overlap."""
    low, high = _flux_range(from_flux, single)
    with np.errstate(invalid="ignore"):
        return (high < from_area) | (low > 2.0 * from_area)


def _disk(diameter_px: float) -> NDArray[np.int64]:
    reach = math.ceil(diameter_px / 2)
    steps: NDArray[np.int64] = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    return steps[np.hypot(steps[:, 0], steps[:, 1]) <= diameter_px / 2]


def footprint_signals(
    group: NDArray[np.int64], yx_px: NDArray[np.float64], *, diameter_px: float
) -> NDArray[np.float64]:
    """Area that the signals of each group cover together, over that of one signal.

    Parameters
    ----------
    group : ndarray of int64, (n,)
        Numbered from 0 without gaps.
    yx_px : ndarray of float64, (n, 2)
        Place of each signal.
    diameter_px
        Of the disk that one signal covers.

    Returns
    -------
    ndarray of float64, (groups,)
        At most the number of signals in the group, less where they overlap; empty of none.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals import footprint_signals
    >>> places = np.array([[5.0, 5.0], [5.0, 5.0], [20.0, 20.0]])
    >>> footprint_signals(np.array([0, 0, 1]), places, diameter_px=4.0)
    array([1., 1.])
    """
    if not len(group):
        return np.zeros(0)
    steps = _disk(diameter_px)
    pixel = np.rint(yx_px).astype(np.int64)[:, None, :] + steps
    pixel -= pixel.min(axis=(0, 1))
    height, width = pixel.max(axis=(0, 1)) + 1
    # One number for each pixel of each group: sorting numbers is far cheaper than sorting rows.
    number = (group[:, None] * height + pixel[..., 0]) * width + pixel[..., 1]
    covered = np.sort(number, axis=None)
    first = np.diff(covered, prepend=-1) > 0
    return np.bincount(covered[first] // (height * width)) / len(steps)
