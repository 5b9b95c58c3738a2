"""Counts at which a camera is full."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["full_count"]

# Bits of cameras, whatever type their counts are stored in.
_BITS = (8, 10, 12, 14, 16)
# A heap of equal counts holds at least this many pixels, and this many times as many as the next
# count below it, which lies within this share of the range.
_LEAST_HEAP, _HEAP_RATIO, _NEXT_TO = 20, 5, 0.05
# With more rows than this, every eighth is looked at first.
_MANY_ROWS, _STEP = 512, 8


def full_count(pixels: NDArray[np.generic]) -> float | None:
    """Count at which the camera was full; None where no pixel reached such a limit.

    The brightest pixels lie exactly there: at the largest count of a camera of 8, 10, 12, 14 or
    16 bits. Where counts were shifted to more bits, the dark count was taken away or an export
    clipped them, a heap tells the limit: light thins out towards the brightest pixels of an image,
    so where there are far more of these than of the next darker ones, light was cut off. An image
    without noise did not come from a camera, and has no limit.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.camera import full_count
    >>> full_count(np.array([812, 4095], np.uint16)), full_count(np.array([812, 4094], np.uint16))
    (4095.0, None)
    >>> light = np.random.default_rng(0).gamma(2.0, 500.0, (64, 64)).astype(np.uint16)
    >>> full_count(light), full_count(light.clip(max=1500))
    (None, 1500.0)
    """
    pixels = np.atleast_2d(pixels)
    brightest = float(pixels.max())
    if brightest in {2.0**bits - 1 for bits in _BITS}:
        return brightest
    return brightest if _is_heap(pixels, brightest) and _has_noise(pixels) else None


def _is_heap(pixels: NDArray[np.generic], brightest: float) -> bool:
    """Whether far more pixels have the largest count than the next one, which is just below it."""
    # Of a large image, some rows tell in a fraction of the time that there is none.
    some = pixels[..., :: _STEP if pixels.shape[-2] > _MANY_ROWS else 1, :]
    if np.count_nonzero(some == brightest) < 2:
        return False
    n_brightest = np.count_nonzero(pixels == brightest)
    if n_brightest < _LEAST_HEAP:
        return False
    darkest = pixels.min()
    following = float(np.max(pixels, initial=darkest, where=pixels != brightest))
    if brightest - following > _NEXT_TO * (brightest - float(darkest)):
        return False
    return bool(n_brightest > _HEAP_RATIO * np.count_nonzero(pixels == following))


def _has_noise(pixels: NDArray[np.generic]) -> bool:
    """Whether most pixels that are not at the darkest or largest count differ from the next."""
    inner = (pixels > pixels.min()) & (pixels < pixels.max())
    pairs = inner[..., 1:] & inner[..., :-1]
    differ = pixels[..., 1:][pairs] != pixels[..., :-1][pairs]
    return bool(differ.size) and bool(differ.mean() > 0.5)
