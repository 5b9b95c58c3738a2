"""Second look at what is not convex: a straight cut from dent to dent, if it looks like a contact.

The distance transform sees no waist where nuclei of different size, or more than two, lie close
together. Their outline still shows a dent at each end of every contact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.nuclei.contacts import cut_by_the_edge, find_contacts
from fishcount.nuclei.dents import NO_CUT, find_cuts, outlines_of
from fishcount.nuclei.pieces import join_pieces, measure_pieces
from fishcount.nuclei.split import inner_distance

__all__ = ["cut_anew", "cut_at_dents"]

# Only what fills less of its convex hull than this is looked at.
MAX_SOLIDITY = 0.93
# Least depth of both dents together, in nuclear diameters; least part of a nuclear area on each
# side.
MIN_DENT, MIN_PART = 0.06, 0.15
MAX_ROUNDS = 3
# A contact wider than this is cut anew, if a cut from dent to dent costs so much less.
LONG_CONTACT, MIN_GAIN = 0.8, 0.1


def cut_at_dents(
    labels: NDArray[np.int32], signal: NDArray[np.float32], *, diameter_px: float
) -> NDArray[np.int32]:
    """Cut nuclei whose outline has dents; a cut stays where the join test keeps it apart.

    Parameters
    ----------
    labels
        1 to n without gaps, (y, x).
    signal
        DAPI above background.
    diameter_px
        Typical nuclear diameter.
    """
    labels = labels.copy()
    nucleus_area = np.pi / 4 * diameter_px**2
    todo = _dented(labels, signal, nucleus_area)
    for _ in range(MAX_ROUNDS):
        pieces = np.zeros_like(labels)
        depth = np.zeros(labels.shape, np.float32)
        n_pieces = 0
        boxes = _boxes(labels, todo)
        cuts = find_cuts(
            outlines_of(labels, todo, boxes),
            diameter_px=diameter_px,
            min_dent=MIN_DENT,
            min_area_px=MIN_PART * nucleus_area,
        )
        for k in np.flatnonzero(cuts.cost[:, 0] < NO_CUT):
            box = boxes[k]
            inside = labels[box] == todo[k]
            good = cuts.cost[k] < NO_CUT
            corner = np.array([box[0].start, box[1].start])
            part = _cut(inside, cuts.one[k][good] - corner, cuts.other[k][good] - corner)
            if part is not None:
                pieces[box][inside] = n_pieces + 1 + part[inside]
                depth[box] = np.where(inside, _depth(inside, diameter_px), depth[box])
                n_pieces += 2
        if n_pieces == 0:
            break
        joined, _ = join_pieces(pieces, signal, depth, nucleus_area_px=nucleus_area)
        labels, fresh = _adopt(labels, joined)
        todo = _dented(labels, signal, nucleus_area, among=fresh)
    return labels


def cut_anew(labels: NDArray[np.int32], *, diameter_px: float) -> NDArray[np.int32]:
    """Move long contacts into the dents of what both nuclei are together, where they are others.

    The watershed follows the ridges of the distance, which end beside the dents where nuclei of
    different size touch, or several do.

    Parameters
    ----------
    labels
        1 to n without gaps, (y, x).
    diameter_px
        Typical nuclear diameter.
    """
    contacts = find_contacts(labels)
    pairs, busy = [], set(np.flatnonzero(cut_by_the_edge(labels)).tolist())
    for k in np.argsort(-contacts.width.round(9), kind="stable"):
        both = {int(contacts.one[k]), int(contacts.other[k])}
        if contacts.width[k] > LONG_CONTACT and not both & busy:
            pairs.append(k)
            busy |= both
    one, other = contacts.one[pairs], contacts.other[pairs]
    boxes = [_around(a, b) for a, b in zip(_boxes(labels, one), _boxes(labels, other), strict=True)]
    name = np.arange(int(labels.max(initial=0)) + 1, dtype=np.int32)
    name[other] = one
    cuts = find_cuts(
        outlines_of(name[labels], one, boxes),
        diameter_px=diameter_px,
        min_dent=MIN_DENT,
        min_area_px=MIN_PART * np.pi / 4 * diameter_px**2,
    )
    better = labels.copy()
    for k in np.flatnonzero(cuts.cost[:, 0] < contacts.width[pairs] - MIN_GAIN):
        here = better[boxes[k]]
        inside = (here == one[k]) | (here == other[k])
        corner = np.array([boxes[k][0].start, boxes[k][1].start])
        part = _cut(inside, cuts.one[k] - corner, cuts.other[k] - corner)
        if part is not None:
            here[inside] = np.where(part[inside], one[k], other[k])
    gain = _likeness(better, one, other) - _likeness(labels, one, other)
    kept = np.zeros(len(name), bool)
    kept[one] = kept[other] = gain > 0
    return np.where(kept[labels], better, labels).astype(np.int32)


def _likeness(
    labels: NDArray[np.int32], one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How much the less regular of each pair of labels is like an ellipse."""
    none = np.zeros(labels.shape, np.float32)
    fit = measure_pieces(labels, none, none).ellipse_fit()
    return 0.5 * (fit[one - 1] + fit[other - 1])


