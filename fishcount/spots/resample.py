"""Images on pixels twice as large, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["doubled", "halve"]


def halve(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of two by two pixels; an odd last row or column is repeated."""
    height, width = image.shape
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2)), mode="edge")
    rows = image[::2] + image[1::2]
    halved: NDArray[np.float32] = rows[:, ::2] + rows[:, 1::2]
    halved *= np.float32(0.25)
    return halved


def doubled(coarse: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """An image of pixels half as large, by linear interpolation between old centres.

    `shape` is the height and width of the image that `coarse` was halved from.
    """
    near, far = np.float32(0.75), np.float32(0.25)
    padded = np.pad(coarse, 1, mode="edge")
    weighted = near * padded[1:-1]
    rows = np.empty((2 * coarse.shape[0], padded.shape[1]), np.float32)
    np.add(weighted, far * padded[:-2], out=rows[::2])
    np.add(weighted, far * padded[2:], out=rows[1::2])
    weighted = near * rows[:, 1:-1]
    fine = np.empty((rows.shape[0], 2 * coarse.shape[1]), np.float32)
    np.add(weighted, far * rows[:, :-2], out=fine[:, ::2])
    np.add(weighted, far * rows[:, 2:], out=fine[:, 1::2])
    return fine[: shape[0], : shape[1]]
