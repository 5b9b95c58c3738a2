"""Height of a typical signal of a channel, even where most maxima are grain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

__all__ = ["HEIGHT_SPREAD", "SIGNAL_SHARE", "bright_ones", "share_of_signals", "typical_height"]

# Heights of one probe scatter log-normally by less than about a factor of 2 around their median;
# lower ones than this share of it are left out of the typical height.
SIGNAL_SHARE = 0.4
# From this share of the typical height on a maximum is counted among those of signals.
_COUNTED_SHARE = 0.5
# Log-normal spread of heights of one probe.
HEIGHT_SPREAD = 0.4
# The typical height is at most this far, in log, below the median of those that are seen.
_MOST_HIDDEN = 0.7
# With fewer heights than this, none is called typical.
_LEAST_ALIKE = 5


def typical_height(heights: NDArray[np.float64], least: NDArray[np.float64] | float = 0) -> float:
    """Median of the law of heights, of which only those over `least` were seen; NaN without any.

    Where signals are bright against the noise, far more maxima of grain than signals are found,
    so a plain median would be grain. The median by squared height starts among the signals as
    long as these hold most of the contrast; those that reach a good share of it tell what is
    typical. Where signals are faint, only the brighter ones are seen, and a plain median would be
    too high: so a log-normal law is fitted that is cut off where each could no longer be seen.

    Parameters
    ----------
    heights : ndarray of float64, (n,)
    least : ndarray of float64, (n,), or float
        What each would have had to exceed to be among them.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.channel.typical import typical_height
    >>> round(typical_height(np.r_[np.full(400, 5.0), [90, 95, 100, 105, 110]]) / 10)
    10
    >>> round(typical_height(np.r_[2000.0, np.full(400, 5.0), [90, 95, 100, 105, 110]]) / 10)
    10
    >>> seen = np.exp(np.random.default_rng(1).normal(np.log(100), 0.4, 4000))
    >>> round(typical_height(seen[seen > 100], 100.0) / 10)
    10
    """
    bright = bright_ones(heights)
    while bright.sum() < _LEAST_ALIKE < np.count_nonzero(~bright):
        heights, least = heights[~bright], np.broadcast_to(least, heights.shape)[~bright]
        bright = bright_ones(heights)
    if not bright.any():
        return float("nan")
    start = float(np.median(heights[bright]))
    seen = np.log(heights[bright])
    cut = np.log(np.maximum(np.broadcast_to(least, heights.shape)[bright], SIGNAL_SHARE * start))
    low, middle = np.log(start) - _MOST_HIDDEN, np.log(start)
    for _ in range(30):
        middle_of_law = 0.5 * (low + middle)
        expected = middle_of_law + HEIGHT_SPREAD * _mills((cut - middle_of_law) / HEIGHT_SPREAD)
        if np.mean(seen - expected) > 0:
            low = middle_of_law
        else:
            middle = middle_of_law
    return float(np.exp(middle))


def share_of_signals(heights: NDArray[np.float64], typical: float, *, n_maxima: int) -> float:
    """Share of all maxima that stand out which may be signals by their heights (n,), above 0.

    One more of each: no signal seen among few maxima says less than none among many.
    """
    return float((np.count_nonzero(heights > _COUNTED_SHARE * typical) + 1) / (n_maxima + 1))


def _mills(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of a standard normal variable above `z`."""
    ratio: NDArray[np.float64] = np.sqrt(2 / np.pi) / erfcx(z / np.sqrt(2))
    return ratio


def bright_ones(heights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which heights are those of signals rather than of grain; see `typical_height`."""
    if len(heights) == 0:
        return np.zeros(0, bool)
    positive = np.maximum(heights, 0)
    order = np.argsort(positive, kind="stable")
    contrast = np.cumsum(np.square(positive[order]))
    start = positive[order[np.searchsorted(contrast, 0.5 * contrast[-1])]]
    bright = positive >= SIGNAL_SHARE * start
    for _ in range(3):
        bright = positive >= SIGNAL_SHARE * float(np.median(positive[bright]))
    return np.asarray(bright)
