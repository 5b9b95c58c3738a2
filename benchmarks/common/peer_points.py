"""Points of other detectors in fields with truth, with their own or the best threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.plain_scripts import plane_of
from benchmarks.common.spot_peers import Peer, Points, with_best
from benchmarks.common.truth_fields import TrueField
from fishcount.metrics import match_points
from fishcount.synthetic.truth import SpotKind

__all__ = ["best_points", "own_points"]


def own_points(peer: Peer, fields: Sequence[TrueField], probe: str) -> list[Points]:
    """What a peer finds in each field when it is given no threshold."""
    return _with_threshold(peer, np.nan, fields, probe)


def best_points(
    peer: Peer, steps: NDArray[np.float64], fields: Sequence[TrueField], probe: str
) -> list[Points]:
    """What a peer finds in each field, at the threshold with the best F1 of its case."""
    points: list[Points] = [np.zeros((0, 2))] * len(fields)
    for case in dict.fromkeys(field.case for field in fields):
        rows = [row for row, field in enumerate(fields) if field.case == case]
        here = [fields[row] for row in rows]

        def attempt(threshold: float, here: list[TrueField] = here) -> list[Points]:
            return _with_threshold(peer, threshold, here, probe)

        def f1(found: list[Points], here: list[TrueField] = here) -> float:
            return _f1(here, found, probe)

        for row, found in zip(rows, with_best(attempt, steps, f1), strict=True):
            points[row] = found
    return points


def _with_threshold(
    peer: Peer, threshold: float, fields: Sequence[TrueField], probe: str
) -> list[Points]:
    planes = (plane_of(field.image, probe).astype(np.float32) for field in fields)
    return [peer(plane, threshold) for plane in planes]


def _f1(fields: Sequence[TrueField], found: Sequence[Points], probe: str) -> float:
    """F1 at 3 px over several fields; a split signal is one thing, debris does not matter."""
    hits = false = missed = 0
    for field, yx in zip(fields, found, strict=True):
        spots, rows = field.truth.spots, field.true_points(probe)
        copy = spots.nucleus[rows] * 10_000 + spots.copy[rows]
        match = match_points(
            yx,
            np.column_stack([spots.y[rows], spots.x[rows]]),
            max_distance_px=3.0,
            group=copy,
            ignored=spots.kind[rows] == SpotKind.DEBRIS,
        )
        hits, false = hits + len(match.found), false + len(match.false)
        missed += len(match.missed)
    return 2 * hits / max(2 * hits + false + missed, 1)
