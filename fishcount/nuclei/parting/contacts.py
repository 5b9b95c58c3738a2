"""Where nuclei touch: contacts of labels, cuts that are false, and which side a pixel belongs to.

The ellipses of two nuclei that touch or overlap cross in the dents of their common outline. The
line on which a point is as deep in one as in the other runs through both crossings: a smooth cut
from dent to dent, through the middle of an overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.ellipses import Ellipses
from fishcount.nuclei.geometry.neighbours import contact_pairs
from fishcount.nuclei.geometry.runs import count_pixels
from fishcount.nuclei.geometry.shape import disk_area, disk_diameter

__all__ = [
    "MIN_SIZE",
    "Contacts",
    "JoinLabels",
    "cut_by_the_edge",
    "divide_at_contacts",
    "find_contacts",
    "join_false_cuts",
]

# Distance from a contact within which pixels may go to the other nucleus, in nuclear diameters.
_REACH = 0.25
# Weights of the log odds that a cut is false: of its width, and of the log area of both sides in
# nuclear areas. Fitted to contacts in drawn fields by `benchmarks/training/fit_contacts.py`; with
# cuts above _FALSE joined, one contact of two nuclei in 250 is lost.
_WIDTH_WEIGHT, _SIZE_WEIGHT, _FALSE = 6.7, 3.0, 6.0
# Smaller areas count as this: the fit has seen none.
MIN_SIZE = 0.6


class JoinLabels(Protocol):
    """What says which labels are one; see `join_false_cuts`."""

    def __call__(self, labels: NDArray[np.int32], *, diameter_px: float) -> NDArray[np.int32]:
        """New label of each label."""


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
    return Contacts(low, high, np.hypot(*along) / disk_diameter(small), area[low] + area[high])


def cut_by_the_edge(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which labels the edge of the field cuts, row 0 being background: their shape is not known."""
    cut = np.zeros(int(labels.max(initial=0)) + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        cut[side] = True
    return cut


def join_false_cuts(labels: NDArray[np.int32], *, diameter_px: float) -> NDArray[np.int32]:
    """New label of each label: that of the neighbour from which only a false cut parts it."""
    contacts = find_contacts(labels)
    size = np.log(np.maximum(contacts.area_px / disk_area(diameter_px), MIN_SIZE))
    false = _WIDTH_WEIGHT * contacts.width - _SIZE_WEIGHT * size
    new = np.arange(int(labels.max(initial=0)) + 1, dtype=np.int32)
    taken = cut_by_the_edge(labels)
    for k in np.argsort(-false.round(9), kind="stable")[: np.count_nonzero(false > _FALSE)]:
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
    y, x, own, rival = _pixels_near(labels, at, one, other, reach_px=_REACH * diameter_px)
    depth, depth_in_own = (ellipses.depth_in(side, y, x).round(9) for side in (rival, own))
    # Of equals the smaller label has the pixel.
    lost = np.flatnonzero((depth < depth_in_own) | ((depth == depth_in_own) & (rival < own)))
    # The deepest of several is written last.
    lost = lost[np.lexsort((-rival[lost], -depth[lost]))]
    divided = labels.copy()
    divided[y[lost], x[lost]] = rival[lost]
    return divided


def _pixels_near(
    labels: NDArray[np.int32],
    at: NDArray[np.intp],
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    *,
    reach_px: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32], NDArray[np.int32]]:
    """Pixels of either label within reach of a place of their contact, y and x, and both labels.

    The own label of each, then that of the other side. A pixel near several places of one contact
    comes once or a few times, one near two contacts at least once for each.
    """
    reach = max(round(reach_px), 2)
    steps = np.arange(-reach, reach + 1)
    # With a margin, so that no place is beyond the edge.
    wide = labels.shape[1] + 2 * reach
    dy, dx = np.nonzero(steps[:, None] ** 2 + steps**2 <= reach * reach)
    first = at // labels.shape[1] * wide + at % labels.shape[1]
    pixel = first[:, None] + (dy * wide + dx)
    label = np.pad(labels, reach).ravel().take(pixel)
    found = np.flatnonzero((label == one[:, None]) | (label == other[:, None]))
    contact = found // len(dy)
    pixel, own = pixel.ravel().take(found), label.ravel().take(found)
    rival = (one + other).take(contact) - own
    last = np.zeros((labels.shape[0] + 2 * reach) * wide, np.intp)
    last[pixel] = np.arange(len(pixel))
    last = last.take(pixel)
    once = np.flatnonzero((last == np.arange(len(pixel))) | (rival.take(last) != rival))
    y, x = np.divmod(pixel.take(once), wide)
    return y - reach, x - reach, own.take(once), rival.take(once)


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
