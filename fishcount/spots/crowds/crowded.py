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

from fishcount.optics import FWHM_PER_SIGMA
from fishcount.spots.channel.scale import ChannelView
from fishcount.spots.crowds.joint_fit import amplitude_errors, fit_jointly
from fishcount.spots.crowds.moments import moments
from fishcount.spots.crowds.prior import PROMISING, height_prior, point_cost, uncertainty
from fishcount.spots.crowds.scene import Scene
from fishcount.spots.crowds.splits import with_splits
from fishcount.spots.points.maxima import maxima_near, parabolic_offsets
from fishcount.spots.points.model import GROUP_REACH, Points
from fishcount.spots.points.response import subtract_points

__all__ = ["resolve"]

# Rounds in which points are added and split: in drawn fields a single one misses more signals, and
# a third adds more false ones than true.
_ROUNDS = 2
# Rounds in which needless points go, and steps of each fit: more would hardly change anything.
_PRUNINGS, _STEPS = 2, 2
# Largest SNR that a maximum of the residual needs to become a point beside others.
_MIN_SNR_BESIDE = 2.5
_LEAST_DISTANCE_PX = 1.0
# Least SNR of a point beside which others are searched.
_SURE_SNR = 4.0
# No point is a perfect Gaussian: its residual grows with its height, and a new point beside it must
# be at least this share of that height.
_LEAST_SHARE_BESIDE = 0.2
# If a point is removed, the nearest one within this many widths would take its light.
_BESIDE_WIDTHS = 2.5
# Of needless points nearer to each other than this the worse goes first: alone, the other may pay.
_RIVAL_WIDTHS = 3.0
# The full width at half maximum of a point: two that are closer show one peak.
_RESOLVED_WIDTHS = FWHM_PER_SIGMA
# Least significance of a lone point after a fit, and, a little lower, before it.
_ALONE_SIGNIFICANCE = 3.0
_FITTED_SIGNIFICANCE = 2.6
# A maximum below this share of the least height of a signal will not reach that height by a fit.
# One of at least this significance is kept all the same, to be rejected with a reason.
_SEEN_SHARE, _PLAIN_SIGNIFICANCE = 0.75, 6.0


def resolve(
    scene: Scene, points: Points, *, view: ChannelView, min_snr: float, min_share: float = 0.0
) -> Points:
    """The points that explain the image, starting from those whose maxima are seen at once.

    Parameters
    ----------
    scene : Scene
    points : Points
        Where to start.
    view : ChannelView
    min_snr : float
        Of the maxima that the search starts from; beside others no point needs more.
    min_share
        Share of a typical height below which no point is a signal.
    """
    least_counts = _SEEN_SHARE * min_share * view.scale.typical_counts
    points = _worth_fitting(scene, points, view, least_counts)
    points, _ = _without_needless(scene, fit_jointly(scene, points, iterations=_STEPS), view)
    # The response without the points that were found before; that of new ones is still in it.
    residual, new = view.response.copy(), points
    changed = _is_sure(points, view)
    for rounds_left in reversed(range(_ROUNDS)):
        subtract_points(residual, new, scene.sigma_px, view.scale.passes)
        # Only groups in which something changed are worked on again.
        active = _in_groups_with(scene, points, changed)
        settled, work = points.take(~active), points.take(active)
        near = _near(work, work.take(changed[active]), GROUP_REACH * scene.sigma_px)
        born = _births(scene, work, residual, view, min_snr, least_counts, beside=work.take(near))
        if rounds_left:
            # They will move: the next round takes them out from where they are then.
            subtract_points(residual, work, scene.sigma_px, view.scale.passes, sign=-1)
        near, n_before = np.append(near, np.ones(len(born), bool)), len(work)
        work, stay = _with_born(scene, work, born, view)
        work, is_new = with_splits(scene, work, stay >= n_before, view, at=near[stay])
        new, points = work, settled.joined(work)
        changed = np.append(np.zeros(len(settled), bool), is_new)
        if not changed.any():
            break
    # As large as the plane, and no longer needed.
    del residual
    return _pairs_merged(scene, fit_jointly(scene, points, iterations=_STEPS))


def _worth_fitting(scene: Scene, points: Points, view: ChannelView, least_counts: float) -> Points:
    """Without those that lie alone and are too faint to stay, as one can see before a fit."""
    alone = scene.neighbours(points, GROUP_REACH) == 0
    noise = view.pixel_noise(points.y_px, points.x_px)
    significance = moments(scene, points).zero / (scene.norm * noise)
    seen = significance >= _FITTED_SIGNIFICANCE
    seen &= (points.amplitude_counts >= least_counts) | (significance >= _PLAIN_SIGNIFICANCE)
    return points.take(~alone | seen)


def _is_sure(points: Points, view: ChannelView) -> NDArray[np.bool_]:
    """Points beside which others are looked for: they stand out themselves."""
    noise = view.height_noise(points.y_px, points.x_px)
    return points.amplitude_counts >= _SURE_SNR * noise


def _pairs_merged(scene: Scene, points: Points) -> Points:
    """Lone pairs closer than the optics resolve become one point: one signal, a little wide.

    In a crowd close points stay apart: there the light of each speaks for a copy.
    """
    near = scene.neighbours(points, GROUP_REACH)
    first, second = scene.pairs(points, _RESOLVED_WIDTHS).T
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
    # All points once more: the rest has not yet settled to the last tenth of a pixel.
    return fit_jointly(scene, merged.take(np.delete(np.arange(len(points)), second)), iterations=3)


