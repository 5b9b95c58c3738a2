"""Second look at what is not convex: a straight cut from dent to dent, if it looks like a contact.

The distance transform sees no waist where nuclei of different size, or more than two, lie close
together. Their outline still shows a dent at each end of every contact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage.measure import find_contours

from fishcount.nuclei.pieces import join_pieces, measure_pieces
from fishcount.nuclei.split import inner_distance

__all__ = ["cut_at_dents"]

# Only what fills less of its convex hull than this is looked at.
MAX_SOLIDITY = 0.93
# Points per outline; half the arc over which a dent is measured, in nuclear diameters.
N_POINTS, DENT_REACH = 72, 0.3
# Least depth of both dents together, in nuclear diameters; what a dent is worth against a cut
# as long as the smaller part is wide; least part of a nuclear area on each side.
MIN_DENT, DENT_WORTH, MIN_PART = 0.06, 3.0, 0.15
MAX_ROUNDS = 3


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
        for label, box in zip(todo, _boxes(labels, todo), strict=True):
            inside = labels[box] == label
            part = _cut_once(inside, diameter_px, nucleus_area)
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


def _cut_once(
    inside: NDArray[np.bool_], diameter_px: float, nucleus_area: float
) -> NDArray[np.bool_] | None:
    """Which pixels of a crop lie on one side of the best cut; None without two good dents."""
    contours = find_contours(np.pad(inside, 1).astype(np.float32), 0.5)  # type: ignore[no-untyped-call]
    if not contours:
        return None
    outline = _even_points(max(contours, key=len)[:-1] - 1)
    dent, step = _dents(outline, diameter_px)
    i, j = np.triu_indices(N_POINTS, 2)
    both = dent[i] + dent[j]
    wanted = (both > MIN_DENT * diameter_px) & (dent[i] > 0) & (dent[j] > 0)
    i, j, both = i[wanted], j[wanted], both[wanted]
    length = np.hypot(*(outline[i] - outline[j]).T)
    whole, part = _areas(outline, i, j)
    small = np.minimum(part, whole - part)
    # A cut from a dent to itself, along the outline, separates nothing.
    wanted = (small > MIN_PART * nucleus_area) & (length > step)
    if not wanted.any():
        return None
    i, j, both, length, small = i[wanted], j[wanted], both[wanted], length[wanted], small[wanted]
    cost = length / (2 * np.sqrt(small / np.pi)) - DENT_WORTH * both / diameter_px
    for k in np.argsort(cost.round(9), kind="stable")[:5]:
        if _runs_inside(inside, outline[i[k]], outline[j[k]]):
            return _side(inside, outline[i[k]], outline[j[k]])
    return None


def _even_points(contour: NDArray[np.float64]) -> NDArray[np.float64]:
    """`N_POINTS` points at even distance along a closed contour, lightly smoothed."""
    closed = np.vstack([contour, contour[:1]])
    along = np.append(0, np.cumsum(np.hypot(*np.diff(closed, axis=0).T)))
    at = np.linspace(0, along[-1], N_POINTS, endpoint=False)
    points = np.stack([np.interp(at, along, closed[:, k]) for k in (0, 1)], axis=1)
    smooth: NDArray[np.float64] = ndi.gaussian_filter1d(points, 1.0, axis=0, mode="wrap")
    return smooth


def _dents(outline: NDArray[np.float64], diameter_px: float) -> tuple[NDArray[np.float64], float]:
    """Depth of each point under the chord of its neighbourhood, positive where concave."""
    y, x = outline.T
    step = float(np.hypot(*(outline - np.roll(outline, 1, axis=0)).T).mean())
    turn = np.sign((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())
    depth = np.full(len(outline), -np.inf)
    for reach in (0.5, 1.0):
        shift = int(np.clip(round(reach * DENT_REACH * diameter_px / step), 1, N_POINTS // 4))
        before, after = np.roll(outline, shift, axis=0), np.roll(outline, -shift, axis=0)
        chord = after - before
        offset = outline - before
        cross = chord[:, 1] * offset[:, 0] - chord[:, 0] * offset[:, 1]
        depth = np.maximum(depth, turn * cross / np.maximum(np.hypot(*chord.T), 1e-6))
    return depth, step


def _areas(
    outline: NDArray[np.float64], i: NDArray[np.intp], j: NDArray[np.intp]
) -> tuple[float, NDArray[np.float64]]:
    """Area of the outline, and of the part between points i and j."""
    y, x = outline.T
    cross = x * np.roll(y, -1) - y * np.roll(x, -1)
    sums = np.append(0, np.cumsum(cross))
    part = 0.5 * (sums[j] - sums[i] + x[j] * y[i] - y[j] * x[i])
    return abs(0.5 * float(sums[-1])), np.abs(part)


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
