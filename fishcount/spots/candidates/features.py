"""Figures that tell a signal from grain, texture, granules and hot pixels.

All are without units: heights in sigmas of the pixel noise or of the typical signal, lengths in
widths of a point. Each point is looked at with all other points taken away, as it is seen among
them, as a part of a wider blob, and in the other probe's channel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.filters import block_means
from fishcount.spots.candidates.granules import Granules, plane_without
from fishcount.spots.channel.scale import ChannelView
from fishcount.spots.crowds.joint_fit import amplitude_errors
from fishcount.spots.crowds.scene import subtract_light
from fishcount.spots.points.maxima import local_maxima, parabolic_offsets, roundness
from fishcount.spots.points.model import GROUP_REACH, PointModel, Points
from fishcount.spots.points.patches import cut_patches, pixels_inside
from fishcount.spots.points.profile import ProfileFits, fit_profiles, squared_distance

__all__ = ["FEATURES", "Appearance", "appearance", "cut_to_ranges"]

# No point is known better than this share of its height: optics are not perfectly Gaussian. Where
# points differ in width by more, they differ in shape by as much.
_MODEL_ERROR = 0.05
_FIT_WIDTHS = 3.0
# Outer radii of the disk and the rings around each point; the last one is the background.
_RING_WIDTHS = (0.7, 1.3, 2.0, 2.7, 3.6, 4.5)
# A blob is this wide, more or less, and looked at in a patch of this half side; it stands out by
# this SNR, and what is this near to its middle is part of it.
_BLOB_START, _BLOB_WIDTHS = 1.8, 4.5
_BLOB_SNR, _BLOB_REACH = 4.0, 3.5

_RINGS = tuple(range(len(_RING_WIDTHS) - 1))
# Name -> range to which the figure is cut before it is weighed.
FEATURES: dict[str, tuple[float, float]] = {
    "snr": (0.0, 25.0),
    "significance": (0.0, 20.0),
    "log_height": (-2.5, 1.5),
    "log_typical_snr": (0.0, 4.5),
    "width_spread": (0.0, 0.5),
    "log_signal_share": (-5.0, 0.0),
    "log_width": (-1.2, 1.2),
    "height_over_misfit": (0.0, 15.0),
    "misfit": (0.5, 2.0),
    "coarse_over_fine": (-0.5, 3.0),
    "roundness": (-0.5, 1.0),
    "core_excess": (-1.0, 1.0),
    "ring_grain": (0.5, 2.0),
    "neighbours": (0.0, 6.0),
    "blob_log_width": (-1.2, 1.2),
    "blob_misfit": (0.5, 3.0),
    "blob_height": (-3.0, 1.5),
    "blob_distance": (0.0, 3.5),
    **{f"alone_{ring}": (-2.0, 10.0) for ring in _RINGS},
    **{f"seen_{ring}": (-2.0, 10.0) for ring in _RINGS},
    **{f"beside_{ring}": (-2.0, 10.0) for ring in _RINGS},
}


def cut_to_ranges(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Figures (n, f) as they are weighed: what is not a number counts as 0."""
    low, high = np.array(list(FEATURES.values())).T
    return np.asarray(np.clip(np.nan_to_num(figures), low, high), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Appearance:
    """How each point looks.

    Attributes
    ----------
    figures : ndarray of float64, (n, len(FEATURES))
        In the order of `FEATURES`, not cut to their ranges.
    fits : ProfileFits
        Each point with a free width, the others taken away.
    """

    figures: NDArray[np.float64]
    fits: ProfileFits


def appearance(
    view: ChannelView,
    granules: Granules,
    model: PointModel,
    points: Points,
    *,
    other: ChannelView | None = None,
) -> Appearance:
    """Figures of all points of a channel; no rows for no points.

    The granules are those that the responses of `view` lack. Without the `other` probe its
    figures are 0.
    """
    sigma = model.sigma_px
    home = _Home.of(points, sigma)
    inside = pixels_inside(view.plane.shape, *home.pixel)
    seen, left, coarse = _looked_at(view, granules, points, home)
    height = points.amplitude_counts.astype(np.float32)
    alone = left + height[:, None, None] * np.exp(-0.5 * np.square(home.radius))
    noise = view.pixel_noise(points.y_px, points.x_px)
    noise = np.hypot(noise, _shape_error(view) * points.amplitude_counts)
    core = home.core(_FIT_WIDTHS * sigma)
    square = np.square(home.radius[core] * np.float32(sigma))
    fits = fit_profiles(alone[core], square, inside=inside[core], sigma_px=sigma, iterations=2)
    figures = _height_figures(view, model, points, home, noise)
    figures |= _fit_figures(fits, noise, sigma)
    figures |= _blob_figures(view, coarse, points, noise)
    rings = _Rings.of(home.radius, inside)
    figures |= _ring_figures(rings, "alone", alone, noise)
    figures |= _ring_figures(rings, "seen", seen, noise)
    figures |= _grain_figures(rings, left, noise)
    if other is None:
        figures |= {f"beside_{ring}": np.zeros(len(points)) for ring in _RINGS}
    else:
        beside = cut_patches(other.plane, *home.pixel)
        noise_beside = other.pixel_noise(points.y_px, points.x_px)
        noise_beside = np.hypot(noise_beside, _shape_error(other) * other.scale.typical_counts)
        figures |= _ring_figures(rings, "beside", beside, noise_beside)
    return Appearance(
        figures=np.stack([figures[name] for name in FEATURES], axis=1),
        fits=fits,
    )


def _looked_at(
    view: ChannelView, granules: Granules, points: Points, home: _Home
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Without granules: patches as they are seen, without all points, and the plane halved."""
    plane = plane_without(view, granules)
    seen, coarse = cut_patches(plane, *home.pixel), block_means(plane, 2)
    subtract_light(plane, points, view.scale.search_sigma_px)
    return seen, cut_patches(plane, *home.pixel), coarse


def _shape_error(view: ChannelView) -> float:
    return max(_MODEL_ERROR, view.scale.width_spread)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Home:
    """The patch of each point: its central pixel, and how far its pixels are, in widths."""

    y: NDArray[np.int64]
    x: NDArray[np.int64]
    reach: int
    radius: NDArray[np.float32]

    @classmethod
    def of(cls, points: Points, sigma_px: float) -> _Home:
        y, x = np.rint(points.y_px).astype(np.int64), np.rint(points.x_px).astype(np.int64)
        dy, dx = points.y_px - y, points.x_px - x
        reach = int(np.ceil(_RING_WIDTHS[-1] * sigma_px))
        square = squared_distance(np.stack([dy, dx], axis=1), reach)
        radius = (np.sqrt(square) / np.float32(sigma_px)).astype(np.float32)
        return cls(y=y, x=x, reach=reach, radius=radius)

    def core(self, radius_px: float) -> tuple[slice, slice, slice]:
        """The middle of all patches."""
        cut = self.reach - min(self.reach, round(radius_px))
        middle = slice(cut, 2 * self.reach + 1 - cut)
        return slice(None), middle, middle

    @property
    def pixel(self) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        return self.y, self.x, self.reach


def _height_figures(
    view: ChannelView, model: PointModel, points: Points, home: _Home, noise: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    height, typical = points.amplitude_counts, view.scale.typical_counts
    coarse = view.coarse_heights(points.y_px, points.x_px)
    return {
        "snr": height * model.norm / noise,
        "significance": height / (noise * amplitude_errors(model, points)),
        "log_height": np.log(np.maximum(height, 1e-9) / typical),
        "log_typical_snr": np.log(typical * model.norm / noise),
        "width_spread": np.full(len(points), view.scale.width_spread),
        "log_signal_share": np.full(len(points), np.log(view.scale.signal_share)),
        "coarse_over_fine": coarse / np.maximum(height, 0.2 * noise),
        "roundness": roundness(view.response, home.y, home.x),
        "neighbours": model.neighbours(points, GROUP_REACH).astype(np.float64),
    }


def _fit_figures(
    fits: ProfileFits, noise: NDArray[np.float64], sigma_px: float
) -> dict[str, NDArray[np.float64]]:
    return {
        "log_width": np.log(fits.sigma_px / sigma_px),
        "height_over_misfit": fits.amplitude_counts / np.maximum(fits.residual_counts, 1e-9),
        "misfit": fits.residual_counts / noise,
    }


def _blob_figures(
    view: ChannelView, coarse: NDArray[np.float32], points: Points, noise: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """How well one wide Gaussian explains the blob that a point lies in.

    A granule is taken for several points, and is one smooth blob; a crowd of signals is not.
    Blobs are maxima of the coarse response. A point in none is as wide as a point, and fitted.
    """
    log_width, misfit = np.zeros(len(points)), np.ones(len(points))
    height, distance = np.zeros(len(points)), np.zeros(len(points))
    sigma = view.scale.search_sigma_px
    maxima = local_maxima(view.coarse, _BLOB_SNR * view.coarse_floor)
    if len(maxima) and len(points):
        centre = maxima + parabolic_offsets(view.coarse, maxima)
        at = 2 * centre + 0.5
        far, blob = KDTree(at).query(points.yx_px)
        used, blob = np.unique(blob, return_inverse=True)
        fits = _blob_fits(coarse, centre[used], sigma / 2)
        near = far < _BLOB_REACH * sigma
        blob = blob[near]
        uncertain = np.hypot(noise[near], _shape_error(view) * fits.amplitude_counts[blob])
        log_width[near] = np.log(fits.sigma_px[blob] / (sigma / 2))
        misfit[near] = 2 * fits.residual_counts[blob] / uncertain
        share = fits.amplitude_counts[blob] / np.maximum(points.amplitude_counts[near], 1e-9)
        height[near] = np.log(np.maximum(share, 1e-3))
        distance[near] = far[near] / sigma
    return {
        "blob_log_width": log_width,
        "blob_misfit": misfit,
        "blob_height": height,
        "blob_distance": distance,
    }


def _blob_fits(
    coarse: NDArray[np.float32], centre: NDArray[np.float64], width: float
) -> ProfileFits:
    """One Gaussian for each blob, on pixels twice as large, on which a point has this `width`."""
    home = np.rint(centre).astype(np.int64)
    reach = int(np.ceil(_BLOB_WIDTHS * width))
    patch = cut_patches(coarse, home[:, 0], home[:, 1], reach)
    inside = pixels_inside(coarse.shape, home[:, 0], home[:, 1], reach)
    square = squared_distance(centre - home, reach)
    return fit_profiles(patch, square, inside=inside, sigma_px=_BLOB_START * width, iterations=3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rings:
    """Which pixels of the patches (n, side, side) lie in which ring."""

    slot: NDArray[np.int64]
    n_pixels: NDArray[np.int64]

    @classmethod
    def of(cls, radius: NDArray[np.float32], inside: NDArray[np.bool_]) -> _Rings:
        # Six comparisons of all pixels are faster than a search for each of them; in bytes, most.
        ring = np.zeros(radius.shape, np.uint8)
        for width in _RING_WIDTHS:
            ring += radius > np.float32(width)
        # What counts in no ring has a slot of its own: leaving it out would cost more.
        ring[~inside] = len(_RING_WIDTHS)
        slots = len(_RING_WIDTHS) + 1
        slot = (ring + slots * np.arange(len(radius))[:, None, None]).reshape(-1)
        n_pixels = np.bincount(slot, minlength=slots * len(radius))
        return cls(slot=slot, n_pixels=n_pixels)

    def means(self, patch: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean of each ring, (n, rings)."""
        total = np.bincount(self.slot, patch.reshape(-1), minlength=self.n_pixels.size)
        mean = (total / np.maximum(self.n_pixels, 1)).reshape(-1, len(_RING_WIDTHS) + 1)
        return np.asarray(mean[:, :-1], np.float64)


def _ring_figures(
    rings: _Rings, name: str, patch: NDArray[np.float32], noise: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Means of the disk and the rings over that of the outermost ring."""
    mean = rings.means(patch)
    over = (mean[:, :-1] - mean[:, -1:]) / noise[:, None]
    return {f"{name}_{ring}": over[:, ring] for ring in _RINGS}


def _grain_figures(
    rings: _Rings, left: NDArray[np.float32], noise: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """What is left in the core, and how uneven the surroundings are."""
    mean = rings.means(left)
    spread = np.sqrt(np.maximum(rings.means(np.square(left)) - np.square(mean), 0))
    return {
        "core_excess": (mean[:, 0] - mean[:, -1]) / noise,
        "ring_grain": spread[:, -2] / noise,
    }
