"""Where nuclei touch: contacts of labels, cuts that are false, and which side a pixel belongs to.

The ellipses of two nuclei that touch or overlap cross in the dents of their common outline. The
line on which a point is as deep in one as in the other runs through both crossings: a smooth cut
from dent to dent, through the middle of an overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.ellipses import Ellipses
from fishcount.nuclei.neighbours import contact_pairs
from fishcount.nuclei.runs import count_pixels

__all__ = [
    "Contacts",
    "cut_by_the_edge",
    "divide_at_contacts",
    "find_contacts",
    "join_false_cuts",
]

# Distance from a contact within which pixels may go to the other nucleus, in nuclear diameters.
REACH = 0.25
# Weights of the log odds that a cut is false: of its width, and of the log area of both sides in
# nuclear areas. Fitted to contacts in drawn fields by `benchmarks/fit_contacts.py`; with cuts above
# FALSE joined, one contact of two nuclei in 250 is lost.
WIDTH_WEIGHT, SIZE_WEIGHT, FALSE = 6.7, 3.0, 6.0
# Smaller areas count as this: the fit has seen none.
MIN_SIZE = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Pairs of labels that touch, one row for each.

    Attributes
    ----------
    one, other : ndarray of int64, (k,)
        The labels, the smaller first.
    width : ndarray of float64, (k,)
        Length of the contact over the width of the smaller label: the diameter of a disk of its
        area. Two that touch have a waist there, a cut through one has none.
    area_px : ndarray of float64, (k,)
        Pixels of both together.
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    width: NDArray[np.float64]
    area_px: NDArray[np.float64]


def find_contacts(labels: NDArray[np.int32]) -> Contacts:
    """All pairs of labels of an image (y, x) that touch."""
    n = int(labels.max(initial=0)) + 1
    flat = labels.ravel()
    codes, steps = [], []
    for one, other in contact_pairs(labels):
        a, b = flat[one].astype(np.int64), flat[other]
        codes.append(np.minimum(a, b) * n + np.maximum(a, b))
        steps.append(len(a))
    code, pair = np.unique(np.concatenate(codes), return_inverse=True)
    # A line crosses as many pixel edges along y and along x as it is long in x and in y.
    along = [np.bincount(p, minlength=len(code)) for p in np.split(pair, steps[:1])]
    area = count_pixels(labels, n).astype(np.float64)
    low, high = code // n, code % n
    small = np.minimum(area[low], area[high])
    return Contacts(
        low, high, np.hypot(*along) / (2 * np.sqrt(small / np.pi)), area[low] + area[high]
    )


def cut_by_the_edge(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which labels the edge of the field cuts, row 0 being background: their shape is not known."""
    cut = np.zeros(int(labels.max(initial=0)) + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        cut[side] = True
    return cut


def join_false_cuts(labels: NDArray[np.int32], *, diameter_px: float) -> NDArray[np.int32]:
    """New label of each label: that of the neighbour from which only a false cut parts it."""
    contacts = find_contacts(labels)
    size = np.log(np.maximum(contacts.area_px / (np.pi / 4 * diameter_px**2), MIN_SIZE))
    false = WIDTH_WEIGHT * contacts.width - SIZE_WEIGHT * size
    new = np.arange(int(labels.max(initial=0)) + 1, dtype=np.int32)
    taken = cut_by_the_edge(labels)
    for k in np.argsort(-false.round(9), kind="stable")[: np.count_nonzero(false > FALSE)]:
        one, other = contacts.one[k], contacts.other[k]
        if not (taken[one] or taken[other]):
            taken[[one, other]] = True
            new[other] = one
    return new


def divide_at_contacts(
    labels: NDArray[np.int32], ellipses: Ellipses, *, diameter_px: float
) -> NDArray[np.int32]:
    """Give pixels near a contact to the nucleus in whose ellipse they lie deeper."""
    # Every second pixel of a contact: what it reaches is wide enough to cover the next.
    at, one, other = _contact_pixels(labels)
    at, one, other = at[::2], one[::2], other[::2]
    if not len(at):
        return labels
    pixel, contact = _pixels_near(labels, at, one, other, reach_px=REACH * diameter_px)
    y, x = np.divmod(pixel, labels.shape[1])
    sides = [side[contact] for side in (one, other)]
    depth = np.concatenate([ellipses.depth_in(side, y, x).round(9) for side in sides])
    pixel = np.tile(pixel, 2)
    label: NDArray[np.int32] = np.concatenate(sides)
    least = np.full(labels.size, np.inf)
    np.minimum.at(least, pixel, depth)
    deepest = np.flatnonzero(depth == least[pixel])
    # Of equals the smaller label is written last.
    deepest = deepest[np.argsort(-label[deepest], kind="stable")]
    divided = labels.copy()
    divided.ravel()[pixel[deepest]] = label[deepest]
    return divided


def _pixels_near(
    labels: NDArray[np.int32],
    at: NDArray[np.intp],
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    *,
    reach_px: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pixels of either label within reach of a place of their contact, and the place of each.

    Pixels are flat indices, places rows of `at`. A pixel near several places of one contact comes
    once, one near two contacts once for each.
    """
    height, width = labels.shape
    reach = max(round(reach_px), 2)
    steps = np.arange(-reach, reach + 1)
    dy, dx = (steps[:, None] + 0 * steps).ravel(), (steps + 0 * steps[:, None]).ravel()
    near = dy * dy + dx * dx <= reach * reach
    dy, dx = dy[near], dx[near]
    y, x = at[:, None] // width + dy, at[:, None] % width + dx
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    pixel = np.where(inside, y * width + x, 0)
    own = labels.ravel()[pixel]
    inside &= (own == one[:, None]) | (own == other[:, None])
    contact, step = np.nonzero(inside)
    pixel = pixel[contact, step]
    pair = (one.astype(np.int64) * (int(labels.max()) + 1) + other)[contact]
    last = np.zeros(labels.size, np.intp)
    last[pixel] = np.arange(len(pixel))
    last = last[pixel]
    once = np.flatnonzero((last == np.arange(len(pixel))) | (pair[last] != pair))
    return pixel[once], contact[once]


def _contact_pixels(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.int32]]:
    """Flat index of pixels beside another label, and the two labels, the smaller first."""
    flat, found = labels.ravel(), []
    for one, other in contact_pairs(labels):
        a, b = flat[one], flat[other]
        found.append((one, np.minimum(a, b), np.maximum(a, b)))
    at, low, high = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return at, low, high
