"""Which maxima of a blob response are as sharp as signals, judged without a fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.channel.scale import ROUND, SEEN_SNR, SHARP_COARSE, SURE_SNR, ChannelView
from fishcount.spots.points.maxima import roundness

__all__ = ["is_sharp", "light_beside", "sure_points"]


def sure_points(view: ChannelView) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Maxima (n, 2) that tell what signals are like, sure and sharp, and their heights (n,)."""
    maxima, snr = view.maxima(SEEN_SNR)
    sure = maxima[snr >= SURE_SNR]
    sharp = sure[is_sharp(view, sure)]
    return sharp, view.response[tuple(sharp.T)].astype(np.float64) / view.scale.gain


def is_sharp(view: ChannelView, maxima: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Maxima (n, 2) that are no granule, no edge of a nucleus and no hot pixel."""
    y, x = maxima.astype(np.float64).T
    height = view.response[tuple(maxima.T)].astype(np.float64) / view.scale.gain
    sharp = view.coarse_heights(y, x) < SHARP_COARSE * height
    sharp &= roundness(view.response, maxima[:, 0], maxima[:, 1]) > ROUND
    return np.asarray(sharp & ~_is_hot(view, maxima))


def _is_hot(view: ChannelView, maxima: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Maxima (n, 2) of single pixels: their neighbours have not half the light of a point's."""
    around = view.brightness.at(*maxima.astype(np.float64).T)
    expected = np.exp(-0.5 / view.scale.search_sigma_px**2)
    return np.asarray(light_beside(view.plane, maxima, around) < 0.5 * expected)


def light_beside(
    plane: NDArray[np.number], maxima: NDArray[np.int64], around: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Light of the four neighbours over that of pixels (n, 2) themselves, over what is around.

    Of a hot pixel it is 0.
    """
    bottom, right = plane.shape[0] - 1, plane.shape[1] - 1
    y, x = maxima.T
    beside = [
        plane[(y + dy).clip(0, bottom), (x + dx).clip(0, right)]
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1))
    ]
    return np.asarray((np.mean(beside, axis=0) - around) / np.maximum(plane[y, x] - around, 1e-9))
