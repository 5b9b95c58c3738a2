"""Light that is not of nuclei: background between them, and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.filters import enlarged
from fishcount.robust import middle, quantile

__all__ = [
    "MESH_DIAMETERS",
    "background_mesh",
    "noise_floor",
    "noise_sigma",
    "shared_noise_floor",
    "some_rows",
]

# Width of a cell of the mesh in nuclear diameters.
MESH_DIAMETERS = 2.5
# The quantile of a cell of the mesh that is taken for its background; every row is read of cells
# narrower than _DENSE_BELOW_PX, every second row of others.
_LOW_SHARE, _DENSE_BELOW_PX = 0.05, 32
# This many pixels give the noise within half a per cent.
_ENOUGH_PX = 200_000
# Share of the noise that a Gaussian of one pixel leaves, 1 / (2 sqrt(pi)); and a height that keeps
# rounding errors of an image without noise from standing out.
_SMOOTHED_NOISE, _LEAST_COUNTS = 0.28, 1e-3
# At this distance pixels of an image that is smoothed over one pixel have little noise in common. A
# quarter of the differences lies under this many sigmas, and glow reaches few of these.
_APART_PX, _QUARTER_SIGMAS = 3, 0.3186
# Glow and nuclei alone make hills up to this many times as high as those of independent noise.
_SHARED_ABOVE = 1.25


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
    step = 2 if cell >= _DENSE_BELOW_PX else 1
    for i in range(n_y):
        band = image[i * height // n_y : (i + 1) * height // n_y : step]
        for j in range(n_x):
            values = band[:, j * width // n_x : (j + 1) * width // n_x].ravel()
            rank = round(_LOW_SHARE * (values.size - 1))
            low[i, j] = np.partition(values, rank)[rank]
    low = ndi.grey_opening(low, size=3, mode="nearest")
    low = ndi.gaussian_filter(low, 0.7, mode="nearest")
    return enlarged(low, (height, width))


def some_rows(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every second row of a large image, or fewer: enough for its typical values."""
    return image[:: max(1, image.size // _ENOUGH_PX)]


def noise_sigma(image: NDArray[np.float32]) -> float:
    """Noise of neighbouring pixels in camera counts, from the darker half of the image.

    Of a large image `some_rows` say the same.
    """
    wiggle = _dark_wiggle(some_rows(image), 1)
    return middle(wiggle) / (0.6745 * 6**0.5) if wiggle.size else 0.0


def noise_floor(image: NDArray[np.float32], *, min_snr: float) -> float:
    """Height that noise does not reach once an image (y, x) is smoothed over one pixel."""
    return min_snr * _SMOOTHED_NOISE * noise_sigma(image) + _LEAST_COUNTS


def shared_noise_floor(
    image: NDArray[np.float32], smooth: NDArray[np.float32], *, min_snr: float
) -> float:
    """As `noise_floor`, also where neighbouring pixels of the image share their noise.

    In an image that was enlarged, demosaicked or filtered before, neighbours differ little and yet
    noise has tall hills. These are measured in `smooth`, the image smoothed over one pixel. Uneven
    glow looks like such hills: so this is for what all of an image tells, such as the size of
    its nuclei. For a single dim nucleus in a glow it is too high.
    """
    floor = noise_floor(image, min_snr=min_snr)
    wiggle = _dark_wiggle(some_rows(smooth), _APART_PX)
    if not wiggle.size:
        return floor
    sigma = quantile(wiggle, 0.25) / (_QUARTER_SIGMAS * 6**0.5)
    shared = min_snr * sigma + _LEAST_COUNTS
    return shared if shared > _SHARED_ABOVE * floor else floor


def _dark_wiggle(image: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Second differences along x of the darker half of an image; empty of a narrow one.

    Their weights 1, -2, 1 have variance 6; they are blind to slopes.
    """
    if image.shape[0] < 3 or image.shape[1] < 2 * step + 1:
        return np.zeros(0, np.float32)
    centre = image[:, step:-step]
    wiggle: NDArray[np.float32] = np.abs(image[:, 2 * step :] - 2 * centre + image[:, : -2 * step])
    dark = centre <= middle(image)
    # In an image of a few pixels all of the darker half may lie in its outer columns.
    return wiggle[dark] if dark.any() else wiggle.ravel()
