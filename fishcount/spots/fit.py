"""Points fitted to all candidates at once: a Gaussian on a plane, by least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.patches import cut_patches, pixels_inside

__all__ = ["PointFits", "fit_patches", "fit_points"]

_DAMPING = 1e-3
# Among the columns of a design those of the height and of the plane under it; all, and those that
# are left where the width is known.
_LINEAR = np.array([0, 4, 5, 6])
_ALL, _KNOWN_WIDTH = np.arange(7), np.array([0, 1, 2, 4, 5, 6])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointFits:
    """Fitted points, one row each.

    Attributes
    ----------
    y_px, x_px, amplitude_counts, sigma_px, background_counts : ndarray of float64, (n,)
    residual_counts : ndarray of float64, (n,)
        Root mean square of what the fit leaves in the patch.
    """

    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    amplitude_counts: NDArray[np.float64]
    sigma_px: NDArray[np.float64]
    background_counts: NDArray[np.float64]
    residual_counts: NDArray[np.float64]


def fit_points(
    image: NDArray[np.number],
    y_px: NDArray[np.float64],
    x_px: NDArray[np.float64],
    *,
    sigma_px: float,
    radius_px: int,
    iterations: int = 5,
) -> PointFits:
    """Fit amplitude, position, width and a plane of background to each point on its own.

    Gauss-Newton steps on all patches at once; position, width and amplitude start from the
    values given and what the patch shows. A width stays within a factor of 4 of the start, a
    position within `radius_px`/2.
    """
    home_y, home_x = np.rint(y_px).astype(np.int64), np.rint(x_px).astype(np.int64)
    data = cut_patches(image, home_y, home_x, radius_px)
    inside = pixels_inside(image.shape, home_y, home_x, radius_px)
    fits = fit_patches(
        data,
        y_px - home_y,
        x_px - home_x,
        sigma_px=sigma_px,
        inside=inside,
        iterations=iterations,
    )
    return replace(fits, y_px=home_y + fits.y_px, x_px=home_x + fits.x_px)


def fit_patches(
    data: NDArray[np.floating],
    dy_px: NDArray[np.float64],
    dx_px: NDArray[np.float64],
    *,
    sigma_px: float,
    inside: NDArray[np.bool_] | None = None,
    iterations: int = 5,
    free_width: bool = True,
) -> PointFits:
    """As `fit_points`, on patches (n, side, side); positions are from the centre of a patch.

    Without `free_width` all points have the width `sigma_px`.
    """
    n, side, _ = data.shape
    radius = side // 2
    counts: NDArray[np.float64] = data.reshape(n, side * side).astype(np.float64)
    weight = np.ones_like(counts)
    if inside is not None:
        weight = inside.reshape(n, side * side).astype(np.float64)
    reach = np.arange(-radius, radius + 1.0)
    free = _ALL if free_width else _KNOWN_WIDTH
    dy, dx, sigma = dy_px, dx_px, np.full(n, sigma_px)
    for _ in range(iterations):
        columns = _design(dy, dx, sigma, reach)
        normal, right = _normal_equations(columns, counts, weight)
        linear = _solve(normal[:, _LINEAR[:, None], _LINEAR], right[:, _LINEAR])
        # Derivatives are for a height of 1, and what is linear has had its turn.
        scale = np.ones((n, 7))
        scale[:, 1:4] = linear[:, :1]
        left = right - np.einsum("nij,nj->ni", normal[:, :, _LINEAR], linear)
        normal *= scale[:, :, None] * scale[:, None, :]
        step = np.zeros((n, 7))
        step[:, free] = _solve(normal[:, free[:, None], free], (left * scale)[:, free])
        dy = np.clip(dy + np.clip(step[:, 1], -1, 1), -radius / 2, radius / 2)
        dx = np.clip(dx + np.clip(step[:, 2], -1, 1), -radius / 2, radius / 2)
        grown = sigma * np.exp(np.clip(step[:, 3], -0.4, 0.4))
        sigma = np.clip(grown, sigma_px / 4, sigma_px * 4)
    columns = _design(dy, dx, sigma, reach)[:, _LINEAR]
    linear = _solve(*_normal_equations(columns, counts, weight))
    misfit = weight * np.square(counts - np.einsum("nk,nkp->np", linear, columns))
    return PointFits(
        y_px=dy,
        x_px=dx,
        amplitude_counts=linear[:, 0],
        sigma_px=sigma,
        background_counts=linear[:, 1] + (linear[:, 2] * dy + linear[:, 3] * dx) / radius,
        residual_counts=np.sqrt(misfit.sum(1) / np.maximum(weight.sum(1) - 7, 1)),
    )


def _design(
    dy: NDArray[np.float64],
    dx: NDArray[np.float64],
    sigma: NDArray[np.float64],
    reach: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Points of height 1, their derivatives by y, x and log width, and a plane, (n, 7, p)."""
    u, v = (reach - dy[:, None]) / sigma[:, None], (reach - dx[:, None]) / sigma[:, None]
    along_y, along_x = np.exp(-0.5 * u**2), np.exp(-0.5 * v**2)
    columns = np.empty((len(dy), 7, len(reach), len(reach)))
    columns[:, 0] = along_y[:, :, None] * along_x[:, None, :]
    columns[:, 1] = columns[:, 0] * (u / sigma[:, None])[:, :, None]
    columns[:, 2] = columns[:, 0] * (v / sigma[:, None])[:, None, :]
    columns[:, 3] = columns[:, 0] * ((u**2)[:, :, None] + (v**2)[:, None, :])
    columns[:, 4] = 1
    columns[:, 5], columns[:, 6] = reach[:, None] / reach[-1], reach / reach[-1]
    return columns.reshape(len(dy), 7, len(reach) ** 2)


def _normal_equations(
    columns: NDArray[np.float64], data: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrices (n, k, k) and right sides (n, k) of weighted least squares."""
    weighted = columns * weight[:, None]
    return weighted @ columns.transpose(0, 2, 1), (weighted @ data[:, :, None])[:, :, 0]


def _solve(normal: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    damped = normal.copy()
    diagonal = np.einsum("nii->ni", damped)
    diagonal *= 1 + _DAMPING
    diagonal += 1e-9
    return np.asarray(np.linalg.solve(damped, right[:, :, None])[:, :, 0], np.float64)
