"""A second climb over what the first left: dim nuclei that touch bright ones.

Where bright nuclei are told apart only above a dim one that they touch, the ladder takes them and
leaves the dim one. It is found once they are out of the way, together with their glow and with haze
between them; a nucleus has an edge and is as bright just inside of it as elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import connected_parts, largest_near, smallest_near
from fishcount.nuclei.geometry.canvas import Canvas
from fishcount.nuclei.geometry.runs import count_pixels
from fishcount.nuclei.geometry.shape import disk_area
from fishcount.nuclei.search.ladder import climb_ladder, lowest_level

__all__ = ["add_leftovers"]

# In nuclear diameters: the surroundings of cores whose light is taken for theirs, and the least
# width of what is left, because a rim of glow is thinner.
_AROUND, _MIN_WIDTH = 0.06, 0.25
# Least area in nuclear areas, and least quality of the ladder: low, as what is seen of a nucleus
# that others cover is no ellipse.
_MIN_AREA, _MIN_QUALITY = 0.2, 0.45
# Distance from the free outline, in diameters, at which light inside and outside is compared with
# the mean of the nucleus: outside it must have fallen by _MIN_STEP, inside be at least _MIN_INSIDE.
_EDGE_REACH = 0.1
_MIN_STEP, _MIN_INSIDE = 0.5, 0.85


def add_leftovers(
    cores: NDArray[np.int32],
    signal: NDArray[np.float32],
    *,
    floor_counts: float,
    typical_counts: float,
    top_counts: float,
    diameter_px: float,
) -> NDArray[np.int32]:
    """The cores of an image (y, x), 1 to n without gaps, and those of nuclei that were left out.

    `signal` and what follows as for `climb_ladder`.
    """
    reach = max(round(_AROUND * diameter_px), 1)
    taken = largest_near((cores > 0).astype(np.float32), 2 * reach + 1) > 0
    side = 2 * max(round(0.5 * _MIN_WIDTH * diameter_px), 1) + 1
    lowest = lowest_level(floor_counts, typical_counts)
    middles = smallest_near(np.where(taken, np.float32(0), signal), side)
    if not (middles > lowest).any():
        return cores
    wide, n = connected_parts(largest_near(middles, side) > lowest)
    whole = Canvas.whole(np.where(wide > 0, signal, np.float32(0)))
    canvas = whole.packed(wide, np.ones(n, bool))
    found, quality = climb_ladder(
        canvas.signal,
        floor_counts=floor_counts,
        typical_counts=typical_counts,
        top_counts=top_counts,
        diameter_px=diameter_px,
    )
    area = count_pixels(found, len(quality) + 1)[1:] / disk_area(diameter_px)
    left = whole.values_of(canvas, found)
    inside, outside = _edge_light(left, taken, signal, max(round(_EDGE_REACH * diameter_px), 1))
    good = (area >= _MIN_AREA) & (quality >= _MIN_QUALITY)
    good &= (inside[1:] >= _MIN_INSIDE) & (outside[1:] <= 1 - _MIN_STEP)
    new = np.zeros(len(good) + 1, np.int32)
    new[1:][good] = int(cores.max(initial=0)) + 1 + np.arange(np.count_nonzero(good))
    return cores + new.take(left)


def _edge_light(
    labels: NDArray[np.int32], taken: NDArray[np.bool_], signal: NDArray[np.float32], reach: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Signal within reach inside and outside of the free outline, over the mean of each label.

    Where no outline is free there is nothing outside of it that is darker.
    """
    height, width = labels.shape
    flat, bright = labels.ravel(), signal.ravel()
    free = (flat == 0) & ~taken.ravel()
    at = np.flatnonzero(flat)
    own, n = flat[at], int(labels.max(initial=0)) + 1
    y, x = np.divmod(at, width)
    inner, outer, n_inner, n_outer = (np.zeros(n) for _ in range(4))
    for down, right in ((reach, 0), (-reach, 0), (0, reach), (0, -reach)):
        there = (y + 2 * down >= 0) & (y + 2 * down < height)
        there &= (x + 2 * right >= 0) & (x + 2 * right < width)
        here, label = at[there], own[there]
        near, far = here + down * width + right, here + 2 * (down * width + right)
        last, next_last = free[near], free[far] & (flat[near] == label)
        outer += np.bincount(label[last], bright[near[last]], n)
        n_outer += np.bincount(label[last], minlength=n)
        inner += np.bincount(label[next_last], bright[here[next_last]], n)
        n_inner += np.bincount(label[next_last], minlength=n)
    mean = np.bincount(own, bright[at], n) / np.maximum(np.bincount(own, minlength=n), 1)
    mean = np.maximum(mean, 1e-6)
    inside = np.where(n_inner > 0, inner / np.maximum(n_inner, 1) / mean, 1.0)
    return inside, np.where(n_outer > 0, outer / np.maximum(n_outer, 1) / mean, 1.0)
