"""Figures of a whole probe channel, and the filtered images that detection works on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fishcount.background import BackgroundMap, NoiseModel, background_map
from fishcount.filters import block_means
from fishcount.spots.channel.hot_pixels import without_hot_pixels
from fishcount.spots.points.maxima import local_maxima
from fishcount.spots.points.response import (
    blob_response,
    passes_for,
    point_gain,
    sampled,
    white_noise_gain,
)

__all__ = [
    "BLOCK_PX",
    "HEIGHT_SHARE",
    "ROUND",
    "SEEN_SNR",
    "SHARP_COARSE",
    "SURE_SNR",
    "ChannelScale",
    "ChannelView",
    "measured_width_px",
    "search_width_px",
    "view_channel",
    "view_of",
]

# Side of the blocks of the brightness map: three of them are wider than a crowd of signals.
BLOCK_PX = 8
# From this SNR on a maximum of the response stands out; it is a signal that tells what is typical.
SEEN_SNR, SURE_SNR = 3.0, 5.0
# Height by a filter of twice the width over that by the fine one, from which on it is a granule.
SHARP_COARSE = 1.5
# Least roundness: less round maxima are edges of nuclei.
ROUND = 0.4
# Points are searched and fitted as if they were narrower by this factor. The measured width is that
# of most bright maxima, some of which hide a neighbour: points of that width would take the light
# of a close neighbour for their own, and the neighbour would not be missed.
_SEARCHED = 0.94
# A lone point that is fitted with a narrower one comes out too high; this factor corrects it.
HEIGHT_SHARE = (1 + _SEARCHED**2) / 2


def search_width_px(psf_sigma_px: float) -> float:
    """Width with which points of a measured width are searched."""
    return round(_SEARCHED * psf_sigma_px, 3)


def measured_width_px(search_sigma_px: float) -> float:
    """The measured width of points that are searched with a width."""
    return search_sigma_px / _SEARCHED


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelScale:
    """What holds for a whole channel.

    Attributes
    ----------
    psf_sigma_px : float
        Width (sigma) of a point, as measured.
    width_spread : float
        Spread (log) of the widths of bright points.
    noise : NoiseModel
        Of the blob response, by local brightness.
    typical_counts : float
        Height of a typical single signal, as points are fitted, and at least what is sure to be
        visible.
    signal_share : float
        Share of those that look like signals among all maxima that stand out, above 0.
    smoothed : bool
        Whether neighbouring pixels are alike, as a camera's are not.
    leaked_share : float or None
        Share of the other probe's light that shows in this channel; None where it was not
        measured.
    hot_counts : float or None
        Height over its neighbours from which a pixel is hot, and is not looked at; None where few
        are. See `without_hot_pixels`.
    factor : int
        Edge, in pixels of the image, of the blocks that became the pixels of all these figures;
        the same for all probes of a field.
    """

    psf_sigma_px: float
    width_spread: float
    noise: NoiseModel
    typical_counts: float
    signal_share: float = 0.5
    smoothed: bool = False
    leaked_share: float | None = None
    hot_counts: float | None = None
    factor: int = 1

    @property
    def search_sigma_px(self) -> float:
        """Width (sigma) of the points that are searched and fitted."""
        return search_width_px(self.psf_sigma_px)

    @property
    def passes(self) -> int:
        """Of the binomial filter that is as wide as a point."""
        return passes_for(self.search_sigma_px)

    @property
    def gain(self) -> float:
        """Blob response to a point of height 1."""
        return point_gain(self.passes, self.search_sigma_px)

    @property
    def typical_height_counts(self) -> float:
        """Height of a typical single signal, as that of a point of the measured width."""
        return HEIGHT_SHARE * self.typical_counts

    @property
    def is_measurable(self) -> bool:
        """Whether there is noise to measure signals against."""
        return self.noise.floor_counts > 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChannelView:
    """A plane of a channel, or a part of it, as detection looks at it.

    Attributes
    ----------
    plane : ndarray, (y, x)
        Camera counts as they are stored.
    scale : ChannelScale
    brightness : BackgroundMap
    response : ndarray of float32, (y, x)
        Blob response at the width of a point.
    dome : BackgroundMap
        Of the response: what it is around a place is that of the dome of a glowing nucleus.
    coarse : ndarray of float32, (y / 2, x / 2)
        The same at twice the width, on pixels twice as large.
    found : dict
        Maxima of the response and their SNR, by the SNR from which on they were searched.
    """

    plane: NDArray[np.number]
    scale: ChannelScale
    brightness: BackgroundMap
    response: NDArray[np.float32]
    dome: BackgroundMap
    coarse: NDArray[np.float32]
    found: dict[float, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(
        default_factory=dict, repr=False
    )

    def maxima(self, min_snr: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Maxima (n, 2) of the response that stand out of the noise around them, and their SNR.

        They are searched for once: those asked for later are among those that stand out less.
        """
        known = [asked for asked in self.found if asked <= min_snr]
        if not known:
            maxima = local_maxima(self.response, min_snr * self.scale.noise.floor_counts)
            snr = self.snr(maxima, self.response[tuple(maxima.T)])
            known = [min_snr]
            self.found[min_snr] = maxima[snr >= min_snr], snr[snr >= min_snr]
        maxima, snr = self.found[known[0]]
        return maxima[snr >= min_snr], snr[snr >= min_snr]

    def snr(self, pixels: NDArray[np.int64], response: NDArray[np.float32]) -> NDArray[np.float64]:
        """A response at pixels (n, 2) over the dome there, in sigmas of the noise there."""
        y, x = pixels.astype(np.float64).T
        height = response - np.maximum(self.dome.at(y, x), 0)
        return np.asarray(height / self.response_noise(y, x), np.float64)

    def response_noise(
        self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sigma of the response at positions."""
        return np.maximum(self.scale.noise.at(self.brightness.at(y_px, x_px)), 1e-9)

    def height_noise(
        self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sigma of the height of a point that the response stands for at positions."""
        return self.response_noise(y_px, x_px) / self.scale.gain

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
        gain = point_gain(self.scale.passes, round(self.scale.search_sigma_px / 2, 4))
        return sampled(self.coarse, (y_px - 0.5) / 2, (x_px - 0.5) / 2) / gain

    @property
    def coarse_floor(self) -> float:
        """Least sigma of the coarse response: means of four pixels have half the noise of one."""
        return 0.5 * self.scale.noise.floor_counts


def view_channel(plane: NDArray[np.number], scale: ChannelScale) -> ChannelView:
    """What detection looks at in a plane, or in a part that begins at a multiple of the block."""
    plane = without_hot_pixels(plane, scale.hot_counts)
    brightness = background_map(plane, block_px=BLOCK_PX)
    return view_of(plane, scale, brightness, blob_response(plane, scale.passes))


def view_of(
    plane: NDArray[np.number],
    scale: ChannelScale,
    brightness: BackgroundMap,
    response: NDArray[np.float32],
) -> ChannelView:
    """The view of a plane whose brightness and blob response are known."""
    return ChannelView(
        plane=plane,
        scale=scale,
        brightness=brightness,
        response=response,
        dome=background_map(response, block_px=BLOCK_PX),
        coarse=blob_response(block_means(plane, 2), scale.passes),
    )
