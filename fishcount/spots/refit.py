"""Signals fitted once more, when it is known which points beside them are none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.candidates import Candidates
from fishcount.spots.joint_fit import fit_to_patches
from fishcount.spots.points import GROUP_REACH, Points

__all__ = ["without_rejected"]

_ITERATIONS = 3
# In widths: points this near to the edge of the image were fitted to the part that lies inside.
_CUT_WIDTHS = 2.5
# Signals with more others near lie in a crowd, where what was rejected is mostly their own light.
_MOST_NEAR = 2


def without_rejected(found: Candidates, kept: NDArray[np.bool_]) -> Points:
    """The points; kept ones lie where they would if those rejected beside them were not there.

    A point of grain beside a signal takes a part of its light, and moves it. Heights stay those
    that were judged; places stay at the edge of the image and in crowds.
    """
    points, model = found.points, found.model
    group = model.groups(points, GROUP_REACH)
    with_rejected = np.bincount(group, ~kept, minlength=1)[group] > 0
    rows = np.flatnonzero(kept & with_rejected)
    if rows.size == 0:
        return points
    alone, patches = points.take(rows), found.patches.take(rows)
    fitted = fit_to_patches(model, alone, patches, iterations=_ITERATIONS)
    near = model.neighbours(alone, GROUP_REACH)
    moved = (near <= _MOST_NEAR) & (_to_edge(alone, patches.shape) >= _CUT_WIDTHS * model.sigma_px)
    y, x = points.y_px.copy(), points.x_px.copy()
    y[rows[moved]], x[rows[moved]] = fitted.y_px[moved], fitted.x_px[moved]
    return Points(y_px=y, x_px=x, amplitude_counts=points.amplitude_counts)


def _to_edge(points: Points, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Distance of each point from the middle of the nearest pixel at the edge."""
    y, x = points.y_px, points.x_px
    nearest: NDArray[np.float64] = np.minimum.reduce([y, shape[0] - 1 - y, x, shape[1] - 1 - x])
    return nearest
