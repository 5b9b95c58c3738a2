"""Pairs of neighbouring pixels of a label image that do not belong together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pairs", "border_pairs", "contact_pairs"]

# Flat indices of one pixel and of the one below it, or of the one to its right.
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


def contact_pairs(labels: NDArray[np.int32]) -> tuple[Pairs, Pairs]:
    """Pixels of two labels of an image (y, x), one above the other, then side by side."""
    flat, width = labels.ravel(), labels.shape[1]
    inside = flat > 0

    def met(step: int) -> NDArray[np.bool_]:
        differ: NDArray[np.bool_] = flat[:-step] != flat[step:]
        differ &= inside[:-step]
        differ &= inside[step:]
        return differ

    return _below(met(width), width), _beside(met(1), width)


def border_pairs(labels: NDArray[np.int32]) -> tuple[Pairs, Pairs]:
    """Pixels of a label and of background, one above the other, then side by side."""
    inside, width = labels.ravel() > 0, labels.shape[1]
    below, beside = inside[:-width] != inside[width:], inside[:-1] != inside[1:]
    return _below(below, width), _beside(beside, width)


def _below(met: NDArray[np.bool_], width: int) -> Pairs:
    at = np.flatnonzero(met)
    return at, at + width


def _beside(met: NDArray[np.bool_], width: int) -> Pairs:
    at = np.flatnonzero(met)
    # The end of a row is not beside the start of the next.
    at = at[at % width != width - 1]
    return at, at + 1
