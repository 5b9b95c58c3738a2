"""Second look at what is not convex: a straight cut from dent to dent, if it looks like a contact.

The distance transform sees no waist where nuclei of different size, or more than two, lie close
together. Their outline still shows a dent at each end of every contact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.filters import connected_parts
from fishcount.nuclei.canvas import Canvas
from fishcount.nuclei.contacts import cut_by_the_edge, find_contacts
from fishcount.nuclei.dents import NO_CUT, find_cuts, outlines_of
from fishcount.nuclei.joins import join_pieces
from fishcount.nuclei.pieces import measure_outlines
from fishcount.nuclei.runs import Runs, find_runs
from fishcount.nuclei.shape import ellipse_fit
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
    nucleus_area = np.pi / 4 * diameter_px**2
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
    for _ in range(MAX_ROUNDS):
        pieces, depth, cut = _pieces(here, todo, diameter_px=diameter_px)
        if not len(cut):
            break
        joined, _ = join_pieces(pieces, canvas.signal, depth, nucleus_area_px=nucleus_area)
        # What is as it was keeps its order, what is new follows.
        left = np.setdiff1d(np.arange(1, n + 1), cut)
        n_joined = int(joined.max())
        new = np.zeros(n + 1 + n_joined, np.int32)
        new[np.append(left, np.arange(n + 1, n + 1 + n_joined))] = np.arange(
            1, len(left) + n_joined + 1
        )
        here = new.take(np.where(joined > 0, joined + n, here))
        name = new[name]
        n = len(left) + n_joined
        todo = len(left) + 1 + _dented(find_runs(joined), nucleus_area)
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


def _pieces(
    labels: NDArray[np.int32], todo: NDArray[np.int64], *, diameter_px: float
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """Both sides of the best cuts of some labels, how deep they lie, and which labels are cut."""
    pieces = np.zeros_like(labels)
    depth = np.zeros(labels.shape, np.float32)
    cut: list[int] = []
    boxes = _boxes(labels, todo)
    cuts = find_cuts(
        outlines_of(labels, todo, boxes),
        diameter_px=diameter_px,
        min_dent=MIN_DENT,
        min_area_px=MIN_PART * np.pi / 4 * diameter_px**2,
    )
    for k in np.flatnonzero(cuts.cost[:, 0] < NO_CUT):
        box = boxes[k]
        inside = labels[box] == todo[k]
        good = cuts.cost[k] < NO_CUT
        corner = np.array([box[0].start, box[1].start])
        part = _cut(inside, cuts.one[k][good] - corner, cuts.other[k][good] - corner)
        if part is not None:
            pieces[box][inside] = 2 * len(cut) + 1 + part[inside]
            depth[box] = np.where(inside, _depth(inside, diameter_px), depth[box])
            cut.append(int(todo[k]))
    return pieces, depth, np.array(cut, np.int64)


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
    if not pairs:
        return labels
    both_boxes = _boxes(labels, np.concatenate([one, other]))
    boxes = [_around(a, b) for a, b in zip(both_boxes, both_boxes[len(one) :], strict=False)]
    together = labels.copy()
    for box, a, b in zip(boxes, one, other, strict=True):
        together[box][together[box] == b] = a
    cuts = find_cuts(
        outlines_of(together, one, boxes),
        diameter_px=diameter_px,
        min_dent=MIN_DENT,
        min_area_px=MIN_PART * np.pi / 4 * diameter_px**2,
    )
    better = labels.copy()
    for k in np.flatnonzero(cuts.cost[:, 0] < contacts.width[pairs] - MIN_GAIN):
        here = better[boxes[k]]
        inside = (here == one[k]) | (here == other[k])
        corner = np.array([boxes[k][0].start, boxes[k][1].start])
        good = cuts.cost[k] < NO_CUT
        part = _cut(inside, cuts.one[k][good] - corner, cuts.other[k][good] - corner)
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


def _depth(inside: NDArray[np.bool_], diameter_px: float) -> NDArray[np.float32]:
    padded = np.pad(inside, 1)
    return inner_distance(padded, smoothing_px=max(0.03 * diameter_px, 0.7))[1:-1, 1:-1]


def _dented(runs: Runs, nucleus_area: float) -> NDArray[np.int64]:
    """Rows of the labels that are large enough for two nuclei, and far from convex."""
    shapes = measure_outlines(runs)
    if not len(shapes):
        return np.zeros(0, np.int64)
    solidity = shapes.area / (shapes.area + shapes.hollow())
    return np.flatnonzero((solidity < MAX_SOLIDITY) & (shapes.area > 2 * MIN_PART * nucleus_area))


def _boxes(labels: NDArray[np.int32], todo: NDArray[np.int64]) -> list[tuple[slice, slice]]:
    if not len(todo):
        return []
    boxes = ndi.find_objects(labels)
    return [boxes[label - 1] for label in todo]


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
    parts, n = connected_parts(inside & ~on_cut)
    if n < 2:
        return np.asarray(across > 0)
    order = np.argsort(-np.bincount(parts.ravel())[1:], kind="stable") + 1
    _, (row, column) = ndi.distance_transform_edt(~np.isin(parts, order[:2]), return_indices=True)
    return np.asarray(parts[row, column] == order[0])
