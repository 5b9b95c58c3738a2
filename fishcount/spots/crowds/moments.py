"""Products of an image, and of what points leave of it, with the shape of a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.crowds.scene import Scene
from fishcount.spots.points.model import COUPLED_REACH, PointModel, Points
from fishcount.spots.points.patches import cut_patches

__all__ = ["Moments", "Patches", "energy", "moments", "residual_moments"]


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
class Patches:
    """The detail around each point, cut out once for all steps of a fit.

    Attributes
    ----------
    home_y, home_x : ndarray of int64, (n,)
        The pixel in the middle of each patch.
    detail : ndarray of float32, (n, side, side)
    shape : tuple of int
        Height and width of the image.
    """

    home_y: NDArray[np.int64]
    home_x: NDArray[np.int64]
    detail: NDArray[np.float32]
    shape: tuple[int, int]

    @classmethod
    def of(cls, scene: Scene, points: Points) -> Patches:
        """Those of all points, each around the pixel where the point lies."""
        home_y = np.rint(points.y_px).astype(np.int64).clip(0, scene.shape[0] - 1)
        home_x = np.rint(points.x_px).astype(np.int64).clip(0, scene.shape[1] - 1)
        # Beyond the edge as the filters see it: there a repeated edge would add light.
        detail = cut_patches(scene.detail, home_y, home_x, scene.radius_px, mirror=True)
        return cls(home_y=home_y, home_x=home_x, detail=detail, shape=scene.shape)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Patches:
        """Those of some of the points."""
        return Patches(
            home_y=self.home_y[which],
            home_x=self.home_x[which],
            detail=self.detail[which],
            shape=self.shape,
        )


def moments(scene: Scene, points: Points) -> Moments:
    """Products of the image with each point and its derivatives."""
    return _moments(scene, points, Patches.of(scene, points))


def _moments(model: PointModel, points: Points, patches: Patches) -> Moments:
    radius = patches.detail.shape[1] // 2
    reach = np.arange(-radius, radius + 1)
    along_y = _profiles(reach - (points.y_px - patches.home_y)[:, None], model.sigma_px)
    along_x = _profiles(reach - (points.x_px - patches.home_x)[:, None], model.sigma_px)
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
    model: PointModel,
    points: Points,
    patches: Patches,
    pairs: NDArray[np.int64] | None = None,
) -> Moments:
    """As `moments`, of what all points together leave of the image in `patches`.

    `pairs` are those that see each other, found when left out.
    """
    seen = _moments(model, points, patches)
    first, second = (model.pairs(points, COUPLED_REACH) if pairs is None else pairs).T
    dy = points.y_px[second] - points.y_px[first]
    dx = points.x_px[second] - points.x_px[first]
    p, p_y, p_x, p_yy, p_xx, p_xy = model.products(dy, dx)
    own = [float(term[0]) for term in model.products(np.zeros(1), np.zeros(1))]
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


def energy(scene: Scene, points: Points) -> NDArray[np.float64]:
    """Share of each point in ``<r, H r> / 2``, up to a constant of the image, (n,).

    What two points have in common is shared between them.
    """
    height = points.amplitude_counts
    alone = float(scene.product(np.zeros(1), np.zeros(1))[0])
    share = 0.5 * height**2 * alone - height * moments(scene, points).zero
    first, second = scene.pairs(points, COUPLED_REACH).T
    product = scene.product(
        points.y_px[first] - points.y_px[second], points.x_px[first] - points.x_px[second]
    )
    common = 0.5 * height[first] * height[second] * product
    share += np.bincount(first, common, minlength=len(points))
    share += np.bincount(second, common, minlength=len(points))
    return np.asarray(share, np.float64)


def _profiles(offset: NDArray[np.float64], sigma_px: float) -> NDArray[np.float32]:
    """A Gaussian, its first and its second derivative by the position, (n, 3, p)."""
    u = offset / sigma_px
    value = np.exp(-0.5 * u**2)
    stack = np.stack([value, value * u / sigma_px, value * (u**2 - 1) / sigma_px**2], axis=1)
    return stack.astype(np.float32)
