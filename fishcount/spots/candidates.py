"""Everything in a plane that may be a signal, with how it looks; nothing is judged yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.background import background_map, noise_by_brightness
from fishcount.spots.beside import OtherProbe, sampled
from fishcount.spots.crowded import resolve
from fishcount.spots.features import (
    FEATURES,
    Appearance,
    appearance,
    coarse_response,
)
from fishcount.spots.filters import blob_response, passes_for, point_gain
from fishcount.spots.granules import Granules, find_granules, granule_beside, granule_light
from fishcount.spots.maxima import local_maxima, parabolic_offsets
from fishcount.spots.noise import Noise
from fishcount.spots.scene import Points, Scene
from fishcount.spots.typical import typical_height

__all__ = ["Candidates", "find_candidates"]

_BRIGHTNESS_BLOCK_PX = 4
_SURE_SNR = 6.0
_SURE_LOG_WIDTH = 0.25
_SURE_COARSE = 1.5
_LEAST_SURE = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Points of one plane before they are judged.

    Attributes
    ----------
    points : Points
    appearance : Appearance
    pixel_noise_counts : ndarray of float64, (n,)
    typical_counts : float
        Height of a typical signal, as far as it could be told.
    granules : Granules
        Wide blobs that were taken out of the plane first.
    leaked : ndarray of float64, (n,)
        Share of each height that light of the other probe explains; 0 without another probe.
    granule_counts : ndarray of float64, (n,)
        Height of the granule on whose rim a point lies; 0 where there is none.
    """

    points: Points
    appearance: Appearance
    pixel_noise_counts: NDArray[np.float64]
    typical_counts: float
    granules: Granules
    leaked: NDArray[np.float64]
    granule_counts: NDArray[np.float64]

    def figure(self, name: str) -> NDArray[np.float64]:
        """One column of the figures, by its name in `FEATURES`."""
        column: NDArray[np.float64] = self.appearance.figures[:, list(FEATURES).index(name)]
        return column


def find_candidates(
    plane: NDArray[np.float32],
    *,
    psf_sigma_px: float,
    min_snr: float,
    other: NDArray[np.float32] | None = None,
) -> Candidates | None:
    """Find, resolve and describe the points of a plane (y, x); `other` shows the other probe.

    Returns
    -------
    Candidates or None
        None where the filtered plane holds no noise, so that nothing can be said.
    """
    sigma = round(psf_sigma_px, 3)
    passes = passes_for(sigma)
    response = blob_response(plane, passes)
    brightness = background_map(plane, block_px=_BRIGHTNESS_BLOCK_PX)
    noise = Noise(
        brightness=brightness, model=noise_by_brightness(response, brightness), passes=passes
    )
    if noise.model.floor_counts <= 0:
        return None
    start, snr = _seeds(response, noise, sigma, min_snr)
    beside = None if other is None else OtherProbe.of(other, passes=passes)
    leak = 0.0 if beside is None else beside.leak_into(response)
    granules = find_granules(
        plane, _sharp(plane, start, sigma, passes), sigma_px=sigma, noise=noise, other=beside
    )
    if len(granules):
        plane = plane - granule_light(granules, plane.shape)
        response = blob_response(plane, passes)
        start, snr = _seeds(response, noise, sigma, min_snr)
    scene = Scene.of(plane, sigma_px=sigma)
    sure = start.amplitude_counts[snr >= _SURE_SNR]
    typical = _typical(sure, _visible_counts(noise, sigma))
    points = resolve(
        scene, start, response=response, noise=noise, typical_counts=typical, min_snr=min_snr
    )
    points = points.take(np.lexsort((points.x_px, points.y_px)))
    looks = appearance(plane, scene, points, noise=noise)
    found = Candidates(
        points=points,
        appearance=looks,
        pixel_noise_counts=noise.of_pixels(points.y_px, points.x_px),
        typical_counts=typical,
        granules=granules,
        leaked=_leaked(points, beside, leak, sigma),
        granule_counts=granule_beside(granules, points),
    )
    return _with_typical(found, _visible_counts(noise, sigma))


def _seeds(
    response: NDArray[np.float32], noise: Noise, sigma_px: float, min_snr: float
) -> tuple[Points, NDArray[np.float64]]:
    maxima = local_maxima(response, min_snr * noise.model.floor_counts)
    at = maxima.astype(np.float64)
    height = response[tuple(maxima.T)].astype(np.float64)
    snr = height / noise.of_response(at[:, 0], at[:, 1])
    strong = snr >= min_snr
    place = at[strong] + parabolic_offsets(response, maxima[strong])
    points = Points(
        y_px=place[:, 0],
        x_px=place[:, 1],
        amplitude_counts=height[strong] / point_gain(noise.passes, sigma_px),
    )
    return points, snr[strong]


def _sharp(plane: NDArray[np.float32], points: Points, sigma_px: float, passes: int) -> Points:
    """Those that do not look wider than a point."""
    coarse = coarse_response(plane, points, sigma_px=sigma_px, passes=passes)
    return points.take(coarse < _SURE_COARSE * points.amplitude_counts)


def _leaked(
    points: Points, other: OtherProbe | None, leak: float, sigma_px: float
) -> NDArray[np.float64]:
    if other is None or leak <= 0:
        return np.zeros(len(points))
    passes = passes_for(sigma_px)
    beside = sampled(other.fine, points.y_px, points.x_px, sigma_px=sigma_px, passes=passes)
    return leak * beside / np.maximum(points.amplitude_counts, 1e-9)


def _visible_counts(noise: Noise, sigma_px: float) -> float:
    """Height of a point that stands out for sure against the darkest noise."""
    return _SURE_SNR * noise.model.floor_counts / point_gain(noise.passes, sigma_px)


def _typical(heights: NDArray[np.float64], least: float) -> float:
    """Typical height, and at least what is visible: noise must not define a signal."""
    return max(typical_height(heights), least) if len(heights) >= _LEAST_SURE else least


def _with_typical(found: Candidates, least: float) -> Candidates:
    """The same, with heights relative to those of points that look like single signals."""
    sure = found.figure("snr") >= _SURE_SNR
    sure &= np.abs(found.figure("log_width")) < _SURE_LOG_WIDTH
    sure &= found.figure("coarse_over_fine") < _SURE_COARSE
    typical = _typical(found.points.amplitude_counts[sure], least)
    figures = found.appearance.figures.copy()
    figures[:, list(FEATURES).index("log_height")] -= np.log(typical)
    return Candidates(
        points=found.points,
        appearance=Appearance(figures=figures, fits=found.appearance.fits),
        pixel_noise_counts=found.pixel_noise_counts,
        typical_counts=typical,
        granules=found.granules,
        leaked=found.leaked,
        granule_counts=found.granule_counts,
    )
