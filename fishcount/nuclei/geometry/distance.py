"""Distances on small images, exact, and cheaper than a transform that has to work at any reach.

Nuclei are a few dozen pixels wide, so no pixel is far from what it is measured to. The squared
distance is then a minimum over a few shifts of whole rows, in small integers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

__all__ = ["FAR_PX", "inside_distance", "nearest_label"]

# From this distance on the general transform takes over. In a row whatever is `_BEYOND` is as good
# as nowhere; the sum of two such numbers fits 8 bits, of their squares 16.
FAR_PX, _BEYOND = 100, 127


def inside_distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Euclidean distance of each pixel of a mask (y, x) to the nearest one outside of it.

    Beyond the edge of the image the mask goes on. 0 outside; exact to the last digit.
    """
    along = _along_rows(mask).astype(np.uint16)
    squared = np.multiply(along, along, out=along)
    nearest, shifted = squared.copy(), np.empty_like(squared)
    step = 1
    # A row so far away that it cannot be nearer than the farthest pixel ends the search.
    while step * step < int(nearest.max(initial=0)):
        if step > FAR_PX:
            padded = np.pad(mask, 1, mode="edge")
            far = np.asarray(ndi.distance_transform_edt(padded), np.float32)
            return np.ascontiguousarray(far[1:-1, 1:-1])
        np.add(squared, np.uint16(step * step), out=shifted)
        np.minimum(nearest[step:], shifted[:-step], out=nearest[step:])
        np.minimum(nearest[:-step], shifted[step:], out=nearest[:-step])
        step += 1
    distance = nearest.astype(np.float32)
    return np.sqrt(distance, out=distance)


def _along_rows(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Distance to the outside within the row; `_BEYOND` where it is as far or there is none.

    Each shift is twice as far as the one before: together they reach every distance.
    """
    height, width = mask.shape
    # With a margin that no distance reaches across, all rows are one, which is shifted faster.
    rows = np.full((height, width + _BEYOND), _BEYOND, np.uint8)
    inside = rows[:, :width]
    np.multiply(mask, np.uint8(_BEYOND), out=inside)
    nearest = rows.ravel()
    shifted = np.empty_like(nearest)
    for step in (1, 2, 4, 8, 16, 32, 64):
        np.add(nearest, np.uint8(step), out=shifted)
        np.minimum(nearest[step:], shifted[:-step], out=nearest[step:])
        np.minimum(nearest[:-step], shifted[step:], out=nearest[:-step])
    return inside


def nearest_label(
    labels: NDArray[np.int32], *, reach_px: float
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For each pixel of a label image (y, x) the nearest label, and the squared distance to it.

    Of labels at the same distance the lower one. Where none is within reach the label is 0 and
    the distance is larger than the reach.
    """
    reach = int(reach_px)
    n = int(labels.max(initial=0)) + 1
    beyond = 2 * (reach + 1) ** 2
    # Distance and label in one number, so that the least of them is the nearest, then the lower;
    # mostly one of 16 bits.
    whole = np.min_scalar_type(2 * beyond * n).type
    height, width = labels.shape
    # With a margin all around, so that shifts need no special case at the edge.
    code = np.full((height + 2 * reach, width + 2 * reach), beyond * n, whole)
    inside = code[reach : reach + height, reach : reach + width]
    np.copyto(inside, labels, where=labels > 0, casting="unsafe")
    code = _least_shifted(_least_shifted(code, reach, n).T, reach, n).T
    squared = code // whole(n)
    nearest = (code - squared * whole(n)).astype(np.int32)
    squared = squared.astype(np.int32)
    far = squared > int(reach_px * reach_px)
    np.copyto(nearest, 0, where=far)
    np.copyto(squared, beyond, where=far)
    return nearest, squared


def _least_shifted(code: NDArray[np.integer], reach: int, n: int) -> NDArray[np.integer]:
    """Least of what is up to `reach` rows away, plus `n` times the square of that; no margin."""
    height = len(code) - 2 * reach
    least = code[reach : reach + height].copy(order="K")
    shifted = np.empty_like(code)
    for step in range(1, reach + 1):
        np.add(code, code.dtype.type(step * step * n), out=shifted)
        np.minimum(least, shifted[reach - step : reach - step + height], out=least)
        np.minimum(least, shifted[reach + step : reach + step + height], out=least)
    return least
