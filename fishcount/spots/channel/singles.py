"""Single signals beside heaps of them, of which the typical height must not be that of a heap.

Where all copies but a few lie in one heap in each nucleus, the heaps hold most of the contrast of
a channel, and are taken for its signals: the single ones are then too faint to be any, and an
amplified case has one copy in each nucleus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.spots.channel.scale import SEEN_SNR, SURE_SNR, ChannelView
from fishcount.spots.channel.sharp import sure_points
from fishcount.spots.channel.typical import SIGNAL_SHARE, share_of_signals, typical_height

__all__ = ["with_singles"]

View = TypeVar("View", ChannelView, ChannelView | None)

# Lower points are a law of their own, and not the upper end of grain, where at least this many of
# them were seen, this many for each higher one; where their median is this many times what
# could just be seen; and where so few are under half of it. Grain grows more frequent downwards.
_LEAST_LOWER, _LEAST_FOR_EACH, _LEAST_OVER, _MOST_UNDER_HALF = 20, 2.0, 2.0, 0.12
# They are single where the higher ones are this many times as high: fewer copies are told apart.
_LEAST_TIMES = 3.0
# What lies this near to a point of the other probe, in widths, may have leaked, or glow in both.
_BESIDE_WIDTHS = 1.5


def with_singles(views: Mapping[str, View]) -> dict[str, View]:
    """The probes of a field, the typical height of each that of its single signals.

    What was measured before stays as it is, and so does a probe without another one: leaked light
    and granules are told by that.
    """
    told = dict(views)
    for role, view in views.items():
        other = next((one for name, one in views.items() if name != role), None)
        if view is None or other is None or view.scale.leaked_share is not None:
            continue
        if view.scale.is_measurable and other.scale.is_measurable:
            told[role] = _told(view, other)
    return told


def _told(view: ChannelView, other: ChannelView) -> ChannelView:
    maxima, _ = view.maxima(SEEN_SNR)
    sharp, height = sure_points(view)
    y, x = sharp.astype(np.float64).T
    least = SURE_SNR * view.height_noise(y, x)
    lower = height < SIGNAL_SHARE * view.scale.typical_counts
    n_higher = np.count_nonzero(~lower)
    lower &= ~_is_beside(sharp, other, _BESIDE_WIDTHS * view.scale.psf_sigma_px)
    if np.count_nonzero(lower) < max(_LEAST_LOWER, _LEAST_FOR_EACH * n_higher):
        return view
    middle = float(np.median(height[lower]))
    is_law = float(np.median(height[lower] / least[lower])) >= _LEAST_OVER
    is_law &= float(np.mean(height[lower] < 0.5 * middle)) <= _MOST_UNDER_HALF
    if not is_law or view.scale.typical_counts < _LEAST_TIMES * middle:
        return view
    typical = typical_height(height[lower], least[lower])
    share = share_of_signals(height, typical, n_maxima=len(maxima))
    return replace(view, scale=replace(view.scale, typical_counts=typical, signal_share=share))


def _is_beside(maxima: NDArray[np.int64], other: ChannelView, reach_px: float) -> NDArray[np.bool_]:
    """Which maxima (n, 2) lie on those of the other probe that are sure."""
    theirs, _ = other.maxima(SURE_SNR)
    if not len(theirs) or not len(maxima):
        return np.zeros(len(maxima), bool)
    distance, _ = KDTree(theirs).query(maxima)
    return np.asarray(distance <= reach_px)
