"""Points on a smooth background: the model that explains a crowded image.

A scene is an image ``I`` that is explained by points of one known width ``s``, on a background
that is smooth beyond a length ``b``. The points minimise ``<r, H r> / 2`` with
``r = I - sum(a_i g_i)``, where ``g_i`` is a Gaussian of width ``s`` at the point and ``H`` takes
away what a Gaussian of width ``b`` passes: least squares that do not see the background. Every
product of two points is then a difference of two Gaussians of their distance, and the image
enters through ``<g_i, H I>`` alone, a sum over a small patch. So points that overlap are fitted
jointly, in groups, at the cost of a few small matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means, enlarged
from fishcount.spots.filters import smooth
from fishcount.spots.groups import close_pairs, groups_of_pairs
from fishcount.spots.patches import classes_of_reach, subtract_patches

__all__ = ["COUPLED_REACH", "GROUP_REACH", "Points", "Scene", "without_points"]

# Points connected by steps of so many widths are one group: a change of one is felt by the others.
GROUP_REACH = 4.0
# Within so many widths two points see each other at all.
COUPLED_REACH = 6.0
_PATCH_REACH = 3.0
# Pixel^2 that means of two pixels and the linear interpolation back add to a smoothing.
_HALVING_VARIANCE = 1.0
_BACKGROUND_WIDTHS = 1.5
# Even: a strip of the halved image has half of them.
_STRIP_ROWS = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Points of a scene: position and height.

    Which of them are close is asked for again and again, and found once.
    """

    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    amplitude_counts: NDArray[np.float64]
    _found: dict[float, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __len__(self) -> int:
        return len(self.y_px)

    def pairs(self, reach_px: float, *, at_most_px: float) -> NDArray[np.int64]:
        """Pairs (m, 2) of points at most `reach_px` apart, as `close_pairs` gives them.

        `at_most_px` is the largest reach that will be asked for.
        """
        if at_most_px not in self._found:
            pairs = close_pairs(self.y_px, self.x_px, at_most_px)
            first, second = pairs.T
            dy, dx = self.y_px[first] - self.y_px[second], self.x_px[first] - self.x_px[second]
            self._found[at_most_px] = pairs, dy**2 + dx**2
        pairs, square = self._found[at_most_px]
        return pairs[square <= reach_px**2]

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Points:
        """Some of the points."""
        return Points(
            y_px=self.y_px[which],
            x_px=self.x_px[which],
            amplitude_counts=self.amplitude_counts[which],
        )

    def placed(self, where: NDArray[np.bool_], others: Points) -> Points:
        """The same with `others` in place of those at `where`."""
        y, x, height = self.y_px.copy(), self.x_px.copy(), self.amplitude_counts.copy()
        y[where], x[where], height[where] = others.y_px, others.x_px, others.amplitude_counts
        return Points(y_px=y, x_px=x, amplitude_counts=height)

    def joined(self, more: Points) -> Points:
        """These points and then `more`."""
        return Points(
            y_px=np.concatenate([self.y_px, more.y_px]),
            x_px=np.concatenate([self.x_px, more.x_px]),
            amplitude_counts=np.concatenate([self.amplitude_counts, more.amplitude_counts]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """An image without its smooth background, and the width of a point in it.

    Attributes
    ----------
    detail : ndarray of float32, (y, x)
        ``H I``.
    sigma_px : float
        Width of a point.
    background_sigma_px : float
        Width of the Gaussian whose share was taken away.
    radius_px : int
        Half the side of the patches in which points are looked at.
    """

    detail: NDArray[np.float32]
    sigma_px: float
    background_sigma_px: float
    radius_px: int

    @classmethod
    def of(cls, image: NDArray[np.float32], *, sigma_px: float) -> Scene:
        """The scene of a plane (y, x) whose points have the width `sigma_px`."""
        radius = int(np.ceil(_PATCH_REACH * sigma_px))
        passes = max(2, 2 * round(((_BACKGROUND_WIDTHS * sigma_px) ** 2 - _HALVING_VARIANCE) / 2))
        detail = _without_background(image, passes)
        return cls(
            detail=detail,
            sigma_px=sigma_px,
            background_sigma_px=float(np.sqrt(passes + _HALVING_VARIANCE)),
            radius_px=radius,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        return self.detail.shape[0], self.detail.shape[1]

    @property
    def norm(self) -> float:
        """Square root of ``<g, H g>``: what noise of 1 is to be compared with."""
        return float(np.sqrt(self.product(np.zeros(1), np.zeros(1))[0]))

    @property
    def _terms(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Weight and variance of the two Gaussians in the product of two points."""
        point = self.sigma_px**2
        blurred = point + self.background_sigma_px**2
        passed = point / blurred * 2 * np.pi * point * blurred / (point + blurred)
        return (np.pi * point, 2 * point), (-passed, point + blurred)

    def pairs(self, points: Points, widths: float) -> NDArray[np.int64]:
        """Pairs (m, 2) of points at most so many widths apart, each once, in rising order."""
        return points.pairs(widths * self.sigma_px, at_most_px=COUPLED_REACH * self.sigma_px)

    def groups(self, points: Points, widths: float) -> NDArray[np.int64]:
        """Group of each point, from 0: points connected by steps of at most so many widths."""
        return groups_of_pairs(self.pairs(points, widths), len(points))

    def neighbours(self, points: Points, widths: float) -> NDArray[np.int64]:
        """How many others lie at most so many widths from each point."""
        return np.bincount(self.pairs(points, widths).reshape(-1), minlength=len(points))

    def product(self, dy: NDArray[np.float64], dx: NDArray[np.float64]) -> NDArray[np.float64]:
        """``<g_i, H g_j>`` for points (dy, dx) apart."""
        square = dy**2 + dx**2
        total = np.zeros_like(square)
        for weight, variance in self._terms:
            total += weight * np.exp(-square / (2 * variance))
        return total

    def products(
        self, dy: NDArray[np.float64], dx: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        """The product and its derivatives: p, p_y, p_x, p_yy, p_xx, p_xy."""
        square = dy**2 + dx**2
        p, p_y, p_x, p_yy, p_xx, p_xy = (np.zeros_like(square) for _ in range(6))
        for weight, variance in self._terms:
            e = weight * np.exp(-square / (2 * variance))
            p += e
            p_y -= e * dy / variance
            p_x -= e * dx / variance
            p_yy += e * (dy**2 / variance - 1) / variance
            p_xx += e * (dx**2 / variance - 1) / variance
            p_xy += e * dy * dx / variance**2
        return p, p_y, p_x, p_yy, p_xx, p_xy


def without_points(
    image: NDArray[np.float32], points: Points, sigma_px: float | NDArray[np.float64]
) -> NDArray[np.float32]:
    """The image (y, x) less all points, as a copy; widths may differ from point to point."""
    left = image.copy()
    sigma = np.broadcast_to(sigma_px, (len(points),))
    home_y, home_x = np.rint(points.y_px).astype(np.int64), np.rint(points.x_px).astype(np.int64)
    for reach, rows in classes_of_reach(np.ceil(4 * sigma).astype(np.int64)):
        steps, width = np.arange(-reach, reach + 1), sigma[rows][:, None]
        dy, dx = (points.y_px - home_y)[rows], (points.x_px - home_x)[rows]
        along_y = np.exp(-0.5 * np.square((steps - dy[:, None]) / width))
        along_x = np.exp(-0.5 * np.square((steps - dx[:, None]) / width)).astype(np.float32)
        along_y = (points.amplitude_counts[rows][:, None] * along_y).astype(np.float32)
        patch = along_y[:, :, None] * along_x[:, None, :]
        subtract_patches(left, home_y[rows], home_x[rows], patch)
    return left


def _without_background(image: NDArray[np.float32], passes: int) -> NDArray[np.float32]:
    """The image less itself smoothed, with the variance `passes` and a little.

    The smoothing is done on pixels twice as large.
    """
    coarse = smooth(block_means(image, 2), passes)
    detail = np.empty(image.shape, np.float32)
    # In strips, so that the smoothed image need not be there as a whole.
    for top in range(0, len(image), _STRIP_ROWS):
        out = detail[top : top + _STRIP_ROWS]
        first = max(top // 2 - 1, 0)
        part = coarse[first : (top + _STRIP_ROWS) // 2 + 1]
        fine = enlarged(part, (2 * len(part), 2 * part.shape[1]))[top - 2 * first :]
        np.subtract(image[top : top + _STRIP_ROWS], fine[: len(out), : out.shape[1]], out=out)
    return detail
