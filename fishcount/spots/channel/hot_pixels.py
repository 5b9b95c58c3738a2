"""Hot pixels of a camera: where they are many, the median of their neighbours stands for each.

A few are told from signals one by one (TOO_NARROW). But each also spoils the fit of what lies
within a few pixels of it: with one hot pixel in a thousand, one signal in ten or more was lost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import largest_near, median3, smallest_near
from fishcount.robust import robust_sigma

__all__ = ["hot_limit", "hot_pixel_share", "without_hot_pixels"]

# A pixel is hot that stands this many spreads over the median of its square of 3 x 3, and this
# many times as far as that lies over the least of them: the narrowest points 2.5 times as far.
_SIGMAS, _ALONE = 10.0, 6.0
# One of its neighbours may be hot, too: none has more than the first of these times its height, and
# all eight together have less light than the second.
_EQUAL, _BESIDE = 1.4, 2.0
# Fewer cost less than one signal in a hundred.
_MANY = 2e-4
# They are counted in this many bands of this many rows, or in all of a small image.
_BANDS, _ROWS = 8, 18


def hot_limit(plane: NDArray[np.number]) -> float | None:
    """Height over its neighbours from which a pixel of a plane (y, x) is hot; None where few are.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.channel.hot_pixels import hot_limit
    >>> plane = np.random.default_rng(1).normal(100, 5, (64, 64)).astype(np.float32)
    >>> hot_limit(plane) is None
    True
    """
    limit, share = _counted(plane)
    return limit if share > _MANY else None


def hot_pixel_share(plane: NDArray[np.number]) -> float:
    """Share of the pixels of a plane that are hot; 0 where few are, which cost nothing.

    A pixel is hot that stands many sigmas over its neighbours, and alone: of a point, the pixels
    beside the brightest one are lit, too.

    Parameters
    ----------
    plane : ndarray, (y, x)
        Camera counts, without NaN.

    Returns
    -------
    float
        From 0 to 1; 0 for a plane without pixels or without noise.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import hot_pixel_share
    >>> rng = np.random.default_rng(1)
    >>> plane = rng.normal(100, 3, (200, 200))
    >>> hot_pixel_share(plane)
    0.0
    >>> plane[rng.random(plane.shape) < 0.01] += 500
    >>> float(round(hot_pixel_share(plane), 2))
    0.01
    """
    if not plane.size:
        return 0.0
    _, share = _counted(plane)
    return share if share > _MANY else 0.0


def _counted(plane: NDArray[np.number]) -> tuple[float, float]:
    """Height from which a pixel is hot, and the share of those that are."""
    starts = range(0, len(plane), max(_ROWS, len(plane) // _BANDS))
    bands = [plane[start : start + _ROWS].astype(np.float32) for start in starts]
    sigma = robust_sigma(np.concatenate([(band - median3(band)).ravel() for band in bands]))
    if not sigma > 0:
        return 0.0, 0.0
    limit = _SIGMAS * sigma
    # The first and the last row do not show all of the light that is beside them.
    hot = [_is_hot(band, limit)[1:-1] for band in bands]
    return limit, sum(map(np.count_nonzero, hot)) / max(sum(inner.size for inner in hot), 1)


def without_hot_pixels(plane: NDArray[np.number], limit: float | None) -> NDArray[np.number]:
    """The plane with medians in place of hot pixels; itself where the limit is None."""
    if limit is None:
        return plane
    pixels = plane.astype(np.float32, copy=False)
    return np.where(_is_hot(pixels, limit), median3(pixels), pixels)


def _is_hot(pixels: NDArray[np.float32], limit: float) -> NDArray[np.bool_]:
    middle = median3(pixels)
    over = pixels - middle
    hot: NDArray[np.bool_] = over > limit
    hot &= over > _ALONE * (middle - smallest_near(pixels, 3))
    hot &= largest_near(pixels, 3) - middle <= _EQUAL * over
    # Of a narrow point between four pixels, and beside any, most of a square is dark, too; but its
    # light is not in one pixel.
    at = np.nonzero(hot)
    hot[at] = _light_beside(pixels, middle, *at) < _BESIDE * over[at]
    return hot


def _light_beside(
    pixels: NDArray[np.float32],
    middle: NDArray[np.float32],
    y: NDArray[np.intp],
    x: NDArray[np.intp],
) -> NDArray[np.float32]:
    """What the eight neighbours of some pixels (n,) have over the median there, all together."""
    height, width = pixels.shape
    light = np.zeros(len(y), np.float32)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            beside_y, beside_x = y + down, x + right
            inside = (beside_y >= 0) & (beside_y < height) & (beside_x >= 0) & (beside_x < width)
            near = pixels[beside_y.clip(0, height - 1), beside_x.clip(0, width - 1)]
            if down or right:
                light += inside * np.maximum(near - middle[y, x], 0)
    return light
