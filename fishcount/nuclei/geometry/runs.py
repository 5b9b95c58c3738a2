"""A label image as horizontal runs: every figure of shape from a few thousand numbers.

A nucleus of 80 x 80 pixels is about 80 runs, so what is exact on runs (area, moments, bounding
box, support function, sums over any image) costs one pass over the pixels to find them and next
to nothing after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BAND_PX", "Runs", "count_pixels", "find_runs"]


# Rows of a large image that are worked on at a time: what is made of them stays small.
BAND_PX = 128


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Maximal horizontal runs of one label, sorted by label, then in raster order.

    Attributes
    ----------
    label : ndarray of int64, (m,)
        Ascending; n different ones.
    y, x0, x1 : ndarray of int64, (m,)
        Row, first column, last column + 1.
    first : ndarray of int64, (n,)
        Index of the first run of each label.
    """

    label: NDArray[np.int64]
    y: NDArray[np.int64]
    x0: NDArray[np.int64]
    x1: NDArray[np.int64]
    first: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def length(self) -> NDArray[np.int64]:
        """Pixels in each run."""
        return self.x1 - self.x0

    def total(self, per_run: NDArray[np.number]) -> NDArray[np.float64]:
        """Sum over the runs of each label, in float64."""
        if not len(self):
            return np.zeros(0)
        return np.add.reduceat(per_run.astype(np.float64), self.first)

    @classmethod
    def empty(cls) -> Runs:
        """No runs of no label."""
        none = np.zeros(0, np.int64)
        return cls(none, none, none, none, none)

    @classmethod
    def concatenate(cls, parts: Sequence[Runs]) -> Runs:
        """The labels of several, one after the other: 1 to n without gaps."""
        before = np.cumsum([0, *(len(part) for part in parts)])
        labels = [
            np.repeat(np.arange(start + 1, start + len(part) + 1), part.per_label)
            for start, part in zip(before, parts, strict=False)
        ]
        return _sorted_runs(
            np.concatenate(labels),
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("y", "x0", "x1")
            ),
        )

    def boxes(self) -> NDArray[np.int64]:
        """Bounding box of each label, (n, 4): first row and column, last row and column + 1."""
        if not len(self):
            return np.zeros((0, 4), np.int64)
        last = np.append(self.first[1:], len(self.y)) - 1
        x0 = np.minimum.reduceat(self.x0, self.first)
        x1 = np.maximum.reduceat(self.x1, self.first)
        return np.stack([self.y[self.first], x0, self.y[last] + 1, x1], axis=1)

    @property
    def per_label(self) -> NDArray[np.int64]:
        """How many runs each label has."""
        return np.diff(self.first, append=len(self.label))

    def take(self, rows: NDArray[np.int64]) -> Runs:
        """Some of the labels, by their rows from 0, as 1 to n in the order given."""
        new = np.zeros(len(self), np.int64)
        new[rows] = np.arange(1, len(rows) + 1)
        label = np.repeat(new, self.per_label)
        kept = label > 0
        return _sorted_runs(label[kept], self.y[kept], self.x0[kept], self.x1[kept])

    def overlaps(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of labels that share pixels: rows of both, from 0, and how many pixels."""
        row = np.repeat(np.arange(len(self)), self.per_label)
        order = np.lexsort((self.x0, self.y))
        pairs, shared = [], []
        # A pixel lies in at most four blocks, so a run meets at most the next three.
        for step in (1, 2, 3):
            a, b = order[:-step], order[step:]
            common = np.minimum(self.x1[a], self.x1[b]) - self.x0[b]
            met = np.flatnonzero((self.y[a] == self.y[b]) & (common > 0))
            one, other = row[a[met]], row[b[met]]
            pairs.append(np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1))
            shared.append(common[met])
        both, index = np.unique(np.concatenate(pairs), axis=0, return_inverse=True)
        total = np.bincount(index.ravel(), np.concatenate(shared), minlength=len(both))
        return both[:, 0], both[:, 1], total.astype(np.int64)

    def moved(self, y_px: int, x_px: int) -> Runs:
        """The same runs, moved by `y_px` rows and `x_px` columns."""
        return Runs(self.label, self.y + y_px, self.x0 + x_px, self.x1 + x_px, self.first)

    def renamed(self, new: NDArray[np.integer]) -> Runs:
        """The same runs under other labels: `new[old]`."""
        return _sorted_runs(new[self.label].astype(np.int64), self.y, self.x0, self.x1)

    def in_centroid_order(self, top: int) -> NDArray[np.int32]:
        """New number of each of the labels 0 to `top`: 1 to n by centroid, y first, then x.

        0 for a label that has no runs.
        """
        new = np.zeros(top + 1, np.int32)
        if not len(self):
            return new
        length = self.length
        area = self.total(length)
        y = self.total(length * self.y) / area
        x = self.total(length * 0.5 * (self.x0 + self.x1 - 1)) / area
        # Rounded: two centroids that differ by less than arithmetic can tell are ordered by x.
        order = np.lexsort((x.round(6), y.round(6)))
        new[self.label[self.first][order]] = np.arange(1, len(self) + 1)
        return new

    def sum_of(self, image: NDArray[np.number]) -> NDArray[np.float64]:
        """Sum of a float image (y, x) over each label: runs in its own type, labels in float64."""
        return self.total(self.per_run((np.add, image))[0]) if len(self) else np.zeros(0)

    def sums_of(self, image: NDArray[np.number]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums of an image (y, x) and of its squares over each label, as `sum_of` sums.

        Whole numbers are summed in single precision.
        """
        if not len(self):
            return np.zeros(0), np.zeros(0)
        rows = np.argsort(self.y, kind="stable")
        single = image.dtype if image.dtype.kind == "f" else np.dtype(np.float32)
        per_run = np.empty((2, len(rows)), single)
        # Band by band: the squares of a large image would be as large as that.
        for start in range(0, len(image), BAND_PX):
            stop = start + BAND_PX
            band = rows[slice(*np.searchsorted(self.y[rows], (start, stop)))]
            if len(band):
                here = Runs(
                    self.label[band], self.y[band] - start, self.x0[band], self.x1[band], band
                )
                part = image[start:stop].astype(single, copy=False)
                per_run[:, band] = here.per_run((np.add, part), (np.add, part * part))
        return self.total(per_run[0]), self.total(per_run[1])

    def per_run(self, *wanted: tuple[np.ufunc, NDArray[np.number]]) -> list[NDArray[Any]]:
        """Sums (`np.add`), maxima and the like of images (y, x) of one size over each run."""
        size, width = wanted[0][1].size, wanted[0][1].shape[1]
        start = self.y * width + self.x0
        order = np.argsort(start, kind="stable")
        edges = np.empty(2 * len(start), np.int64)
        edges[0::2] = start[order]
        edges[1::2] = edges[0::2] + self.length[order]
        # From start to stop is a run, from stop to the next start is not; the last run may end
        # with the image, where no edge can lie.
        edges = edges[edges < size]
        found = []
        for reduce, image in wanted:
            results = reduce.reduceat(image.ravel(), edges)[0::2]
            found.append(np.empty(len(start), results.dtype))
            found[-1][order] = results
        return found


def count_pixels(labels: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """Pixels of the labels 0 to n - 1; those of background are not counted."""
    flat = labels.ravel()
    # Equal pixels in a row are counted at once.
    start = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    length = np.diff(start, append=flat.size)
    pixels = np.bincount(flat.take(start), length, minlength=n).astype(np.int64)
    pixels[0] = 0
    return pixels


def find_runs(labels: NDArray[np.integer]) -> Runs:
    """Runs of a label image (y, x); 0 is background."""
    width = labels.shape[1]
    flat = labels.ravel()
    first = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=first[1:])
    # A label that runs over the end of a row starts anew in the next.
    first[::width] = True
    starts = np.flatnonzero(first)
    label = flat.take(starts).astype(np.int64)
    kept = np.flatnonzero(label)
    stops = np.append(starts, flat.size).take(kept + 1)
    label, starts = label.take(kept), starts.take(kept)
    y = starts // width
    return _sorted_runs(label, y, starts - y * width, stops - y * width)


def _sorted_runs(
    label: NDArray[np.int64], y: NDArray[np.int64], x0: NDArray[np.int64], x1: NDArray[np.int64]
) -> Runs:
    # Numbers of 16 bits are sorted in one pass.
    few = len(label) > 0 and label.max() < 2**16
    order = np.argsort(label.astype(np.uint16) if few else label, kind="stable")
    label = label[order]
    first = np.concatenate([[0], 1 + np.flatnonzero(label[1:] != label[:-1])])[: len(label)]
    return Runs(label, y[order], x0[order], x1[order], first)
