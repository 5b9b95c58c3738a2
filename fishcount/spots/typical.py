"""How high a typical signal of a channel is, when grain may be the majority."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bright_ones", "typical_height"]

# Heights of one probe scatter log-normally by less than a factor of 2 or so around their
# median; what is lower than this share of it has no say in what is typical.
_SHARE = 0.4


def typical_height(heights: NDArray[np.float64]) -> float:
    """Median height of those that are not grain; NaN without heights.

    Where signals are bright against the noise, far more maxima of grain than signals are found,
    so a plain median would be grain. The median by squared height starts among the signals as
    long as these hold most of the contrast; the median of all that reach a good share of it
    is what is typical. Found again from there, it does not depend on the start.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.typical import typical_height
    >>> typical_height(np.r_[np.full(400, 5.0), [90, 95, 100, 105, 110]])
    100.0
    """
    return float(np.median(heights[bright_ones(heights)])) if len(heights) else float("nan")


def bright_ones(heights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which heights are those of signals rather than of grain; see `typical_height`."""
    if len(heights) == 0:
        return np.zeros(0, bool)
    positive = np.maximum(heights, 0)
    order = np.argsort(positive, kind="stable")
    contrast = np.cumsum(np.square(positive[order]))
    start = positive[order[np.searchsorted(contrast, 0.5 * contrast[-1])]]
    bright = positive >= _SHARE * start
    for _ in range(3):
        bright = positive >= _SHARE * float(np.median(positive[bright]))
    return np.asarray(bright)
