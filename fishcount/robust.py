"""Spread as a median tells it: a few outliers, which signals are to noise, do not move it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["robust_sigma"]

# Standard deviation of a normal distribution over its median absolute deviation.
_SIGMA_PER_MAD = 1.4826


def robust_sigma(values: NDArray[np.floating[Any]], *, centre: float | None = None) -> float:
    """Standard deviation from the median absolute deviation: about `centre`, or the median.

    0 of no values.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.robust import robust_sigma
    >>> round(robust_sigma(np.array([9.0, 10.0, 11.0, 10.0, 900.0])), 2)
    1.48
    """
    if not values.size:
        return 0.0
    middle = np.median(values) if centre is None else centre
    return _SIGMA_PER_MAD * float(np.median(np.abs(values - middle)))
