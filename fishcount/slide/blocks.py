"""The grid of a large image: blocks that follow from its size alone, each with a margin around it.

Touching nuclei are cut apart, and crowded signals told apart, by looking at all of a clump; no
margin of bounded width holds every clump. So a part that begins at any place may come out
differently from the whole. Blocks at fixed places come out the same however the image is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from fishcount.image import Window
from fishcount.slide.sample import is_small

__all__ = ["BLOCK_PX", "Block", "blocks_of"]

# Largest edge of a block, unless the image is small enough to be searched at once.
BLOCK_PX = 2048


@dataclass(frozen=True, slots=True)
class Block:
    """A part of an image that is searched at once.

    Attributes
    ----------
    core : tuple of slice
        Rows and columns that belong to this block alone.
    window : tuple of slice
        The core with its margin, as far as the image reaches: what is read.
    """

    core: Window
    window: Window

    def owns(self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which positions of the image lie in the core; each lies in that of one block."""
        rows, columns = self.core
        y, x = np.floor(y_px + 0.5), np.floor(x_px + 0.5)
        inside: NDArray[np.bool_] = (y >= rows.start) & (y < rows.stop)
        inside &= (x >= columns.start) & (x < columns.stop)
        return inside


def blocks_of(shape: tuple[int, int], *, margin_px: int = 0, step_px: int = 1) -> Iterator[Block]:
    """The blocks of an image in raster order; their cores cover it once.

    Parameters
    ----------
    shape
        Height and width of the image: a small one is a single block.
    margin_px
        Width of the margin.
    step_px
        Windows begin at whole multiples of this, where maps of coarser pixels have to agree.

    Examples
    --------
    >>> from fishcount.slide import blocks_of
    >>> for block in blocks_of((100, 4000), margin_px=50, step_px=64):
    ...     print(block.core[1], block.window[1])
    slice(0, 2000, None) slice(0, 2050, None)
    slice(2000, 4000, None) slice(1920, 4000, None)
    """
    down, across = ([0, side] if is_small(shape) else _edges(side) for side in shape)
    for rows, columns in product(pairwise(down), pairwise(across)):
        core = slice(*rows), slice(*columns)
        high, wide = (
            slice(
                max(part.start - margin_px, 0) // step_px * step_px,
                min(part.stop + margin_px, side),
            )
            for part, side in zip(core, shape, strict=True)
        )
        yield Block(core, (high, wide))


def _edges(side: int) -> list[int]:
    n = -(-side // BLOCK_PX)
    return [round(k * side / n) for k in range(n + 1)]
