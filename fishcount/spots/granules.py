"""Blobs that are wider than the optics make a point: found, fitted and taken out of the image.

Autofluorescent granules and lumps of background would otherwise be shattered into many points
by what resolves clusters. A blob counts as one when a single wide Gaussian explains it: a
cluster of points never is so smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.spots.beside import OtherProbe
from fishcount.spots.filters import blob_response, white_noise_gain
from fishcount.spots.fit import fit_points
from fishcount.spots.maxima import local_maxima, parabolic_offsets
from fishcount.spots.noise import Noise
from fishcount.spots.resample import doubled, halve
from fishcount.spots.scene import Points, without_points

__all__ = ["Granules", "find_granules", "granule_beside", "granule_light"]

_MIN_SNR = 6.0
_START_WIDTHS = 2.2
_LEAST_WIDTHS = 1.9
_MOST_WIDTHS = 9.0
# Wider than this is no cluster; up to it, so much of the blob must show in the other probe.
_SURE_WIDTHS = 2.2
_LEAST_SHARED = 0.2
# A granule is no perfect Gaussian: up to here it leaves a rim. Of so many granules nearby.
_RIM_WIDTHS = 2.5
_NEAREST = 3
_PATCH_WIDTHS = 5.0
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


def find_granules(
    image: NDArray[np.float32],
    points: Points,
    *,
    sigma_px: float,
    noise: Noise,
    other: OtherProbe | None = None,
) -> Granules:
    """Wide blobs of a plane (y, x) from which the points that stand out are taken first.

    The search and the fits run on pixels twice as large. A blob that is hardly wider than a
    tight cluster must show in the `other` probe too, where that is given: granules glow in both.
    """
    coarse = halve(without_points(image, points, sigma_px))
    response = blob_response(coarse, noise.passes)
    # Means of four pixels have half the noise of one.
    to_response = 0.5 * white_noise_gain(noise.passes)
    floor = noise.model.floor_counts / white_noise_gain(noise.passes)
    maxima = local_maxima(response, _MIN_SNR * floor * to_response)
    place = maxima + parabolic_offsets(response, maxima)
    pixel = noise.of_pixels(2 * place[:, 0] + 0.5, 2 * place[:, 1] + 0.5)
    snr = response[tuple(maxima.T)] / (pixel * to_response)
    strong = snr >= _MIN_SNR
    place, pixel = place[strong], pixel[strong]
    width = sigma_px / 2
    radius = round(_PATCH_WIDTHS * width)
    fits = fit_points(
        coarse,
        place[:, 0],
        place[:, 1],
        sigma_px=_START_WIDTHS * width,
        radius_px=radius,
        iterations=6,
    )
    excess = np.maximum(np.square(fits.residual_counts) - np.square(0.5 * pixel), 0)
    contrast = np.pi * np.square(fits.amplitude_counts * fits.sigma_px)
    unexplained = excess * (2 * radius + 1) ** 2 / np.maximum(contrast, 1e-9)
    moved = np.hypot(fits.y_px - place[:, 0], fits.x_px - place[:, 1])
    smooth = (fits.sigma_px >= _LEAST_WIDTHS * width) & (fits.sigma_px <= _MOST_WIDTHS * width)
    smooth &= (unexplained < _MOST_UNEXPLAINED) & (moved < 3 * width)
    smooth &= fits.amplitude_counts > pixel
    if other is not None:
        beside = other.coarse[tuple(maxima[strong].T)]
        shared = beside > _LEAST_SHARED * response[tuple(maxima[strong].T)]
        smooth &= shared | (fits.sigma_px > _SURE_WIDTHS * width)
    return Granules(
        y_px=2 * fits.y_px[smooth] + 0.5,
        x_px=2 * fits.x_px[smooth] + 0.5,
        amplitude_counts=fits.amplitude_counts[smooth],
        sigma_px=2 * fits.sigma_px[smooth],
        snr=snr[strong][smooth],
        background_counts=fits.background_counts[smooth],
    )


def granule_light(granules: Granules, shape: tuple[int, int]) -> NDArray[np.float32]:
    """What the granules add to an image of the given height and width."""
    halved = ((shape[0] + 1) // 2, (shape[1] + 1) // 2)
    light = np.zeros(halved, np.float32)
    if len(granules):
        sigma = granules.sigma_px / 2
        spread = Points(
            y_px=(granules.y_px - 0.5) / 2,
            x_px=(granules.x_px - 0.5) / 2,
            amplitude_counts=-granules.amplitude_counts,
        )
        light = without_points(light, spread, sigma)
    return doubled(light, shape)


def granule_beside(granules: Granules, points: Points) -> NDArray[np.float64]:
    """Height of the granule that each point lies on or at the rim of; 0 where there is none."""
    if len(granules) == 0 or len(points) == 0:
        return np.zeros(len(points))
    tree = KDTree(np.stack([granules.y_px, granules.x_px], axis=1))
    distance, index = tree.query(
        np.stack([points.y_px, points.x_px], axis=1), k=min(_NEAREST, len(granules))
    )
    distance, index = distance.reshape(len(points), -1), index.reshape(len(points), -1)
    within = distance < _RIM_WIDTHS * granules.sigma_px[index]
    height = np.where(within, granules.amplitude_counts[index], 0.0)
    return np.asarray(height.max(axis=1), np.float64)
