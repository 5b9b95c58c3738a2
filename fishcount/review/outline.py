"""The pixels of one nucleus, apart from the label image that it lies in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

__all__ = ["Box", "Outline", "Run"]

# First row, first column, last row + 1, last column + 1.
Box = tuple[int, int, int, int]
# Row, first column, last column + 1.
Run = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A mask in its place: two are equal when they hold the same pixels.

    Attributes
    ----------
    y0, x0 : int
        Row and column of the first pixel of `mask`.
    mask : ndarray of bool, (y, x)
        No wider and no higher than what it holds; read-only.

    Examples
    --------
    >>> from fishcount.review import Outline
    >>> square = Outline.from_polygon([(2, 2), (2, 4), (4, 4), (4, 2)], shape=(9, 9))
    >>> square.box, square.area_px
    ((2, 2, 5, 5), 9)
    >>> Outline.from_runs(square.runs, shape=(9, 9)) == square
    True
    """

    y0: int
    x0: int
    mask: NDArray[np.bool_]

    @classmethod
    def from_mask(cls, mask: NDArray[np.bool_], *, y0: int = 0, x0: int = 0) -> Outline:
        """The pixels where `mask` is true; its first pixel is (y0, x0) of the field."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            return cls(0, 0, np.zeros((0, 0), np.bool_))
        tight = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.bool_)
        tight.flags.writeable = False
        return cls(y0 + int(rows[0]), x0 + int(columns[0]), tight)

    @classmethod
    def from_polygon(
        cls, yx_px: Sequence[tuple[float, float]], *, shape: tuple[int, int]
    ) -> Outline:
        """The pixels of a field of `shape` whose centres lie in a polygon."""
        y, x = np.asarray(yx_px, np.float64).T
        mask = np.zeros(shape, np.bool_)
        mask[polygon(y, x, shape)] = True  # type: ignore[no-untyped-call]
        return cls.from_mask(mask)

    @classmethod
    def from_runs(cls, runs: Iterable[Run], *, shape: tuple[int, int]) -> Outline:
        """The pixels of runs (row, first column, last column + 1), as far as they lie in it."""
        mask = np.zeros(shape, np.bool_)
        for y, x0, x1 in runs:
            if 0 <= y < shape[0]:
                mask[y, max(x0, 0) : max(x1, 0)] = True
        return cls.from_mask(mask)

    @property
    def box(self) -> Box:
        """First row, first column, last row + 1, last column + 1."""
        height, width = self.mask.shape
        return self.y0, self.x0, self.y0 + height, self.x0 + width

    @property
    def area_px(self) -> int:
        """Number of pixels; 0 for an empty outline."""
        return int(np.count_nonzero(self.mask))

    @property
    def runs(self) -> tuple[Run, ...]:
        """Its pixels as runs, in raster order."""
        padded = np.pad(self.mask, ((0, 0), (1, 1))).astype(np.int8)
        step = np.diff(padded, axis=1)
        y, start = np.nonzero(step == 1)
        _, stop = np.nonzero(step == -1)
        return tuple(
            (int(row) + self.y0, int(first) + self.x0, int(last) + self.x0)
            for row, first, last in zip(y, start, stop, strict=True)
        )

    def draw(self, labels: NDArray[np.int32], number: int, *, y0: int = 0, x0: int = 0) -> None:
        """Write `number` into its pixels of `labels`, whose first pixel is (y0, x0)."""
        top, left = max(self.y0, y0), max(self.x0, x0)
        bottom = min(self.box[2], y0 + labels.shape[0])
        right = min(self.box[3], x0 + labels.shape[1])
        if top >= bottom or left >= right:
            return
        part = self.mask[top - self.y0 : bottom - self.y0, left - self.x0 : right - self.x0]
        labels[top - y0 : bottom - y0, left - x0 : right - x0][part] = number

    def only(self, keep: NDArray[np.bool_]) -> Outline:
        """Those of its pixels where `keep`, of the shape of `mask`, is true."""
        return Outline.from_mask(self.mask & keep, y0=self.y0, x0=self.x0)

    def union(self, other: Outline) -> Outline:
        """The pixels of both."""
        if not self.mask.size or not other.mask.size:
            return other if not self.mask.size else self
        y0, x0 = min(self.y0, other.y0), min(self.x0, other.x0)
        y1, x1 = max(self.box[2], other.box[2]), max(self.box[3], other.box[3])
        both = np.zeros((y1 - y0, x1 - x0), np.int32)
        self.draw(both, 1, y0=y0, x0=x0)
        other.draw(both, 1, y0=y0, x0=x0)
        return Outline.from_mask(both > 0, y0=y0, x0=x0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Outline):
            return NotImplemented
        return self.box == other.box and bool(np.array_equal(self.mask, other.mask))

    def __hash__(self) -> int:
        return hash((self.box, self.mask.tobytes()))
