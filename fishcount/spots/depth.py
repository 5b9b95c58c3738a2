"""Split spots of a stack whose light has two maxima along z: two signals above one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.read_only import stacked_columns
from fishcount.spots.result import Spots

__all__ = ["separated_in_depth"]

# Two signals are told apart from this distance on, where the weaker one has this share of the
# height of the stronger, this SNR, and the light between them falls to this share of it.
_LEAST_DEPTH_UM = 1.2
_SECOND_SHARE, _SECOND_SNR, _VALLEY_SHARE = 0.5, 5.0, 0.5
_REACH_WIDTHS = 2.5


def separated_in_depth(
    spots: Spots, stack: NDArray[np.number], *, z_step_um: float | None
) -> Spots:
    """The same spots, and one more for each lone kept spot that is two signals above one another.

    The light of each spot is followed through the planes; two are seen where it has two maxima
    with a valley between them. In a crowd the light of neighbours would look the same.

    Parameters
    ----------
    spots : Spots
        As found on one plane, with the height at which each is brightest.
    stack : ndarray of float32, (z, y, x)
    z_step_um
        Distance of planes; without it the spots come back as they are.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import Spots
    >>> from fishcount.spots.depth import separated_in_depth
    >>> len(separated_in_depth(Spots.empty(), np.zeros((9, 32, 32), np.float32), z_step_um=0.4))
    0
    """
    lone = np.flatnonzero(spots.kept & (spots.cluster == 0))
    if z_step_um is None or len(stack) < 3 or not lone.size:
        return spots
    height, error = _heights_in_planes(spots, lone, stack)
    # Neighbouring planes of a signal are alike, so their mean is more certain.
    ends = np.concatenate([height[:, :1], height, height[:, -1:]], axis=1)
    height = 0.25 * ends[:, :-2] + 0.5 * ends[:, 1:-1] + 0.25 * ends[:, 2:]
    two, planes, share = _two_maxima(height, error, int(np.ceil(_LEAST_DEPTH_UM / z_step_um)))
    # Of two that are alike, a spot may have been found in the plane of the lower one.
    from_higher, from_lower = np.abs(spots.z_px[lone] - planes)
    is_lower = from_lower < from_higher
    plane = np.where(is_lower, *planes)
    share = np.where(is_lower, 1 / share, share)
    first = spots.take(lone[two])
    second = replace(
        first,
        z_px=plane[two].astype(np.float64),
        amplitude_counts=first.amplitude_counts * share[two],
        flux_counts=first.flux_counts * share[two],
        snr=first.snr * share[two],
    )
    return replace(spots, **stacked_columns([spots, second])).sorted()


def _two_maxima(
    height: NDArray[np.float64], error: NDArray[np.float64], least_planes: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
    """Which profiles (n, planes) have two maxima, their planes (2, n), and the second's share.

    The higher maximum comes first; the share is that of its height, and above 0.
    """
    plane, row = np.arange(height.shape[1]), np.arange(len(height))
    top = height.argmax(axis=1)
    padded = np.pad(height, ((0, 0), (1, 1)), constant_values=-np.inf)
    is_peak = (height >= padded[:, :-2]) & (height >= padded[:, 2:])
    is_peak &= np.abs(plane - top[:, None]) >= least_planes
    second = np.where(is_peak, height, -np.inf).argmax(axis=1)
    low, high = np.minimum(top, second), np.maximum(top, second)
    between = (plane >= low[:, None]) & (plane <= high[:, None])
    valley = np.where(between, height, np.inf).min(axis=1)
    at_second = height[row, second]
    share = np.maximum(at_second, 1e-9) / np.maximum(height[row, top], 1e-9)
    two = is_peak.any(axis=1) & (share >= _SECOND_SHARE)
    two &= (at_second >= _SECOND_SNR * error[row, second]) & (valley <= _VALLEY_SHARE * at_second)
    return two, np.stack([top, second]), share


def _heights_in_planes(
    spots: Spots, rows: NDArray[np.int64], stack: NDArray[np.number]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Height of a point of the known width at the place of each spot in every plane, and its error.

    Both (n, planes), by least squares on an even background.
    """
    sigma = spots.psf_sigma_px
    half = int(np.ceil(_REACH_WIDTHS * sigma))
    reach = np.arange(-half, half + 1)
    y, x = spots.y_px[rows], spots.x_px[rows]
    at_y = np.rint(y).astype(np.int64)[:, None] + reach
    at_x = np.rint(x).astype(np.int64)[:, None] + reach
    along_y = np.exp(-0.5 * np.square((at_y - y[:, None]) / sigma))
    along_x = np.exp(-0.5 * np.square((at_x - x[:, None]) / sigma))
    shape = (along_y[:, :, None] * along_x[:, None, :]).reshape(len(rows), -1)
    shape -= shape.mean(axis=1, keepdims=True)
    at_y, at_x = at_y.clip(0, stack.shape[1] - 1), at_x.clip(0, stack.shape[2] - 1)
    light = stack[:, at_y[:, :, None], at_x[:, None, :]].reshape(len(stack), len(rows), -1)
    light = light.transpose(1, 0, 2).astype(np.float64)
    light -= light.mean(axis=2, keepdims=True)
    norm = np.square(shape).sum(axis=1)[:, None]
    height = np.einsum("npk,nk->np", light, shape) / norm
    left = light - height[:, :, None] * shape[:, None, :]
    return height, np.sqrt(np.square(left).mean(axis=2) / norm)
