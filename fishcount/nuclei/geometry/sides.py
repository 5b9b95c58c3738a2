"""The pixels on both sides of a straight cut through a crop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import connected_parts

__all__ = ["both_sides", "first_side"]

# Places along a cut that must lie inside, in parts of its length.
_ALONG = np.linspace(0.1, 0.9, 9)[:, None]


def both_sides(
    inside: NDArray[np.bool_], one: NDArray[np.float64], other: NDArray[np.float64]
) -> NDArray[np.int32] | None:
    """The sides 1 and 2 of a cut in a crop; None where it leaves the shape or parts nothing."""
    if not _runs_inside(inside, one, other):
        return None
    part = _side(inside, one, other) & inside
    if not part.any() or (part == inside).all():
        return None
    sides: NDArray[np.int32] = inside.astype(np.int32) + part
    return sides


def first_side(
    inside: NDArray[np.bool_], ones: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.bool_] | None:
    """Which pixels of a crop lie on one side of the first cut that runs inside of it."""
    for one, other in zip(ones, others, strict=True):
        if _runs_inside(inside, one, other):
            return _side(inside, one, other)
    return None


def _runs_inside(
    inside: NDArray[np.bool_], one: NDArray[np.float64], other: NDArray[np.float64]
) -> bool:
    points = np.rint(one + _ALONG * (other - one)).astype(np.intp)
    points = np.minimum(np.maximum(points, 0), np.array(inside.shape) - 1)
    return bool(inside[points[:, 0], points[:, 1]].all())


def _side(
    inside: NDArray[np.bool_], one: NDArray[np.float64], other: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Pixels of the crop on one side of a cut, also where the shape bends around its ends."""
    y, x = np.arange(inside.shape[0])[:, None], np.arange(inside.shape[1])
    along = other - one
    length = np.hypot(*along)
    across = (along[1] * (y - one[0]) - along[0] * (x - one[1])) / length
    reach = (along[0] * (y - one[0]) + along[1] * (x - one[1])) / length
    on_cut = (np.abs(across) < 1) & (reach > -1.5) & (reach < length + 1.5)
    parts, n = connected_parts(inside & ~on_cut)
    if n < 2:
        return np.asarray(across > 0)
    area = np.bincount(parts.ravel())
    area[0] = 0
    largest = int(area.argmax())
    part = parts == largest
    # Other pixels, on the cut and beyond its ends, go to the side of the line on which they lie.
    near = part & (np.abs(across) < 3) & (reach > 0) & (reach < length)
    above = across > 0
    if 2 * np.count_nonzero(above & near) < np.count_nonzero(near):
        above = ~above
    area[largest] = 0
    part |= above & (parts != int(area.argmax()))
    return np.asarray(part)
