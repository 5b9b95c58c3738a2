"""How well a lone point can be placed at all: the Cramer-Rao bound of its position.

Each point is taken alone, as a Gaussian of its true width on the light around it; position and
height are free, and the camera is that of the phantoms (`benchmarks.common.ideal`). True heights
are those before uneven illumination: the share of them that reaches the camera is measured, as the
median over the points of a channel of the height that fits best at the true place.

That bound takes the ground for known, but for noise that is white. The ground of nuclei has waves
as long as a point is wide, and `ground_over_white` says what they cost an estimate that knows how
they are correlated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from benchmarks.common.ideal import COUNTS_PER_ELECTRON, OFFSET_COUNTS, READ_NOISE_ELECTRONS

REACH_PX = 8
BACKGROUND_PX = 15
# Pixels on each side of a place of ground, how many places tell how it is correlated, and how many
# sigmas of noise over its median none of their pixels is: a hot one, or a granule.
GROUND_PX = 5
MOST_PLACES = 6000
MOST_SIGMAS = 6.0


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


def patches_of_ground(
    plane: NDArray[np.floating],
    nuclei: NDArray[np.bool_],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Electrons (n, pixels) of squares in nuclei that hold no light of any of the points."""
    seen = (np.asarray(plane, np.float64) - OFFSET_COUNTS) / COUNTS_PER_ELECTRON
    empty = np.ones(nuclei.shape, bool)
    rows, columns = (
        np.rint(at).astype(np.int64).clip(0, size - 1)
        for at, size in zip((y, x), nuclei.shape, strict=True)
    )
    empty[rows, columns] = False
    clear = nuclei & (ndi.distance_transform_edt(empty) > REACH_PX + GROUND_PX / 2)
    edge = np.zeros_like(clear)
    edge[GROUND_PX:-GROUND_PX, GROUND_PX:-GROUND_PX] = True
    at_y, at_x = np.nonzero(clear & edge)
    chosen = np.random.default_rng(0).permutation(len(at_y))[:MOST_PLACES]
    down, across = np.mgrid[-GROUND_PX : GROUND_PX + 1, -GROUND_PX : GROUND_PX + 1]
    places = seen[
        at_y[chosen][:, None] + down.reshape(1, -1), at_x[chosen][:, None] + across.reshape(1, -1)
    ]
    noise = np.sqrt(np.clip(places.mean(axis=1), 0, None) + READ_NOISE_ELECTRONS**2)
    peak = places.max(axis=1) - np.median(places, axis=1)
    return places[peak < MOST_SIGMAS * noise]


def ground_over_white(patches: NDArray[np.float64], *, sigma_px: float, electrons: float) -> float:
    """How many times less exactly a point is placed on this ground than on white noise as bright.

    Generalized least squares for position and height, with the covariance of `patches` (n, pixels)
    and the noise of the point's own light, over the same with white noise; the level of the ground
    is free in both. NaN without patches enough for a covariance.
    """
    n_pixels = (2 * GROUND_PX + 1) ** 2
    if len(patches) < 4 * n_pixels:
        return float("nan")
    y, x = np.mgrid[-GROUND_PX : GROUND_PX + 1, -GROUND_PX : GROUND_PX + 1] / sigma_px
    shape = np.exp(-0.5 * (y**2 + x**2)).ravel()
    slopes = electrons / sigma_px * np.stack([y.ravel() * shape, x.ravel() * shape], axis=1)
    model = np.column_stack([slopes, shape, np.ones(n_pixels)])
    off = patches - patches.mean(axis=1, keepdims=True)
    own_light = np.diag(electrons * shape)
    as_it_is = off.T @ off / len(off) + own_light
    white = (patches.mean() + READ_NOISE_ELECTRONS**2) * np.eye(n_pixels) + own_light
    return _least_error(model, as_it_is) / _least_error(model, white)


def _least_error(model: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """Root mean square distance from the place, of which the first two columns are the slopes."""
    # Patches without their means say nothing of the level, which is free.
    level = np.full_like(covariance, np.trace(covariance))
    error = np.linalg.inv(model.T @ np.linalg.solve(covariance + level, model))
    return float(np.sqrt(error[0, 0] + error[1, 1]))
