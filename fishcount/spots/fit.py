"""Points fitted to all candidates at once: a Gaussian on a plane, by least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.patches import cut_patches, pixels_inside

__all__ = ["PointFits", "fit_patches", "fit_points"]

_DAMPING = 1e-3


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
    image: NDArray[np.float32],
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
) -> PointFits:
    """As `fit_points`, on patches (n, side, side); positions are from the centre of a patch."""
    n, side, _ = data.shape
    radius = side // 2
    counts: NDArray[np.float64] = data.reshape(n, side * side).astype(np.float64)
    weight = np.ones_like(counts)
    if inside is not None:
        weight = inside.reshape(n, side * side).astype(np.float64)
    reach = np.arange(-radius, radius + 1.0)
    grid_y, grid_x = (grid.reshape(-1) for grid in np.meshgrid(reach, reach, indexing="ij"))
    plane = np.stack([np.ones_like(grid_y), grid_y / radius, grid_x / radius])
    dy, dx, sigma = dy_px, dx_px, np.full(n, sigma_px)
    for _ in range(iterations):
        shape, columns = _design(dy, dx, sigma, grid_y, grid_x, plane)
        linear = _linear(shape, plane, counts, weight)
        columns[:, 1:4] *= linear[:, :1, None]
        step = _solve(columns, counts - _model(shape, plane, linear), weight)
        dy = np.clip(dy + np.clip(step[:, 1], -1, 1), -radius / 2, radius / 2)
        dx = np.clip(dx + np.clip(step[:, 2], -1, 1), -radius / 2, radius / 2)
        grown = sigma * np.exp(np.clip(step[:, 3], -0.4, 0.4))
        sigma = np.clip(grown, sigma_px / 4, sigma_px * 4)
    shape, _ = _design(dy, dx, sigma, grid_y, grid_x, plane)
    linear = _linear(shape, plane, counts, weight)
    left = weight * np.square(counts - _model(shape, plane, linear))
    return PointFits(
        y_px=dy,
        x_px=dx,
        amplitude_counts=linear[:, 0],
        sigma_px=sigma,
        background_counts=linear[:, 1] + (linear[:, 2] * dy + linear[:, 3] * dx) / radius,
        residual_counts=np.sqrt(left.sum(1) / np.maximum(weight.sum(1) - 7, 1)),
    )


def _design(
    dy: NDArray[np.float64],
    dx: NDArray[np.float64],
    sigma: NDArray[np.float64],
    grid_y: NDArray[np.float64],
    grid_x: NDArray[np.float64],
    plane: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shape (n, p) of the points and derivatives (n, 7, p) for amplitude 1."""
    u = (grid_y - dy[:, None]) / sigma[:, None]
    v = (grid_x - dx[:, None]) / sigma[:, None]
    square = u**2 + v**2
    shape = np.exp(-0.5 * square)
    columns = np.empty((len(dy), 7, grid_y.size))
    columns[:, 0] = shape
    columns[:, 1] = shape * u / sigma[:, None]
    columns[:, 2] = shape * v / sigma[:, None]
    columns[:, 3] = shape * square
    columns[:, 4:] = plane
    return shape, columns


def _linear(
    shape: NDArray[np.float64],
    plane: NDArray[np.float64],
    data: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Amplitude and plane (n, 4) that fit best while position and width stand still."""
    columns = np.concatenate(
        [shape[:, None], np.broadcast_to(plane, (len(shape), *plane.shape))], axis=1
    )
    return _solve(columns, data, weight)


def _model(
    shape: NDArray[np.float64], plane: NDArray[np.float64], linear: NDArray[np.float64]
) -> NDArray[np.float64]:
    model: NDArray[np.float64] = linear[:, :1] * shape + linear[:, 1:] @ plane
    return model


def _solve(
    columns: NDArray[np.float64], data: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    weighted = columns * weight[:, None]
    normal = weighted @ columns.transpose(0, 2, 1)
    diagonal = np.einsum("nii->ni", normal)
    diagonal *= 1 + _DAMPING
    diagonal += 1e-9
    right = weighted @ data[:, :, None]
    return np.asarray(np.linalg.solve(normal, right)[:, :, 0], np.float64)
