"""Close signals: points are added, split and taken away until the image is explained.

In the manner of CLEAN (Hoegbom, Astron. Astrophys. Suppl. 15, 1974), but all points of a group
are fitted anew after every change, and a change stays only when it pays: the misfit must fall by
more than the point costs. The cost is a prior: heights of signals of one probe scatter
log-normally around a typical one, and a second point is likely only where others are near.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.spots.filters import point_gain, subtract_points
from fishcount.spots.groups import close_pairs, connected_groups, count_neighbours
from fishcount.spots.maxima import local_maxima, parabolic_offsets
from fishcount.spots.noise import Noise
from fishcount.spots.prior import height_prior, point_cost, uncertainty
from fishcount.spots.scene import (
    GROUP_REACH,
    Points,
    Scene,
    amplitude_errors,
    fit_jointly,
)
from fishcount.spots.splits import with_splits

__all__ = ["resolve"]

_ROUNDS = 4
# A maximum of the residual becomes a point from this SNR on: beside other points, and alone.
_MIN_SNR_BESIDE = 2.5
_LEAST_DISTANCE_PX = 1.0
# No point is a perfect Gaussian: what it leaves is noise in proportion to its height, and a new
# point beside it must stand out from that.
_LEAST_SHARE_BESIDE = 0.2
# The full width at half maximum of a point: two that are closer show one peak.
_RESOLVED_WIDTHS = 2.355
_ALONE_SIGNIFICANCE = 3.0


def resolve(
    scene: Scene,
    points: Points,
    *,
    response: NDArray[np.float32],
    noise: Noise,
    typical_counts: float,
    min_snr: float,
) -> Points:
    """The points that explain the image, starting from those whose maxima are seen at once.

    Parameters
    ----------
    scene : Scene
    points : Points
        Where to start.
    response : ndarray of float32, (y, x)
        Blob response of the image.
    noise : Noise
    typical_counts : float
        Height of a typical single signal.
    min_snr : float
        Least SNR of a new point that lies alone.
    """
    points = fit_jointly(scene, points, iterations=3)
    residual = response.copy()
    subtract_points(residual, points, scene.sigma_px, noise.passes)
    active = np.ones(len(points), bool)
    for _ in range(_ROUNDS):
        born = _births(scene, points, residual, noise, min_snr, near=points.take(active))
        fresh = np.arange(len(points) + len(born)) >= len(points)
        points = points.joined(born)
        busy = _in_groups_with(scene, points, fresh | np.append(active, np.ones(len(born), bool)))
        settled, work, fresh = points.take(~busy), points.take(busy), fresh[busy]
        rendered = work.take(~fresh)
        if len(born):
            work = fit_jointly(scene, work, iterations=3)
            work, fresh = _without_needless(scene, work, fresh, noise, typical_counts)
        work, fresh = with_splits(scene, work, fresh, noise, typical_counts)
        subtract_points(residual, rendered, scene.sigma_px, noise.passes, sign=-1)
        subtract_points(residual, work, scene.sigma_px, noise.passes)
        active = np.append(np.zeros(len(settled), bool), _in_groups_with(scene, work, fresh))
        points = settled.joined(work)
        if not fresh.any():
            break
    return _pairs_merged(scene, fit_jointly(scene, points, iterations=2))


def _pairs_merged(scene: Scene, points: Points) -> Points:
    """Lone pairs closer than the optics resolve become one point: one signal, a little wide.

    In a crowd close points stay apart: there the light of each speaks for a copy.
    """
    near = count_neighbours(points.y_px, points.x_px, GROUP_REACH * scene.sigma_px)
    first, second = close_pairs(points.y_px, points.x_px, _RESOLVED_WIDTHS * scene.sigma_px).T
    alone = (near[first] == 1) & (near[second] == 1)
    first, second = first[alone], second[alone]
    if len(first) == 0:
        return points
    a, b = points.amplitude_counts[first], points.amplitude_counts[second]
    y, x, height = points.y_px.copy(), points.x_px.copy(), points.amplitude_counts.copy()
    y[first] = (a * y[first] + b * y[second]) / (a + b)
    x[first] = (a * x[first] + b * x[second]) / (a + b)
    height[first] = a + b
    merged = Points(y_px=y, x_px=x, amplitude_counts=height)
    return fit_jointly(scene, merged.take(np.delete(np.arange(len(points)), second)), iterations=3)


def _in_groups_with(scene: Scene, points: Points, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Points whose group holds a marked one."""
    group = connected_groups(points.y_px, points.x_px, GROUP_REACH * scene.sigma_px)
    return np.bincount(group, marked, minlength=1)[group] > 0


