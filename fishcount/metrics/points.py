"""Points against true points: who is whose, how far off, what was missed."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from fishcount.errors import InputError, check_kind
from fishcount.metrics.assignment import assign_pairs
from fishcount.metrics.score import DetectionScore
from fishcount.read_only import ReadOnlyArrays

__all__ = ["PointMatch", "match_points"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointMatch(ReadOnlyArrays):
    """Found points paired with true ones.

    Attributes
    ----------
    found, true : ndarray of int64, (m,)
        Indices of the pairs, ascending in `true`.
    distance_px : ndarray of float64, (m,)
        Distance of each pair.
    false : ndarray of int64
        Found points that are nobody's and not to be ignored.
    missed : ndarray of int64
        True points that nobody found; of a group, its first point.
    """

    found: NDArray[np.int64]
    true: NDArray[np.int64]
    distance_px: NDArray[np.float64]
    false: NDArray[np.int64]
    missed: NDArray[np.int64]

    @property
    def score(self) -> DetectionScore:
        """Hits, inventions and misses."""
        return DetectionScore(
            true_positives=self.true.size,
            false_positives=self.false.size,
            false_negatives=self.missed.size,
        )

    @property
    def precision(self) -> float:
        """See `DetectionScore.precision`."""
        return self.score.precision

    @property
    def recall(self) -> float:
        """See `DetectionScore.recall`."""
        return self.score.recall

    @property
    def f1(self) -> float:
        """See `DetectionScore.f1`."""
        return self.score.f1

    @property
    def rmse_px(self) -> float:
        """Root mean square distance of the pairs (over all axes together); NaN without pairs."""
        if self.distance_px.size == 0:
            return float("nan")
        return float(np.sqrt(np.mean(self.distance_px**2)))


def match_points(
    found_yx: ArrayLike,
    true_yx: ArrayLike,
    *,
    max_distance_px: float,
    group: ArrayLike | None = None,
    ignored: ArrayLike | None = None,
) -> PointMatch:
    """Pair found with true points, one to one, as many as possible, then as close as possible.

    Parameters
    ----------
    found_yx, true_yx : (n, d) and (m, d)
        Positions in pixels; two columns, or three for stacks. Empty lists are allowed.
    max_distance_px
        Points farther apart than this are never a pair.
    group : (m,), optional
        True points that share a number are one thing (the two halves of a split signal): one
        hit on any of them is enough, and further hits on them are neither right nor wrong.
    ignored : (m,) of bool, optional
        True points that may be found or not (debris): they are never missed, and a found point
        within reach of one, that no other true point claims, is not wrong.

    Returns
    -------
    PointMatch
        Empty columns for empty input.

    Raises
    ------
    InputError
        When shapes do not fit, a position is not finite, or `max_distance_px` is not positive.

    Examples
    --------
    >>> from fishcount.metrics import match_points
    >>> match = match_points([[10, 10.5], [40, 40]], [[10, 10], [20, 20]], max_distance_px=3)
    >>> match.found, match.true, match.rmse_px
    (array([0]), array([0]), 0.5)
    >>> match.false, match.missed, match.f1
    (array([1]), array([1]), 0.5)
    """
    check_kind("max_distance_px", max_distance_px, Real)
    if not max_distance_px > 0:
        raise InputError("must be above 0", field="max_distance_px", found=max_distance_px)
    found, true = _as_points(found_yx, true_yx)
    groups = _as_groups(group, len(true))
    skip = np.zeros(len(true), bool) if ignored is None else np.asarray(ignored, bool)
    if groups.shape != (len(true),) or skip.shape != (len(true),):
        raise InputError("group and ignored have one entry for each true point", expected=len(true))

    pair_found, pair_true, distance = _close_pairs(found, true, max_distance_px)
    wanted = ~skip[pair_true]
    rows, points, gaps = pair_found[wanted], pair_true[wanted], distance[wanted]
    nearest = _nearest_of_group(rows, groups[points], gaps)
    rows, points, gaps = rows[nearest], points[nearest], gaps[nearest]
    chosen = assign_pairs(rows, groups[points], cost=(gaps / max_distance_px) ** 2)
    rows, points, gaps = rows[chosen], points[chosen], gaps[chosen]
    order = np.argsort(points, kind="stable")

    hit = np.isin(groups, groups[points]) & ~skip
    size = np.bincount(groups, minlength=1)[groups] if len(true) else np.zeros(0, np.int64)
    tolerated = skip | (hit & (size > 1))
    wrong = np.ones(len(found), bool)
    wrong[rows] = False
    wrong[pair_found[tolerated[pair_true]]] = False
    return PointMatch(
        found=rows[order],
        true=points[order],
        distance_px=gaps[order],
        false=np.flatnonzero(wrong),
        missed=_first_of_group(np.flatnonzero(~hit & ~skip), groups),
    )


def _as_points(
    found: ArrayLike, true: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    arrays = [_as_numbers(points, name) for points, name in ((found, "found"), (true, "true"))]
    dimensions = {points.shape[1] for points in arrays if points.ndim == 2 and points.size}
    if any(points.size and points.ndim != 2 for points in arrays) or len(dimensions) > 1:
        shapes = " and ".join(str(points.shape) for points in arrays)
        raise InputError("points must be (n, d) with the same d", found=shapes)
    columns = dimensions.pop() if dimensions else 2
    found_points, true_points = (points.reshape(-1, columns) for points in arrays)
    return found_points, true_points


def _as_numbers(points: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(points, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("points are numbers", field=name, found=str(error)) from error
    if numbers.ndim == 2 and not np.isfinite(numbers).all():
        raise InputError("points must be finite", field=name, found="NaN or infinity")
    return numbers


def _as_groups(group: ArrayLike | None, n_true: int) -> NDArray[np.int64]:
    """Group of each point as numbers from 0; each point its own when none are given."""
    if group is None:
        return np.arange(n_true)
    return np.unique(np.asarray(group), return_inverse=True)[1].astype(np.int64)


def _close_pairs(
    found: NDArray[np.float64], true: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    if len(found) == 0 or len(true) == 0:
        none = np.zeros(0, np.int64)
        return none, none, np.zeros(0)
    near = KDTree(found).sparse_distance_matrix(KDTree(true), reach, output_type="ndarray")
    near.sort(order=["i", "j"])
    return near["i"].astype(np.int64), near["j"].astype(np.int64), near["v"]


def _nearest_of_group(
    rows: NDArray[np.int64], groups: NDArray[np.int64], gaps: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Of several pairs of one found point with one group, the closest; indices, ascending."""
    order = np.lexsort((gaps, groups, rows))
    first = np.ones(order.size, bool)
    first[1:] = (np.diff(rows[order]) != 0) | (np.diff(groups[order]) != 0)
    return np.sort(order[first])


def _first_of_group(points: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    first = np.unique(groups[points], return_index=True)[1]
    return np.sort(points[first])
