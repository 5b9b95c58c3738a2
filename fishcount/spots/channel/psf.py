"""How wide a point is in this channel, measured on its own bright spots."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from fishcount.spots.points.fit import fit_points
from fishcount.spots.points.maxima import parabolic_offsets

__all__ = [
    "BRIGHT_SNR",
    "START_PX",
    "PointWidth",
    "expected_narrower",
    "expected_sigma_px",
    "expected_width",
    "fitted_widths",
    "likeliest_width",
    "width_of_bright",
]

# Expected width (sigma) of a point on high-NA optics, a little more than 0.21 wavelength / NA; and
# the log spread of widths by other NA and sizes of targets.
_EXPECTED_UM, _KNOWN_SPREAD = 0.16, 0.2
# Where NA and wavelength are known: the width that is added in squares, for the size of targets,
# aberrations and halo, and the log spread that is left. Both as measured in drawn fields.
_ADDED_UM, _OPTICS_SPREAD = 0.145, 0.12
# Where the pixel size is not known: a well-sampled point, with a wide spread.
_UNKNOWN_PX, _UNKNOWN_SPREAD = 1.6, 0.5
# Maxima from this SNR on are fitted, in patches of this half side that few neighbours reach into.
BRIGHT_SNR = 6.0
_AT_MOST = 400
START_PX = 1.6
_RADIUS_PX = 5
_BOUNDS_PX = (0.6, 4.0)
# Error of a fitted width, in log, at an SNR of 1.
_FIT_ERROR = 1.5
# Grid of the likelihood: number of widths, their spreads, and shares of points among the fits.
_STEPS = 120
_SPREADS = np.array([0.03, 0.06, 0.1, 0.15, 0.22, 0.32])
_SHARES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
# Share of the other objects that are wider than a point, and their largest log excess.
_WIDER, _WIDEST = 0.7, 1.2
# Points of one probe differ in width by no more than this, in log, errors set aside.
_OWN_SPREAD = 0.1
# Half width, in log, of the peak of the likelihood.
_PEAK = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PointWidth:
    """How wide points are, or are expected to be.

    Attributes
    ----------
    sigma_px : float
        Of most of them.
    spread : float
        Standard deviation of the logarithm: of widths, errors of the fits set aside; or of what is
        expected.
    """

    sigma_px: float
    spread: float


def likeliest_width(
    widths_px: NDArray[np.float64],
    snr: NDArray[np.float64],
    *,
    expected: PointWidth,
) -> PointWidth:
    """The width that most of the fitted widths (n,) agree on, each within its own error.

    Widths of points scatter log-normally around one value, by their errors and a spread of their
    own; pairs, granules and what is out of focus are wider, by any factor, and some other things
    lie anywhere. The share of such others and the spread
    are summed over, so that no cut is needed, and with few widths what is expected decides.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.channel.psf import PointWidth, likeliest_width
    >>> widths = np.r_[np.linspace(1.5, 1.7, 20), np.linspace(2, 4, 30)]
    >>> expected = PointWidth(sigma_px=1.5, spread=0.3)
    >>> found = likeliest_width(widths, np.full(50, 20.0), expected=expected)
    >>> round(found.sigma_px, 1), found.spread < 0.1
    (1.6, True)
    """
    low, high = np.log(_BOUNDS_PX)
    middle = np.linspace(low, high, _STEPS)
    error = np.hypot(_SPREADS, _FIT_ERROR / snr[:, None])[:, :, None]
    off = (np.log(widths_px)[:, None, None] - middle) / error
    # Single precision is enough for densities, and twice as fast.
    own = (np.exp(-0.5 * off**2) / (np.sqrt(2 * np.pi) * error)).astype(np.float32)
    beyond = np.log(widths_px)[:, None, None] - middle
    wider = ((beyond > 0) & (beyond < _WIDEST)) / _WIDEST
    other = (_WIDER * wider + (1 - _WIDER) / (high - low)).astype(np.float32)
    likelihood = np.logaddexp.reduce(
        [
            np.log(np.float32(share) * own + np.float32(1 - share) * other).sum(
                axis=0, dtype=np.float64
            )
            for share in _SHARES
        ]
    )
    prior = -0.5 * ((middle - np.log(expected.sigma_px)) / expected.spread) ** 2
    weight = np.exp(likelihood + prior - (likelihood + prior).max())
    weight /= weight.sum()
    best = int(np.argmax(weight.sum(axis=0)))
    near = np.abs(middle - middle[best]) < _PEAK
    weight = weight * near / weight[:, near].sum()
    return PointWidth(
        sigma_px=float(np.exp(weight.sum(axis=0) @ middle)),
        spread=float(weight.sum(axis=1) @ _SPREADS),
    )


def width_of_bright(
    plane: NDArray[np.number],
    response: NDArray[np.float32],
    maxima: NDArray[np.int64],
    snr: NDArray[np.float64],
    *,
    expected: PointWidth,
) -> PointWidth:
    """Width of a point, from the brightest maxima (n, 2) of a blob response.

    They are fitted with a free width; see `likeliest_width`.
    """
    widths_px, snr = fitted_widths(plane, response, maxima, snr)
    found = likeliest_width(widths_px, snr, expected=expected)
    return PointWidth(sigma_px=round(found.sigma_px, 3), spread=round(found.spread, 3))


def fitted_widths(
    plane: NDArray[np.number],
    response: NDArray[np.float32],
    maxima: NDArray[np.int64],
    snr: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Widths (m,) of the brightest maxima (n, 2) of a response that fit well, and their SNR."""
    best = np.sort(np.argsort(-snr, kind="stable")[:_AT_MOST])
    maxima, snr = maxima[best], snr[best]
    start = maxima + parabolic_offsets(response, maxima)
    fits = fit_points(plane, start[:, 0], start[:, 1], sigma_px=START_PX, radius_px=_RADIUS_PX)
    moved = np.hypot(fits.y_px - start[:, 0], fits.x_px - start[:, 1])
    low, high = _BOUNDS_PX
    fit_well = (fits.amplitude_counts > 0) & (moved < START_PX)
    fit_well &= (fits.sigma_px > low) & (fits.sigma_px < high)
    return fits.sigma_px[fit_well], snr[fit_well]


