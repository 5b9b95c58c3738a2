"""The filters of detection: binomial smoothing and the blob response, in float32.

A binomial filter of ``n`` passes along each axis adds neighbours pairwise ``n`` times; its
variance is ``n / 4`` px^2, and it comes close to a Gaussian from four passes on. It is built
from additions of two numbers alone, in a fixed order at each pixel, so the result does not
depend on threads, on where a tile begins, or on the linear algebra library.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

__all__ = [
    "blob_response",
    "passes_for",
    "point_gain",
    "sampled",
    "smooth",
    "subtract_points",
    "subtract_stamps",
    "white_noise_gain",
]

# Rows filtered at once: a strip and its buffer stay in the processor's second-level cache.
_STRIP_ROWS = 64


class PointsLike(Protocol):
    """Positions and heights, as `fishcount.spots.scene.Points` has them."""

    @property
    def y_px(self) -> NDArray[np.float64]: ...
    @property
    def x_px(self) -> NDArray[np.float64]: ...
    @property
    def amplitude_counts(self) -> NDArray[np.float64]: ...
    def __len__(self) -> int: ...


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
    >>> from fishcount.spots.filters import smooth
    >>> point = np.zeros((5, 5), np.float32)
    >>> point[2, 2] = 16
    >>> smooth(point, 2)[1:4, 1:4]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]], dtype=float32)
    """
    return _filtered(image, passes, laplacian=False)


def blob_response(image: NDArray[np.float32], passes: int) -> NDArray[np.float32]:
    """The negative Laplacian of the binomially smoothed plane: bright where a blob is.

    Constant and linearly changing backgrounds give zero. Parameters as in `smooth`.
    """
    return _filtered(image, passes, laplacian=True)


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


def _filtered(image: NDArray[np.float32], passes: int, *, laplacian: bool) -> NDArray[np.float32]:
    if passes < 2 or passes % 2:
        raise ValueError(f"passes must be even and at least 2; got {passes}")
    height, width = image.shape
    edge = int(laplacian)
    margin = passes // 2 + edge
    padded = np.pad(image, margin, mode="symmetric")
    pitch = width + 2 * margin
    buffers = [np.empty((_STRIP_ROWS + 2 * margin) * pitch, np.float32) for _ in range(2)]
    out = np.empty_like(image, dtype=np.float32)
    scale = np.float32(0.5**passes)
    for top in range(0, height, _STRIP_ROWS):
        rows = min(_STRIP_ROWS, height - top)
        flat = padded[top : top + rows + 2 * margin].reshape(-1)
        flat = _pairwise_sums(flat, pitch, passes, buffers)
        flat *= scale  # between the axes: sums of many passes would overflow
        flat = _pairwise_sums(flat, 1, passes, buffers)
        target = out[top : top + rows]
        if laplacian:
            _negative_laplacian(_rows(flat, rows + 2, width + 2, pitch), target)
        else:
            target[...] = _rows(flat, rows, width, pitch)
        target *= scale
    return out


def _pairwise_sums(
    flat: NDArray[np.float32], lag: int, passes: int, buffers: list[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Add each number to the one `lag` behind it, `passes` times.

    Rows lie behind each other, so a lag of one row filters along y and a lag of one along x;
    what runs over the end of a row lands in its margin, which is not read again.
    """
    for _ in range(passes):
        size = flat.size - lag
        spare = buffers[1] if np.shares_memory(flat, buffers[0]) else buffers[0]
        flat = np.add(flat[:size], flat[lag:], out=spare[:size])
    return flat


def _rows(flat: NDArray[np.float32], rows: int, columns: int, pitch: int) -> NDArray[np.float32]:
    step = flat.itemsize
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), (pitch * step, step))


def _negative_laplacian(smoothed: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    np.multiply(smoothed[1:-1, 1:-1], np.float32(4), out=out)
    out -= smoothed[:-2, 1:-1] + smoothed[2:, 1:-1]
    out -= smoothed[1:-1, :-2] + smoothed[1:-1, 2:]


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
    points: PointsLike,
    sigma_px: float | NDArray[np.float64],
    passes: int,
    *,
    sign: int = 1,
) -> None:
    """Take the responses of Gaussian points out of a blob response, in place.

    The filter is separable, so two filtered profiles for each point are enough. Widths may differ
    from point to point. ``sign=-1`` puts them back. What lies beyond the edge is cut off.
    """
    if len(points) == 0:
        return
    reach = int(np.ceil(3 * np.max(sigma_px))) + passes // 2
    sigma = np.broadcast_to(sigma_px, (len(points),))
    rows, flat_y, bent_y = _filtered_profiles(points.y_px, sigma, passes, reach)
    columns, flat_x, bent_x = _filtered_profiles(points.x_px, sigma, passes, reach)
    height = np.float32(sign) * points.amplitude_counts.astype(np.float32)[:, None]
    stamp = (height * bent_y)[:, :, None] * flat_x[:, None, :]
    stamp += (height * flat_y)[:, :, None] * bent_x[:, None, :]
    subtract_stamps(response, rows, columns, stamp)


def subtract_stamps(
    image: NDArray[np.float32],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    stamp: NDArray[np.float32],
) -> None:
    """Take patches (n, p, q) out of an image, in place; what lies beyond its edge is cut off.

    Patches are taken out in their order, so where they overlap the result does not depend on
    what else lies in the image.
    """
    height, width = image.shape
    whole = (rows[:, 0] >= 0) & (rows[:, -1] < height)
    whole &= (columns[:, 0] >= 0) & (columns[:, -1] < width)
    if not whole.all():
        cut = ~whole
        inside = ((rows[cut] >= 0) & (rows[cut] < height))[:, :, None]
        inside = inside & ((columns[cut] >= 0) & (columns[cut] < width))[:, None, :]
        stamp[cut] *= inside
        rows, columns = rows.clip(0, height - 1), columns.clip(0, width - 1)
    flat = (rows * width)[:, :, None] + columns[:, None, :]
    np.subtract.at(image.reshape(-1), flat.reshape(-1), stamp.reshape(-1))


def _filtered_profiles(
    centre: NDArray[np.float64], sigma_px: NDArray[np.float64], passes: int, reach: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Pixels around each centre, and there a smoothed Gaussian and its negative bend."""
    home = np.rint(centre).astype(np.int64)
    half = passes // 2 + 1
    pixel = home[:, None] + np.arange(-reach - half, reach + half + 1)
    profile = np.exp(-0.5 * np.square((pixel - centre[:, None]) / sigma_px[:, None]))
    for _ in range(passes):
        profile = 0.5 * (profile[:, 1:] + profile[:, :-1])
    bent = 2 * profile[:, 1:-1] - profile[:, :-2] - profile[:, 2:]
    return pixel[:, half:-half], profile[:, 1:-1].astype(np.float32), bent.astype(np.float32)
