"""What a page can show of a field that is too large for it: a small picture, and some nuclei."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means
from fishcount.image import FishImage, project
from fishcount.slide import Slide

__all__ = ["nuclei_to_draw", "overview"]

_LONGEST_PX = 2048
# A browser bears a few thousand outlines; a person looks at fewer nuclei than that.
_MOST_NUCLEI, _DRAWN_NUCLEI = 1200, 400


def nuclei_to_draw(scored: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows of the nuclei that the page draws: all of them, or some, evenly spread over the field.

    Scored ones and others are in the share that they have in the field.

    Parameters
    ----------
    scored : ndarray of bool, (n,)
    """
    n = len(scored)
    if n <= _MOST_NUCLEI:
        return np.arange(n)
    # Scored nuclei first, then the others, each in the order of the field: even steps take both.
    order = np.argsort(~scored, kind="stable")
    return np.sort(order[np.linspace(0, n - 1, _DRAWN_NUCLEI).round().astype(np.int64)])


def overview(image: FishImage | Slide, role: str) -> NDArray[np.float32]:
    """Mean counts of a channel in square blocks, at most `_LONGEST_PX` of them along a side.

    A stack is its maximum over planes. An image that small comes back as it is.
    """
    block_px = -(-max(image.shape) // _LONGEST_PX)
    step = block_px * max(1, _LONGEST_PX // block_px)
    small = np.empty(tuple(-(-side // block_px) for side in image.shape), np.float32)
    for top, left in product(*(range(0, side, step) for side in image.shape)):
        bottom, right = (
            min(start + step, side) for start, side in zip((top, left), image.shape, strict=True)
        )
        plane = project(image.counts(role, (slice(top, bottom), slice(left, right))))
        means = block_means(plane, block_px)
        y, x = top // block_px, left // block_px
        small[y : y + means.shape[0], x : x + means.shape[1]] = means
    return small
