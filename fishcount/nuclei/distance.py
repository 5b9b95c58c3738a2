"""Distances on small images, exact, and cheaper than a transform that has to work at any reach.

Nuclei are a few dozen pixels wide, so no pixel is far from what it is measured to. The squared
distance is then a minimum over a few shifts of whole rows, in small integers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

__all__ = ["highest_around", "inside_distance", "nearest_label"]

# From this distance on the general transform takes over; squares twice as far fit 16 bits.
FAR_PX = 100


def inside_distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Euclidean distance of each pixel of a mask (y, x) to the nearest one outside of it.

    Beyond the edge of the image the mask goes on. 0 outside; exact to the last digit.
    """
    squared = _squared_along_rows(mask)
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
    distance: NDArray[np.float32] = np.sqrt(nearest.astype(np.float32))
    return distance


def _squared_along_rows(mask: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Squared distance to the outside within the row, up to twice that of `FAR_PX`."""
    x = np.arange(mask.shape[1], dtype=np.int32)
    none = 4 * (mask.shape[1] + FAR_PX)
    before = np.maximum.accumulate(np.where(mask, np.int32(-none), x), axis=1)
    behind = np.where(mask, np.int32(none), x)[:, ::-1]
    behind = np.minimum.accumulate(behind, axis=1)[:, ::-1]
    distance = np.minimum(x - before, behind - x)
    distance = np.minimum(distance, int(2**0.5 * FAR_PX)).astype(np.uint16)
    squared: NDArray[np.uint16] = distance * distance
    return squared


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
    # Distance and label in one number, so that the least of them is the nearest, then the lower.
    whole = np.int32 if (2 * beyond + 1) * n < 2**31 else np.int64
    code = np.where(labels > 0, labels, whole(beyond * n)).astype(whole)
    for axis in (0, 1):
        line = np.moveaxis(code.copy(), axis, 0)
        best = np.moveaxis(code, axis, 0)
        shifted = np.empty_like(line)
        for step in range(1, reach + 1):
            np.add(line, whole(step * step * n), out=shifted)
            np.minimum(best[step:], shifted[:-step], out=best[step:])
            np.minimum(best[:-step], shifted[step:], out=best[:-step])
    squared, label = np.divmod(code, whole(n))
    label[squared > reach_px * reach_px] = 0
    return label.astype(np.int32), squared.astype(np.int32)


def highest_around(image: NDArray[np.float32], *, reach_px: int) -> NDArray[np.float32]:
    """Highest value in the square of so many pixels to each side of a pixel of an image (y, x)."""
    for axis in (0, 1):
        line = np.moveaxis(image, axis, 0)
        image = image.copy()
        best = np.moveaxis(image, axis, 0)
        for step in range(1, reach_px + 1):
            np.maximum(best[step:], line[:-step], out=best[step:])
            np.maximum(best[:-step], line[step:], out=best[:-step])
    return image
