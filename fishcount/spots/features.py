"""Figures that tell a signal from grain, texture, granules and hot pixels.

All are without units: heights in sigmas of the pixel noise or of the typical signal, lengths in
widths of a point. Each point is looked at with all other points taken away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.beside import sampled
from fishcount.spots.filters import blob_response
from fishcount.spots.fit import PointFits, fit_patches, patches
from fishcount.spots.groups import count_neighbours
from fishcount.spots.noise import Noise
from fishcount.spots.resample import halve
from fishcount.spots.scene import GROUP_REACH, Points, Scene, amplitude_errors, without_points

__all__ = [
    "FEATURES",
    "Appearance",
    "appearance",
    "coarse_response",
]

# No point is known better than this share of its height: optics are no perfect Gaussian.
_MODEL_ERROR = 0.05
_FIT_WIDTHS = 3.0
_RING_WIDTHS = 3.6

# Name -> range to which the figure is cut before it is weighed.
FEATURES: dict[str, tuple[float, float]] = {
    "snr": (0.0, 25.0),
    "significance": (0.0, 20.0),
    "log_height": (-2.5, 1.5),
    "log_width": (-1.2, 1.2),
    "shift": (0.0, 2.0),
    "height_over_misfit": (0.0, 15.0),
    "misfit": (0.5, 2.0),
    "over_inner_ring": (-1.0, 8.0),
    "over_outer_ring": (-1.0, 8.0),
    "ring_step": (-0.5, 1.5),
    "ring_step_before": (-0.5, 1.5),
    "ring_grain": (0.5, 2.0),
    "coarse_over_fine": (-0.5, 3.0),
    "core_excess": (-1.0, 1.0),
    "neighbours": (0.0, 6.0),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Appearance:
    """How each point looks.

    Attributes
    ----------
    figures : ndarray of float64, (n, len(FEATURES))
        In the order of `FEATURES`, not yet cut to their ranges.
    fits : PointFits
        Free fits of each point with the others taken away; positions in the image.
    """

    figures: NDArray[np.float64]
    fits: PointFits


def appearance(
    image: NDArray[np.float32],
    scene: Scene,
    points: Points,
    *,
    noise: Noise,
) -> Appearance:
    """Figures of all points of a plane (y, x); no rows for no points.

    Heights are not yet relative to that of a typical signal: it is found from these figures.
    """
    sigma = scene.sigma_px
    radius = int(np.ceil(_RING_WIDTHS * sigma))
    home_y, home_x = np.rint(points.y_px).astype(np.int64), np.rint(points.x_px).astype(np.int64)
    dy, dx = points.y_px - home_y, points.x_px - home_x
    left, inside = patches(without_points(image, points, sigma), home_y, home_x, radius)
    seen, _ = patches(image, home_y, home_x, radius)
    reach = np.arange(-radius, radius + 1)
    square = np.square(reach - dy[:, None])[:, :, None] + np.square(reach - dx[:, None])[:, None, :]
    stamp = points.amplitude_counts[:, None, None] * np.exp(-square / (2 * sigma**2))
    alone = left + stamp
    cut = radius - min(radius, round(_FIT_WIDTHS * sigma))
    core = slice(cut, 2 * radius + 1 - cut)
    fits = fit_patches(
        alone[:, core, core], dy, dx, sigma_px=sigma, inside=inside[:, core, core], iterations=4
    )
    pixel_noise = np.hypot(
        noise.of_pixels(points.y_px, points.x_px), _MODEL_ERROR * points.amplitude_counts
    )
    figures = _figures(image, scene, points, noise, pixel_noise)
    figures |= _fit_figures(fits, dy, dx, sigma, pixel_noise)
    figures |= _ring_figures(alone, left, seen, np.sqrt(square) / sigma, pixel_noise)
    return Appearance(
        figures=np.stack([figures[name] for name in FEATURES], axis=1),
        fits=_moved(fits, home_y, home_x),
    )


def _moved(fits: PointFits, y: NDArray[np.int64], x: NDArray[np.int64]) -> PointFits:
    return PointFits(
        y_px=fits.y_px + y,
        x_px=fits.x_px + x,
        amplitude_counts=fits.amplitude_counts,
        sigma_px=fits.sigma_px,
        background_counts=fits.background_counts,
        residual_counts=fits.residual_counts,
    )


def _figures(
    image: NDArray[np.float32],
    scene: Scene,
    points: Points,
    noise: Noise,
    pixel_noise: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    height = points.amplitude_counts
    norm = float(np.sqrt(scene.product(np.zeros(1), np.zeros(1))[0]))
    at = coarse_response(image, points, sigma_px=scene.sigma_px, passes=noise.passes)
    reach = GROUP_REACH * scene.sigma_px
    return {
        "snr": height * norm / pixel_noise,
        "significance": height / (pixel_noise * amplitude_errors(scene, points)),
        "log_height": np.log(np.maximum(height, 1e-9)),
        "coarse_over_fine": at / np.maximum(height, 0.2 * pixel_noise),
        "neighbours": count_neighbours(points.y_px, points.x_px, reach).astype(np.float64),
    }


def coarse_response(
    image: NDArray[np.float32], points: Points, *, sigma_px: float, passes: int
) -> NDArray[np.float64]:
    """Height of each point as a filter of twice the width sees it."""
    coarse = blob_response(halve(image), passes)
    at = (points.y_px, points.x_px)
    return sampled(coarse, *at, sigma_px=sigma_px, passes=passes, halved=True)


def _fit_figures(
    fits: PointFits,
    dy: NDArray[np.float64],
    dx: NDArray[np.float64],
    sigma_px: float,
    pixel_noise: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    return {
        "log_width": np.log(fits.sigma_px / sigma_px),
        "shift": np.hypot(fits.y_px - dy, fits.x_px - dx) / sigma_px,
        "height_over_misfit": fits.amplitude_counts / np.maximum(fits.residual_counts, 1e-9),
        "misfit": fits.residual_counts / pixel_noise,
    }


def _ring_figures(
    alone: NDArray[np.float64],
    left: NDArray[np.float32],
    seen: NDArray[np.float32],
    radius: NDArray[np.float64],
    pixel_noise: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """What means over a disk and two rings around each point say; radii in widths."""
    zones = [radius < 1.0, (radius >= 1.5) & (radius < 2.3), (radius >= 2.5) & (radius < 3.6)]
    core, inner, outer = (_mean(alone, zone) for zone in zones)
    core_seen, inner_seen, outer_seen = (_mean(seen, zone) for zone in zones)
    ring = radius >= 2.0
    ring &= radius < 3.6
    grain = np.sqrt(np.maximum(_mean(np.square(left), ring) - np.square(_mean(left, ring)), 0))
    least = 0.2 * pixel_noise
    return {
        "over_inner_ring": (core - inner) / pixel_noise,
        "over_outer_ring": (core - outer) / pixel_noise,
        "ring_step": (inner - outer) / np.maximum(core - outer, least),
        "ring_step_before": (inner_seen - outer_seen) / np.maximum(core_seen - outer_seen, least),
        "ring_grain": grain / pixel_noise,
        "core_excess": (_mean(left, zones[0]) - outer) / pixel_noise,
    }


def _mean(patch: NDArray[np.floating], zone: NDArray[np.bool_]) -> NDArray[np.float64]:
    total = np.einsum("nyx,nyx->n", patch, zone, dtype=np.float64)
    return np.asarray(total / np.maximum(zone.sum((1, 2)), 1), np.float64)
