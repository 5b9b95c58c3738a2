"""Light that is not of nuclei: reduce to a working scale, subtract background, measure noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

__all__ = ["background_mesh", "enlarge", "noise_sigma", "reduce_by"]

# What part of a cell of the mesh is darker than its background; cells narrower than this are read
# in full.
LOW_SHARE, DENSE_BELOW_PX = 0.05, 32


def reduce_by(image: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Mean of factor x factor blocks; the last row and column of blocks may be narrower."""
    if factor == 1:
        return np.ascontiguousarray(image, np.float32)
    height, width = image.shape
    rows = _block_sums(image, factor)
    sums = _block_sums(rows.T, factor).T
    n_rows = np.minimum(np.arange(0, height, factor) + factor, height) - np.arange(
        0, height, factor
    )
    n_columns = np.minimum(np.arange(0, width, factor) + factor, width) - np.arange(
        0, width, factor
    )
    size = np.multiply.outer(n_rows, n_columns)
    return np.ascontiguousarray(sums / size, np.float32)


def _block_sums(image: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Sums of `factor` rows each; the last sum may be of fewer."""
    whole = image.shape[0] // factor * factor
    sums = np.zeros((-(-image.shape[0] // factor), image.shape[1]), np.float32)
    for k in range(factor):
        sums[: whole // factor] += image[k:whole:factor]
    for row in image[whole:]:
        sums[-1] += row
    return sums


def enlarge(image: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Bilinear interpolation of a coarse image to `shape`, extents aligned."""
    rows = _weights(image.shape[0], shape[0])
    columns = _weights(image.shape[1], shape[1])
    along_y = image[rows[0]] * (1 - rows[2])[:, None] + image[rows[1]] * rows[2][:, None]
    full: NDArray[np.float32] = along_y[:, columns[0]] * (1 - columns[2])
    full += along_y[:, columns[1]] * columns[2]
    return full


def _weights(
    n_from: int, n_to: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    position = np.clip((np.arange(n_to) + 0.5) * n_from / n_to - 0.5, 0, n_from - 1)
    low = position.astype(np.intp)
    return low, np.minimum(low + 1, n_from - 1), (position - low).astype(np.float32)


def background_mesh(image: NDArray[np.float32], *, cell_px: float) -> NDArray[np.float32]:
    """Smooth background of an image (y, x): what lies between the nuclei.

    Each cell of a mesh gives a low percentile of its pixels; where a cell is full of nuclei its
    lower neighbours speak for it. Smoothed and interpolated, never above the smooth image.
    """
    height, width = image.shape
    cell = max(round(cell_px), 4)
    n_y, n_x = max(-(-height // cell), 1), max(-(-width // cell), 1)
    low = np.empty((n_y, n_x), np.float32)
    # A large cell has pixels enough for a percentile in every second row.
    step = 2 if cell >= DENSE_BELOW_PX else 1
    for i in range(n_y):
        band = image[i * height // n_y : (i + 1) * height // n_y : step]
        for j in range(n_x):
            values = band[:, j * width // n_x : (j + 1) * width // n_x].ravel()
            rank = round(LOW_SHARE * (values.size - 1))
            low[i, j] = np.partition(values, rank)[rank]
    low = ndi.grey_opening(low, size=3, mode="nearest")
    low = ndi.gaussian_filter(low, 0.7, mode="nearest")
    return enlarge(low, image.shape)


def noise_sigma(image: NDArray[np.float32]) -> float:
    """Noise of neighbouring pixels in camera counts, from the darker half of the image."""
    if image.shape[0] < 3 or image.shape[1] < 3:
        return 0.0
    # Second difference along x: weights 1, -2, 1 have variance 6; blind to slopes.
    wiggle = np.abs(image[:, 2:] - 2 * image[:, 1:-1] + image[:, :-2])
    dark = image[:, 1:-1] <= np.median(image)
    return float(np.median(wiggle[dark])) / (0.6745 * 6**0.5)
