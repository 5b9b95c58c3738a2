"""How wide a point is in this channel, measured on its own bright spots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.fit import fit_points
from fishcount.spots.maxima import parabolic_offsets
from fishcount.spots.typical import bright_ones

__all__ = ["BRIGHT_SNR", "START_PX", "PointWidth", "densest", "fallback_width", "width_of_bright"]

# Used where neither the image nor the pixel size tells: a well-sampled point.
PSF_FALLBACK_PX = 1.6
# A point of visible light on high-NA optics, sigma: 0.21 wavelength / NA and a little more.
_PSF_PRIOR_UM = 0.16
# The narrowest one: 0.21 wavelength / NA of the best optics, and a target of a tenth of a micron.
_TARGET_UM = 0.12
BRIGHT_SNR = 8.0
_AT_MOST = 400
_AT_LEAST = 8
START_PX = 1.6
_BOUNDS_PX = (0.6, 4.0)


def densest(values: NDArray[np.float64]) -> float:
    """Where the values are densest, whatever the tails do: the mean of their shortest half.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.psf import densest
    >>> round(densest(np.r_[np.linspace(1.5, 1.7, 41), np.linspace(1.7, 4, 40)]), 1)
    1.6
    """
    ordered = np.sort(values)
    half = (len(ordered) + 1) // 2
    widths = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
    start = int(np.argmin(widths))
    return float(ordered[start : start + half].mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class PointWidth:
    """How wide points are.

    Attributes
    ----------
    sigma_px : float
        Of most of them.
    spread : float
        Robust standard deviation of the logarithm of widths; 0 where too few were seen.
    """

    sigma_px: float
    spread: float


def fallback_width(pixel_size_um: float | None) -> PointWidth:
    """What the pixel size suggests, where the image does not tell."""
    sigma = PSF_FALLBACK_PX if pixel_size_um is None else _PSF_PRIOR_UM / pixel_size_um
    return PointWidth(sigma_px=float(np.clip(sigma, *_BOUNDS_PX)), spread=0.0)


def width_of_bright(
    plane: NDArray[np.float32],
    response: NDArray[np.float32],
    maxima: NDArray[np.int64],
    snr: NDArray[np.float64],
    *,
    pixel_size_um: float | None,
) -> PointWidth:
    """Width of a point, from the brightest maxima (n, 2) of a blob response.

    They are fitted with a free width. Points crowd around one value; pairs, defocus and granules
    only ever widen, so the value where the widths are densest is taken. With too few bright
    maxima the pixel size decides. It also says how narrow a point can be: a hybridised target is
    not smaller than `_TARGET_UM`, and what seems so are the peaks of an uneven signal.
    """
    best = np.sort(np.argsort(-snr, kind="stable")[:_AT_MOST])
    maxima = maxima[best]
    start = maxima + parabolic_offsets(response, maxima)
    fits = fit_points(plane, start[:, 0], start[:, 1], sigma_px=START_PX, radius_px=6)
    moved = np.hypot(fits.y_px - start[:, 0], fits.x_px - start[:, 1])
    low, high = _BOUNDS_PX
    fit_well = (fits.amplitude_counts > 0) & (moved < START_PX)
    fit_well &= bright_ones(response[tuple(maxima.T)].astype(np.float64))
    fit_well &= (fits.sigma_px > low) & (fits.sigma_px < high)
    if fit_well.sum() < _AT_LEAST:
        return fallback_width(pixel_size_um)
    widths = fits.sigma_px[fit_well]
    least = 0.0 if pixel_size_um is None else _TARGET_UM / pixel_size_um
    logarithm = np.log(widths)
    spread = 1.4826 * float(np.median(np.abs(logarithm - np.median(logarithm))))
    sigma = float(np.clip(max(densest(widths), least), low, high))
    return PointWidth(sigma_px=round(sigma, 3), spread=round(spread, 3))