def _around(one: tuple[slice, slice], other: tuple[slice, slice]) -> tuple[slice, slice]:
    y, x = (
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return y, x


def _depth(inside: NDArray[np.bool_], diameter_px: float) -> NDArray[np.float32]:
    padded = np.pad(inside, 1)
    return inner_distance(padded, smoothing_px=max(0.03 * diameter_px, 0.7))[1:-1, 1:-1]


def _dented(
    labels: NDArray[np.int32],
    signal: NDArray[np.float32],
    nucleus_area: float,
    among: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    pieces = measure_pieces(labels, signal, signal)
    if not len(pieces):
        return np.zeros(0, np.int64)
    solidity = pieces.area / (pieces.area + pieces.hollow())
    dented = (solidity < MAX_SOLIDITY) & (pieces.area > 2 * MIN_PART * nucleus_area)
    rows = np.flatnonzero(dented) + 1
    return rows if among is None else rows[np.isin(rows, among)]


def _boxes(labels: NDArray[np.int32], todo: NDArray[np.int64]) -> list[tuple[slice, slice]]:
    if not len(todo):
        return []
    boxes = ndi.find_objects(labels)
    return [boxes[label - 1] for label in todo]


def _adopt(
    labels: NDArray[np.int32], joined: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Write the parts over the old labels, numbered without gaps; also the labels that are new."""
    before = int(labels.max())
    mixed = np.where(joined > 0, joined + before, labels)
    present = np.flatnonzero(np.bincount(mixed.ravel()))
    present = present[present > 0]
    new = np.zeros(int(mixed.max()) + 1, np.int32)
    new[present] = np.arange(1, len(present) + 1)
    return new[mixed], new[present[present > before]].astype(np.int64)


def _cut(
    inside: NDArray[np.bool_], ones: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.bool_] | None:
    """Which pixels of a crop lie on one side of the first cut that runs inside of it."""
    for one, other in zip(ones, others, strict=True):
        if _runs_inside(inside, one, other):
            return _side(inside, one, other)
    return None


def _runs_inside(
    inside: NDArray[np.bool_], one: NDArray[np.float64], other: NDArray[np.float64]
) -> bool:
    at = np.linspace(0.1, 0.9, 9)[:, None]
    points = np.rint(one + at * (other - one)).astype(int)
    points = np.clip(points, 0, np.array(inside.shape) - 1)
    return bool(inside[points[:, 0], points[:, 1]].all())


def _side(
    inside: NDArray[np.bool_], one: NDArray[np.float64], other: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Pixels of the crop on one side of a cut, also where the shape bends around its ends."""
    y, x = np.indices(inside.shape)
    along = other - one
    length = np.hypot(*along)
    across = (along[1] * (y - one[0]) - along[0] * (x - one[1])) / length
    reach = (along[0] * (y - one[0]) + along[1] * (x - one[1])) / length
    on_cut = (np.abs(across) < 1) & (reach > -1.5) & (reach < length + 1.5)
    parts, n = ndi.label(inside & ~on_cut)
    if n < 2:
        return np.asarray(across > 0)
    order = np.argsort(-np.bincount(parts.ravel())[1:], kind="stable") + 1
    _, (row, column) = ndi.distance_transform_edt(~np.isin(parts, order[:2]), return_indices=True)
    return np.asarray(parts[row, column] == order[0])
