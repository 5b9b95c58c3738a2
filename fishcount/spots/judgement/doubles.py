"""Signals that were taken for two: closer pairs than the optics resolve, away from crowds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.optics import FWHM_PER_SIGMA
from fishcount.spots.points.model import AROUND_REACH, Points

__all__ = ["SAME_SIGNAL", "doubles"]

# Reason of a point that is a part of another.
SAME_SIGNAL = "SAME_SIGNAL"

# Least distance of two signals, in widths, by how many others lie around them: alone, the full
# width at half maximum, at which two points show two peaks; in a crowd any.
_LEAST_GAP = np.array([FWHM_PER_SIGMA, 1.6, 1.2, 1.2, 0.0])


def doubles(
    points: Points, kept: NDArray[np.bool_], sigma_px: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Kept points that are a part of the signal beside them, (m,), and those signals, (m,).

    No signal is a perfect Gaussian, and what is left of a bright one looks like a second point. In
    a crowd its light speaks for a further copy; where few others are around, it is nearly always
    the same signal. The lower of the two is the part.

    Parameters
    ----------
    points : Points
    kept : ndarray of bool, (n,)
        Those that are taken for signals.
    sigma_px : float
        Width of a point.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.judgement.doubles import doubles
    >>> from fishcount.spots.points.model import Points
    >>> x, height = np.array([10.0, 12, 40]), np.array([90.0, 60, 80])
    >>> points = Points(y_px=np.zeros(3), x_px=x, amplitude_counts=height)
    >>> doubles(points, np.ones(3, bool), 1.5)
    (array([1]), array([0]))
    """
    rows = np.flatnonzero(kept)
    if rows.size < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    places = points.yx_px[rows] / sigma_px
    tree = KDTree(places)
    distance, nearest = (column[:, 1] for column in tree.query(places, k=2))
    number = np.arange(rows.size)
    mutual = (nearest[nearest] == number) & (number < nearest) & (distance < _LEAST_GAP.max())
    first, second = number[mutual], nearest[mutual]
    middle = (places[first] + places[second]) / 2
    others = tree.query_ball_point(middle, AROUND_REACH, return_length=True) - 2
    close = distance[first] < _LEAST_GAP[np.minimum(others, len(_LEAST_GAP) - 1)]
    first, second = rows[first[close]], rows[second[close]]
    lower = points.amplitude_counts[first] < points.amplitude_counts[second]
    return np.where(lower, first, second), np.where(lower, second, first)
