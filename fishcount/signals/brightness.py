"""How bright the signals of one nucleus are beside those of the others.

Nuclei differ: one lies deeper, the probe reached it less, it is stained more. The light of a
cluster is to be compared with a single signal of its own nucleus, and what the nucleus shows of
them tells how bright that is. Close signals that do not resolve raise what is seen in all nuclei
with clusters alike, so these are compared with each other alone: what clusters of a field hold
is shared out anew, and hardly changes in sum.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fishcount.robust import robust_sigma

__all__ = ["relative_brightness"]

# Variance of a median over that of a mean of normal numbers.
_MEDIAN_VARIANCE = math.pi / 2


def relative_brightness(
    flux_counts: NDArray[np.float64], nucleus: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Brightness of the signals of each signal's nucleus over that of all these nuclei, (n,).

    The median of each nucleus, drawn towards 1 by as much as the scatter within nuclei explains:
    a one-way analysis of variance of the logarithms with random effects (Searle, Casella and
    McCulloch, Variance Components, 1992). Where nuclei do not differ, or there is but one, it
    is 1.

    Parameters
    ----------
    flux_counts : ndarray of float64, (n,)
        Integrated intensity of each signal, above 0.
    nucleus : ndarray of int64, (n,)
        Label of its nucleus.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals.brightness import relative_brightness
    >>> flux = np.array([98.0, 100, 102, 196, 200, 204])
    >>> relative_brightness(flux, np.array([1, 1, 1, 2, 2, 2])).round(2)
    array([0.71, 0.71, 0.71, 1.41, 1.41, 1.41])
    """
    logarithm = np.log(flux_counts)
    labels, group, size = np.unique(nucleus, return_inverse=True, return_counts=True)
    if len(labels) < 2:
        return np.ones(len(flux_counts))
    median = _medians(logarithm, group, size)
    scatter = robust_sigma(logarithm - median[group], centre=0.0)
    of_median = _MEDIAN_VARIANCE * scatter**2 / size
    between = max(float(median.var(ddof=1) - of_median.mean()), 0.0)
    known = between / np.maximum(between + of_median, 1e-12)
    relative: NDArray[np.float64] = np.exp(known * (median - median.mean()))
    return relative[group]


def _medians(
    values: NDArray[np.float64], group: NDArray[np.int64], size: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Median of each group, numbered from 0 without gaps."""
    order = np.lexsort((values, group))
    start = np.cumsum(size) - size
    low, high = order[start + (size - 1) // 2], order[start + size // 2]
    return np.asarray(0.5 * (values[low] + values[high]), np.float64)
