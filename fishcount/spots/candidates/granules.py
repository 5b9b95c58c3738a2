"""Blobs that are wider than the optics make a point: found, fitted and taken out of the image.

Autofluorescent granules and lumps of background would otherwise be shattered into many points
by what resolves clusters. A blob counts as one when a single wide Gaussian explains it: a
cluster of points never is so smooth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.background import background_map
from fishcount.filters import block_means
from fishcount.spots.channel.scale import ChannelView
from fishcount.spots.crowds.scene import subtract_light
from fishcount.spots.points.maxima import local_maxima, parabolic_offsets
from fishcount.spots.points.model import Points
from fishcount.spots.points.patches import cut_patches, pixels_inside
from fishcount.spots.points.profile import fit_profiles, squared_distance
from fishcount.spots.points.response import blob_response, subtract_points, white_noise_gain

__all__ = ["Granules", "find_granules", "granule_beside", "plane_without", "without_granules"]

# What stands out by this SNR on pixels twice as large is fitted, starting from this many widths of
# a point. It is a granule from the second of these on: a pair that is not resolved is not as wide.
_MIN_SNR = 6.0
_START_WIDTHS, _LEAST_WIDTHS = 2.2, 2.6
# A granule is not a perfect Gaussian: it leaves a rim, up to this many of its widths. The rims of
# this many granules are looked at, the nearest ones.
_RIM_WIDTHS, _NEAREST = 2.5, 3
# Half the side of the patch of a fit, in widths of a point: about two of the narrowest granule.
_PATCH_WIDTHS = 5.0
# A fitted height below this many sigmas of a pixel may be noise.
_LEAST_SIGMAS = 2.0
# Share of a granule's contrast that a wide Gaussian may leave unexplained.
_MOST_UNEXPLAINED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Granules:
    """Wide blobs, one row each; positions and widths in pixels of the image."""

    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    amplitude_counts: NDArray[np.float64]
    sigma_px: NDArray[np.float64]
    snr: NDArray[np.float64]
    background_counts: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.y_px)

    @property
    def light(self) -> Points:
        """Their places and heights."""
        return Points(y_px=self.y_px, x_px=self.x_px, amplitude_counts=self.amplitude_counts)


def find_granules(view: ChannelView, points: Points) -> Granules:
    """Wide blobs of a channel from which the points that stand out are taken first.

    The search and the fits run on pixels twice as large.
    """
    sigma_px, passes = view.scale.search_sigma_px, view.scale.passes
    coarse = block_means(view.plane, 2)
    subtract_light(coarse, points, sigma_px, block_px=2)
    response = blob_response(coarse, passes)
    maxima = local_maxima(response, _MIN_SNR * view.coarse_floor)
    place = maxima + parabolic_offsets(response, maxima)
    # Means of four pixels have half the noise of one.
    pixel = 0.5 * view.pixel_noise(2 * place[:, 0] + 0.5, 2 * place[:, 1] + 0.5)
    snr = response[tuple(maxima.T)] / (pixel * white_noise_gain(passes))
    strong = snr >= _MIN_SNR
    maxima, place, pixel, snr = maxima[strong], place[strong], pixel[strong], snr[strong]
    width = sigma_px / 2
    reach = round(_PATCH_WIDTHS * width)
    patch = cut_patches(coarse, maxima[:, 0], maxima[:, 1], reach)
    inside = pixels_inside(coarse.shape, maxima[:, 0], maxima[:, 1], reach)
    square = squared_distance(place - maxima, reach)
    fits = fit_profiles(patch, square, inside=inside, sigma_px=_START_WIDTHS * width, iterations=4)
    excess = np.maximum(np.square(fits.residual_counts) - np.square(pixel), 0)
    contrast = np.pi * np.square(fits.amplitude_counts * fits.sigma_px)
    unexplained = excess * (2 * reach + 1) ** 2 / np.maximum(contrast, 1e-9)
    smooth = (fits.sigma_px >= _LEAST_WIDTHS * width) & (unexplained < _MOST_UNEXPLAINED)
    smooth &= fits.amplitude_counts > _LEAST_SIGMAS * pixel
    return Granules(
        y_px=2 * place[smooth, 0] + 0.5,
        x_px=2 * place[smooth, 1] + 0.5,
        amplitude_counts=fits.amplitude_counts[smooth],
        sigma_px=2 * fits.sigma_px[smooth],
        snr=snr[smooth],
        background_counts=fits.background_counts[smooth],
    )


def without_granules(view: ChannelView, granules: Granules) -> ChannelView:
    """The channel whose responses lack the light of its granules.

    Brightness and noise stay as they are. So does the plane: see `plane_without`.
    """
    if len(granules) == 0:
        return view
    light = granules.light
    on_coarse = replace(light, y_px=(light.y_px - 0.5) / 2, x_px=(light.x_px - 0.5) / 2)
    response, coarse = view.response.copy(), view.coarse.copy()
    subtract_points(response, light, granules.sigma_px, view.scale.passes)
    subtract_points(coarse, on_coarse, granules.sigma_px / 2, view.scale.passes)
    dome = background_map(response, block_px=view.dome.block_px)
    return replace(view, response=response, dome=dome, coarse=coarse, found={})


def plane_without(view: ChannelView, granules: Granules) -> NDArray[np.float32]:
    """The plane of a channel less the light of its granules, as an array of its own.

    It is made anew each time it is needed, which takes less than to hold it in the meantime.
    """
    plane = view.plane.astype(np.float32)
    subtract_light(plane, granules.light, granules.sigma_px)
    return plane


def granule_beside(granules: Granules, points: Points) -> NDArray[np.float64]:
    """Height of the granule that each point lies on or at the rim of; 0 where there is none."""
    if len(granules) == 0 or len(points) == 0:
        return np.zeros(len(points))
    tree = KDTree(granules.light.yx_px)
    distance, index = tree.query(points.yx_px, k=min(_NEAREST, len(granules)))
    distance, index = distance.reshape(len(points), -1), index.reshape(len(points), -1)
    within = distance < _RIM_WIDTHS * granules.sigma_px[index]
    height = np.where(within, granules.amplitude_counts[index], 0.0)
    return np.asarray(height.max(axis=1), np.float64)
