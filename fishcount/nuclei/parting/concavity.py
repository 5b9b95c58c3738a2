"""Straight cuts from dent to dent through nuclei that are not convex, where two may touch.

The distance transform sees no waist where nuclei of different size, or more than two, lie close
together. Their outline still shows a dent at each end of every contact, unless a third nucleus lies
over it: there the cut ends at the third.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import connected_parts
from fishcount.nuclei.geometry.canvas import Canvas
from fishcount.nuclei.geometry.runs import Runs, find_runs
from fishcount.nuclei.geometry.shape import disk_area, ellipse_fit
from fishcount.nuclei.geometry.sides import first_side
from fishcount.nuclei.parting.contacts import cut_by_the_edge, find_contacts
from fishcount.nuclei.parting.cut_candidates import Weigher, boxes_of, cut_candidates, odds_of_two
from fishcount.nuclei.parting.dents import NO_CUT, find_cuts, outlines_of
from fishcount.nuclei.parting.pieces import measure_outlines
from fishcount.nuclei.parting.size_law import SizeLaw

__all__ = ["cut_anew", "cut_at_dents"]

# Labels are examined that fill less of their convex hull than this and have at least this many
# nuclear areas; of large ones, which are more often two nuclei, also those that fill a little more.
_MAX_SOLIDITY, _MIN_SIZE = 0.93, 0.5
_MAX_SOLIDITY_OF_LARGE, _LARGE = 0.95, 1.4
_MAX_ROUNDS = 3
# A contact wider than this is moved, if a cut from dent to dent costs less by this much.
_LONG_CONTACT, _MIN_GAIN = 0.8, 0.1
_DEEP_DENT, _LARGE_PART = 0.06, 0.15


def cut_at_dents(
    labels: NDArray[np.int32],
    signal: NDArray[np.float32],
    *,
    diameter_px: float,
    sizes: SizeLaw,
    weigh: Weigher = odds_of_two,
) -> NDArray[np.int32]:
    """Cut nuclei whose outline has dents, where both sides look like a nucleus each.

    Parameters
    ----------
    labels
        1 to n without gaps, (y, x).
    signal
        DAPI above background.
    diameter_px
        Typical nuclear diameter.
    sizes
        How much nuclei of this field differ in area.
    weigh
        Log odds (k,) that candidates, which lie on a canvas, part two nuclei.
    """
    nucleus_area = disk_area(diameter_px)
    runs = find_runs(labels)
    todo = 1 + _dented(runs, nucleus_area)
    if not len(todo):
        return labels
    # Only clumps in which something is dented are looked at, not all of the image.
    image = Canvas.whole(signal)
    canvas = image.packed(*_components_of(labels, runs, todo))
    here = canvas.values_of(image, labels)
    name = np.arange(len(runs) + 1, dtype=np.int32)
    n = len(runs)
    for _ in range(_MAX_ROUNDS):
        if not len(todo):
            break
        cut, sides = _best_cuts(
            here, canvas, todo, diameter_px=diameter_px, sizes=sizes, weigh=weigh
        )
        if not len(cut):
            break
        # Labels that were not cut keep their order; new ones follow.
        left = np.setdiff1d(np.arange(1, n + 1), cut)
        new = np.zeros(n + 1 + 2 * len(cut), np.int32)
        kept = np.append(left, np.arange(n + 1, len(new)))
        new[kept] = np.arange(1, len(kept) + 1)
        here = new.take(np.where(sides > 0, sides + n, here))
        name = new[name]
        n = len(left) + 2 * len(cut)
        todo = len(left) + 1 + _dented(find_runs(sides), nucleus_area)
    result = name.take(labels)
    at = np.flatnonzero(here > 0)
    result.ravel()[canvas.places(at)] = here.ravel()[at]
    return result


def _components_of(
    labels: NDArray[np.int32], runs: Runs, wanted: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Connected parts of the foreground, and in which of them there are wanted labels."""
    components, n = connected_parts(labels > 0)
    first = runs.first[wanted - 1]
    inside = np.zeros(n, bool)
    inside[components[runs.y[first], runs.x0[first]] - 1] = True
    return components, inside


