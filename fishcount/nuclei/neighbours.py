"""Pairs of neighbouring pixels of a label image that do not belong together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pairs", "border_pairs", "contact_pairs"]

# Flat indices of one pixel and of the one below it, or of the one to its right.
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


def contact_pairs(labels: NDArray[np.int32]) -> tuple[Pairs, Pairs]:
    """Pixels of two labels of an image (y, x), one above the other, then side by side."""
    inside = labels.ravel() > 0
    flat, width = labels.ravel(), labels.shape[1]

    def beside(step: int) -> Pairs:
        met = flat[:-step] != flat[step:]
        met &= inside[:-step]
        met &= inside[step:]
        return _places(met, step, width)

    return beside(width), beside(1)


def border_pairs(labels: NDArray[np.int32]) -> tuple[Pairs, Pairs]:
    """Pixels of a label and of background, one above the other, then side by side."""
    inside, width = labels.ravel() > 0, labels.shape[1]
    return (
        _places(inside[:-width] != inside[width:], width, width),
        _places(inside[:-1] != inside[1:], 1, width),
    )


def _places(met: NDArray[np.bool_], step: int, width: int) -> Pairs:
    at = np.flatnonzero(met)
    if step == 1:
        # The end of a row is not beside the start of the next.
        at = at[at % width != width - 1]
    return at, at + step
