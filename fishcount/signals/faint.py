"""Spots much fainter than the signals of their channel: real, but no signals.

Where signals are bright against the noise, detection also finds the grain of the nucleus, of the
background or of a lossy file. A person who counts sees it and passes over it, because signals of
one probe look alike. So a spot must reach a share of the height of a typical signal.

That height must be known before grain can be told from signals, and most spots may be grain. The
estimate starts from the second brightest spot of each nucleus, which is no grain as long as nuclei
have two signals. All spots of at least half the median of these are taken for signals, and their
median is the typical height (our choice). Spots of crowded groups are left out, as they may hold
more than one copy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["faint_spots", "typical_amplitude"]

_SURE_SHARE = 0.5


def typical_amplitude(
    amplitude_counts: NDArray[np.float64], *, nucleus: NDArray[np.int64]
) -> float:
    """Height of a typical signal of one channel.

    Parameters
    ----------
    amplitude_counts : ndarray of float64, (n,)
        Of spots that lie alone.
    nucleus : ndarray of int64, (n,)
        Their nuclei; spots outside nuclei (0) have no part in it.

    Returns
    -------
    float
        NaN where no nucleus holds two spots.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals.faint import typical_amplitude
    >>> amplitude = np.array([90.0, 100, 5, 6, 7, 110, 100, 4])
    >>> typical_amplitude(amplitude, nucleus=np.array([1, 1, 1, 1, 1, 2, 2, 2]))
    100.0
    """
    inside = np.flatnonzero((nucleus > 0) & np.isfinite(amplitude_counts))
    order = inside[np.lexsort((-amplitude_counts[inside], nucleus[inside]))]
    owner = nucleus[order]
    is_second = np.zeros(len(order), bool)
    is_second[1:] = owner[1:] == owner[:-1]
    is_second[2:] &= owner[2:] != owner[:-2]
    if not is_second.any():
        return float("nan")
    bright = _SURE_SHARE * float(np.median(amplitude_counts[order[is_second]]))
    heights = amplitude_counts[order]
    return float(np.median(heights[heights >= bright]))


def faint_spots(
    amplitude_counts: NDArray[np.float64],
    *,
    kept: NDArray[np.bool_],
    alone: NDArray[np.bool_],
    nucleus: NDArray[np.int64],
    min_share: float,
) -> NDArray[np.bool_]:
    """Kept spots that are much fainter than the typical signal of their channel.

    Parameters
    ----------
    amplitude_counts : ndarray of float64, (n,)
    kept, alone : ndarray of bool, (n,)
        Spots that detection kept, and spots that belong to no crowded group.
    nucleus : ndarray of int64, (n,)
    min_share
        Part of the typical height that a signal must reach; 0 finds nothing faint.

    Returns
    -------
    ndarray of bool, (n,)
        All false where the typical height is not known.
    """
    sure = kept & alone
    typical = typical_amplitude(amplitude_counts[sure], nucleus=nucleus[sure])
    if not np.isfinite(typical):
        return np.zeros(len(kept), bool)
    return kept & (amplitude_counts < min_share * typical)