def _best_cuts(
    labels: NDArray[np.int32],
    canvas: Canvas,
    todo: NDArray[np.int64],
    *,
    diameter_px: float,
    sizes: SizeLaw,
    weigh: Weigher,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Which labels are cut, and both sides of each: those of the k-th are 2 k + 1 and 2 k + 2.

    Of the best few cuts of each label the one is taken that looks most like a contact of two
    nuclei, if it looks more like that than not.
    """
    cuts = cut_candidates(labels, canvas, todo, diameter_px)
    pieces = np.zeros(labels.shape, np.int32)
    if cuts is None:
        return todo[:0], pieces
    row, rank, odds = cuts.row, cuts.rank, weigh(canvas, cuts, sizes)
    # Of each row the best; of equals, the one of the lower rank.
    order = np.lexsort((rank, -odds, row))
    best = order[np.diff(row[order], prepend=-1) > 0]
    best = best[odds[best] > 0]
    for number, k in enumerate(best.tolist()):
        pieces[cuts.boxes[k]] += cuts.tries[k].numbered(number)
    return todo[row[best]], pieces


def cut_anew(labels: NDArray[np.int32], *, diameter_px: float) -> NDArray[np.int32]:
    """Move long contacts so that they end in the dents of the common outline of both nuclei.

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
        if contacts.width[k] > _LONG_CONTACT and not both & busy:
            pairs.append(k)
            busy |= both
    one, other = contacts.one[pairs], contacts.other[pairs]
    if not pairs:
        return labels
    both_boxes = boxes_of(labels, np.concatenate([one, other]))
    boxes = [_around(a, b) for a, b in zip(both_boxes, both_boxes[len(one) :], strict=False)]
    together = labels.copy()
    for box, a, b in zip(boxes, one, other, strict=True):
        together[box][together[box] == b] = a
    cuts = find_cuts(
        outlines_of(together, one, boxes),
        diameter_px=diameter_px,
        min_dent=_DEEP_DENT,
        min_area_px=_LARGE_PART * disk_area(diameter_px),
    )
    better = labels.copy()
    for k in np.flatnonzero(cuts.cost[:, 0] < contacts.width[pairs] - _MIN_GAIN):
        here = better[boxes[k]]
        inside = (here == one[k]) | (here == other[k])
        corner = np.array([boxes[k][0].start, boxes[k][1].start])
        good = cuts.cost[k] < NO_CUT
        part = first_side(inside, cuts.one[k][good] - corner, cuts.other[k][good] - corner)
        if part is None:
            continue
        sides = (part & inside, inside & ~part)
        if _likeness(*sides) > _likeness(here == one[k], here == other[k]):
            here[sides[0]], here[sides[1]] = one[k], other[k]
    return better


def _likeness(*parts: NDArray[np.bool_]) -> float:
    """How much parts are like ellipses; nothing is not."""
    if not all(part.any() for part in parts):
        return 0.0
    moments = []
    for part in parts:
        y, x = (place.astype(np.float64) for place in np.nonzero(part))
        moments.append([len(y), y.sum(), x.sum(), y @ y, x @ x, y @ x])
    return float(ellipse_fit(np.array(moments)).mean())


def _around(one: tuple[slice, slice], other: tuple[slice, slice]) -> tuple[slice, slice]:
    y, x = (
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return y, x


def _dented(runs: Runs, nucleus_area: float) -> NDArray[np.int64]:
    """Rows of the labels that are large enough for two nuclei, and far from convex."""
    shapes = measure_outlines(runs)
    if not len(shapes):
        return np.zeros(0, np.int64)
    solidity = shapes.area / (shapes.area + shapes.hollow())
    size = shapes.area / nucleus_area
    dented = (solidity < _MAX_SOLIDITY) & (size > _MIN_SIZE)
    return np.flatnonzero(dented | ((solidity < _MAX_SOLIDITY_OF_LARGE) & (size > _LARGE)))
