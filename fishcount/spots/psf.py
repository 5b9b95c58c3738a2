"""How wide a point is in this channel, measured on its own bright spots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.background import background_map, noise_by_brightness
from fishcount.spots.filters import blob_response, passes_for
from fishcount.spots.fit import fit_points
from fishcount.spots.maxima import local_maxima, parabolic_offsets
from fishcount.spots.typical import bright_ones

__all__ = ["PSF_FALLBACK_PX", "estimate_psf_sigma", "shorth"]

# Used where neither the image nor the pixel size tells: a well-sampled point.
PSF_FALLBACK_PX = 1.6
# A point of visible light on high-NA optics, sigma: 0.21 wavelength / NA and a little more.
_PSF_PRIOR_UM = 0.16
_BRIGHT_SNR = 8.0
_AT_MOST = 400
_AT_LEAST = 8
_START_PX = 1.6
_BOUNDS_PX = (0.6, 4.0)


def shorth(values: NDArray[np.float64]) -> float:
    """Mean of the shortest half: where the values are densest, whatever the tails do."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    if half < 2:
        return float(np.median(ordered))
    widths = ordered[half:] - ordered[: len(ordered) - half]
    start = int(np.argmin(widths))
    return float(ordered[start : start + half + 1].mean())


def estimate_psf_sigma(image: NDArray[np.float32], *, pixel_size_um: float | None = None) -> float:
    """Width (sigma, pixels) of a point in a plane (y, x), from its bright maxima.

    The brightest maxima are fitted with a free width. Points crowd around one value; pairs,
    defocus and granules only ever widen, so the value where the widths are densest is taken.
    With too few bright maxima the pixel size decides, and without one `PSF_FALLBACK_PX`.
    """
    fallback = PSF_FALLBACK_PX if pixel_size_um is None else _PSF_PRIOR_UM / pixel_size_um
    fallback = float(np.clip(fallback, *_BOUNDS_PX))
    response = blob_response(image, passes_for(_START_PX))
    brightness = background_map(image)
    noise = noise_by_brightness(response, brightness)
    if noise.floor_counts <= 0:
        return fallback
    maxima = local_maxima(response, _BRIGHT_SNR * noise.floor_counts)
    at = maxima.astype(np.float64)
    snr = response[tuple(maxima.T)] / noise.at(brightness.at(at[:, 0], at[:, 1]))
    best = np.argsort(-snr, kind="stable")[:_AT_MOST]
    best = best[snr[best] >= _BRIGHT_SNR]
    start = at[best] + parabolic_offsets(response, maxima[best])
    fits = fit_points(image, start[:, 0], start[:, 1], sigma_px=_START_PX, radius_px=6)
    moved = np.hypot(fits.y_px - start[:, 0], fits.x_px - start[:, 1])
    low, high = _BOUNDS_PX
    fit_well = (fits.amplitude_counts > 0) & (moved < _START_PX)
    fit_well &= bright_ones(response[tuple(maxima[best].T)].astype(np.float64))
    fit_well &= (fits.sigma_px > low) & (fits.sigma_px < high)
    if fit_well.sum() < _AT_LEAST:
        return fallback
    return shorth(fits.sigma_px[fit_well])
