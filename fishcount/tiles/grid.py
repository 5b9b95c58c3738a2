"""Tiles of an image: each a core that is its own, and a window with a halo around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fishcount.image import Window

__all__ = ["Tile", "tiles_of"]


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of an image.

    Attributes
    ----------
    core : tuple of slice
        Rows and columns that belong to this tile alone.
    window : tuple of slice
        The core with its halo, as far as the image reaches: what is read.
    """

    core: Window
    window: Window

    def owns(self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which positions of the image lie in the core; each lies in that of one tile."""
        rows, columns = self.core
        y, x = np.floor(y_px + 0.5), np.floor(x_px + 0.5)
        inside: NDArray[np.bool_] = (y >= rows.start) & (y < rows.stop)
        inside &= (x >= columns.start) & (x < columns.stop)
        return inside


def tiles_of(
    shape: tuple[int, int],
    *,
    tile_px: int,
    halo_px: int,
    origin_px: tuple[int, int] = (0, 0),
) -> Iterator[Tile]:
    """The tiles of an image in raster order; their cores cover it once.

    Parameters
    ----------
    shape
        Height and width of the image.
    tile_px
        Edge of a core.
    halo_px
        Width of the halo.
    origin_px
        Row and column at which a tile begins: the grid may be shifted against the image.

    Examples
    --------
    >>> from fishcount.tiles import tiles_of
    >>> for tile in tiles_of((100, 60), tile_px=64, halo_px=8):
    ...     print(tile.core, tile.window[0])
    (slice(0, 64, None), slice(0, 60, None)) slice(0, 72, None)
    (slice(64, 100, None), slice(0, 60, None)) slice(56, 100, None)
    """
    if tile_px < 1 or halo_px < 0:
        raise ValueError(f"tile_px must be > 0 and halo_px >= 0; got {tile_px} and {halo_px}")
    rows, columns = (
        [
            slice(max(start, 0), min(start + tile_px, side))
            for start in range(origin % tile_px - tile_px, side, tile_px)
            if start + tile_px > 0
        ]
        for side, origin in zip(shape, origin_px, strict=True)
    )
    for core in product(rows, columns):
        down, across = (
            slice(max(part.start - halo_px, 0), min(part.stop + halo_px, side))
            for part, side in zip(core, shape, strict=True)
        )
        yield Tile((core[0], core[1]), (down, across))
