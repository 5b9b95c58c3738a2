"""Points fitted to all candidates at once: a Gaussian on a plane, by least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.points.patches import cut_patches, pixels_inside

__all__ = ["PointFits", "fit_patches", "fit_points"]

# Keeps steps finite where a patch says little of a point.
_DAMPING = 1e-3
# Steps of points that are fitted each on its own.
_ITERATIONS = 5
# At a step a position moves by at most this many pixels, and a width by this in log; in the end a
# width is at most this many times as large as at the start, or as small.
_MAX_MOVE, _MAX_GROWTH, _MOST_WIDER = 1.0, 0.4, 4.0
# A design has columns for the height, its change by y, x and log width, and a plane. Each is a
# product of a profile along y and one along x, here by their numbers; the last belongs to that of
# the width, which is a sum of two.
_OF_Y, _OF_X = np.array([2, 3, 2, 4, 0, 1, 0, 2]), np.array([2, 2, 3, 2, 0, 0, 1, 4])
_OF_WIDTH = 3
# Among the columns those of the height and of the plane under it; those of place and width; all,
# and those that are left where the width is known.
_LINEAR, _MOVES = np.array([0, 4, 5, 6]), slice(1, 4)
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
        iterations=_ITERATIONS,
    )
    return replace(fits, y_px=home_y + fits.y_px, x_px=home_x + fits.x_px)


def fit_patches(
    data: NDArray[np.floating],
    dy_px: NDArray[np.float64],
    dx_px: NDArray[np.float64],
    *,
    sigma_px: float,
    inside: NDArray[np.bool_],
    iterations: int,
    free_width: bool = True,
) -> PointFits:
    """As `fit_points`, on patches (n, side, side); positions are from the centre of a patch.

    `inside` are the pixels that count, a rectangle of each patch. Without `free_width` all points
    have the width `sigma_px`.
    """
    pixels, free = _Pixels.of(data, inside), _ALL if free_width else _KNOWN_WIDTH
    farthest = pixels.radius / 2
    dy, dx, sigma = dy_px, dx_px, np.full(len(data), sigma_px)
    for _ in range(iterations):
        step_y, step_x, step_width = _step(pixels, dy, dx, sigma, free)
        dy = np.clip(dy + np.clip(step_y, -_MAX_MOVE, _MAX_MOVE), -farthest, farthest)
        dx = np.clip(dx + np.clip(step_x, -_MAX_MOVE, _MAX_MOVE), -farthest, farthest)
        grown = sigma * np.exp(np.clip(step_width, -_MAX_GROWTH, _MAX_GROWTH))
        sigma = np.clip(grown, sigma_px / _MOST_WIDER, sigma_px * _MOST_WIDER)
    return _fits_at(pixels, dy, dx, sigma)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pixels:
    """Patches as they are fitted.

    Attributes
    ----------
    counts : ndarray of float64, (n, side, side)
    tall, wide : ndarray of float64, (n, side)
        1 for rows and columns that count, 0 for others.
    """

    counts: NDArray[np.float64]
    tall: NDArray[np.float64]
    wide: NDArray[np.float64]

    @classmethod
    def of(cls, data: NDArray[np.floating], inside: NDArray[np.bool_]) -> _Pixels:
        tall, wide = (np.asarray(inside.any(axis=axis), np.float64) for axis in (2, 1))
        return cls(counts=data.astype(np.float64), tall=tall, wide=wide)

    @property
    def radius(self) -> int:
        """Half the side of a patch."""
        side: int = self.counts.shape[1]
        return side // 2

    def profiles(
        self, dy: NDArray[np.float64], dx: NDArray[np.float64], sigma: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Along y and along x; see `_profiles`."""
        reach = np.arange(-self.radius, self.radius + 1.0)
        return _profiles(dy, sigma, reach, self.tall), _profiles(dx, sigma, reach, self.wide)


