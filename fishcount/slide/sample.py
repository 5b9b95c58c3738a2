"""A sample of bounded size that stands for an image of any size, wherever figures are global.

Figures that hold for a whole image (the size of nuclei, the width of a point, levels of noise)
need no more than a few hundred nuclei. They are measured on windows of the image's own grid, so
that they are the same in however many parts the image is searched afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fishcount.image import Counts, Window
from fishcount.robust import robust_sigma

__all__ = ["SMALL_PX", "is_small", "mosaic", "sample_windows"]

# An image up to this many pixels wide and high is its own sample.
SMALL_PX = 3072
# Edge of a window of the sample, and of its middle, which tells what is in it.
_WINDOW_PX, _CENTRE_PX = 1024, 128
# Windows across and down a mosaic, the most first.
_SHAPES = ((3, 3), (2, 3), (2, 2), (1, 2), (1, 1))
# Windows with at least this share of the contrast of the best tenth are taken to hold nuclei.
_RICH = 0.5
# Noise alone spreads by 2.5 sigma between the quantiles that are the contrast; half as much again
# is more than noise.
_LOW, _HIGH, _NOISE_SIGMAS = 0.2, 0.95, 3.7


def is_small(shape: tuple[int, int]) -> bool:
    """Whether an image of this height and width is its own sample."""
    return max(shape) <= SMALL_PX


def sample_windows(
    shape: tuple[int, int],
    read_dapi: Callable[[Window], NDArray[np.float32]],
    *,
    inside: Callable[[Window], NDArray[np.bool_]] | None = None,
) -> tuple[Window, ...]:
    """Windows that stand for an image: where there is DAPI, evenly spread, in raster order.

    Parameters
    ----------
    shape
        Height and width of the image.
    read_dapi
        DAPI (y, x) of a window.
    inside
        The region to be scored in a window (y, x); windows are chosen from it where it has any.

    Returns
    -------
    tuple of (rows, columns)
        The whole where it is small; else as many as fill a mosaic, all of one size.
    """
    if is_small(shape):
        return ((slice(0, shape[0]), slice(0, shape[1])),)
    high, wide = (min(_WINDOW_PX, side) for side in shape)
    windows = [
        (slice(y, y + high), slice(x, x + wide))
        for y, x in product(
            range(0, shape[0] - high + 1, high), range(0, shape[1] - wide + 1, wide)
        )
    ]
    contrast = np.array([_contrast(_middle(window), read_dapi, inside) for window in windows])
    down, across = next(size for size in _SHAPES if size[0] * size[1] <= len(windows))
    n = down * across
    # Most of a slide may be bare glass.
    lit = contrast[contrast > 0]
    best = float(np.quantile(lit, 0.9)) if lit.size else 0.0
    rich = np.flatnonzero(contrast >= _RICH * best)
    if len(rich) < n:
        rich = np.sort(np.argsort(-contrast, kind="stable")[:n])
    chosen = rich[np.linspace(0, len(rich) - 1, n).round().astype(np.int64)]
    return tuple(windows[index] for index in chosen)


def mosaic(parts: Sequence[NDArray[Counts]]) -> NDArray[Counts]:
    """Parts (..., y, x) of one size, as many as `sample_windows` gives, side by side."""
    across = next(size[1] for size in _SHAPES if size[0] * size[1] == len(parts))
    rows = [parts[start : start + across] for start in range(0, len(parts), across)]
    return np.concatenate([np.concatenate(row, axis=-1) for row in rows], axis=-2)


def _middle(window: Window) -> Window:
    rows, columns = (
        slice(
            (part.start + part.stop - min(_CENTRE_PX, part.stop - part.start)) // 2,
            (part.start + part.stop + min(_CENTRE_PX, part.stop - part.start)) // 2,
        )
        for part in window
    )
    return rows, columns


def _contrast(
    centre: Window,
    read_dapi: Callable[[Window], NDArray[np.float32]],
    inside: Callable[[Window], NDArray[np.bool_]] | None,
) -> float:
    """Spread of DAPI in a part of an image: 0 for noise alone, -1 where nothing is to be scored."""
    if inside is not None and not inside(centre).any():
        return -1.0
    counts = read_dapi(centre)
    low, high = np.quantile(counts, (_LOW, _HIGH))
    steps = np.diff(counts, axis=-1)
    noise = robust_sigma(steps, centre=0.0) / np.sqrt(2)
    contrast = float(high - low)
    return contrast if contrast > _NOISE_SIGMAS * noise else 0.0
