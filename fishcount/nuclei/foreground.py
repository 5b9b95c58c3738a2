"""Where nuclei are: a threshold that survives dim nuclei beside bright ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage.filters import threshold_otsu

__all__ = ["find_foreground"]


def find_foreground(
    signal: NDArray[np.float32], *, floor_counts: float
) -> tuple[NDArray[np.bool_], float]:
    """Mask and threshold of DAPI above background (y, x); all False where nothing stands out.

    Otsu on the square root, where the spread of bright nuclei does not swallow the dim ones.
    """
    bright = signal[signal > floor_counts]
    if bright.size < 9:
        return np.zeros(signal.shape, bool), float("nan")
    root = np.sqrt(np.maximum(signal, 0))
    threshold = max(float(threshold_otsu(root)) ** 2, floor_counts)  # type: ignore[no-untyped-call]
    mask = ndi.binary_fill_holes(signal > threshold)
    return np.asarray(mask, bool), threshold