def _step(
    pixels: _Pixels,
    dy: NDArray[np.float64],
    dx: NDArray[np.float64],
    sigma: NDArray[np.float64],
    free: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Change of y, x and log width, (3, n), by Gauss and Newton; 0 for what is not `free`."""
    normal, right = _normal_equations(*pixels.profiles(dy, dx, sigma), pixels.counts)
    linear = _solve(normal[:, _LINEAR[:, None], _LINEAR], right[:, _LINEAR])
    # Derivatives are for a height of 1, and what is linear has had its turn.
    scale = np.ones(right.shape)
    scale[:, _MOVES] = linear[:, :1]
    left = right - np.einsum("nij,nj->ni", normal[:, :, _LINEAR], linear)
    normal *= scale[:, :, None] * scale[:, None, :]
    step = np.zeros(right.shape)
    step[:, free] = _solve(normal[:, free[:, None], free], (left * scale)[:, free])
    return step[:, _MOVES].T


def _fits_at(
    pixels: _Pixels, dy: NDArray[np.float64], dx: NDArray[np.float64], sigma: NDArray[np.float64]
) -> PointFits:
    """The heights and planes that are best for these places and widths, and what they leave."""
    along_y, along_x = pixels.profiles(dy, dx, sigma)
    normal, right = _normal_equations(along_y, along_x, pixels.counts)
    height, level, down, across = _solve(normal[:, _LINEAR[:, None], _LINEAR], right[:, _LINEAR]).T
    # The level and the slope along y, row by row; that along x is the same in all rows.
    rows = down[:, None] * along_y[:, 1] + level[:, None] * along_y[:, 0]
    left = pixels.counts - height[:, None, None] * along_y[:, 2, :, None] * along_x[:, 2, None, :]
    left -= rows[:, :, None] + across[:, None, None] * along_x[:, 1, None, :]
    misfit = np.einsum("nyx,ny,nx->n", np.square(left), pixels.tall, pixels.wide)
    n_pixels = pixels.tall.sum(axis=1) * pixels.wide.sum(axis=1)
    return PointFits(
        y_px=dy,
        x_px=dx,
        amplitude_counts=height,
        sigma_px=sigma,
        background_counts=level + (down * dy + across * dx) / pixels.radius,
        residual_counts=np.sqrt(misfit / np.maximum(n_pixels - len(_ALL), 1)),
    )


def _profiles(
    offset: NDArray[np.float64],
    sigma: NDArray[np.float64],
    reach: NDArray[np.float64],
    inside: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Along one axis of points of height 1, 0 where nothing counts, (n, 5, side).

    A constant, a slope, the point, and its derivatives by position and by log width.
    """
    u = (reach - offset[:, None]) / sigma[:, None]
    profiles = np.empty((len(offset), 5, len(reach)))
    profiles[:, 0], profiles[:, 1] = 1, reach / reach[-1]
    profiles[:, 2] = np.exp(-0.5 * u**2)
    profiles[:, 3] = profiles[:, 2] * u / sigma[:, None]
    profiles[:, 4] = profiles[:, 2] * u**2
    return profiles * inside[:, None]


def _normal_equations(
    along_y: NDArray[np.float64], along_x: NDArray[np.float64], data: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrices (n, 7, 7) and right sides (n, 7) of least squares.

    Sums over the pixels of a patch are products of sums along its axes.
    """
    of_y, of_x = along_y @ along_y.transpose(0, 2, 1), along_x @ along_x.transpose(0, 2, 1)
    normal = of_y[:, _OF_Y[:, None], _OF_Y] * of_x[:, _OF_X[:, None], _OF_X]
    right = (along_y @ data @ along_x.transpose(0, 2, 1))[:, _OF_Y, _OF_X]
    right[:, _OF_WIDTH] += right[:, -1]
    normal[:, _OF_WIDTH] += normal[:, -1]
    normal[:, :, _OF_WIDTH] += normal[:, :, -1]
    return normal[:, :-1, :-1], right[:, :-1]


def _solve(normal: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    damped = normal.copy()
    diagonal = np.einsum("nii->ni", damped)
    diagonal *= 1 + _DAMPING
    diagonal += 1e-9
    return np.asarray(np.linalg.solve(damped, right[:, :, None])[:, :, 0], np.float64)
