"""Label images on the disk: whole, or written tile by tile where they need not fit into memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import tifffile
from numpy.typing import NDArray

from fishcount.image import Window

__all__ = ["LabelSource", "label_bytes", "write_label_tiles"]

_TILE_PX = 512
# With less than this, offsets of a TIFF may need 64 bits.
_BIG_BYTES = 2**31


class LabelSource(Protocol):
    """A label image that is painted window by window, such as `fishcount.nuclei.LabelRuns`."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""

    @property
    def highest(self) -> int:
        """The highest label."""

    def window(self, window: Window) -> NDArray[np.integer]:
        """Labels (y, x) of a window."""


def label_bytes(labels: NDArray[np.integer]) -> bytes:
    """A label image (y, x) as the bytes of a TIFF."""
    stream = io.BytesIO()
    highest = int(labels.max(initial=0))
    tifffile.imwrite(
        stream,
        labels.astype(_narrow(highest)),
        compression="zlib",
        photometric="minisblack",
        metadata=None,
    )
    return stream.getvalue()


def write_label_tiles(path: Path, labels: LabelSource) -> None:
    """Write a label image of any size as a tiled TIFF; one row of tiles is in memory at a time."""
    height, width = labels.shape
    dtype = _narrow(labels.highest)
    tifffile.imwrite(
        path,
        _tiles(labels, dtype),
        shape=labels.shape,
        dtype=dtype,
        tile=(_TILE_PX, _TILE_PX),
        bigtiff=height * width * dtype.itemsize > _BIG_BYTES,
        compression="zlib",
        photometric="minisblack",
        metadata=None,
    )


def _narrow(highest: int) -> np.dtype[np.unsignedinteger]:
    return np.dtype(np.uint16 if highest < 2**16 else np.uint32)


def _tiles(
    labels: LabelSource, dtype: np.dtype[np.unsignedinteger]
) -> Iterator[NDArray[np.unsignedinteger]]:
    height, width = labels.shape
    for top in range(0, height, _TILE_PX):
        band = labels.window((slice(top, min(top + _TILE_PX, height)), slice(0, width)))
        for left in range(0, width, _TILE_PX):
            tile = np.zeros((_TILE_PX, _TILE_PX), dtype)
            part = band[:, left : left + _TILE_PX]
            tile[: part.shape[0], : part.shape[1]] = part
            yield tile
