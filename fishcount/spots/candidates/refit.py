"""Signals fitted once more, without the points beside them that were rejected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.candidates.find import Candidates
from fishcount.spots.crowds.joint_fit import fit_to_patches
from fishcount.spots.points.edges import cut_by_edge
from fishcount.spots.points.model import GROUP_REACH, Points

__all__ = ["without_rejected"]

_ITERATIONS = 3
# Signals with more others near lie in a crowd, where what was rejected is mostly their own light.
_MOST_NEAR = 2


def without_rejected(
    found: Candidates, kept: NDArray[np.bool_], *, whole: NDArray[np.int64]
) -> Points:
    """The points; kept ones lie where they would if those rejected beside them were not there.

    A point of grain beside a signal takes a part of its light, and moves it. Heights stay those
    that were judged, but for signals that were taken for two: their indices are `whole`, (m,).
    Places stay at the edge of the image and in crowds.
    """
    points, model = found.points, found.model
    group = model.groups(points, GROUP_REACH)
    with_rejected = np.bincount(group, ~kept, minlength=1)[group] > 0
    rows = np.flatnonzero(kept & with_rejected)
    if rows.size == 0:
        return points
    signals, patches = points.take(rows), found.patches.take(rows)
    fitted = fit_to_patches(model, signals, patches, iterations=_ITERATIONS)
    # Those at the edge were fitted to the part that lies inside.
    moved = ~cut_by_edge(signals, patches.shape, model.sigma_px)
    moved &= model.neighbours(signals, GROUP_REACH) <= _MOST_NEAR
    y, x, height = points.y_px.copy(), points.x_px.copy(), points.amplitude_counts.copy()
    y[rows[moved]], x[rows[moved]] = fitted.y_px[moved], fitted.x_px[moved]
    grown = moved & np.isin(rows, whole)
    height[rows[grown]] = fitted.amplitude_counts[grown]
    return Points(y_px=y, x_px=x, amplitude_counts=height)
