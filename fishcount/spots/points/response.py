"""The blob response, in which points stand out, and the smoothing behind it, in float32.

A binomial filter of ``n`` passes along each axis is as if neighbours were added pairwise ``n``
times; its variance is ``n / 4`` px^2, and it comes close to a Gaussian from four passes on. Its
negative bend is exact: the Laplacian of what it smoothed.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.filters import laplacian, separable
from fishcount.spots.points.model import Points
from fishcount.spots.points.patches import classes_of_reach, subtract_patches

__all__ = [
    "blob_response",
    "passes_for",
    "point_gain",
    "sampled",
    "smooth",
    "subtract_points",
    "white_noise_gain",
]

# Rows that are filtered together.
_STRIP_ROWS = 128


def passes_for(sigma_px: float) -> int:
    """The even number of binomial passes whose width comes closest to `sigma_px`; at least 2."""
    return max(2, 2 * round(2 * sigma_px**2))


def smooth(image: NDArray[np.float32], passes: int) -> NDArray[np.float32]:
    """Binomial smoothing of a plane (y, x), mirrored at its edges.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
    passes : int
        Even; the standard deviation is ``sqrt(passes) / 2`` pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.points.response import smooth
    >>> point = np.zeros((5, 5), np.float32)
    >>> point[2, 2] = 16
    >>> smooth(point, 2)[1:4, 1:4]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]], dtype=float32)
    """
    flat, _ = _binomial(passes)
    return separable(image, flat[1:-1], flat[1:-1], border="reflect")


def blob_response(image: NDArray[np.number], passes: int) -> NDArray[np.float32]:
    """The negative Laplacian of the binomially smoothed plane: bright where a blob is.

    Constant and linearly changing backgrounds give zero. Parameters as in `smooth`.
    """
    flat, _ = _binomial(passes)
    response = np.empty(image.shape, np.float32)
    margin = passes // 2 + 1
    # In strips, which stay in the processor's cache between the two filters.
    for top in range(0, len(image), _STRIP_ROWS):
        strip = slice(max(top - margin, 0), top + _STRIP_ROWS + margin)
        out = response[top : top + _STRIP_ROWS]
        first = top - strip.start
        rows = slice(first, first + len(out))
        counts = image[strip].astype(np.float32, copy=False)
        bent = laplacian(separable(counts, flat[1:-1], flat[1:-1], border="reflect"))
        np.negative(bent[rows], out=out)
    return response


@lru_cache(maxsize=64)
def white_noise_gain(passes: int) -> float:
    """Standard deviation of `blob_response` to white noise of standard deviation 1."""
    side = 2 * passes + 9
    impulse = np.zeros((side, side), np.float32)
    impulse[side // 2, side // 2] = 1
    return float(np.sqrt(np.square(blob_response(impulse, passes), dtype=np.float64).sum()))


@lru_cache(maxsize=256)
def point_gain(passes: int, sigma_px: float) -> float:
    """Peak of `blob_response` to a Gaussian point of amplitude 1 and width `sigma_px`."""
    reach = int(np.ceil(5 * sigma_px)) + passes + 2
    axis = np.arange(-reach, reach + 1)
    profile = np.exp(-0.5 * np.square(axis / sigma_px))
    point = np.outer(profile, profile).astype(np.float32)
    return float(blob_response(point, passes)[reach, reach])


@lru_cache(maxsize=64)
def _binomial(passes: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (passes + 3,) of a binomial filter, and its negative second differences."""
    if passes < 2 or passes % 2:
        raise ValueError(f"passes must be even and at least 2; got {passes}")
    weight = np.array([comb(passes, k) for k in range(passes + 1)]) / 2.0**passes
    flat = np.pad(weight, 1)
    bent = np.convolve(weight, [-1.0, 2.0, -1.0])
    return flat.astype(np.float32), bent.astype(np.float32)


def sampled(
    response: NDArray[np.float32], y_px: NDArray[np.float64], x_px: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A response between its pixels, by linear interpolation; beyond the edge, that at the edge."""
    at: NDArray[np.float64] = ndi.map_coordinates(
        response, np.stack([y_px, x_px]), order=1, mode="nearest", output=np.float64
    )
    return at


def subtract_points(
    response: NDArray[np.float32],
    points: Points,
    sigma_px: float | NDArray[np.float64],
    passes: int,
    *,
    sign: int = 1,
) -> None:
    """Take the responses of Gaussian points out of a blob response, in place.

    The filter is separable, so two filtered profiles for each point are enough. Widths may differ
    from point to point. ``sign=-1`` puts them back. What lies beyond the edge is cut off.
    """
    sigma = np.broadcast_to(sigma_px, (len(points),))
    height = sign * points.amplitude_counts
    home_y, home_x = np.rint(points.y_px).astype(np.int64), np.rint(points.x_px).astype(np.int64)
    dy, dx = points.y_px - home_y, points.x_px - home_x
    for reach, rows in classes_of_reach(np.ceil(3 * sigma).astype(np.int64) + passes // 2):
        flat_y, bent_y = _filtered_profiles(dy[rows], sigma[rows], passes, reach)
        flat_x, bent_x = _filtered_profiles(dx[rows], sigma[rows], passes, reach)
        tall = height[rows].astype(np.float32)[:, None]
        # (n, p, 2) x (n, 2, q): bent along one axis and flat along the other, both ways.
        along_y = np.stack([tall * bent_y, tall * flat_y], axis=2)
        patch = along_y @ np.stack([flat_x, bent_x], axis=1)
        subtract_patches(response, home_y[rows], home_x[rows], patch)


def _filtered_profiles(
    offset: NDArray[np.float64], sigma_px: NDArray[np.float64], passes: int, reach: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Around pixels, a smoothed Gaussian `offset` from the middle one, and its negative bend."""
    half = passes // 2 + 1
    pixel = np.arange(-reach - half, reach + half + 1)
    profile = np.exp(-0.5 * np.square((pixel - offset[:, None]) / sigma_px[:, None]))
    flat, bent = _binomial(passes)
    windows = sliding_window_view(profile, len(flat), axis=1)
    return (windows @ flat).astype(np.float32), (windows @ bent).astype(np.float32)
