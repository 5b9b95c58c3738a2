"""Prior expectations of points: their heights, their neighbours, and how well they fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.channel.scale import ChannelView
from fishcount.spots.channel.typical import HEIGHT_SPREAD
from fishcount.spots.points.model import AROUND_REACH, PointModel, Points

__all__ = ["PROMISING", "height_prior", "point_cost", "uncertainty"]

# Least promise, in log likelihood, for which a further point is tried: a fit may show more in it.
PROMISING = -2.0
# Cost of a point in a crowd, in log likelihood: none, as the score judges every point later.
_POINT_COST = -1.0
# Distance in widths within which neighbours count; and in pixels, that of a second point.
_CROWD_REACH = 5.0
_SPLIT_REACH_PX = 2.0
# The disk of neighbours, as a share of the ring around it that reaches to the farthest.
_AROUND_SHARE = _CROWD_REACH**2 / (AROUND_REACH**2 - _CROWD_REACH**2)
# Number of neighbours that is assumed for a point without any.
_EMPTY_CROWD = 0.003
# Share of a typical height, and SNR, from which on a point is a likely signal.
_LIKELY_SHARE, _LIKELY_SNR = 0.7, 5.0
# No point is a perfect Gaussian: its residual is at least this share of its height. Where widths
# differ it is larger: about twice their log spread, and at most the last of these shares.
_MODEL_ERROR, _WIDTH_ERROR, _MOST_ERROR = 0.08, 2.0, 0.4


def uncertainty(points: Points, view: ChannelView) -> NDArray[np.float64]:
    """Sigma of a pixel at each point: noise, and what its model leaves."""
    pixel = view.pixel_noise(points.y_px, points.x_px)
    share = np.hypot(_MODEL_ERROR, min(_WIDTH_ERROR * view.scale.width_spread, _MOST_ERROR))
    return np.asarray(np.hypot(pixel, share * points.amplitude_counts), np.float64)


def height_prior(height_counts: NDArray[np.float64], typical_counts: float) -> NDArray[np.float64]:
    """Log of the prior of a height, up to a constant."""
    deviation = np.log(np.maximum(height_counts, 1e-9) / typical_counts) / HEIGHT_SPREAD
    return np.asarray(-0.5 * deviation**2, np.float64)


def point_cost(model: PointModel, points: Points, view: ChannelView) -> NDArray[np.float64]:
    """What a further point costs at each point: more where few signals are near.

    Signals come in crowds, grain does not: only points that are likely signals make a crowd. A
    heap of them may show as one point, so those a little farther away tell as well, by how many
    lie on as large an area.
    """
    reach = _CROWD_REACH * model.sigma_px
    near, around = _likely_neighbours(model, points, view)
    others = near + _AROUND_SHARE * around + _EMPTY_CROWD
    rarity = np.log(reach**2 / (_SPLIT_REACH_PX**2 * others))
    return np.asarray(_POINT_COST + np.maximum(rarity, 0), np.float64)


def _likely_neighbours(
    model: PointModel, points: Points, view: ChannelView
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many likely signals lie near each point, and how many in the ring around that.

    A likely signal stands out, and is about as high as a typical signal.
    """
    noise = view.height_noise(points.y_px, points.x_px)
    least = np.maximum(_LIKELY_SHARE * view.scale.typical_counts, _LIKELY_SNR * noise)
    likely = points.amplitude_counts >= least
    near = model.neighbours(points, _CROWD_REACH, among=likely)
    return near, model.neighbours(points, AROUND_REACH, among=likely) - near
