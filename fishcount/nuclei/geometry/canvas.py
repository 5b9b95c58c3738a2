"""A smaller image of the components that are still undecided: their boxes, packed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.runs import find_runs

__all__ = ["Canvas", "packed_patches"]

Pixel = TypeVar("Pixel", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A signal, and where in the image each of its pixels comes from.

    Attributes
    ----------
    signal : ndarray of float32, (y, x)
        Zero in the margins between boxes.
    origin : ndarray of int64, (y, x), or None
        Flat index into the image; its size, which no pixel has, in the margins. None: this is the
        image itself.
    image_shape : tuple of int
        Height and width of the image.
    """

    signal: NDArray[np.float32]
    origin: NDArray[np.int64] | None
    image_shape: tuple[int, int]

    @classmethod
    def whole(cls, signal: NDArray[np.float32]) -> Canvas:
        """The image itself."""
        return cls(signal, None, (signal.shape[0], signal.shape[1]))

    def places(self, at: NDArray[np.intp]) -> NDArray[np.intp]:
        """Flat indices into the image of pixels at flat indices into this canvas."""
        return at if self.origin is None else self.origin.ravel()[at]

    def spread(self, values: NDArray[np.int32]) -> NDArray[np.int32]:
        """Values on this canvas in the place of its pixels in the image, flat; one more, 0."""
        flat = np.zeros(self.image_shape[0] * self.image_shape[1] + 1, np.int32)
        if self.origin is None:
            flat[:-1] = values.ravel()
        else:
            flat[self.origin.ravel()] = values.ravel()
            flat[-1] = 0
        return flat

    def values_of(self, other: Canvas, values: NDArray[np.int32]) -> NDArray[np.int32]:
        """Values on another canvas as they lie on this one; 0 where the other has no pixel."""
        if self is other:
            return values
        flat = other.spread(values)
        return flat[:-1].reshape(self.image_shape) if self.origin is None else flat[self.origin]

    def packed(self, components: NDArray[np.int32], wanted: NDArray[np.bool_]) -> Canvas:
        """A canvas of the wanted components alone; this one, if that is hardly smaller.

        Parameters
        ----------
        components
            Labels 1 to n on this canvas.
        wanted : ndarray of bool, (n,)
        """
        labels = np.flatnonzero(wanted) + 1
        if not len(labels):
            return self
        boxes = find_runs(components).boxes()[wanted]
        # Tall ones first fill the shelves best; the order is that of labels where equal.
        height, width = boxes[:, 2] - boxes[:, 0] + 1, boxes[:, 3] - boxes[:, 1] + 1
        area = int((height * width).sum())
        if area > 0.5 * self.signal.size:
            return self
        order = np.argsort(-height, kind="stable")
        places, shape = _shelves(height[order], width[order])
        signal = np.zeros(shape, np.float32)
        origin = np.full(shape, self.image_shape[0] * self.image_shape[1], np.int64)
        wanted_boxes = zip(labels[order].tolist(), boxes[order].tolist(), places, strict=True)
        for label, (y0, x0, y1, x1), (y, x) in wanted_boxes:
            box = (slice(y0, y1), slice(x0, x1))
            # A neighbour in the same box has its place in a box of its own.
            inside = components[box] == label
            here = (slice(y, y + inside.shape[0]), slice(x, x + inside.shape[1]))
            np.multiply(self.signal[box], inside, out=signal[here])
            np.copyto(origin[here], self._origin_of(box), where=inside)
        return Canvas(signal, origin, self.image_shape)

    def _origin_of(self, box: tuple[slice, slice]) -> NDArray[np.int64]:
        if self.origin is not None:
            return self.origin[box]
        rows, columns = (np.arange(part.start, part.stop) for part in box)
        return rows[:, None] * self.image_shape[1] + columns


def packed_patches(patches: Sequence[NDArray[Pixel]]) -> NDArray[Pixel]:
    """Patches (y, x) of a few shapes on one canvas, zero between them; equal shapes, equal places.

    At least one patch is needed.
    """
    height, width = np.array([patch.shape for patch in patches]).T
    places, shape = _shelves(height, width)
    canvas = np.zeros(shape, patches[0].dtype)
    for patch, (y, x) in zip(patches, places, strict=True):
        canvas[y : y + patch.shape[0], x : x + patch.shape[1]] = patch
    return canvas


def _shelves(
    height: NDArray[np.int64], width: NDArray[np.int64]
) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Upper left corners of boxes on shelves, a margin of one pixel around, and the shape of all.

    About a square.
    """
    canvas_width = max(int(1.1 * int((height * width).sum()) ** 0.5), int(width.max())) + 1
    places = []
    y, x, shelf = 1, 1, 0
    for h, w in zip(height.tolist(), width.tolist(), strict=True):
        if x + w > canvas_width:
            y, x, shelf = y + shelf, 1, 0
        places.append((y, x))
        x, shelf = x + w, max(shelf, h)
    return places, (y + shelf, canvas_width)
