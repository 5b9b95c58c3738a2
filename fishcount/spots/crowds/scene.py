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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means, enlarged
from fishcount.spots.points.model import PointModel, Points
from fishcount.spots.points.patches import classes_of_reach, subtract_patches
from fishcount.spots.points.response import smooth

__all__ = ["Scene", "subtract_light"]

# Half the side of the patch in which a point is looked at, in widths: beyond, a Gaussian has 1 % of
# its height.
_PATCH_REACH = 3.0
# Pixel^2 that means of two pixels and the linear interpolation back add to a smoothing.
_HALVING_VARIANCE = 1.0
# Width of the Gaussian whose share is taken for background, in those of a point: wide enough to
# leave most of a point, narrow enough to take the dome of a nucleus away.
_BACKGROUND_WIDTHS = 1.5
# Even: a strip of the halved image has half of them.
_STRIP_ROWS = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene(PointModel):
    """An image without its smooth background, and the points that it may hold.

    Attributes
    ----------
    detail : ndarray of float32, (y, x)
        ``H I``.
    radius_px : int
        Half the side of the patches in which points are looked at.
    """

    detail: NDArray[np.float32]
    radius_px: int

    @classmethod
    def of(cls, image: NDArray[np.number], *, sigma_px: float) -> Scene:
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
    def model(self) -> PointModel:
        """The points alone, without the image."""
        return PointModel(sigma_px=self.sigma_px, background_sigma_px=self.background_sigma_px)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        return self.detail.shape[0], self.detail.shape[1]


def subtract_light(
    image: NDArray[np.float32],
    points: Points,
    sigma_px: float | NDArray[np.float64],
    *,
    block_px: int = 1,
) -> None:
    """Take Gaussian points out of a C-contiguous image (y, x), in place.

    Widths may differ from point to point. `block_px` is the side of the blocks whose means the
    image holds; points are in pixels of the finer image all the same.
    """
    sigma = np.broadcast_to(sigma_px, (len(points),))
    home_y, home_x = (
        np.floor((at + 0.5) / block_px).astype(np.int64) for at in (points.y_px, points.x_px)
    )
    dy, dx = points.y_px - block_px * home_y, points.x_px - block_px * home_x
    for reach, rows in classes_of_reach(np.ceil(4 * sigma / block_px).astype(np.int64)):
        steps = np.arange(-reach * block_px, (reach + 1) * block_px)
        along_y, along_x = (
            np.exp(-0.5 * np.square((steps - offset[rows][:, None]) / sigma[rows][:, None]))
            .reshape(len(rows), -1, block_px)
            .mean(axis=2)
            for offset in (dy, dx)
        )
        along_y = points.amplitude_counts[rows][:, None] * along_y
        patch = along_y.astype(np.float32)[:, :, None] * along_x.astype(np.float32)[:, None, :]
        subtract_patches(image, home_y[rows], home_x[rows], patch)


def _without_background(image: NDArray[np.number], passes: int) -> NDArray[np.float32]:
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
