"""Square patches of an image: cut out around many pixels at once, and taken out of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from fishcount.filters import mirrored

__all__ = ["classes_of_reach", "cut_patches", "pixels_inside", "subtract_patches"]


def cut_patches(
    image: NDArray[np.number],
    y: NDArray[np.int64],
    x: NDArray[np.int64],
    radius: int,
    *,
    mirror: bool = False,
) -> NDArray[np.float32]:
    """Patches (n, side, side) of an image (y, x) around pixels, as float32.

    Beyond the edge they repeat it, or are the image mirrored at its edge.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.points.patches import cut_patches
    >>> image = np.arange(12, dtype=np.float32).reshape(3, 4)
    >>> cut_patches(image, np.array([1, 0]), np.array([2, 0]), 1)[:, 0].tolist()
    [[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]
    """
    side = 2 * radius + 1
    height, width = image.shape
    beyond = mirrored if mirror else _nearest
    reach = np.arange(-radius, radius + 1)
    if height < side or width < side:
        rows, columns = beyond(y[:, None] + reach, height), beyond(x[:, None] + reach, width)
        return image[rows[:, :, None], columns[:, None, :]].astype(np.float32)
    top, left = y - radius, x - radius
    # Whole blocks are copied row by row: many times faster than looking up each pixel.
    windows = sliding_window_view(image, (side, side))
    patch = windows[top.clip(0, height - side), left.clip(0, width - side)]
    cut = np.flatnonzero((top < 0) | (left < 0) | (top > height - side) | (left > width - side))
    rows = beyond(y[cut][:, None] + reach, height)
    columns = beyond(x[cut][:, None] + reach, width)
    patch[cut] = image[rows[:, :, None], columns[:, None, :]]
    return np.asarray(patch, np.float32)


def _nearest(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices into an axis that repeats its first and its last pixel beyond its ends."""
    return index.clip(0, size - 1)


def pixels_inside(
    shape: tuple[int, int], y: NDArray[np.int64], x: NDArray[np.int64], radius: int
) -> NDArray[np.bool_]:
    """Which pixels (n, side, side) of patches around pixels lie in an image of a shape."""
    reach = np.arange(-radius, radius + 1)
    rows, columns = y[:, None] + reach, x[:, None] + reach
    tall, wide = (rows >= 0) & (rows < shape[0]), (columns >= 0) & (columns < shape[1])
    return np.asarray(tall[:, :, None] & wide[:, None, :])


def subtract_patches(
    image: NDArray[np.float32],
    y: NDArray[np.int64],
    x: NDArray[np.int64],
    patch: NDArray[np.float32],
) -> None:
    """Take patches (n, side, side) around pixels out of a C-contiguous image, in place.

    What lies beyond its edge is cut off. Patches that overlap are taken out one after another, so
    it is done in turns: each takes those that lie in cells of a grid with another cell between.
    """
    side = patch.shape[1]
    radius = side // 2
    height, width = image.shape
    whole = (y >= radius) & (x >= radius) & (y < height - radius) & (x < width - radius)
    if whole.any():
        windows = sliding_window_view(image, (side, side), writeable=True)
        rows = np.flatnonzero(whole)
        for turn in _turns(y[rows] // side, x[rows] // side):
            at = rows[turn]
            windows[y[at] - radius, x[at] - radius] -= patch[at]
    cut = np.flatnonzero(~whole)
    if cut.size:
        inside = pixels_inside(image.shape, y[cut], x[cut], radius)
        reach = np.arange(-radius, radius + 1)
        rows = _nearest(y[cut][:, None] + reach, height)
        columns = _nearest(x[cut][:, None] + reach, width)
        flat = rows[:, :, None] * width + columns[:, None, :]
        np.subtract.at(image.reshape(-1), flat[inside], patch[cut][inside])


def _turns(row: NDArray[np.int64], column: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Which patches, by the cell of each, are taken out at the same time."""
    cell = row * (column.max() + 1) + column
    order = np.argsort(cell, kind="stable")
    first = np.flatnonzero(np.diff(cell[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    turn = 4 * rank + 2 * (row[order] % 2) + column[order] % 2
    by_turn = np.argsort(turn, kind="stable")
    starts = np.flatnonzero(np.diff(turn[by_turn])) + 1
    yield from np.split(order[by_turn], starts)


def classes_of_reach(
    reach: NDArray[np.int64],
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Rows of patches of about the same size, with the largest reach among them.

    Sizes of a class differ by a quarter at most.
    """
    step = np.floor(np.log(np.maximum(reach, 1)) / np.log(1.25))
    for size in np.unique(step):
        rows = np.flatnonzero(step == size)
        yield int(reach[rows].max()), rows
