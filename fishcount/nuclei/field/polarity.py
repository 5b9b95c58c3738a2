"""Whether DAPI is stored upside down: dark nuclei on a bright ground.

A search for bright nuclei finds the gaps between them in such a channel, and the case would have
a category made of what lies in these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means, gaussian
from fishcount.robust import middle, quantile

__all__ = ["edge_curvature"]

# Nuclei are smooth on this scale; noise, texture and specks of dust are not.
_PIXEL_UM, _SMOOTHED_UM = 0.25, 0.5
# Edges are the places at least half as steep as the steepest hundredth: of some nuclei at least,
# where these are few, and not of noise.
_STEEPEST, _SHARE_OF_IT = 0.99, 0.5
# Every third pixel along each axis tells how steep these are, every third of theirs how they turn.
_THINNING = 3


def edge_curvature(stack: NDArray[np.generic], *, pixel_size_um: float) -> float | None:
    """Median curvature of the steepest edges of a channel, in 1/um, about what is dark.

    Nuclei are convex: wherever they lie, and however close, their outlines turn around them. So
    the sign tells nucleus from ground without a threshold, and light that is rescaled or clipped
    leaves it.

    Parameters
    ----------
    stack : ndarray, (y, x) or (z, y, x)
        Camera counts; of a stack the mean of its planes.
    pixel_size_um

    Returns
    -------
    float or None
        Minus one over the radius of bright discs, one over that of dark ones. None where nothing
        is steep, as in an even image.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.nuclei.field.polarity import edge_curvature
    >>> y, x = np.mgrid[:300, :300]
    >>> disc = np.hypot(y - 150, x - 150) < 50
    >>> [round(edge_curvature(image, pixel_size_um=0.1), 1) for image in (200 * disc, -200 * disc)]
    [-0.2, 0.2]
    """
    planes: NDArray[Any] = np.asarray(stack)
    plane = planes if planes.ndim == 2 else planes.mean(axis=0, dtype=np.float32)
    factor = max(1, round(_PIXEL_UM / pixel_size_um))
    step_um = factor * pixel_size_um
    smooth = gaussian(block_means(plane, factor), max(_SMOOTHED_UM / step_um, 1.0))
    if min(smooth.shape) < 5:
        return None
    # Differences of neighbours on both sides; what lacks them at the edge of the image is left out.
    down = smooth[2:, 1:-1] - smooth[:-2, 1:-1]
    right = smooth[1:-1, 2:] - smooth[1:-1, :-2]
    steepness = np.square(down, out=down)
    steepness += np.square(right, out=right)
    steepness = steepness[1:-1, 1:-1]
    steepest = quantile(steepness[::_THINNING, ::_THINNING], _STEEPEST)
    if steepest <= 0:
        return None
    at = np.flatnonzero(steepness >= _SHARE_OF_IT**2 * steepest)[::_THINNING]
    y, x = (place + 2 for place in np.divmod(at, steepness.shape[1]))
    return middle(_curvature(smooth, y, x)) / step_um


def _curvature(
    image: NDArray[np.float32], y: NDArray[np.intp], x: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Curvature of the level lines at pixels at least two from the edge, in 1/px."""
    flat, width = image.ravel(), image.shape[1]
    pixel = y * width + x

    def light(down: int, right: int) -> NDArray[np.float32]:
        there: NDArray[np.float32] = flat.take(pixel + (down * width + right))
        return there

    here = light(0, 0)
    slope_y, slope_x = light(1, 0) - light(-1, 0), light(0, 1) - light(0, -1)
    bend_yy = ((light(2, 0) - here) - (here - light(-2, 0))) / 2
    bend_xx = ((light(0, 2) - here) - (here - light(0, -2))) / 2
    bend_xy = ((light(1, 1) - light(-1, 1)) - (light(1, -1) - light(-1, -1))) / 2
    # Divergence of the unit vector that points uphill: level lines about a hill turn around it.
    turn = bend_xx * slope_y**2 - 2 * bend_xy * slope_x * slope_y + bend_yy * slope_x**2
    curvature: NDArray[np.float32] = turn / (slope_x**2 + slope_y**2) ** 1.5
    return curvature
