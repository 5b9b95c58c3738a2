"""Local maxima of a response, found sparsely: threshold first, then compare with neighbours."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["local_maxima", "parabolic_offsets"]


def local_maxima(response: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
    """Indices (n, ndim) of the maxima above `threshold`, in the order of their coordinates.

    A pixel is a maximum when none of its 8 (in 3D: 26) neighbours is larger; of equal
    neighbours the first in coordinate order wins. The outermost pixels of y and x are never
    maxima: their neighbourhood is not known. An empty answer has shape (0, ndim).

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.maxima import local_maxima
    >>> response = np.zeros((7, 7), np.float32)
    >>> response[3, 2:4] = 5
    >>> local_maxima(response, 1.0)
    array([[3, 2]])
    """
    shape = response.shape
    flat = np.ascontiguousarray(response).reshape(-1)
    above = np.flatnonzero(flat > np.float32(threshold))
    y, x = np.unravel_index(above, shape)[-2:]
    inner = (y > 0) & (y < shape[-2] - 1) & (x > 0) & (x < shape[-1] - 1)
    above = above[inner]
    strides = np.cumprod((1, *shape[:0:-1]))[::-1]
    for step in _steps(response.ndim):
        lag = int(np.dot(step, strides))
        value, neighbour = flat[above], _neighbour(flat, above, step, lag, shape)
        # The neighbour that comes first in coordinate order wins a tie.
        above = above[(value > neighbour) | ((lag > 0) & (value == neighbour))]
    return np.stack(np.unravel_index(above, shape), axis=1).astype(np.int64)


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


def _steps(ndim: int) -> list[tuple[int, ...]]:
    steps = [step for step in product((-1, 0, 1), repeat=ndim) if any(step)]
    # Nearest neighbours first: they sieve out most, so that later steps compare few.
    return sorted(steps, key=lambda step: (sum(map(abs, step)), step))


def _neighbour(
    flat: NDArray[np.float32],
    above: NDArray[np.int64],
    step: tuple[int, ...],
    lag: int,
    shape: tuple[int, ...],
) -> NDArray[np.float32]:
    if len(shape) == 2 or step[0] == 0:
        return flat[above + lag]
    plane = above // (shape[1] * shape[2]) + step[0]
    inside = (plane >= 0) & (plane < shape[0])
    return np.where(inside, flat[np.where(inside, above + lag, 0)], np.float32(-np.inf))
