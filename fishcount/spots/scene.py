"""Points on a smooth background, fitted together.

A scene is an image ``I`` that is explained by points of one known width ``s``, on a background
that is smooth beyond a length ``b``. The points minimise ``<r, H r> / 2`` with
``r = I - sum(a_i g_i)``, where ``g_i`` is a Gaussian of width ``s`` at the point and ``H`` takes
away what a Gaussian of width ``b`` passes: least squares that do not see the background. Every
product of two points is then a difference of two Gaussians of their distance, and the image
enters through ``<g_i, H I>`` alone, a sum over a small patch. So points that overlap are fitted
jointly, in groups, at the cost of a few small matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.filters import smooth, subtract_stamps
from fishcount.spots.groups import blocks_of_groups, close_pairs, connected_groups
from fishcount.spots.resample import doubled, halve

__all__ = [
    "Moments",
    "Points",
    "Scene",
    "amplitude_errors",
    "energy",
    "fit_jointly",
    "moments",
    "residual_moments",
    "without_points",
]

# Points connected by steps of so many widths are one group: a change of one is felt by the others.
GROUP_REACH = 4.0
# Within so many widths two points are steps of one solution, and see each other at all.
_TIGHT_REACH, _COUPLED_REACH = 3.0, 6.0
_PATCH_REACH = 3.0
# Pixel^2 that means of two pixels and the linear interpolation back add to a smoothing.
_HALVING_VARIANCE = 1.0
_BACKGROUND_WIDTHS = 1.5
_DAMPING = 1e-2
_MAX_STEP_PX = 0.6
# Larger groups are solved in parts: a matrix of their size would cost more than it tells.
_LARGEST_GROUP = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Points of a scene: position and height."""

    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    amplitude_counts: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.y_px)

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
        ``H I``, with a margin of `radius_px` on all sides.
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
        detail = np.pad(image - _background(image, passes), radius, mode="symmetric")
        return cls(
            detail=detail,
            sigma_px=sigma_px,
            background_sigma_px=float(np.sqrt(passes + _HALVING_VARIANCE)),
            radius_px=radius,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        margin = 2 * self.radius_px
        return self.detail.shape[0] - margin, self.detail.shape[1] - margin

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Products of the detail with a point and its derivatives, (n,) each."""

    zero: NDArray[np.float64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    yy: NDArray[np.float64]
    xx: NDArray[np.float64]
    yx: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Patches:
    """The detail around each point, cut out once for all steps of a fit."""

    home_y: NDArray[np.int64]
    home_x: NDArray[np.int64]
    detail: NDArray[np.float32]

    @classmethod
    def of(cls, scene: Scene, points: Points) -> _Patches:
        radius = scene.radius_px
        home_y = np.rint(points.y_px).astype(np.int64).clip(0, scene.shape[0] - 1)
        home_x = np.rint(points.x_px).astype(np.int64).clip(0, scene.shape[1] - 1)
        reach = np.arange(2 * radius + 1)
        rows, columns = home_y[:, None] + reach, home_x[:, None] + reach
        # One flat index costs half of what two do.
        flat = rows[:, :, None] * scene.detail.shape[1] + columns[:, None, :]
        return cls(home_y=home_y, home_x=home_x, detail=scene.detail.reshape(-1)[flat])


def moments(scene: Scene, points: Points) -> Moments:
    """What the image says at each point: products with the point and its derivatives."""
    return _moments(scene, points, _Patches.of(scene, points))


def _moments(scene: Scene, points: Points, patches: _Patches) -> Moments:
    reach = np.arange(-scene.radius_px, scene.radius_px + 1)
    along_y = _profiles(reach - (points.y_px - patches.home_y)[:, None], scene.sigma_px)
    along_x = _profiles(reach - (points.x_px - patches.home_x)[:, None], scene.sigma_px)
    # (n, 3, p) x (n, p, q) x (n, q, 3): all nine products of profiles at once.
    table = (along_y @ patches.detail @ along_x.transpose(0, 2, 1)).astype(np.float64)
    return Moments(
        zero=table[:, 0, 0],
        y=table[:, 1, 0],
        x=table[:, 0, 1],
        yy=table[:, 2, 0],
        xx=table[:, 0, 2],
        yx=table[:, 1, 1],
    )


def residual_moments(
    scene: Scene,
    points: Points,
    pairs: NDArray[np.int64] | None = None,
    patches: _Patches | None = None,
) -> Moments:
    """As `moments`, of what all points together leave of the image.

    `pairs` are those that see each other, as `close_pairs` gives them; they and the patches are
    found when left out.
    """
    seen = _moments(scene, points, patches or _Patches.of(scene, points))
    if pairs is None:
        pairs = _coupled_pairs(scene, points)
    first, second = pairs.T
    dy = points.y_px[second] - points.y_px[first]
    dx = points.x_px[second] - points.x_px[first]
    p, p_y, p_x, p_yy, p_xx, p_xy = scene.products(dy, dx)
    own = [float(term[0]) for term in scene.products(np.zeros(1), np.zeros(1))]
    height, n = points.amplitude_counts, len(points)

    def explained(term: NDArray[np.float64], at_itself: float, odd: bool) -> NDArray[np.float64]:
        """What all points add to one moment of each; first derivatives turn with the pair."""
        by_second = -term if odd else term
        total = np.bincount(first, by_second * height[second], minlength=n)
        total += np.bincount(second, term * height[first], minlength=n)
        return np.asarray(total + at_itself * height, np.float64)

    return Moments(
        zero=seen.zero - explained(p, own[0], False),
        y=seen.y - explained(p_y, 0.0, True),
        x=seen.x - explained(p_x, 0.0, True),
        yy=seen.yy - explained(p_yy, own[3], False),
        xx=seen.xx - explained(p_xx, own[4], False),
        yx=seen.yx - explained(p_xy, 0.0, False),
    )


def _coupled_pairs(scene: Scene, points: Points) -> NDArray[np.int64]:
    return close_pairs(points.y_px, points.x_px, _COUPLED_REACH * scene.sigma_px)


def without_points(
    image: NDArray[np.float32], points: Points, sigma_px: float | NDArray[np.float64]
) -> NDArray[np.float32]:
    """The image (y, x) less all points, as a copy; widths may differ from point to point."""
    left = image.copy()
    if len(points) == 0:
        return left
    half = int(np.ceil(4 * np.max(sigma_px)))
    reach = np.arange(-half, half + 1)
    sigma = np.broadcast_to(sigma_px, (len(points),))[:, None]
    rows = np.rint(points.y_px).astype(np.int64)[:, None] + reach
    columns = np.rint(points.x_px).astype(np.int64)[:, None] + reach
    along_y = np.exp(-0.5 * np.square((rows - points.y_px[:, None]) / sigma))
    along_x = np.exp(-0.5 * np.square((columns - points.x_px[:, None]) / sigma))
    along_y = (points.amplitude_counts[:, None] * along_y).astype(np.float32)
    stamp = along_y[:, :, None] * along_x.astype(np.float32)[:, None, :]
    subtract_stamps(left, rows, columns, stamp)
    return left


def _profiles(offset: NDArray[np.float64], sigma_px: float) -> NDArray[np.float32]:
    """A Gaussian, its first and its second derivative by the position, (n, 3, p)."""
    u = offset / sigma_px
    value = np.exp(-0.5 * u**2)
    stack = np.stack([value, value * u / sigma_px, value * (u**2 - 1) / sigma_px**2], axis=1)
    return stack.astype(np.float32)


def fit_jointly(scene: Scene, points: Points, *, iterations: int) -> Points:
    """Positions and heights of all points, overlapping ones together, by Gauss-Newton steps.

    What the points leave of the image is exact; in the curvature only points of a group are
    coupled, those that overlap by much.
    """
    bottom, right = scene.shape[0] - 1.0, scene.shape[1] - 1.0
    groups, pairs = _groups(scene, points), _coupled_pairs(scene, points)
    patches = _Patches.of(scene, points)
    for _ in range(iterations if len(points) else 0):
        left = residual_moments(scene, points, pairs, patches)
        height = points.amplitude_counts
        gradient = np.stack([left.zero, height * left.y, height * left.x], axis=1)
        step = np.zeros((len(points), 3))
        for index in groups:
            taken = index >= 0
            step[index[taken]] = _newton_step(scene, points, gradient, index)[taken]
        move = np.clip(step[:, 1:], -_MAX_STEP_PX, _MAX_STEP_PX)
        points = Points(
            y_px=np.clip(points.y_px + move[:, 0], 0, bottom),
            x_px=np.clip(points.x_px + move[:, 1], 0, right),
            amplitude_counts=np.maximum(height + step[:, 0], 0.05 * height),
        )
    return points


def _newton_step(
    scene: Scene, points: Points, gradient: NDArray[np.float64], index: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Change of (height, y, x) for groups (m, k), as (m, k, 3); of no use where index is -1."""
    matrix = _normal_matrix(_heights(points, index), scene.products(*_distances(points, index)))
    diagonal = np.einsum("nii->ni", matrix)
    diagonal *= 1 + _DAMPING
    diagonal += 1e-6 * diagonal.max(axis=1, keepdims=True)
    right = gradient[index].reshape(len(index), -1, 1)
    return np.asarray(np.linalg.solve(matrix, right), np.float64).reshape(*index.shape, 3)


def _distances(
    points: Points, index: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the points of groups (m, k) from each other: second minus first, (m, k, k)."""
    # Where a group has no more members, a stand-in far from everything takes the place.
    nowhere = -1e6 * (1 + np.arange(index.shape[1]))
    y = np.where(index >= 0, points.y_px[index], nowhere)
    x = points.x_px[index]
    return y[:, None, :] - y[:, :, None], x[:, None, :] - x[:, :, None]


def _heights(points: Points, index: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(index >= 0, points.amplitude_counts[index], 1.0)


def _normal_matrix(
    height: NDArray[np.float64], products: tuple[NDArray[np.float64], ...]
) -> NDArray[np.float64]:
    """Curvature of the energy by (height, y, x) of each point of a group, (m, 3k, 3k)."""
    p, p_y, p_x, p_yy, p_xx, p_xy = products
    first, second = height[:, :, None], height[:, None, :]
    n_groups, size = height.shape
    matrix = np.empty((n_groups, size, 3, size, 3))
    matrix[:, :, 0, :, 0] = p
    matrix[:, :, 0, :, 1] = p_y * second
    matrix[:, :, 0, :, 2] = p_x * second
    matrix[:, :, 1, :, 0] = -p_y * first
    matrix[:, :, 2, :, 0] = -p_x * first
    matrix[:, :, 1, :, 1] = -p_yy * first * second
    matrix[:, :, 2, :, 2] = -p_xx * first * second
    matrix[:, :, 1, :, 2] = -p_xy * first * second
    matrix[:, :, 2, :, 1] = -p_xy * first * second
    return matrix.reshape(n_groups, 3 * size, 3 * size)


def amplitude_errors(scene: Scene, points: Points) -> NDArray[np.float64]:
    """Error of each height for pixel noise of 1, its neighbours and positions being free."""
    error = np.zeros(len(points))
    for index in _groups(scene, points):
        height = _heights(points, index)
        matrix = _normal_matrix(height, scene.products(*_distances(points, index)))
        diagonal = np.einsum("nii->ni", matrix)
        diagonal *= 1 + 1e-6
        diagonal += 1e-9
        variance = np.einsum("nii->ni", np.linalg.inv(matrix))[:, ::3]
        taken = index >= 0
        error[index[taken]] = np.sqrt(np.maximum(variance[taken], 1e-12))
    return error


def energy(scene: Scene, points: Points) -> NDArray[np.float64]:
    """Share of each point in ``<r, H r> / 2``, up to a constant of the image, (n,).

    What two points have in common is shared between them.
    """
    height = points.amplitude_counts
    alone = float(scene.product(np.zeros(1), np.zeros(1))[0])
    share = 0.5 * height**2 * alone - height * moments(scene, points).zero
    first, second = _coupled_pairs(scene, points).T
    product = scene.product(
        points.y_px[first] - points.y_px[second], points.x_px[first] - points.x_px[second]
    )
    common = 0.5 * height[first] * height[second] * product
    share += np.bincount(first, common, minlength=len(points))
    share += np.bincount(second, common, minlength=len(points))
    return np.asarray(share, np.float64)


def _groups(scene: Scene, points: Points) -> list[NDArray[np.int64]]:
    reach = _TIGHT_REACH * scene.sigma_px
    group = connected_groups(points.y_px, points.x_px, reach)
    # A crowd without end is cut into parts that are solved with their inner couplings alone.
    while group.size and np.bincount(group).max() > _LARGEST_GROUP:
        reach *= 0.8
        crowd = np.flatnonzero(np.bincount(group)[group] > _LARGEST_GROUP)
        parts = connected_groups(points.y_px[crowd], points.x_px[crowd], reach)
        group[crowd] = group.max() + 1 + parts
        group = np.unique(group, return_inverse=True)[1].astype(np.int64)
    return list(blocks_of_groups(group))


def _background(image: NDArray[np.float32], passes: int) -> NDArray[np.float32]:
    """The smoothed image, computed on pixels twice as large; variance `passes` and a little."""
    return doubled(smooth(halve(image), passes), (image.shape[0], image.shape[1]))
