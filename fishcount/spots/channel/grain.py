"""Whether the noise of a channel is that of a camera, or was smoothed before it came here.

A camera's noise differs from pixel to pixel. Software of microscopes averages it away, with a
median, a Gaussian, a denoiser, by deconvolution or compression; what is left of it has the size
of points, and looks like faint ones.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fishcount.background import BackgroundMap
from fishcount.robust import robust_sigma
from fishcount.spots.points.response import white_noise_gain

__all__ = ["is_smoothed", "pixel_noise_share"]

# Below this share of what a camera's noise would have, neighbours are alike: in drawn fields of
# any kind it is .8 to 1.1, rounded to 8 bits .6 or more, smoothed .3 or less. JPEG smooths, too: a
# third of the exports that the score is trained on are below.
_ALIKE = 0.4
# It is measured on about this many squares of two by two pixels.
_AT_MOST = 100_000


def is_smoothed(
    plane: NDArray[np.number],
    response: NDArray[np.float32],
    brightness: BackgroundMap,
    *,
    passes: int,
) -> bool:
    """Whether neighbouring pixels of a plane (y, x) differ by less than noise would make them.

    Parameters
    ----------
    plane, response
        Camera counts and their blob response.
    brightness
        Of the plane.
    passes
        Of the filter that the response was made with.
    """
    share = pixel_noise_share(plane, response, brightness, passes=passes)
    return share is not None and share < _ALIKE


def pixel_noise_share(
    plane: NDArray[np.number],
    response: NDArray[np.float32],
    brightness: BackgroundMap,
    *,
    passes: int,
) -> float | None:
    """Noise between neighbouring pixels over what it would be, were that of the response white.

    Measured in the darker half of the plane, where hardly anything lies. None where there is no
    noise, or where most of it was clipped to one value.
    """
    step = 2 * max(1, math.isqrt(plane.size // (4 * _AT_MOST)))
    height, width = (2 * (side // 2) for side in plane.shape)
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    if not (rows.size and columns.size):
        return None
    block = brightness.block_px
    level = brightness.counts[np.ix_(rows // block, columns // block)]
    dark = level <= np.median(level)
    corners = [
        plane[dy:height:step, dx:width:step].astype(np.float32) for dy in (0, 1) for dx in (0, 1)
    ]
    across = (corners[0] - corners[1] - corners[2] + corners[3]) / 2
    between = robust_sigma(across[dark])
    seen = robust_sigma(response[:height:step, :width:step][dark])
    return float(between * white_noise_gain(passes) / seen) if between > 0 and seen > 0 else None
