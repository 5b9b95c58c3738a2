"""A label image of any size in a few dozen numbers per nucleus, painted window by window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.image import Window
from fishcount.nuclei.geometry.runs import Runs
from fishcount.read_only import ReadOnlyArrays

__all__ = ["LabelRuns"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelRuns(ReadOnlyArrays):
    """A label image of any size as horizontal runs in raster order.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the image.
    start, stop : ndarray of int64, (m,)
        First pixel, last pixel + 1, counted through the rows of the image; ascending.
    label : ndarray of int32, (m,)
    """

    shape: tuple[int, int]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    label: NDArray[np.int32]

    @classmethod
    def of(cls, runs: Runs, shape: tuple[int, int]) -> LabelRuns:
        """The runs of an image of the given height and width; of two labels, the lower stays.

        Nuclei that were found in two blocks may share a few pixels.
        """
        start = runs.y * shape[1] + runs.x0
        order = np.argsort(start, kind="stable")
        start, label = start[order], runs.label[order].astype(np.int32)
        return cls(shape, *_apart(start, start + runs.length[order], label, shape[1]))

    @property
    def highest(self) -> int:
        """The highest label; 0 where there is none."""
        return int(self.label.max(initial=0))

    def label_at(self, y_px: NDArray[np.int64], x_px: NDArray[np.int64]) -> NDArray[np.int64]:
        """Label of pixels inside the image, of any shape; 0 where there is no run."""
        if not len(self.start):
            return np.zeros(y_px.shape, np.int64)
        pixel = y_px * self.shape[1] + x_px
        run = np.searchsorted(self.start, pixel, side="right") - 1
        return np.where((run >= 0) & (pixel < self.stop[run]), self.label[run], 0)

    def boxes(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Bounding box of some labels, (n, 4); zeros for one that is not there."""
        y, x0 = np.divmod(self.start, self.shape[1])
        x1 = x0 + self.stop - self.start
        edges = np.zeros((4, self.highest + 2), np.int64)
        edges[:2] = max(self.shape)
        for edge, values in ((0, y), (1, x0)):
            np.minimum.at(edges[edge], self.label, values)
        for edge, values in ((2, y + 1), (3, x1)):
            np.maximum.at(edges[edge], self.label, values)
        edges[:, edges[2] == 0] = 0
        return edges[:, np.minimum(labels, self.highest + 1)].T

    def window(self, window: Window) -> NDArray[np.int32]:
        """Label image (y, x) of a window, as an array gives it; of two labels, the lower."""
        rows, columns = (
            range(*part.indices(size)) for part, size in zip(window, self.shape, strict=True)
        )
        if not rows or not columns:
            return np.zeros((len(rows), len(columns)), np.int32)
        painted = self._painted(_span(rows), _span(columns))
        return painted[:: rows.step, :: columns.step]

    def _painted(self, rows: range, columns: range) -> NDArray[np.int32]:
        """Label image (y, x) of rows and columns inside the image."""
        wide = self.shape[1]
        near = slice(*np.searchsorted(self.start, (rows.start * wide, rows.stop * wide)))
        y, x0 = np.divmod(self.start[near], wide)
        x1 = x0 + (self.stop - self.start)[near]
        here = np.flatnonzero((x1 > columns.start) & (x0 < columns.stop))
        here = here[np.argsort(-self.label[near][here], kind="stable")]
        across = len(columns)
        x0 = np.maximum(x0[here] - columns.start, 0)
        length = np.minimum(x1[here] - columns.start, across) - x0
        # Every pixel of every run: the run's first, and how far into the run it is.
        into = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        first = (y[here] - rows.start) * across + x0
        labels = np.zeros(len(rows) * across, np.int32)
        labels[np.repeat(first, length) + into] = np.repeat(self.label[near][here], length)
        return labels.reshape(-1, across)


def _span(places: range) -> range:
    """From the lowest to the highest of places, which may lie apart or run downwards."""
    return range(min(places[0], places[-1]), max(places[0], places[-1]) + 1)


def _apart(
    start: NDArray[np.int64], stop: NDArray[np.int64], label: NDArray[np.int32], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Start, stop and label of runs in raster order, without pixels of two labels."""
    # Runs meet where one starts before all that came earlier have stopped.
    meets = np.zeros(len(start), bool)
    meets[1:] = start[1:] < np.maximum.accumulate(stop)[:-1]
    if not meets.any():
        return start, stop, label
    clump = np.cumsum(~meets)
    shared = np.isin(clump, clump[meets])
    length = (stop - start)[shared]
    pixel = np.repeat(start[shared] - np.cumsum(length) + length, length) + np.arange(length.sum())
    owner = np.repeat(label[shared], length)
    order = np.lexsort((owner, pixel))
    pixel, owner = pixel[order], owner[order]
    first = np.diff(pixel, prepend=-1) > 0
    pixel, owner = pixel[first], owner[first]
    # A new run where pixels are left out, the label changes, or a row begins.
    begins = (np.diff(pixel, prepend=-2) > 1) | (np.diff(owner, prepend=0) != 0)
    begins |= pixel % width == 0
    ends = np.append(begins[1:], True)
    starts = np.concatenate([start[~shared], pixel[begins]])
    order = np.argsort(starts, kind="stable")
    stops = np.concatenate([stop[~shared], pixel[ends] + 1])
    return starts[order], stops[order], np.concatenate([label[~shared], owner[begins]])[order]
