"""Light of one probe in the channel of the other: how much there is, and what it explains.

It is not subtracted from the image: where both channels leak, that takes a part of each signal away
and adds the noise of the other channel, and faint signals are lost for it. What a point owes to the
other probe is told point by point instead.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import PixelError
from fishcount.spots.channel.scale import ChannelView
from fishcount.spots.channel.sharp import is_sharp
from fishcount.spots.channel.typical import bright_ones
from fishcount.spots.points.model import Points

__all__ = ["leaked_share", "share_explained", "with_leak"]

# Least SNR, and least number, of the maxima of the other probe from which the leak is measured.
_LEAK_SNR = 8.0
_LEAST_LEAKING = 10
# Between others, the response to a point is lower than its height. It counts as at least this share
# of it when compared with the other channel, because responses near 0 are mostly noise.
_LEAST_SEEN = 0.25


def with_leak(view: ChannelView, other: ChannelView) -> ChannelView:
    """The same, with how much of the other probe leaks into it, where that was not measured.

    Raises PixelError when the probes differ in size.
    """
    if other.plane.shape != view.plane.shape:
        raise PixelError(
            "the probes differ in size", found=other.plane.shape, expected=view.plane.shape
        )
    if view.scale.leaked_share is not None:
        return view
    both = view.scale.is_measurable and other.scale.is_measurable
    share = leaked_share(view, other) if both else 0.0
    return replace(view, scale=replace(view.scale, leaked_share=share))


def leaked_share(view: ChannelView, other: ChannelView) -> float:
    """Share of the other probe's light that shows in this channel.

    The median over the brightest signals of the other: few of them lie on signals of this one by
    chance. What is brighter here than there is not the other's own, but leaked over to it; and
    granules, which shine in both, are not as sharp as signals. 0 where there are too few to tell.
    Brightness is that beside a typical signal of the channel: one may be exposed ten times as long.
    """
    maxima, _ = other.maxima(_LEAK_SNR)
    maxima = maxima[is_sharp(other, maxima)]
    there = other.response[tuple(maxima.T)].astype(np.float64) / other.scale.gain
    here = view.response[tuple(maxima.T)].astype(np.float64) / view.scale.gain
    less = here / view.scale.typical_counts < there / other.scale.typical_counts
    there, here = there[less], here[less]
    brightest = bright_ones(there)
    if brightest.sum() < _LEAST_LEAKING:
        return 0.0
    return max(float(np.median(here[brightest] / there[brightest])), 0.0)


def share_explained(
    points: Points, view: ChannelView, other: ChannelView | None
) -> NDArray[np.float64]:
    """Share of the light of each point (n,) that leaks over from the other probe.

    Both channels are asked through the same filter, so that in a crowd the neighbours of a point
    count in both. 0 without another probe, or where none of its light leaks over.
    """
    share = view.scale.leaked_share or 0.0
    if other is None or share <= 0:
        return np.zeros(len(points))
    y, x, height = points.y_px, points.x_px, points.amplitude_counts
    here = np.clip(view.heights(y, x), _LEAST_SEEN * height, height)
    return share * other.heights(y, x) / np.maximum(here, 1e-9)