def _in_groups_with(scene: Scene, points: Points, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Points whose group holds a marked one."""
    group = scene.groups(points, GROUP_REACH)
    return np.bincount(group, marked, minlength=1)[group] > 0


def _births(
    scene: Scene,
    points: Points,
    residual: NDArray[np.float32],
    view: ChannelView,
    min_snr: float,
    least_counts: float,
    *,
    beside: Points,
) -> Points:
    """Maxima of the residual response near `beside` that become points themselves."""
    if len(beside) == 0:
        return beside
    least_snr, reach = min(_MIN_SNR_BESIDE, min_snr), GROUP_REACH * scene.sigma_px
    maxima = maxima_near(residual, beside.y_px, beside.x_px, reach)
    value = residual[tuple(maxima.T)]
    height = value.astype(np.float64) / view.scale.gain
    distance, height_beside = _nearest(points, maxima.astype(np.float64))
    wanted = (view.snr(maxima, value) >= least_snr) & (distance >= _LEAST_DISTANCE_PX)
    wanted &= height >= np.maximum(_LEAST_SHARE_BESIDE * height_beside, least_counts)
    maxima, height = maxima[wanted], height[wanted]
    place = maxima + parabolic_offsets(residual, maxima)
    born = Points(y_px=place[:, 0], x_px=place[:, 1], amplitude_counts=height)
    return born.take(_promises(scene, points, born, view) >= PROMISING)


def _with_born(
    scene: Scene, points: Points, born: Points, view: ChannelView
) -> tuple[Points, NDArray[np.int64]]:
    """All fitted together, without those that do not pay, and which rows these had before.

    Rows of those that were born follow on those of the others.
    """
    both = points.joined(born)
    if len(born) == 0:
        return both, np.arange(len(both))
    return _without_needless(scene, fit_jointly(scene, both, iterations=_STEPS), view)


def _promises(scene: Scene, points: Points, born: Points, view: ChannelView) -> NDArray[np.float64]:
    """About what each new point will bring beside the others, in log likelihood, before a fit."""
    cost = point_cost(scene, points.joined(born), view)[len(points) :]
    noise = view.height_noise(born.y_px, born.x_px)
    prior = height_prior(born.amplitude_counts, view.scale.typical_counts)
    return np.asarray(0.5 * np.square(born.amplitude_counts / noise) + prior - cost, np.float64)


def _nearest(
    points: Points, places: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each place from the nearest point, and how high that is; infinite, 0 if none."""
    if len(points) == 0 or len(places) == 0:
        return np.full(len(places), np.inf), np.zeros(len(places))
    distance, index = KDTree(points.yx_px).query(places)
    return np.asarray(distance, np.float64), points.amplitude_counts[index]


def _near(points: Points, others: Points, reach_px: float) -> NDArray[np.bool_]:
    """Points at most `reach_px` from one of the others."""
    return _nearest(others, points.yx_px)[0] <= reach_px


def _without_needless(
    scene: Scene, points: Points, view: ChannelView
) -> tuple[Points, NDArray[np.int64]]:
    """Points that pay for themselves, and which they were; of neighbours the worst goes first."""
    stay = np.arange(len(points))
    for _ in range(_PRUNINGS):
        if len(points) == 0:
            break
        gain = _worth(scene, points, view)
        needless = gain < 0
        first, second = scene.pairs(points, _RIVAL_WIDTHS).T
        both = needless[first] & needless[second]
        better = np.where(gain[first] <= gain[second], second, first)[both]
        needless[better] = False
        if not needless.any():
            break
        # Only the groups of the removed points have to be fitted again.
        beside = _in_groups_with(scene, points, needless)[~needless]
        stay, points = stay[~needless], points.take(~needless)
        points = points.placed(beside, fit_jointly(scene, points.take(beside), iterations=_STEPS))
    return points, stay


def _worth(scene: Scene, points: Points, view: ChannelView) -> NDArray[np.float64]:
    """Log likelihood that each point brings, less its cost; its neighbour would take its light."""
    height, typical_counts = points.amplitude_counts, view.scale.typical_counts
    nearest = _nearest_beside(scene, points, _BESIDE_WIDTHS)
    near = nearest >= 0
    # For a lone point only pixel noise counts: it has no neighbour whose misfit it could be.
    noise = view.pixel_noise(points.y_px, points.x_px)
    sigma = np.where(near, uncertainty(points, view), noise) * amplitude_errors(scene, points)
    significance = height / sigma
    beside = height[np.where(near, nearest, 0)]
    prior = height_prior(height, typical_counts)
    merged = height_prior(beside, typical_counts) - height_prior(beside + height, typical_counts)
    cost = point_cost(scene, points, view)
    gain = 0.5 * significance**2 + prior + np.where(near, merged, 0) - cost
    sure = ~near & (significance >= _ALONE_SIGNIFICANCE)
    return np.where(sure, np.maximum(gain, 0), gain)


def _nearest_beside(scene: Scene, points: Points, widths: float) -> NDArray[np.int64]:
    """The nearest other point of each, at most `widths` away; -1 where there is none."""
    first, second = scene.pairs(points, widths).T
    square = (points.y_px[first] - points.y_px[second]) ** 2
    square += (points.x_px[first] - points.x_px[second]) ** 2
    one, other = np.append(first, second), np.append(second, first)
    # The farthest is written first, so the nearest stays.
    order = np.argsort(-np.append(square, square), kind="stable")
    nearest = np.full(len(points), -1)
    nearest[one[order]] = other[order]
    return nearest
