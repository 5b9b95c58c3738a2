"""Counts at which a camera is full."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["full_count"]

# Bits of cameras, whatever type their counts are stored in.
_BITS = (8, 10, 12, 14, 16)


def full_count(pixels: NDArray[np.generic]) -> float | None:
    """Count at which the camera was full; None where no pixel reached such a limit.

    The brightest pixels lie exactly there: at the largest count of a camera of 8, 10, 12, 14 or
    16 bits.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.camera import full_count
    >>> full_count(np.array([812, 4095], np.uint16)), full_count(np.array([812, 4094], np.uint16))
    (4095.0, None)
    """
    brightest = float(pixels.max())
    return brightest if brightest in {2.0**bits - 1 for bits in _BITS} else None
