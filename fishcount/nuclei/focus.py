"""z-stacks of DAPI: one sharp image for the outlines, and the best plane of each nucleus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import check_kind
from fishcount.filters import block_means, enlarged, gaussian, laplacian
from fishcount.image import DAPI, FishImage
from fishcount.nuclei.geometry.runs import Runs
from fishcount.slide import Slide

__all__ = ["BLOCK_PX", "best_focus", "best_planes", "dapi_plane"]

# Sharpness is compared on blocks of this many pixels: wide enough to average out noise.
BLOCK_PX = 16


def dapi_plane(image: FishImage | Slide) -> NDArray[np.float32]:
    """The DAPI image in which nuclei are outlined, to outline them with another program.

    Returns
    -------
    ndarray of float32, (y, x)
        Camera counts. A stack is projected to its sharpest planes, as `fishcount.segment_nuclei`
        does it.

    Raises
    ------
    InputError
        When `image` is not a FishImage, such as an array.

    Examples
    --------
    >>> from fishcount import dapi_plane
    >>> from fishcount.synthetic import simulate_case
    >>> image, truth = simulate_case("negative", seed=1, n_fields=1, size=128, n_planes=3)[0]
    >>> image.channel("DAPI").shape, dapi_plane(image).shape
    ((3, 128, 128), (128, 128))
    """
    check_kind(
        "image",
        image,
        FishImage,
        Slide,
        remedy="segment_nuclei takes an array of DAPI counts as it is",
    )
    return best_focus(image.channel(DAPI))[0].astype(np.float32, copy=False)


def best_focus(
    stack: NDArray[np.number],
) -> tuple[NDArray[np.number], NDArray[np.float32] | None]:
    """Project a (z, y, x) stack to its sharpest planes; a plane (y, x) comes back as it is.

    Returns
    -------
    image : ndarray, (y, x)
        Weighted mean of the planes as float32; a plane weighs the more, the sharper it is there.
    sharpness : ndarray of float32, (z, rows, columns), or None
        Mean squared Laplacian, less that of noise, of blocks of `BLOCK_PX` pixels; None for a
        plane, which has nothing to be compared with.
    """
    if stack.ndim == 2:
        return stack, None
    # Plane by plane, as a stack of counts is half of what it is in single precision.
    sharpness = np.stack([_sharpness(plane.astype(np.float32, copy=False)) for plane in stack])
    total = sharpness.sum(axis=0)
    # Where no plane stands out all weigh the same, which is the mean projection.
    weight = (sharpness + 1e-6 + 1e-3 * total) / (
        total * (1 + 1e-3 * len(stack)) + 1e-6 * len(stack)
    )
    image = np.zeros((stack.shape[1], stack.shape[2]), np.float32)
    for plane, part in zip(stack, weight, strict=True):
        weighted = enlarged(part.astype(np.float32), (image.shape[0], image.shape[1]))
        weighted *= plane
        image += weighted
    return image, sharpness


def best_planes(runs: Runs, sharpness: NDArray[np.float32]) -> NDArray[np.int64]:
    """The plane in which each nucleus is sharpest; the lowest of equals."""
    if not len(runs):
        return np.zeros(0, np.int64)
    middle = (runs.x0 + runs.x1 - 1) // 2
    row = np.minimum(runs.y // BLOCK_PX, sharpness.shape[1] - 1)
    column = np.minimum(middle // BLOCK_PX, sharpness.shape[2] - 1)
    scores = np.stack([runs.total(plane[row, column] * runs.length) for plane in sharpness])
    planes: NDArray[np.int64] = scores.argmax(axis=0).astype(np.int64)
    return planes


def _sharpness(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    detail = laplacian(gaussian(plane, 1.5))
    detail *= detail
    return gaussian(block_means(detail, BLOCK_PX), 1.0, truncate=4.0)
