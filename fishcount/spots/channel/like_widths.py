"""Points of both probes are about as wide: where those of one seem wider, they may be heaps.

Where pixels are coarse or most copies lie in heaps, the brightest maxima of a probe are heaps, and
their width is taken for that of a point: single signals are then too narrow, close ones are one,
and each has the light of several. Both probes are seen through one objective, so the other one
tells how wide a point can be. A probe that is out of focus is wider, too, but holds no narrow
points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from fishcount.spots.channel.measured_view import view_with_width, widths_in
from fishcount.spots.channel.psf import PointWidth, expected_narrower
from fishcount.spots.channel.scale import ChannelView

__all__ = ["with_like_widths"]

View = TypeVar("View", ChannelView, ChannelView | None)

# Points of one probe are at most this many times as wide as those of the other: its light is of a
# longer wave, and a part of the width is that of the target.
_MOST_TIMES = 1.1
# Narrow points are there where more are found than errors of the fits explain, by this many and by
# this many sigmas.
_LEAST_MORE, _SIGMAS = 10, 3.0


def with_like_widths(
    views: Mapping[str, View], expected: Mapping[str, PointWidth]
) -> dict[str, View]:
    """The probes of a field, none with points wider than those of the other let it be.

    Nor are they made narrower than what is expected of optics: then it is the other probe that was
    measured too narrow. What was measured before stays as it is, and so does a probe without
    another one, or one that has no narrower points.

    Parameters
    ----------
    views
        By role, None where there is nothing to be found.
    expected
        How wide points are as far as one knows before they are seen, by role.
    """
    told = dict(views)
    for role, view in views.items():
        other = next((one for name, one in views.items() if name != role), None)
        if view is None or other is None or view.scale.leaked_share is not None:
            continue
        most_px = max(_MOST_TIMES * other.scale.psf_sigma_px, expected[role].sigma_px)
        if view.scale.psf_sigma_px <= most_px:
            continue
        if view.scale.is_measurable and other.scale.is_measurable:
            told[role] = _told(view, replace(_width(other), sigma_px=round(most_px, 3)))
    return told


def _told(view: ChannelView, narrow: PointWidth) -> ChannelView:
    """The view with narrow points, where there are any."""
    narrowed = view_with_width(view, narrow)
    widths_px, snr = widths_in(narrowed)
    chance = expected_narrower(narrow.sigma_px, snr, width=_width(view)).sum()
    more = np.count_nonzero(widths_px < narrow.sigma_px) - chance
    return narrowed if more >= max(_LEAST_MORE, _SIGMAS * np.sqrt(chance)) else view


def _width(view: ChannelView) -> PointWidth:
    return PointWidth(sigma_px=view.scale.psf_sigma_px, spread=view.scale.width_spread)
