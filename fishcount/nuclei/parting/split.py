"""Touching nuclei apart: a foreground into more pieces than it has nuclei, then joined again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import gaussian, largest_near
from fishcount.nuclei.geometry.distance import inside_distance
from fishcount.nuclei.geometry.shape import disk_area
from fishcount.nuclei.parting.flood import flood_components
from fishcount.nuclei.parting.joins import join_pieces
from fishcount.nuclei.parting.pieces import Pieces

__all__ = ["Join", "Split", "inner_distance", "label_points", "split_foreground"]

# Smoothing of the distance transform, and half the width in which a seed must be highest, in
# nuclear diameters: little, as a seed too many is joined again and one too few is a merge.
_SMOOTHING, _SEED_REACH = 0.03, 0.06
# The least smoothing, which takes the steps of the pixel grid out of the distances.
_LEAST_SMOOTHING_PX = 0.7


class Join(Protocol):
    """What puts pieces together again; see `join_pieces`."""

    def __call__(
        self,
        labels: NDArray[np.int32],
        signal: NDArray[np.float32],
        depth: NDArray[np.float32],
        *,
        nucleus_area_px: float,
    ) -> tuple[NDArray[np.int32], Pieces]:
        """The joined pieces, and their figures."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A foreground divided into nuclei.

    Attributes
    ----------
    labels : ndarray of int32, (y, x)
        Nuclei, 1 to m.
    pieces : Pieces
        Their figures.
    components : ndarray of int32, (y, x)
        Those parts of the foreground that hold a nucleus, 1 to n; others are too thin for a seed.
    at : ndarray of int, (k,)
        Flat indices of pixels, at least one of every label and so of every component.
    """

    labels: NDArray[np.int32]
    pieces: Pieces
    components: NDArray[np.int32]
    at: NDArray[np.intp]


def split_foreground(
    components: NDArray[np.int32],
    signal: NDArray[np.float32],
    *,
    diameter_px: float,
    join: Join = join_pieces,
) -> Split:
    """Nuclei of a foreground (y, x), split where they touch.

    Parameters
    ----------
    components
        The connected parts of the foreground, 1 to n.
    signal
        DAPI above background: a gap, or an overlap that is brighter, speaks for two nuclei.
    diameter_px
        Typical nuclear diameter.
    join
        Joins the pieces of one nucleus again, as `join_pieces` does.
    """
    mask = components > 0
    depth = inner_distance(mask, diameter_px=diameter_px)
    reach = max(round(_SEED_REACH * diameter_px), 1)
    peaks = (depth == largest_near(depth, 2 * reach + 1)) & (depth > 0.5)
    at, seed = label_points(peaks)
    labels, components = flood_components(depth, at, seed, components)
    nucleus_area = disk_area(diameter_px)
    labels, pieces = join(labels, signal, depth, nucleus_area_px=nucleus_area)
    return Split(labels, pieces, components, at)


def label_points(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Flat indices of the pixels of a sparse mask, and labels of those that touch, also diagonally.

    Labels are 1 to n, by the first pixel of each group.
    """
    at = np.flatnonzero(mask)
    width = mask.shape[1]
    x = at % width
    # Each with the next in its row, and with three in the row below.
    down, right = np.array([(0, 1), (1, -1), (1, 0), (1, 1)]).T[..., None]
    there = at + (down * width + right)
    place = np.minimum(np.searchsorted(at, there), len(at) - 1)
    # Not from the end of one row to the start of another.
    way, one = np.nonzero((at[place] == there) & (x[place] == x + right))
    other = place[way, one]
    # The first pixel of its group is handed on from pixel to pixel: groups are of a few.
    first = np.arange(len(at))
    while (differ := np.flatnonzero(first[one] != first[other])).size:
        lower = np.minimum(first[one[differ]], first[other[differ]])
        np.minimum.at(first, one[differ], lower)
        np.minimum.at(first, other[differ], lower)
    number = np.cumsum(first == np.arange(len(at)), dtype=np.int32)
    return at, number[first]


def inner_distance(mask: NDArray[np.bool_], *, diameter_px: float) -> NDArray[np.float32]:
    """Distance to the outside of a mask, smoothed for nuclei of a typical diameter.

    Beyond the field's edge the mask goes on.
    """
    smoothing_px = max(_SMOOTHING * diameter_px, _LEAST_SMOOTHING_PX)
    smooth = gaussian(inside_distance(mask), smoothing_px, border="reflect", double=True)
    smooth *= mask
    return smooth
