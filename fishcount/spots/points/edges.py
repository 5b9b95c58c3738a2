"""Points that are cut by the edge of the image, fitted to the part that lies inside.

The joint fit sees an image that is mirrored at its edge. So a point near the edge has its mirror
image beside it, which draws it outwards and takes a part of its light; and the rim of a signal
beyond the edge looks like a signal on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.spots.points.fit import fit_patches
from fishcount.spots.points.model import AROUND_REACH, Points
from fishcount.spots.points.patches import cut_patches, pixels_inside

__all__ = ["cut_by_edge", "fit_at_edges"]

# In widths: a point this near to the edge is cut by it; it is fitted alone where no other point is
# this near; and the half side of the patch of the fit.
_CUT_WIDTHS, _ALONE_WIDTHS, _PATCH_WIDTHS = 2.5, 3.0, 3.0
# Distance, in widths, beyond which the light of a point is neglected.
_LIGHT_WIDTHS = 4.0
# A fitted height is at least this share of the one before, so that it stays above 0.
_LEAST_SHARE = 0.05
_ITERATIONS = 4


def fit_at_edges(
    plane: NDArray[np.number],
    points: Points,
    sigma_px: float,
    *,
    granules: Points,
    granule_sigma_px: NDArray[np.float64],
) -> Points:
    """The points; those that lie alone at the edge of a plane (y, x) are fitted anew, or left out.

    The light of all others, and of `granules` (m,) of widths of their own, is taken away before. A
    point is left out whose fit ends beyond the edge.
    """
    rows = _cut_and_alone(points, plane.shape, sigma_px)
    if rows.size == 0:
        return points
    cut = points.take(rows)
    bottom_right = np.array(plane.shape) - 1
    home = np.rint(cut.yx_px).astype(np.int64).clip(0, bottom_right)
    reach = int(np.ceil(_PATCH_WIDTHS * sigma_px))
    patch = cut_patches(plane, home[:, 0], home[:, 1], reach).astype(np.float64)
    widths = np.append(np.full(len(points), sigma_px), granule_sigma_px)
    patch -= _light_of_others(points.joined(granules), widths, rows, home, reach)
    offset = cut.yx_px - home
    fits = fit_patches(
        patch,
        offset[:, 0],
        offset[:, 1],
        sigma_px=sigma_px,
        inside=pixels_inside(plane.shape, home[:, 0], home[:, 1], reach),
        iterations=_ITERATIONS,
        free_width=False,
    )
    found = home + np.stack([fits.y_px, fits.x_px], axis=1)
    # Positions end at the middle of the last pixel, the image half a pixel beyond it.
    beyond = ((found < -0.5) | (found > bottom_right + 0.5)).any(axis=1)
    y, x = found.clip(0, bottom_right).T
    height = np.maximum(fits.amplitude_counts, _LEAST_SHARE * cut.amplitude_counts)
    anew = Points(y_px=y, x_px=x, amplitude_counts=height)
    stays = np.delete(np.arange(len(points)), rows[beyond])
    return points.placed(np.isin(np.arange(len(points)), rows), anew).take(stays)


def cut_by_edge(points: Points, shape: tuple[int, ...], sigma_px: float) -> NDArray[np.bool_]:
    """Points so near to the edge of an image that it cuts them, (n,)."""
    places = points.yx_px
    to_edge = np.minimum(places, np.array(shape) - 1 - places).min(axis=1)
    return np.asarray(to_edge < _CUT_WIDTHS * sigma_px)


def _cut_and_alone(points: Points, shape: tuple[int, ...], sigma_px: float) -> NDArray[np.int64]:
    cut = cut_by_edge(points, shape, sigma_px)
    crowded = np.unique(points.pairs(_ALONE_WIDTHS * sigma_px, at_most_px=AROUND_REACH * sigma_px))
    cut[crowded] = False
    return np.flatnonzero(cut)


def _light_of_others(
    lights: Points,
    sigma_px: NDArray[np.float64],
    rows: NDArray[np.int64],
    home: NDArray[np.int64],
    reach: int,
) -> NDArray[np.float64]:
    """What all lights but that of its own row add to patches around pixels, (n, side, side)."""
    near = KDTree(lights.yx_px).query_ball_point(
        home, 1.5 * reach + _LIGHT_WIDTHS * sigma_px.max(), return_sorted=True
    )
    patch = np.repeat(np.arange(len(rows)), [len(found) for found in near])
    light = np.concatenate(near).astype(np.int64)
    other = light != rows[patch]
    patch, light = patch[other], light[other]
    steps = np.arange(-reach, reach + 1)
    from_light = home[patch] - lights.yx_px[light]
    along_y, along_x = (
        np.exp(-0.5 * np.square((steps + from_light[:, axis, None]) / sigma_px[light, None]))
        for axis in (0, 1)
    )
    height = lights.amplitude_counts[light]
    total = np.zeros((len(rows), len(steps), len(steps)))
    np.add.at(total, patch, (height[:, None] * along_y)[:, :, None] * along_x[:, None, :])
    return total
