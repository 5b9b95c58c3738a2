"""Widths of points, in and out of focus, and how they are stamped into an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from fishcount.synthetic.spec import FieldSpec, Optics

__all__ = ["blur_um", "defocused_sigma_um", "stamp_points"]

# Half-widths of stamps: points of similar width are stamped together.
_STAMP_RADII = (5, 7, 10, 14, 20, 28, 40, 56)
# Out of focus, a nucleus is blurred by this many micrometres for each micrometre beyond its depth.
_BLUR_SLOPE = 0.55


def defocused_sigma_um(
    sigma_um: NDArray[np.float64] | float,
    dz_um: NDArray[np.float64] | float,
    *,
    wavelength_um: float,
    optics: Optics,
) -> NDArray[np.float64]:
    """Width of a point beside the focal plane, as the waist of a Gaussian beam grows."""
    waist = 2 * np.asarray(sigma_um, float)
    range_um = np.pi * waist**2 * optics.refractive_index / wavelength_um
    return np.asarray(0.5 * waist * np.sqrt(1 + (np.asarray(dz_um) / range_um) ** 2))


def blur_um(dz_um: float, *, spec: FieldSpec) -> float:
    """Blur (1 sigma) of a nucleus whose centre lies `dz_um` beside the focal plane."""
    beyond = abs(dz_um) - 0.5 * max(spec.nuclei.depth_um, 0.6)
    return _BLUR_SLOPE * max(beyond, 0.0)


def stamp_points(
    image: NDArray[np.float64],
    y_px: NDArray[np.float64],
    x_px: NDArray[np.float64],
    *,
    peak: NDArray[np.float64],
    sigma_px: NDArray[np.float64],
) -> None:
    """Add Gaussian points to `image` (y, x) in place, integrated over pixels.

    Parameters
    ----------
    peak, sigma_px : (n,)
        Height and width of the continuous Gaussian. Points are cut off at four sigma; parts
        outside the image are lost.
    """
    needed = np.ceil(4 * sigma_px)
    group = np.searchsorted(_STAMP_RADII, needed).clip(max=len(_STAMP_RADII) - 1)
    for index in np.unique(group):
        rows = group == index
        _stamp_group(image, y_px[rows], x_px[rows], peak[rows], sigma_px[rows], _STAMP_RADII[index])


def _stamp_group(
    image: NDArray[np.float64],
    y_px: NDArray[np.float64],
    x_px: NDArray[np.float64],
    peak: NDArray[np.float64],
    sigma_px: NDArray[np.float64],
    radius: int,
) -> None:
    rows, profile_y = _profile(y_px, sigma_px, radius)
    cols, profile_x = _profile(x_px, sigma_px, radius)
    profile_y[(rows < 0) | (rows >= image.shape[0])] = 0
    profile_x[(cols < 0) | (cols >= image.shape[1])] = 0
    patches = (peak[:, None] * profile_y)[:, :, None] * profile_x[:, None, :]
    np.add.at(
        image,
        (rows.clip(0, image.shape[0] - 1)[:, :, None], cols.clip(0, image.shape[1] - 1)[:, None]),
        patches,
    )


def _profile(
    centre_px: NDArray[np.float64], sigma_px: NDArray[np.float64], radius: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pixels around each centre and the Gaussian integrated over them, (n, 2 radius + 1)."""
    pixels = np.rint(centre_px).astype(np.int64)[:, None] + np.arange(-radius, radius + 1)
    scale = np.sqrt(2) * sigma_px[:, None]
    away = pixels - centre_px[:, None]
    area = erf((away + 0.5) / scale) - erf((away - 0.5) / scale)
    return pixels, np.asarray(area * sigma_px[:, None] * np.sqrt(np.pi / 2))
