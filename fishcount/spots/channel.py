"""One probe channel: the few figures that need all of it, and the images that detection looks at.

A channel is measured once (`measure_channel`); what is found in a part of it then depends on that
part and these figures alone (`view_channel`), so tiles give what the whole image gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.background import BackgroundMap, NoiseModel, background_map, noise_by_brightness
from fishcount.spots.filters import (
    blob_response,
    passes_for,
    point_gain,
    sampled,
    white_noise_gain,
)
from fishcount.spots.maxima import local_maxima, roundness
from fishcount.spots.psf import BRIGHT_SNR, START_PX, fallback_width, width_of_bright
from fishcount.spots.resample import halve
from fishcount.spots.stack import project_signals
from fishcount.spots.typical import bright_ones, typical_height

__all__ = [
    "ChannelScale",
    "ChannelView",
    "leaked_share",
    "measure_channel",
    "measure_channels",
    "view_channel",
    "with_leak",
]

# Side of the blocks of the brightness map: three of them are wider than a crowd of signals.
BLOCK_PX = 8
# From this SNR on a maximum of the response is a signal that tells what is typical.
_SURE_SNR = 5.0
# As wide as this, by a filter of twice the width, it is a granule.
SHARP_COARSE = 1.5
# Less round than this, it is the edge of a nucleus.
ROUND = 0.4
# Maxima of the other probe that tell how much of its light leaks over.
_LEAST_SURE = 5
_LEAK_SNR = 8.0
_LEAST_LEAKING = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelScale:
    """What holds for a whole channel.

    Attributes
    ----------
    psf_sigma_px : float
        Width (sigma) of a point.
    width_spread : float
        Spread (log) of the widths of bright points.
    noise : NoiseModel
        Of the blob response, by local brightness.
    typical_counts : float
        Height of a typical single signal, and at least what is sure to be visible.
    leaked_share : float or None
        Share of the other probe's light that shows in this channel; None where it was not
        measured.
    """

    psf_sigma_px: float
    width_spread: float
    noise: NoiseModel
    typical_counts: float
    leaked_share: float | None = None

    @property
    def passes(self) -> int:
        """Of the binomial filter that is as wide as a point."""
        return passes_for(self.psf_sigma_px)

    @property
    def gain(self) -> float:
        """Blob response to a point of height 1."""
        return point_gain(self.passes, self.psf_sigma_px)

    @property
    def is_measurable(self) -> bool:
        """Whether there is noise to measure signals against."""
        return self.noise.floor_counts > 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChannelView:
    """A plane of a channel, or a part of it, as detection looks at it.

    Attributes
    ----------
    plane : ndarray of float32, (y, x)
    scale : ChannelScale
    brightness : BackgroundMap
    response : ndarray of float32, (y, x)
        Blob response at the width of a point.
    coarse : ndarray of float32, (y / 2, x / 2)
        The same at twice the width, on pixels twice as large.
    """

    plane: NDArray[np.float32]
    scale: ChannelScale
    brightness: BackgroundMap
    response: NDArray[np.float32]
    coarse: NDArray[np.float32]

    def response_noise(
        self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sigma of the response at positions."""
        return np.maximum(self.scale.noise.at(self.brightness.at(y_px, x_px)), 1e-9)

    def pixel_noise(
        self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sigma of a pixel at positions."""
        return self.response_noise(y_px, x_px) / white_noise_gain(self.scale.passes)

    def heights(self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Height of the point that the response stands for at positions."""
        return sampled(self.response, y_px, x_px) / self.scale.gain

    def coarse_heights(
        self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Height of the point that the coarse response stands for at positions."""
        gain = point_gain(self.scale.passes, round(self.scale.psf_sigma_px / 2, 4))
        return sampled(self.coarse, (y_px - 0.5) / 2, (x_px - 0.5) / 2) / gain

    @property
    def coarse_floor(self) -> float:
        """Least sigma of the coarse response: means of four pixels have half the noise of one."""
        return 0.5 * self.scale.noise.floor_counts


def measure_channel(
    plane: NDArray[np.float32], *, pixel_size_um: float | None = None
) -> ChannelScale:
    """The figures of a channel that need all of it.

    Parameters
    ----------
    plane : ndarray of float32, (y, x)
        Camera counts. Of an image larger than memory, a sample of its tiles side by side.
    pixel_size_um
        Tells how wide a point is where the image has too few.

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
    brightness = background_map(plane, block_px=BLOCK_PX)
    first = passes_for(START_PX)
    response = blob_response(plane, first)
    noise = noise_by_brightness(response, brightness)
    width = fallback_width(pixel_size_um)
    if noise.floor_counts > 0:
        maxima, snr = maxima_above(response, noise, brightness, min_snr=BRIGHT_SNR)
        is_round = roundness(response, maxima[:, 0], maxima[:, 1]) > ROUND
        maxima, snr = maxima[is_round], snr[is_round]
        width = width_of_bright(plane, response, maxima, snr, pixel_size_um=pixel_size_um)
        if passes_for(width.sigma_px) != first:
            response = blob_response(plane, passes_for(width.sigma_px))
            noise = noise_by_brightness(response, brightness)
    scale = ChannelScale(
        psf_sigma_px=width.sigma_px, width_spread=width.spread, noise=noise, typical_counts=0.0
    )
    if not scale.is_measurable:
        return scale
    maxima, snr = maxima_above(response, noise, brightness, min_snr=_SURE_SNR)
    view = ChannelView(
        plane=plane,
        scale=scale,
        brightness=brightness,
        response=response,
        coarse=blob_response(halve(plane), scale.passes),
    )
    y, x = maxima.astype(np.float64).T
    height = view.response[tuple(maxima.T)].astype(np.float64) / scale.gain
    sharp = view.coarse_heights(y, x) < SHARP_COARSE * height
    sharp &= roundness(response, maxima[:, 0], maxima[:, 1]) > ROUND
    least = _SURE_SNR * view.response_noise(y, x) / scale.gain
    return replace(scale, typical_counts=_typical(height[sharp], least[sharp], scale))


def measure_channels(
    channels: Mapping[str, NDArray[np.float32]],
    *,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
) -> dict[str, ChannelScale]:
    """As `measure_channel`, for the probes of a field, and what leaks from one into the other.

    Parameters
    ----------
    channels
        Camera counts (y, x) or (z, y, x) by role.
    pixel_size_um, z_step_um
        As for `fishcount.detect_spots`.
    """
    planes = {role: project_signals(image, z_step_um=z_step_um) for role, image in channels.items()}
    views = {
        role: view_channel(plane, measure_channel(plane, pixel_size_um=pixel_size_um))
        for role, plane in planes.items()
    }
    scales = {}
    for role, view in views.items():
        other = next((other for name, other in views.items() if name != role), None)
        scales[role] = view.scale if other is None else with_leak(view, other).scale
    return scales


def with_leak(view: ChannelView, other: ChannelView) -> ChannelView:
    """The same, with how much of the other probe leaks into it, where that was not measured."""
    if view.scale.leaked_share is not None:
        return view
    both = view.scale.is_measurable and other.scale.is_measurable
    share = leaked_share(view, other) if both else 0.0
    return replace(view, scale=replace(view.scale, leaked_share=share))


def view_channel(plane: NDArray[np.float32], scale: ChannelScale) -> ChannelView:
    """What detection looks at in a plane, or in a part that begins at a multiple of the block."""
    return ChannelView(
        plane=plane,
        scale=scale,
        brightness=background_map(plane, block_px=BLOCK_PX),
        response=blob_response(plane, scale.passes),
        coarse=blob_response(halve(plane), scale.passes),
    )


def maxima_above(
    response: NDArray[np.float32],
    noise: NoiseModel,
    brightness: BackgroundMap,
    *,
    min_snr: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Maxima (n, 2) of a response that stand out of the noise around them, and their SNR.

    What the response is around them does not count: it is that of the dome of a glowing nucleus.
    """
    maxima = local_maxima(response, min_snr * noise.floor_counts)
    at = maxima.astype(np.float64)
    around = background_map(response, block_px=BLOCK_PX).at(at[:, 0], at[:, 1])
    height = response[tuple(maxima.T)] - np.maximum(around, 0)
    snr = height / np.maximum(noise.at(brightness.at(at[:, 0], at[:, 1])), 1e-9)
    strong = snr >= min_snr
    return maxima[strong], snr[strong]


def leaked_share(view: ChannelView, other: ChannelView) -> float:
    """Share of the other probe's light that shows in this channel.

    The median over the brightest signals of the other: few of them lie on signals of this one by
    chance. 0 where there are too few to tell.
    """
    scale = other.scale
    maxima, _ = maxima_above(other.response, scale.noise, other.brightness, min_snr=_LEAK_SNR)
    height = other.response[tuple(maxima.T)].astype(np.float64) / scale.gain
    brightest = bright_ones(height)
    if brightest.sum() < _LEAST_LEAKING:
        return 0.0
    here = view.response[tuple(maxima[brightest].T)] / view.scale.gain
    return max(float(np.median(here / height[brightest])), 0.0)


def _typical(
    heights: NDArray[np.float64], least: NDArray[np.float64], scale: ChannelScale
) -> float:
    """Typical height, and at least what is visible: noise must not define a signal."""
    visible = _SURE_SNR * scale.noise.floor_counts / scale.gain
    if len(heights) < _LEAST_SURE:
        return visible
    return max(typical_height(heights, least), visible)
