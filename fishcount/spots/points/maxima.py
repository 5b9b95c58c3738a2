"""Local maxima of a response, and what a response looks like at them."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import largest_near

__all__ = ["local_maxima", "maxima_near", "parabolic_offsets", "roundness"]

# Rows that are searched together: they stay in the processor's cache.
_STRIP_ROWS = 128
# Neighbours that come first in coordinate order.
_EARLIER = ((-1, -1), (-1, 0), (-1, 1), (0, -1))


def local_maxima(response: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
    """Indices (n, 2) of the maxima of a plane above `threshold`, in the order of coordinates.

    A pixel is a maximum when none of its 8 neighbours is larger; of equal neighbours the first in
    coordinate order wins. What lies beyond the edge counts as lower. An empty answer has shape
    (0, 2).

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.points.maxima import local_maxima
    >>> response = np.zeros((7, 7), np.float32)
    >>> response[3, 2:4] = 5
    >>> local_maxima(response, 1.0)
    array([[3, 2]])
    """
    width = response.shape[1]
    y, x = np.divmod(_not_below_neighbours(response, np.float32(threshold)), max(width, 1))
    first = np.ones(len(y), bool)
    for dy, dx in _EARLIER:
        beside_y, beside_x = y + dy, x + dx
        inside = (beside_y >= 0) & (beside_x >= 0) & (beside_x < width)
        beside = response[np.where(inside, beside_y, y), np.where(inside, beside_x, x)]
        first &= ~inside | (beside < response[y, x])
    return np.stack([y[first], x[first]], axis=1).astype(np.int64)


def _not_below_neighbours(
    response: NDArray[np.float32], threshold: np.float32
) -> NDArray[np.int64]:
    """Flat indices of pixels above a threshold with no larger neighbour, in rising order."""
    found = [np.zeros(0, np.int64)]
    for top in range(0, len(response), _STRIP_ROWS):
        first = max(top - 1, 0)
        strip = response[first : top + _STRIP_ROWS + 1]
        rows = slice(top - first, top - first + _STRIP_ROWS)
        highest = strip[rows] >= largest_near(strip, 3)[rows]
        highest &= strip[rows] > threshold
        found.append(np.flatnonzero(highest) + top * response.shape[1])
    return np.concatenate(found)


def maxima_near(
    response: NDArray[np.float32],
    y_px: NDArray[np.float64],
    x_px: NDArray[np.float64],
    reach_px: float,
) -> NDArray[np.int64]:
    """Maxima (n, 2) of a plane at most `reach_px` from one of the places, in coordinate order.

    As `local_maxima`, but only small patches are looked at. What lies at the edge of the plane
    is none.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.points.maxima import maxima_near
    >>> response = np.zeros((40, 40), np.float32)
    >>> response[10, 12] = response[30, 30] = 5
    >>> maxima_near(response, np.array([9.6]), np.array([10.2]), 4.0)
    array([[10, 12]])
    """
    height, width = response.shape
    half = int(reach_px) + 1
    reach = np.arange(-half - 1, half + 2)
    rows = (np.rint(y_px).astype(np.int64)[:, None] + reach).clip(0, height - 1)
    columns = (np.rint(x_px).astype(np.int64)[:, None] + reach).clip(0, width - 1)
    patch = response[rows[:, :, None], columns[:, None, :]]
    middle = patch[:, 1:-1, 1:-1]
    side = len(reach)
    highest = middle > 0
    for dy, dx in product((-1, 0, 1), repeat=2):
        if (dy, dx) != (0, 0):
            beside = patch[:, 1 + dy : side - 1 + dy, 1 + dx : side - 1 + dx]
            # Of equal pixels the one that comes first in coordinate order wins.
            highest &= middle >= beside if (dy, dx) > (0, 0) else middle > beside
    n, i, j = np.nonzero(highest)
    row, column = rows[n, i + 1], columns[n, j + 1]
    near = np.hypot(row - y_px[n], column - x_px[n]) <= reach_px
    flat = np.unique(row[near] * width + column[near])
    return np.stack([flat // width, flat % width], axis=1)


def parabolic_offsets(
    response: NDArray[np.float32], maxima: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sub-pixel offsets (n, ndim) of maxima: vertex of the parabola along each axis.

    Offsets lie within half a pixel; along an axis at whose end a maximum lies it is 0.
    """
    offsets = np.zeros(maxima.shape)
    for axis, size in enumerate(response.shape):
        step = np.zeros(response.ndim, np.int64)
        step[axis] = 1
        inside = (maxima[:, axis] > 0) & (maxima[:, axis] < size - 1)
        centre = maxima[inside]
        before, here, after = (
            response[tuple((centre + k * step).T)].astype(np.float64) for k in (-1, 0, 1)
        )
        bend = before - 2 * here + after
        with np.errstate(divide="ignore", invalid="ignore"):
            vertex = np.where(bend < 0, 0.5 * (before - after) / bend, 0.0)
        offsets[inside, axis] = np.clip(vertex, -0.5, 0.5)
    return offsets


def roundness(
    response: NDArray[np.float32], y: NDArray[np.int64], x: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How round a response (y, x) is at pixels: the smaller curvature over the larger, (n,).

    1 for a point, near 0 on a ridge such as the edge of a nucleus, negative on a saddle; 0 in an
    image of fewer than three rows or columns.
    """
    if min(response.shape) < 3:
        return np.zeros(len(y))
    y, x = y.clip(1, response.shape[0] - 2), x.clip(1, response.shape[1] - 2)
    around = {
        (dy, dx): response[y + dy, x + dx].astype(np.float64)
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    }
    bend_y = 2 * around[0, 0] - around[-1, 0] - around[1, 0]
    bend_x = 2 * around[0, 0] - around[0, -1] - around[0, 1]
    twist = (around[1, -1] + around[-1, 1] - around[1, 1] - around[-1, -1]) / 4
    mean, spread = 0.5 * (bend_y + bend_x), np.hypot(0.5 * (bend_y - bend_x), twist)
    return np.asarray((mean - spread) / np.maximum(np.abs(mean) + spread, 1e-12), np.float64)
