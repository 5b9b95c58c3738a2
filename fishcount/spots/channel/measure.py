"""A probe channel is measured once: how wide a point is, its noise, a typical signal, the leak.

What is found in a part of a channel then depends on that part and these few figures alone, so
tiles give what the whole image gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.background import BackgroundMap, background_map, grey_step, noise_by_brightness
from fishcount.errors import PixelError, check_positive
from fishcount.optics import KnownOptics
from fishcount.spots.channel.grain import is_smoothed
from fishcount.spots.channel.hot_pixels import hot_limit, without_hot_pixels
from fishcount.spots.channel.leak import with_leak
from fishcount.spots.channel.psf import (
    BRIGHT_SNR,
    START_PX,
    PointWidth,
    expected_sigma_px,
    expected_width,
    width_of_bright,
)
from fishcount.spots.channel.reduction import (
    in_larger_pixels,
    narrowest_px,
    reduce_channels,
    reduction_of,
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
from fishcount.spots.channel.singles import with_singles
from fishcount.spots.channel.typical import share_of_signals, typical_height
from fishcount.spots.checks import checked_counts
from fishcount.spots.points.maxima import roundness
from fishcount.spots.points.response import blob_response, passes_for, white_noise_gain
from fishcount.spots.stack import project_signals

__all__ = ["measure_channel", "measure_channels", "measured_view"]

# Neighbours with less light than this share of a pixel's own are those of a hot one: beside the
# middle of the narrowest point that is searched they have a quarter.
_HOT = 0.12
# No pixel is surer than so many steps between grey values: rounding, and flips by one or two of
# them where an export was clipped to black or compressed.
_LEAST_NOISE_STEPS = 1.0
_LEAST_SURE = 5


def measure_channel(
    plane: NDArray[np.number],
    *,
    pixel_size_um: float | None = None,
    point_sigma_um: float | None = None,
) -> ChannelScale:
    """The figures of a channel that need all of it.

    Parameters
    ----------
    plane : ndarray, (y, x)
        Camera counts. Of an image larger than memory, a sample of its tiles side by side.
    pixel_size_um
        Tells how wide a point is where the image has too few.
    point_sigma_um
        Width of a point in focus, where NA and wavelength tell it (`KnownOptics`): a closer guess.

    Returns
    -------
    ChannelScale
        Of a blank plane, `is_measurable` is false.

    Raises
    ------
    PixelError
        When pixels are NaN or infinite, there are none, or `plane` is no plane.
    CalibrationError
        When a size is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import measure_channel
    >>> y, x = np.mgrid[:128, :128]
    >>> image = 100 + np.random.default_rng(1).normal(0, 1, (128, 128))
    >>> for at in range(12, 120, 12):
    ...     image += 50 * np.exp(-((y - at) ** 2 + (x - at) ** 2) / (2 * 1.5**2))
    >>> scale = measure_channel(image.astype(np.float32))
    >>> round(scale.psf_sigma_px, 1), round(scale.typical_counts / 10)
    (1.5, 5)
    """
    check_positive(pixel_size_um=pixel_size_um, point_sigma_um=point_sigma_um)
    factor = reduction_of(
        {"image": plane}, expected_px=expected_sigma_px(pixel_size_um, point_sigma_um)
    )
    plane = reduce_channels({"image": checked_counts(plane)}, factor)["image"]
    expected = expected_width(in_larger_pixels(pixel_size_um, factor), point_sigma_um)
    return replace(measured_view(plane, expected).scale, factor=factor)


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
    width = _width_of_points(view, expected)
    sigma_px = search_width_px(width.sigma_px)
    # Where points are about as wide as was supposed, they are seen through the same filter.
    if passes_for(sigma_px) != view.scale.passes:
        del view
        view = _unmeasured_view(plane, brightness, sigma_px)
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
    smoothed = is_smoothed(plane, view.response, brightness, passes=scale.passes)
    scale = replace(scale, typical_counts=typical, signal_share=share, smoothed=smoothed)
    return replace(view, scale=scale)


def _width_of_points(view: ChannelView, expected: PointWidth) -> PointWidth:
    """How wide the brightest round maxima are, in a response of no certain width."""
    if not view.scale.is_measurable:
        return replace(expected, spread=0.0)
    # Those that stand out less are asked for later, and then they are known.
    view.maxima(SEEN_SNR)
    maxima, snr = view.maxima(BRIGHT_SNR)
    chosen = roundness(view.response, maxima[:, 0], maxima[:, 1]) > ROUND
    around = view.brightness.at(*maxima.astype(np.float64).T)
    chosen &= light_beside(view.plane, maxima, around) > _HOT
    return width_of_bright(
        view.plane,
        view.response,
        maxima[chosen],
        snr[chosen],
        expected=expected,
    )


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


def measure_channels(
    channels: Mapping[str, NDArray[np.number]],
    *,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    optics: KnownOptics | None = None,
) -> dict[str, ChannelScale]:
    """As `measure_channel`, for the probes of a field, and what leaks from one into the other.

    Parameters
    ----------
    channels
        Camera counts (y, x) or (z, y, x) by role.
    pixel_size_um, z_step_um
        As for `fishcount.detect_spots`.
    optics
        What is known of objective and dyes.

    Returns
    -------
    dict of str to ChannelScale
        By role. Of a blank channel, `is_measurable` is false.

    Raises
    ------
    PixelError, CalibrationError
        As `measure_channel`; also when the probes differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import measure_channels
    >>> measure_channels({"HER2": np.zeros((64, 64), np.float32)})["HER2"].is_measurable
    False
    """
    check_positive(pixel_size_um=pixel_size_um, z_step_um=z_step_um)
    optics = optics or KnownOptics()
    channels = {role: checked_counts(image) for role, image in channels.items()}
    factor = reduction_of(
        channels,
        expected_px=narrowest_px(channels, pixel_size_um, optics),
        z_step_um=z_step_um,
    )
    pixel_size_um = in_larger_pixels(pixel_size_um, factor)
    planes = {
        role: project_signals(image, z_step_um=z_step_um)
        for role, image in reduce_channels(channels, factor).items()
    }
    views = {
        role: measured_view(plane, expected_width(pixel_size_um, optics.point_sigma_um(role)))
        for role, plane in planes.items()
    }
    scales = {}
    views = with_singles(views)
    for role, view in views.items():
        other = next((other for name, other in views.items() if name != role), None)
        scale = view.scale if other is None else with_leak(view, other).scale
        scales[role] = replace(scale, factor=factor)
    return scales


def _typical(
    heights: NDArray[np.float64], least: NDArray[np.float64], scale: ChannelScale
) -> float:
    """Typical height, and at least what is visible: noise must not define a signal."""
    visible = SURE_SNR * scale.noise.floor_counts / scale.gain
    if len(heights) < _LEAST_SURE:
        return visible
    return max(typical_height(heights, least), visible)