def _births(
    scene: Scene,
    points: Points,
    residual: NDArray[np.float32],
    noise: Noise,
    min_snr: float,
    near: Points,
) -> Points:
    """Maxima of the residual response that become points.

    Beside points (`near`: where something changed) a lower SNR is enough.
    """
    beside_snr = min(_MIN_SNR_BESIDE, min_snr)
    maxima = local_maxima(residual, beside_snr * noise.model.floor_counts)
    at = maxima.astype(np.float64)
    height = residual[tuple(maxima.T)].astype(np.float64)
    snr = height / noise.of_response(at[:, 0], at[:, 1])
    reach = GROUP_REACH * scene.sigma_px
    beside = _nearest(near, at)[0] < reach
    wanted = np.where(beside, snr >= beside_snr, snr >= min_snr)
    height /= point_gain(noise.passes, scene.sigma_px)
    distance, height_beside = _nearest(points, at)
    wanted &= distance >= _LEAST_DISTANCE_PX
    wanted &= (distance >= reach) | (height >= _LEAST_SHARE_BESIDE * height_beside)
    maxima, height = maxima[wanted], height[wanted]
    place = maxima + parabolic_offsets(residual, maxima)
    return Points(y_px=place[:, 0], x_px=place[:, 1], amplitude_counts=height)


def _nearest(
    points: Points, places: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each place from the nearest point, and how high that is; infinite, 0 if none."""
    if len(points) == 0 or len(places) == 0:
        return np.full(len(places), np.inf), np.zeros(len(places))
    tree = KDTree(np.stack([points.y_px, points.x_px], axis=1))
    distance, index = tree.query(places)
    return np.asarray(distance, np.float64), points.amplitude_counts[index]


def _without_needless(
    scene: Scene,
    points: Points,
    fresh: NDArray[np.bool_],
    noise: Noise,
    typical_counts: float,
) -> tuple[Points, NDArray[np.bool_]]:
    """Points that pay for themselves; of needless neighbours the worst goes first."""
    for _ in range(2):
        if len(points) == 0:
            break
        gain = _worth(scene, points, noise, typical_counts)
        needless = gain < 0
        first, second = close_pairs(points.y_px, points.x_px, 3 * scene.sigma_px).T
        both = needless[first] & needless[second]
        better = np.where(gain[first] <= gain[second], second, first)[both]
        needless[better] = False
        if not needless.any():
            break
        points, fresh = points.take(~needless), fresh[~needless]
        points = fit_jointly(scene, points, iterations=2)
    return points, fresh


def _worth(
    scene: Scene, points: Points, noise: Noise, typical_counts: float
) -> NDArray[np.float64]:
    """Log likelihood that each point brings, less its cost; its neighbour would take its light."""
    height = points.amplitude_counts
    sigma = uncertainty(points, noise) * amplitude_errors(scene, points)
    significance = height / sigma
    places = np.stack([points.y_px, points.x_px], axis=1)
    distance, nearest = KDTree(places).query(places, k=2)
    near = distance[:, 1] < 2.5 * scene.sigma_px
    beside = height[np.where(near, nearest[:, 1], 0)]
    prior = height_prior(height, typical_counts)
    merged = height_prior(beside, typical_counts) - height_prior(beside + height, typical_counts)
    gain = 0.5 * significance**2 + prior + np.where(near, merged, 0) - point_cost(scene, points)
    sure = ~near & (significance >= _ALONE_SIGNIFICANCE)
    return np.where(sure, np.maximum(gain, 0), gain)
