"""Outlines of the reduced image at full size: smooth, cut between the ellipses of nuclei."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import largest_near, smallest_near
from fishcount.nuclei.geometry.ellipses import Ellipses
from fishcount.nuclei.search.outline import Outlines

__all__ = ["enlarge_outlines"]

# Rows of the reduced image that are repeated at a time.
_BAND_PX = 32


def enlarge_outlines(outlines: Outlines, factor: int, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Labels at full size: the margin interpolated, the label of the nearest nucleus.

    Only pixels of the working image next to an outline are interpolated, the others repeated.
    """
    labels, margin = outlines.labels, outlines.margin
    if factor == 1:
        return labels
    inside = labels > 0
    y, x = _places_of(_beside_outline(inside))
    nearest = _largest_neighbour(labels, y, x)
    nearest = np.where(inside[y, x], labels[y, x], nearest)
    corners = _neighbours(margin, y, x)
    offsets = (np.arange(factor) + 0.5) / factor - 0.5
    touch_y, touch_x, near = _beside_contact(labels)
    centre, form = outlines.ellipses.centre[near], outlines.ellipses.form[near]
    touched = np.zeros(labels.shape, bool)
    touched[touch_y, touch_x] = True
    contact = np.flatnonzero(touched[y, x])
    full = _repeated(labels, factor, shape)
    pixels = full.reshape(-1)
    for i, down in enumerate(offsets.tolist()):
        for j, right in enumerate(offsets.tolist()):
            at, there = _places(touch_y * factor + i, touch_x * factor + j, shape)
            depth = Ellipses(centre, form).depth(touch_y + down, touch_x + right)
            deepest = np.argmin(depth, axis=0)[None]
            pixels[at[there]] = np.take_along_axis(near, deepest, axis=0)[0, there]
            at, there = _places(y * factor + i, x * factor + j, shape)
            inner = _between(corners, down, right) > 0
            value = nearest * inner
            # At a contact the ellipses have decided.
            value[contact] = pixels.take(at[contact], mode="clip") * inner[contact]
            pixels[at[there]] = value[there]
    return full


def _repeated(labels: NDArray[np.int32], factor: int, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Each pixel as factor x factor pixels, cut to `shape`."""
    full = np.empty(shape, np.int32)
    wide = np.empty((_BAND_PX, shape[1]), np.int32)
    for start in range(0, len(labels), _BAND_PX):
        band = labels[start : start + _BAND_PX]
        for j in range(factor):
            column = wide[: len(band), j::factor]
            column[:] = band[:, : column.shape[1]]
        for i in range(factor):
            rows = full[start * factor + i : (start + len(band)) * factor : factor]
            rows[:] = wide[: len(rows)]
    return full


def _places(
    y: NDArray[np.intp], x: NDArray[np.intp], shape: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp] | slice]:
    """Flat indices of pixels, and which of them lie in an image at all."""
    there = np.flatnonzero((y < shape[0]) & (x < shape[1]))
    return y * shape[1] + x, slice(None) if len(there) == len(y) else there


def _places_of(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns, faster than `np.nonzero` where there are few."""
    y, x = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return y, x


def _beside_outline(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels that have both inside and outside among themselves and their eight neighbours."""
    padded = np.pad(inside, 1, mode="edge")
    any_in = padded[:-2] | padded[1:-1] | padded[2:]
    all_in = padded[:-2] & padded[1:-1] & padded[2:]
    any_in = any_in[:, :-2] | any_in[:, 1:-1] | any_in[:, 2:]
    beside: NDArray[np.bool_] = any_in & ~(all_in[:, :-2] & all_in[:, 1:-1] & all_in[:, 2:])
    return beside


def _beside_contact(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]:
    """Pixels with two nuclei around them; the smallest and largest label there, and their own."""
    # Labels are whole numbers of few digits in single precision, too.
    number = labels.astype(np.float32)
    high = largest_near(number, 3)
    np.copyto(number, np.inf, where=labels == 0)
    low = smallest_near(number, 3)
    y, x = _places_of(low < high)
    lowest, highest = low[y, x].astype(np.int32), high[y, x].astype(np.int32)
    own = np.where(labels[y, x] > 0, labels[y, x], lowest)
    return y, x, np.stack([lowest, highest, own])


def _largest_neighbour(
    labels: NDArray[np.int32], y: NDArray[np.intp], x: NDArray[np.intp]
) -> NDArray[np.int32]:
    """Largest label among some pixels and their eight neighbours."""
    padded = np.pad(labels, 1)
    width = padded.shape[1]
    flat, at = padded.ravel(), (y + 1) * width + x + 1
    largest: NDArray[np.int32] = flat[at]
    for step in (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1):
        np.maximum(largest, flat[at + step], out=largest)
    return largest


def _neighbours(
    image: NDArray[np.float32], y: NDArray[np.intp], x: NDArray[np.intp]
) -> dict[tuple[int, int], NDArray[np.float32]]:
    """Values of some pixels and of their eight neighbours; beyond the edge those on it."""
    padded = np.pad(image, 1, mode="edge")
    width = padded.shape[1]
    flat, at = padded.ravel(), (y + 1) * width + x + 1
    return {
        (down, right): flat.take(at + down * width + right)
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
    }


def _between(
    corners: dict[tuple[int, int], NDArray[np.float32]], down: float, right: float
) -> NDArray[np.float32]:
    """Bilinear interpolation at less than a pixel from whole positions."""
    y_2, x_2 = (1 if down > 0 else -1), (1 if right > 0 else -1)
    down, right = abs(down), abs(right)
    near: NDArray[np.float32] = (1 - right) * corners[0, 0] + right * corners[0, x_2]
    far: NDArray[np.float32] = (1 - right) * corners[y_2, 0] + right * corners[y_2, x_2]
    return (1 - down) * near + down * far