def expected_narrower(
    limit_px: float, snr: NDArray[np.float64], *, width: PointWidth
) -> NDArray[np.float64]:
    """Chance that the fitted width of each point (n,) is below a limit, by its error alone."""
    error = np.hypot(min(width.spread, _OWN_SPREAD), _FIT_ERROR / snr)
    return np.asarray(ndtr(np.log(limit_px / width.sigma_px) / error), np.float64)


def expected_width(
    pixel_size_um: float | None = None, point_sigma_um: float | None = None
) -> PointWidth:
    """What the pixel size suggests, and better the width of a point in focus where that is known.

    Within the widths that are searched: see `expected_sigma_px`.

    Examples
    --------
    >>> from fishcount.spots.channel.psf import expected_width
    >>> round(expected_width(0.1).sigma_px, 2), round(expected_width(0.1, 0.25).sigma_px, 2)
    (1.6, 2.89)
    """
    spread = _KNOWN_SPREAD if point_sigma_um is None else _OPTICS_SPREAD
    if pixel_size_um is None:
        spread = _UNKNOWN_SPREAD
    sigma_px = expected_sigma_px(pixel_size_um, point_sigma_um)
    return PointWidth(sigma_px=float(np.clip(sigma_px, *_BOUNDS_PX)), spread=spread)


def expected_sigma_px(
    pixel_size_um: float | None = None, point_sigma_um: float | None = None
) -> float:
    """Width (sigma) of a point in pixels of a size, by its width in focus where that is known."""
    if pixel_size_um is None:
        return _UNKNOWN_PX
    if point_sigma_um is None:
        return _EXPECTED_UM / pixel_size_um
    return math.hypot(point_sigma_um, _ADDED_UM) / pixel_size_um
