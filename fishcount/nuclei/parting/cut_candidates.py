"""The cuts from dent to dent of which one may part two nuclei, with what they are weighed by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.canvas import Canvas, packed_patches
from fishcount.nuclei.geometry.runs import find_runs
from fishcount.nuclei.geometry.shape import disk_area
from fishcount.nuclei.geometry.sides import both_sides
from fishcount.nuclei.parting.cut_odds import log_odds_two
from fishcount.nuclei.parting.dents import (
    NO_CUT,
    DentCuts,
    beside_others,
    find_cuts,
    outlines_of,
)
from fishcount.nuclei.parting.size_law import SizeLaw
from fishcount.nuclei.parting.split import inner_distance

__all__ = ["CutCandidates", "Weigher", "boxes_of", "cut_candidates", "odds_of_two"]

# Least depth of both dents together, in nuclear diameters; least part of a nuclear area on each
# side.
_MIN_DENT, _MIN_PART = 0.03, 0.12
# The promise of a label is this weight times the log of its area in nuclear areas, less the cost of
# its cheapest cut. Above _LEAST_PROMISE its cuts are weighed, which includes nearly all right ones.
_SIZE_WORTH, _LEAST_PROMISE = 0.35, -1.1


@dataclass(frozen=True, slots=True, eq=False)
class _Try:
    """A cut of one rank of a row, and both its sides (1 and 2) and the depth in the row's box."""

    row: int
    rank: int
    sides: NDArray[np.int32]
    depth: NDArray[np.float32]

    def numbered(self, k: int) -> NDArray[np.int32]:
        """The sides as 2 k + 1 and 2 k + 2."""
        return self.sides + np.int32(2 * k) * (self.sides > 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutCandidates:
    """Cuts of labels on a canvas, (k,), with what they are weighed by.

    Attributes
    ----------
    row, rank : ndarray of int64, (k,)
        Of which label each is, and which of its cuts.
    boxes : list of windows
        In which its label lies.
    tries : list
        Its sides there.
    sides : ndarray of int32, (y, x)
        All of them side by side: those of cut k are 2 k + 1 and 2 k + 2.
    signal, depth : ndarray of float32, (y, x)
        DAPI, and distance to the outside of what is cut, there.
    cost, length_px : ndarray of float64, (k,)
        See `DentCuts`.
    nucleus_area_px : float
        Typical area of a nucleus.
    """

    row: NDArray[np.int64]
    rank: NDArray[np.int64]
    boxes: list[tuple[slice, slice]]
    tries: list[_Try]
    sides: NDArray[np.int32]
    signal: NDArray[np.float32]
    depth: NDArray[np.float32]
    cost: NDArray[np.float64]
    length_px: NDArray[np.float64]
    nucleus_area_px: float


Weigher = Callable[[Canvas, CutCandidates, SizeLaw], NDArray[np.float64]]


def odds_of_two(canvas: Canvas, cuts: CutCandidates, sizes: SizeLaw) -> NDArray[np.float64]:
    """Log odds (k,) that cuts part two nuclei, by `log_odds_two`."""
    return log_odds_two(
        cuts.sides,
        cuts.signal,
        cuts.depth,
        cost=cuts.cost,
        length_px=cuts.length_px,
        nucleus_area_px=cuts.nucleus_area_px,
        sizes=sizes,
    )


def cut_candidates(
    labels: NDArray[np.int32], canvas: Canvas, todo: NDArray[np.int64], diameter_px: float
) -> CutCandidates | None:
    """The best few cuts of the labels `todo`; None where none parts anything."""
    boxes = boxes_of(labels, todo)
    rows, cuts = _promising_cuts(labels, todo, boxes, diameter_px)
    inside = {row: labels[boxes[row]] == todo[row] for row in rows.tolist()}
    tries = _tries(cuts, inside, boxes, diameter_px)
    if not tries:
        return None
    row, rank = np.array([(one.row, one.rank) for one in tries]).T
    own = [boxes[one.row] for one in tries]
    return CutCandidates(
        row=row,
        rank=rank,
        boxes=own,
        tries=tries,
        sides=packed_patches([one.numbered(k) for k, one in enumerate(tries)]),
        signal=packed_patches([canvas.signal[box] for box in own]),
        depth=packed_patches([one.depth for one in tries]),
        cost=cuts.cost[row, rank],
        length_px=np.hypot(*(cuts.one[row, rank] - cuts.other[row, rank]).T),
        nucleus_area_px=disk_area(diameter_px),
    )


def _promising_cuts(
    labels: NDArray[np.int32],
    todo: NDArray[np.int64],
    boxes: list[tuple[slice, slice]],
    diameter_px: float,
) -> tuple[NDArray[np.intp], DentCuts]:
    """Cuts of all labels `todo`, and the rows of those whose cuts are worth weighing."""
    nucleus_area = disk_area(diameter_px)
    outlines = outlines_of(labels, todo, boxes)
    cuts = find_cuts(
        outlines,
        diameter_px=diameter_px,
        min_dent=_MIN_DENT,
        min_area_px=_MIN_PART * nucleus_area,
        beside=beside_others(labels, todo, outlines),
    )
    size = np.array([np.count_nonzero(labels[b] == k) for k, b in zip(todo, boxes, strict=True)])
    promise = _SIZE_WORTH * np.log(size / nucleus_area) - cuts.cost[:, 0]
    return np.flatnonzero((cuts.cost[:, 0] < NO_CUT) & (promise > _LEAST_PROMISE)), cuts


def _tries(
    cuts: DentCuts,
    inside: dict[int, NDArray[np.bool_]],
    boxes: list[tuple[slice, slice]],
    diameter_px: float,
) -> list[_Try]:
    """Those of the cuts of some rows that part something; `inside` is their label in its box."""
    tries = []
    for row, mask in inside.items():
        corner = np.array([boxes[row][0].start, boxes[row][1].start])
        depth = _depth(mask, diameter_px)
        for rank in np.flatnonzero(cuts.cost[row] < NO_CUT).tolist():
            both = both_sides(mask, cuts.one[row, rank] - corner, cuts.other[row, rank] - corner)
            if both is not None:
                tries.append(_Try(row, rank, both, depth))
    return tries


def _depth(inside: NDArray[np.bool_], diameter_px: float) -> NDArray[np.float32]:
    padded = np.pad(inside, 1)
    return inner_distance(padded, diameter_px=diameter_px)[1:-1, 1:-1]


def boxes_of(labels: NDArray[np.int32], todo: NDArray[np.int64]) -> list[tuple[slice, slice]]:
    """The windows in which some labels lie."""
    if not len(todo):
        return []
    runs = find_runs(labels)
    boxes = runs.boxes()[np.searchsorted(runs.label[runs.first], todo)]
    return [(slice(y0, y1), slice(x0, x1)) for y0, x0, y1, x1 in boxes.tolist()]
