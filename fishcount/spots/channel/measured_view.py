"""The view of a whole plane, which is measured first: width, noise and a typical signal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.background import BackgroundMap, background_map, grey_step, noise_by_brightness
from fishcount.errors import PixelError
from fishcount.spots.channel.grain import is_smoothed
from fishcount.spots.channel.hot_pixels import hot_limit, without_hot_pixels
from fishcount.spots.channel.psf import (
    BRIGHT_SNR,
    START_PX,
    PointWidth,
    fitted_widths,
    width_of_bright,
)
from fishcount.spots.channel.scale import (
    BLOCK_PX,
    ROUND,
    SEEN_SNR,
    SURE_SNR,
    ChannelScale,
    ChannelView,
    measured_width_px,
    search_width_px,
    view_of,
)
from fishcount.spots.channel.sharp import light_beside, sure_points
from fishcount.spots.channel.typical import share_of_signals, typical_height
from fishcount.spots.points.maxima import roundness
from fishcount.spots.points.response import blob_response, passes_for, white_noise_gain

__all__ = ["measured_view", "view_with_width", "widths_in"]

# Neighbours with less light than this share of a pixel's own are those of a hot one: beside the
# middle of the narrowest point that is searched they have a quarter.
_HOT = 0.12
# No pixel is surer than this many steps between grey values: rounding, and flips by one or two of
# them where an export was clipped to black or compressed.
_LEAST_NOISE_STEPS = 1.0
_LEAST_SURE = 5


def measured_view(plane: NDArray[np.number], expected: PointWidth) -> ChannelView:
    """What detection looks at in a whole plane, which is measured first; see `measure_channel`.

    `expected` is how wide points are as far as one knows before they are seen.
    """
    if plane.ndim != 2 or 0 in plane.shape:
        raise PixelError("no plane to measure", found=plane.shape, expected="(y, x)")
    hot_counts = hot_limit(plane)
    plane = without_hot_pixels(plane, hot_counts)
    brightness = background_map(plane, block_px=BLOCK_PX)
    view = _unmeasured_view(plane, brightness, START_PX)
    view = replace(view, scale=replace(view.scale, hot_counts=hot_counts))
    return view_with_width(view, _width_of_points(view, expected))


def view_with_width(view: ChannelView, width: PointWidth) -> ChannelView:
    """The view of a whole plane whose points are known to have a width; all else is measured."""
    hot_counts, sigma_px = view.scale.hot_counts, search_width_px(width.sigma_px)
    # Where points are about as wide as was supposed, they are seen through the same filter.
    if passes_for(sigma_px) != view.scale.passes:
        view = _unmeasured_view(view.plane, view.brightness, sigma_px)
    scale = replace(
        view.scale,
        psf_sigma_px=width.sigma_px,
        width_spread=width.spread,
        hot_counts=hot_counts,
    )
    view = replace(view, scale=scale)
    if not scale.is_measurable:
        return view
    maxima, _ = view.maxima(SEEN_SNR)
    sharp, height = sure_points(view)
    y, x = sharp.astype(np.float64).T
    typical = _typical(height, SURE_SNR * view.height_noise(y, x), scale)
    share = share_of_signals(height, typical, n_maxima=len(maxima))
    smoothed = is_smoothed(view.plane, view.response, view.brightness, passes=scale.passes)
    scale = replace(scale, typical_counts=typical, signal_share=share, smoothed=smoothed)
    return replace(view, scale=scale)


def _width_of_points(view: ChannelView, expected: PointWidth) -> PointWidth:
    """How wide the brightest round maxima are, in a response of no certain width."""
    if not view.scale.is_measurable:
        return replace(expected, spread=0.0)
    return width_of_bright(view.plane, view.response, *_bright_maxima(view), expected=expected)


def widths_in(view: ChannelView) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fitted widths (n,) of the brightest round maxima of a view, and their SNR."""
    return fitted_widths(view.plane, view.response, *_bright_maxima(view))


def _bright_maxima(view: ChannelView) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Bright round maxima (n, 2) that are no hot pixels, and their SNR (n,)."""
    # Those that stand out less are asked for later, and then they are known.
    view.maxima(SEEN_SNR)
    maxima, snr = view.maxima(BRIGHT_SNR)
    chosen = roundness(view.response, maxima[:, 0], maxima[:, 1]) > ROUND
    around = view.brightness.at(*maxima.astype(np.float64).T)
    chosen &= light_beside(view.plane, maxima, around) > _HOT
    return maxima[chosen], snr[chosen]


def _least_noise(plane: NDArray[np.number], sigma_px: float) -> float:
    """Noise of the response for points of a width that the steps between grey values make."""
    return _LEAST_NOISE_STEPS * grey_step(plane) * white_noise_gain(passes_for(sigma_px))


def _unmeasured_view(
    plane: NDArray[np.number], brightness: BackgroundMap, search_sigma_px: float
) -> ChannelView:
    """A view for points that are searched with a width; nothing else is known of them yet."""
    response = blob_response(plane, passes_for(search_sigma_px))
    least = _least_noise(plane, search_sigma_px)
    scale = ChannelScale(
        psf_sigma_px=measured_width_px(search_sigma_px),
        width_spread=0.0,
        noise=noise_by_brightness(response, brightness, least_counts=least),
        typical_counts=0.0,
    )
    return view_of(plane, scale, brightness, response)


def _typical(
    heights: NDArray[np.float64], least: NDArray[np.float64], scale: ChannelScale
) -> float:
    """Typical height, and at least what is visible: noise must not define a signal."""
    visible = SURE_SNR * scale.noise.floor_counts / scale.gain
    if len(heights) < _LEAST_SURE:
        return visible
    return max(typical_height(heights, least), visible)
