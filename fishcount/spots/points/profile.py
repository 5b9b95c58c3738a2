"""The radial profile of a point or blob whose place is known: height, width and background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ProfileFits", "fit_profiles", "squared_distance"]

# A width changes by at most this factor, in log, at a step, and stays within this of the start.
_MAX_STEP, _MOST = 0.5, 1.4
# The diagonal of the normal matrix is raised by this share and this much, so that a patch of which
# nothing counts has a solution.
_DAMPING, _LEAST_DIAGONAL = 1e-4, 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProfileFits:
    """Fitted profiles, one row each.

    Attributes
    ----------
    amplitude_counts, sigma_px, background_counts : ndarray of float64, (n,)
    residual_counts : ndarray of float64, (n,)
        Root mean square of what the fit leaves.
    """

    amplitude_counts: NDArray[np.float64]
    sigma_px: NDArray[np.float64]
    background_counts: NDArray[np.float64]
    residual_counts: NDArray[np.float64]


def squared_distance(offset_px: NDArray[np.float64], reach: int) -> NDArray[np.float32]:
    """Squared distance (n, side, side) of the pixels of patches from places near their middle.

    Parameters
    ----------
    offset_px : ndarray of float64, (n, 2)
        Place, (y, x) from the centre of the middle pixel.
    reach : int
        Half the side of a patch.
    """
    steps = np.arange(-reach, reach + 1)
    along = np.square(steps - offset_px[:, :, None]).astype(np.float32)
    square: NDArray[np.float32] = along[:, 0, :, None] + along[:, 1, None, :]
    return square


def fit_profiles(
    patch: NDArray[np.float32],
    square_px: NDArray[np.float32],
    *,
    inside: NDArray[np.bool_],
    sigma_px: float,
    iterations: int,
) -> ProfileFits:
    """Fit a Gaussian of free height and width on a constant background to each patch.

    Gauss-Newton steps in the logarithm of the width; height and background are linear.

    Parameters
    ----------
    patch, square_px : ndarray of float32, (n, side, side)
        Counts, and the squared distance of each pixel from the centre.
    inside : ndarray of bool, (n, side, side)
        Pixels that count.
    sigma_px : float
        Where widths start.
    iterations : int
    """
    n = len(patch)
    flat = (n, patch.shape[1] * patch.shape[2])
    data, square = patch.reshape(flat), square_px.reshape(flat)
    weight = inside.reshape(flat).astype(np.float32)
    level = (data * weight).sum(1) / np.maximum(weight.sum(1), 1)
    # Heights over the mean: sums of squares of large levels would lose their digits.
    data = (data - level[:, None]) * weight
    log_sigma = np.full(n, np.log(sigma_px))
    for _ in range(iterations):
        shape = _shape(square, log_sigma, weight)
        bend = shape * square * (np.exp(-2 * log_sigma)[:, None]).astype(np.float32)
        _, height, slope = _solve([weight, shape, bend], data)
        step = slope / np.where(height > 0, height, np.inf)
        log_sigma = log_sigma + np.clip(step, -_MAX_STEP, _MAX_STEP)
        log_sigma = np.clip(log_sigma, np.log(sigma_px) - _MOST, np.log(sigma_px) + _MOST)
    shape = _shape(square, log_sigma, weight)
    base, height = _solve([weight, shape], data)
    model = base[:, None] * weight + height[:, None] * shape
    left = np.square(data - model).sum(axis=1, dtype=np.float64)
    return ProfileFits(
        amplitude_counts=height,
        sigma_px=np.exp(log_sigma),
        background_counts=base + level,
        residual_counts=np.sqrt(left / np.maximum(weight.sum(1) - 3, 1)),
    )


def _shape(
    square: NDArray[np.float32], log_sigma: NDArray[np.float64], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    scale = (-0.5 * np.exp(-2 * log_sigma)).astype(np.float32)
    shape: NDArray[np.float32] = np.exp(square * scale[:, None]) * weight
    return shape


def _solve(
    columns: list[NDArray[np.float32]], data: NDArray[np.float32]
) -> list[NDArray[np.float64]]:
    """Least squares for each row, with few columns (n, p) that are zero where nothing counts."""
    k = len(columns)
    normal = np.empty((len(data), k, k))
    right = np.empty((len(data), k, 1))
    for i, first in enumerate(columns):
        right[:, i, 0] = np.einsum("np,np->n", first, data)
        for j in range(i + 1):
            normal[:, i, j] = normal[:, j, i] = np.einsum("np,np->n", first, columns[j])
    diagonal = np.einsum("nii->ni", normal)
    diagonal *= 1 + _DAMPING
    diagonal += _LEAST_DIAGONAL
    return list(np.linalg.solve(normal, right)[:, :, 0].T)
