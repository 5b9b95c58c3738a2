"""From a probe image to spots: filter, find, fit, judge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.background import background_map, is_blank, noise_by_brightness
from fishcount.errors import PixelError
from fishcount.settings import SpotSettings
from fishcount.spots.filters import blob_response, passes_for, point_gain
from fishcount.spots.fit import PointFits, fit_points
from fishcount.spots.maxima import local_maxima, parabolic_offsets
from fishcount.spots.psf import estimate_psf_sigma
from fishcount.spots.result import Spots

__all__ = ["detect_spots"]

_MIN_SIDE_PX = 9
_FIT_REACH_SIGMAS = 3.5


def detect_spots(
    image: NDArray[np.float32],
    *,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    labels: NDArray[np.integer] | None = None,
    other: NDArray[np.float32] | None = None,
    settings: SpotSettings | None = None,
) -> Spots:
    """Find the spots of one probe channel, without a threshold to tune.

    Parameters
    ----------
    image : ndarray of float32, (y, x) or (z, y, x)
        Camera counts.
    pixel_size_um, z_step_um : float, optional
        Calibration; used where the image itself cannot tell how wide a point is.
    labels : ndarray of int, (y, x), optional
        Nuclei; 0 is background.
    other : ndarray of float32, shaped as `image`, optional
        The other probe, for bleed-through.
    settings : SpotSettings, optional

    Returns
    -------
    Spots
        All candidates, kept or rejected with their reason; empty for a blank channel or one
        smaller than a spot.

    Raises
    ------
    PixelError
        When pixels are NaN or infinite, or `image` is no plane or stack.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import detect_spots
    >>> y, x = np.mgrid[:64, :64]
    >>> image = 100 + np.random.default_rng(1).normal(0, 1, (64, 64))
    >>> image += 100 * np.exp(-((y - 30.3) ** 2 + (x - 20.6) ** 2) / (2 * 1.6**2))
    >>> spots = detect_spots(image.astype(np.float32))
    >>> brightest = spots.amplitude_counts.argmax()
    >>> float(spots.y_px[brightest].round(1)), float(spots.x_px[brightest].round(1))
    (30.3, 20.6)
    """
    settings = settings or SpotSettings()
    image = _checked(image)
    if is_blank(image) or min(image.shape[-2:]) < _MIN_SIDE_PX:
        return Spots.empty(min_snr=settings.min_snr)
    plane = image if image.ndim == 2 else image.max(axis=0)
    psf_sigma_px = estimate_psf_sigma(plane, pixel_size_um=pixel_size_um)
    return _detect_in_plane(plane, psf_sigma_px, settings)


def _checked(image: NDArray[np.float32]) -> NDArray[np.float32]:
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "buif":
        raise PixelError(
            "not a plane or stack of counts",
            found=f"{pixels.dtype} of shape {pixels.shape}",
            expected="numbers (y, x) or (z, y, x)",
        )
    pixels = pixels.astype(np.float32, copy=False)
    if not np.isfinite(pixels).all():
        bad = np.argwhere(~np.isfinite(pixels))
        raise PixelError(
            "NaN or infinite pixels", found=f"{len(bad)}, the first at {tuple(bad[0].tolist())}"
        )
    return pixels


def _detect_in_plane(
    plane: NDArray[np.float32], psf_sigma_px: float, settings: SpotSettings
) -> Spots:
    passes = passes_for(psf_sigma_px)
    response = blob_response(plane, passes)
    brightness = background_map(plane)
    noise = noise_by_brightness(response, brightness)
    if noise.floor_counts <= 0:
        return Spots.empty(psf_sigma_px=psf_sigma_px, min_snr=settings.min_snr)
    maxima = local_maxima(response, settings.min_snr * noise.floor_counts)
    at = maxima.astype(np.float64)
    snr = response[tuple(maxima.T)] / noise.at(brightness.at(at[:, 0], at[:, 1]))
    strong = snr >= settings.min_snr
    maxima, snr = maxima[strong], snr[strong]
    start = maxima + parabolic_offsets(response, maxima)
    fits = fit_points(
        plane,
        start[:, 0],
        start[:, 1],
        sigma_px=psf_sigma_px,
        radius_px=round(_FIT_REACH_SIGMAS * psf_sigma_px),
    )
    coarse = blob_response(plane, 4 * passes)[tuple(maxima.T)] / point_gain(
        4 * passes, psf_sigma_px
    )
    fine = response[tuple(maxima.T)] / point_gain(passes, psf_sigma_px)
    reason = _judge(fits, start, coarse / fine, psf_sigma_px)
    return _table(fits, snr, reason, psf_sigma_px, settings.min_snr)


def _judge(
    fits: PointFits,
    start: NDArray[np.float64],
    coarse_to_fine: NDArray[np.float64],
    psf_sigma_px: float,
) -> NDArray[np.str_]:
    width = fits.sigma_px / psf_sigma_px
    moved = np.hypot(fits.y_px - start[:, 0], fits.x_px - start[:, 1])
    reason = np.full(len(width), "", "U16")
    reason[(moved > 1.5 * psf_sigma_px) | (fits.amplitude_counts <= 0)] = "POOR_FIT"
    reason[(width > 1.8) | (coarse_to_fine > 2.4)] = "TOO_WIDE"
    reason[width < 0.55] = "TOO_NARROW"
    return reason


def _table(
    fits: PointFits,
    snr: NDArray[np.float64],
    reason: NDArray[np.str_],
    psf_sigma_px: float,
    min_snr: float,
) -> Spots:
    order = np.lexsort((fits.x_px, fits.y_px))
    flux = 2 * np.pi * fits.amplitude_counts * np.square(fits.sigma_px)
    return Spots(
        z_px=np.zeros(len(order)),
        y_px=fits.y_px[order],
        x_px=fits.x_px[order],
        amplitude_counts=fits.amplitude_counts[order],
        background_counts=fits.background_counts[order],
        sigma_px=fits.sigma_px[order],
        flux_counts=flux[order],
        snr=snr[order].astype(np.float64),
        kept=reason[order] == "",
        reason=reason[order],
        cluster=np.zeros(len(order), np.int64),
        psf_sigma_px=psf_sigma_px,
        min_snr=min_snr,
    )
