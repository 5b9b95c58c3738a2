"""Rungs of a ladder of thresholds, and how their pieces compete: a dynamic programme over a tree.

Pieces of neighbouring rungs that share pixels are rivals. Groups of rivals are formed from the
highest rung downwards, each as small as can be, so that every group of a rung lies in one of the
rung below: a tree, of which the best choice is found in one pass. A dim nucleus is thus judged
apart from the bright ones that it touches, though they are told apart only where it has vanished.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fishcount.nuclei.canvas import Canvas
from fishcount.nuclei.runs import count_pixels

__all__ = ["Rung", "collect_cores", "compete"]

# A component of this quality is settled: higher thresholds are not tried.
SETTLED = 0.9
# A group is left as it is when climbing on gains less than this.
STAY_BONUS = 0.02
# A piece is also of another of the threshold below, where that has this part of it.
SHARED = 0.1


@dataclass(slots=True, eq=False)
class Rung:
    """One threshold: components, their pieces and cores, and how good those are.

    Attributes
    ----------
    components, labels, cores : ndarray of int32, (y, x)
        On the canvas: the connected parts, their pieces, and what is sure of each piece.
    area, quality : ndarray of float64, (n,)
        Of each piece.
    component_of : ndarray of int64, (n,)
        Component of each piece.
    parent_of : ndarray of int64, (components,)
        Component of the rung below.
    value : ndarray of float64, (components,)
        Mean quality.
    alone : ndarray of bool, (components,)
        Settled, whatever the value.
    group_of : ndarray of int64, (n,)
        Group of each piece; of the highest rung each piece is one.
    group_value, group_weight, group_stays : ndarray, (groups,)
        Mean quality of the best choice from here upwards, its area, and whether that is this rung.
    parent_group : ndarray of int64, (groups,)
        Group of the rung below.
    """

    canvas: Canvas
    components: NDArray[np.int32]
    labels: NDArray[np.int32]
    cores: NDArray[np.int32]
    area: NDArray[np.float64]
    quality: NDArray[np.float64]
    component_of: NDArray[np.int64]
    parent_of: NDArray[np.int64]
    value: NDArray[np.float64]
    alone: NDArray[np.bool_]
    group_of: NDArray[np.int64]
    group_value: NDArray[np.float64]
    group_weight: NDArray[np.float64]
    group_stays: NDArray[np.bool_]
    parent_group: NDArray[np.int64]

    @property
    def open(self) -> NDArray[np.bool_]:
        """Components that a higher threshold may still improve."""
        return (self.value < SETTLED) & ~self.alone

    def per_component(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums of values of pieces over each component."""
        n = len(self.parent_of)
        return np.bincount(self.component_of, values, minlength=n).astype(np.float64)


def compete(lower: Rung, upper: Rung) -> None:
    """Let each group of pieces of `lower` stay, or give way to the pieces of `upper` in it.

    A group is as small as can be: pieces, and all that the higher threshold makes of them.
    """
    n, n_above = len(lower.area), len(upper.group_value)
    below, above, pixels = _overlaps(lower, upper)
    linked = pixels > SHARED * upper.area[above]
    low, high = below[linked], n + upper.group_of[above[linked]]
    graph = coo_array((np.ones(len(low), bool), (low, high)), shape=(n + n_above, n + n_above))
    n_groups, group = connected_components(graph, directed=False)
    lower.group_of, parent = group[:n], group[n:]
    weight = np.bincount(lower.group_of, lower.area, n_groups).astype(np.float64)
    worth = np.bincount(lower.group_of, lower.area * lower.quality, n_groups)
    value = worth / np.maximum(weight, 1)
    weight_above = np.bincount(parent, upper.group_weight, n_groups)
    gain = np.bincount(parent, upper.group_value * upper.group_weight, n_groups)
    # A piece that the higher threshold loses counts against it as much as it was worth.
    covered = np.bincount(below, pixels, n)
    lost = np.clip(1 - 10 * covered / lower.area, 0, 1) * lower.area * lower.quality
    weight_above = weight_above + np.bincount(lower.group_of, lost, n_groups)
    value_above = np.where(gain > 0, gain / np.maximum(weight_above, 1), -1)
    stays = value + STAY_BONUS >= value_above
    lower.group_stays = stays
    lower.group_value = np.where(stays, value, value_above)
    lower.group_weight = np.where(stays, weight, weight_above)
    upper.parent_group = parent


def _overlaps(
    lower: Rung, upper: Rung
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Rows of pieces of both rungs that share pixels, and how many."""
    at = np.flatnonzero(upper.labels > 0)
    piece = upper.labels.ravel()[at]
    below = upper.canvas.values_of(lower.canvas, lower.labels).ravel()[at]
    # Runs of pixels first: there are far fewer of them.
    turn = np.flatnonzero((piece[1:] != piece[:-1]) | (below[1:] != below[:-1])) + 1
    start = np.append(0, turn)
    length = np.diff(np.append(start, len(at)))
    start, length = start[below[start] > 0], length[below[start] > 0]
    n = len(upper.area) + 1
    code, pair = np.unique(below[start].astype(np.int64) * n + piece[start], return_inverse=True)
    return code // n - 1, code % n - 1, np.bincount(pair, length, len(code)).astype(np.float64)


def collect_cores(
    rungs: list[Rung], shape: tuple[int, ...]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Cores that stay on the image (y, x), 1 to n, and the quality of each; see `climb_ladder`."""
    out = np.zeros(shape[0] * shape[1], np.int32)
    quality: list[NDArray[np.float64]] = []
    n_found, shared = 0, False
    reached = np.ones(len(rungs[0].group_stays), bool) if rungs else np.zeros(0, bool)
    for step, rung in enumerate(rungs):
        if step:
            reached = reached[rung.parent_group]
        taken = (reached & rung.group_stays)[rung.group_of]
        new = np.zeros(len(taken) + 1, np.int32)
        new[1:][taken] = np.arange(n_found + 1, n_found + 1 + taken.sum())
        n_found += int(taken.sum())
        quality.append(rung.quality[taken])
        at = np.flatnonzero(rung.cores > 0)
        label = new[rung.cores.ravel()[at]]
        places = rung.canvas.places(at[label > 0])
        shared |= bool(out[places].any())
        out[places] = label[label > 0]
        reached = reached & ~rung.group_stays
    labels, qualities = out.reshape(shape), np.concatenate(quality) if quality else np.zeros(0)
    if not shared:
        return labels, qualities
    # Where two groups share a few pixels the higher threshold has them; they may be all of a piece.
    there = count_pixels(labels, n_found + 1) > 0
    new = np.cumsum(there, dtype=np.int32)
    return new.take(labels), qualities[there[1:]]
