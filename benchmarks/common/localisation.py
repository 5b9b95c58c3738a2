"""How well a lone point can be placed at all: the Cramer-Rao bound of its position.

Each point is taken alone, as a Gaussian of its true width on the light around it; position and
height are free, and the camera is that of the phantoms (`benchmarks.common.ideal`). True heights
are those before uneven illumination: the share of them that reaches the camera is measured, as the
median over the points of a channel of the height that fits best at the true place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from benchmarks.common.ideal import COUNTS_PER_ELECTRON, OFFSET_COUNTS, READ_NOISE_ELECTRONS

REACH_PX = 8
BACKGROUND_PX = 15


def least_errors_px(
    plane: NDArray[np.floating],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    *,
    sigma_px: NDArray[np.float64],
    electrons: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Least root mean square distance of each point (n,) from its true place in a plane (y, x).

    `electrons` are heights before uneven illumination.
    """
    if len(y) == 0:
        return np.zeros(0)
    seen = (np.asarray(plane, np.float64) - OFFSET_COUNTS) / COUNTS_PER_ELECTRON
    background = np.clip(ndi.median_filter(seen, size=BACKGROUND_PX, mode="nearest"), 0, None)
    steps = np.arange(-REACH_PX, REACH_PX + 1)
    rows, columns = np.rint(y)[:, None] + steps, np.rint(x)[:, None] + steps
    inside = _inside(rows, plane.shape[0])[:, :, None] & _inside(columns, plane.shape[1])[:, None]
    at = (
        rows.clip(0, plane.shape[0] - 1).astype(np.int64)[:, :, None],
        columns.clip(0, plane.shape[1] - 1).astype(np.int64)[:, None, :],
    )
    along_y, along_x = (
        (rows - y[:, None]) / sigma_px[:, None],
        (columns - x[:, None]) / sigma_px[:, None],
    )
    shape = np.exp(-0.5 * (along_y[:, :, None] ** 2 + along_x[:, None, :] ** 2)) * inside
    height = electrons * _share_seen(seen[at] - background[at], shape, electrons)
    variance = background[at] + height[:, None, None] * shape + READ_NOISE_ELECTRONS**2
    slope = (height / sigma_px)[:, None, None] * shape
    slopes = np.stack([shape, slope * along_y[:, :, None], slope * along_x[:, None, :]], axis=1)
    information = np.einsum("niyx,njyx->nij", slopes / variance[:, None], slopes)
    error = np.linalg.pinv(information, hermitian=True)
    return np.sqrt(error[:, 1, 1] + error[:, 2, 2])


def _inside(pixel: NDArray[np.float64], size: int) -> NDArray[np.bool_]:
    return (pixel >= 0) & (pixel < size)


def _share_seen(
    light: NDArray[np.float64], shape: NDArray[np.float64], electrons: NDArray[np.float64]
) -> float:
    """Share of the true heights that is in the image."""
    core = np.where(shape > np.exp(-2), shape, 0)
    fitted = (light * core).sum(axis=(1, 2)) / np.square(core).sum(axis=(1, 2))
    return float(np.clip(np.median(fitted / electrons), 0.1, 1.0))
