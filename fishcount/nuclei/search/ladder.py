"""A ladder of thresholds: each nucleus is taken from the one at which it stands alone best.

No single threshold fits a field with haze and with dim nuclei beside bright ones. Here each
threshold is split on its own, and the components of one compete with what the next higher one
makes of them, by how much the pieces look like whole nuclei: a dynamic programme over the tree
of components.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import connected_parts
from fishcount.nuclei.field.foreground import fill_holes
from fishcount.nuclei.geometry.canvas import Canvas
from fishcount.nuclei.geometry.runs import Runs, count_pixels, find_runs
from fishcount.nuclei.geometry.shape import disk_area
from fishcount.nuclei.parting.pieces import Pieces, measure_outlines
from fishcount.nuclei.parting.split import Split, split_foreground

__all__ = ["Splitter", "climb_ladder", "lowest_level", "split_on"]

_LEVEL_RATIO, _MAX_LEVELS = 1.45, 6
# The lowest threshold, as a part of the typical signal of the foreground.
_LOWEST = 0.16
# Components under this part of a nuclear area are crumbs of texture or noise, and so are those of
# fewer pixels, which have no shape to be judged by.
_MIN_AREA, _MIN_AREA_PX = 0.03, 6
# A hole is filled that is smaller than this part of a nuclear area and no deeper than noise makes
# it, in parts of the floor. Any other is a gap between nuclei, which tells where they part, or a
# nucleolus, around which one is joined again.
_MAX_HOLE, _NOISE_DEPTH = 0.3, 0.4
# A component is left as it is when climbing on gains less than this.
_STAY_BONUS = 0.02
# A component of this quality is settled: higher thresholds are not tried.
_SETTLED = 0.9
# So is a component of a single piece with a shape of this quality.
_ALONE = 0.8
# So is one of at least this quality that the threshold below split into as many pieces.
_STABLE = 0.78
# Where a piece is trimmed before it is judged, in parts of its brightness; thresholds over
# _TOO_HIGH of it are penalized.
_TRIM_HEIGHT = 0.38
_TOO_HIGH, _TOO_HIGH_WEIGHT = 0.6, 0.5
_TOO_LOW, _TOO_LOW_WEIGHT = 0.4, 0.5


@dataclass(slots=True, eq=False)
class _Rung:
    """One threshold: components, their pieces and cores, and how good those are."""

    canvas: Canvas
    components: NDArray[np.int32]
    labels: NDArray[np.int32]
    cores: NDArray[np.int32]
    area: NDArray[np.float64]
    quality: NDArray[np.float64]
    component_of: NDArray[np.int64]
    parent_of: NDArray[np.int64]
    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    stays: NDArray[np.bool_]
    alone: NDArray[np.bool_]

    @property
    def open(self) -> NDArray[np.bool_]:
        """Components that a higher threshold may still improve."""
        return (self.value < _SETTLED) & ~self.alone

    def per_component(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        n = len(self.parent_of)
        return np.bincount(self.component_of, values, minlength=n).astype(np.float64)


Splitter = Callable[[Canvas, NDArray[np.int32], float], Split]


def split_on(canvas: Canvas, components: NDArray[np.int32], diameter_px: float) -> Split:
    """Components of a canvas, split where nuclei touch: `split_foreground` of its signal."""
    return split_foreground(components, canvas.signal, diameter_px=diameter_px)


def climb_ladder(
    signal: NDArray[np.float32],
    *,
    floor_counts: float,
    typical_counts: float,
    top_counts: float,
    diameter_px: float,
    split: Splitter = split_on,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Cores of nuclei, each from its best threshold.

    Parameters
    ----------
    signal
        Smoothed DAPI above background, (y, x).
    floor_counts
        Below this it is noise.
    typical_counts
        Typical signal of nuclei.
    top_counts
        Signal of nearly the brightest; NaN where nothing rises above the floor.
    diameter_px
        Typical diameter of nuclei.
    split
        Splits the components of a threshold where nuclei touch, as `split_foreground` does; it is
        given the canvas on which they lie, and the diameter.

    Returns
    -------
    labels : ndarray of int32, (y, x)
        1 to n without gaps.
    quality : ndarray of float64, (n,)
        0 to 1: how much each looks like one whole nucleus.
    """
    rungs: list[_Rung] = []
    canvas = Canvas.whole(signal)
    for level in _levels(floor_counts, typical_counts, top_counts):
        if rungs:
            canvas = canvas.packed(rungs[-1].components, rungs[-1].open)
        rung = _make_rung(
            canvas,
            level,
            rungs[-1] if rungs else None,
            diameter_px=diameter_px,
            least_in_holes=level - _NOISE_DEPTH * floor_counts,
            split=split,
        )
        if rung is None:
            break
        rungs.append(rung)
    for lower, upper in zip(rungs[-2::-1], rungs[:0:-1], strict=True):
        _compete(lower, upper)
    return _collect(rungs, signal.shape)


def lowest_level(floor_counts: float, typical_counts: float) -> float:
    """The lowest threshold of the ladder."""
    return max(floor_counts, _LOWEST * typical_counts)


def _levels(floor_counts: float, typical_counts: float, top_counts: float) -> NDArray[np.float64]:
    if math.isnan(top_counts):
        return np.zeros(0)
    lowest = lowest_level(floor_counts, typical_counts)
    span = max(0.7 * top_counts / lowest, 1.0)
    n = min(_MAX_LEVELS, int(math.log(span) / math.log(_LEVEL_RATIO)) + 1)
    return np.asarray(lowest * _LEVEL_RATIO ** np.arange(n), np.float64)


def _make_rung(
    canvas: Canvas,
    level: float,
    below: _Rung | None,
    *,
    diameter_px: float,
    least_in_holes: float,
    split: Splitter,
) -> _Rung | None:
    """The components over a threshold inside those that the rung below left open, judged."""
    signal, nucleus_area = canvas.signal, disk_area(diameter_px)
    mask = fill_holes(
        signal > level,
        max_area_px=_MAX_HOLE * nucleus_area,
        signal=signal,
        least_counts=least_in_holes,
    )
    parents = None
    if below is not None:
        parents = canvas.values_of(below.canvas, below.components)
        mask &= np.append(False, below.open).take(parents)
    components = _large_parts(mask, least_px=max(_MIN_AREA * nucleus_area, _MIN_AREA_PX))
    # Components without a seed are gone from now on.
    found = split(canvas, components, diameter_px)
    if not len(found.pieces):
        return None
    rung = _judged(canvas, found, parents, level, nucleus_area)
    if below is not None:
        rung.alone |= _is_stable(rung, below)
    return rung


def _judged(
    canvas: Canvas,
    found: Split,
    parents: NDArray[np.int32] | None,
    level: float,
    nucleus_area: float,
) -> _Rung:
    """How much the pieces of a threshold look like nuclei, and its components by their pieces."""
    component_of, parent_of = _ancestry(found, parents)
    cores, runs = _trim(found.labels, canvas.signal, found.pieces)
    shape = _shape_quality(measure_outlines(runs), nucleus_area)
    area, n = found.pieces.area, len(parent_of)
    quality = shape * _height_quality(level / np.maximum(found.pieces.brightness, 1e-6))
    weight = np.bincount(component_of, area, minlength=n).astype(np.float64)
    worth = np.bincount(component_of, area * quality, minlength=n).astype(np.float64)
    return _Rung(
        canvas=canvas,
        components=found.components,
        labels=found.labels,
        cores=cores,
        area=area,
        quality=quality,
        component_of=component_of,
        parent_of=parent_of,
        value=worth / np.maximum(weight, 1),
        weight=weight,
        stays=np.ones(n, bool),
        alone=_is_single_and_whole(component_of, shape, n),
    )


def _large_parts(mask: NDArray[np.bool_], *, least_px: float) -> NDArray[np.int32]:
    """The connected parts of a mask that are large enough, 1 to n without gaps."""
    parts, n = connected_parts(mask)
    large = count_pixels(parts, n + 1) >= least_px
    large[0] = False
    new = np.cumsum(large, dtype=np.int32)
    new[~large] = 0
    return new.take(parts)


def _ancestry(
    split: Split, parents: NDArray[np.int32] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Component of each piece, and the one below of each component, both from 0; 0 without any."""
    component_at = split.components.ravel()[split.at]
    component_of = np.zeros(len(split.pieces), np.int64)
    component_of[split.labels.ravel()[split.at] - 1] = component_at - 1
    parent_of = np.zeros(int(component_of.max()) + 1, np.int64)
    if parents is not None:
        parent_of[component_at - 1] = parents.ravel()[split.at] - 1
    return component_of, parent_of


def _is_single_and_whole(
    component_of: NDArray[np.int64], shape: NDArray[np.float64], n: int
) -> NDArray[np.bool_]:
    """Which of n components are one piece, and that of a good shape."""
    good = np.zeros(n, bool)
    good[component_of] = shape > _ALONE
    return np.asarray(good & (np.bincount(component_of, minlength=n) == 1), np.bool_)


def _is_stable(rung: _Rung, below: _Rung) -> NDArray[np.bool_]:
    """Which components two thresholds in a row divide alike: a third would see no others."""
    only = np.bincount(rung.parent_of, minlength=len(below.value))[rung.parent_of] == 1
    n_pieces = np.bincount(rung.component_of, minlength=len(rung.parent_of))
    n_below = np.bincount(below.component_of, minlength=len(below.value))[rung.parent_of]
    return np.asarray(only & (n_pieces == n_below) & (rung.value > _STABLE), np.bool_)


def _trim(
    labels: NDArray[np.int32], signal: NDArray[np.float32], pieces: Pieces
) -> tuple[NDArray[np.int32], Runs]:
    """Each piece cut at a part of its own brightness, as its outline will be, and its runs."""
    cut = np.append(np.inf, _TRIM_HEIGHT * pieces.brightness).astype(np.float32)
    cores = labels * (signal > cut.take(labels))
    runs = find_runs(cores)
    if len(runs) < len(pieces):
        # The brightest pixel may be dimmer than a weighted mean: nothing is trimmed to nothing.
        left = np.zeros(len(pieces) + 1, bool)
        left[runs.label] = True
        cores = np.where(left.take(labels), cores, labels)
        runs = find_runs(cores)
    return cores, runs


def _height_quality(height: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 to 1: cut neither too low nor too high, in parts of the brightness."""
    cut = 1 - _TOO_LOW_WEIGHT * np.maximum(_TOO_LOW - height, 0)
    cut -= _TOO_HIGH_WEIGHT * np.maximum(height - _TOO_HIGH, 0)
    return np.clip(cut, 0, 1)


def _shape_quality(shapes: Pieces, nucleus_area: float) -> NDArray[np.float64]:
    """0 to 1: convex, an ellipse, of nuclear size."""
    hollow = shapes.hollow()
    shape = 1 - 2.5 * hollow / (shapes.area + hollow) - 2.0 * (1 - shapes.ellipse_fit())
    far = np.maximum(np.abs(np.log(shapes.area / nucleus_area)) - 0.8, 0)
    return np.clip(shape, 0, 1) * np.exp(-0.5 * (far / 0.5) ** 2)


def _compete(lower: _Rung, upper: _Rung) -> None:
    """Let each component of `lower` stay, or give way to its parts in `upper`."""
    n = len(lower.parent_of)
    gain = np.bincount(upper.parent_of, upper.value * upper.weight, minlength=n)
    weight = np.bincount(upper.parent_of, upper.weight, minlength=n).astype(np.float64)
    # A piece that the higher threshold loses counts against it as much as it was worth.
    pieces = upper.canvas.values_of(lower.canvas, lower.labels).ravel()
    pieces = pieces[np.flatnonzero(upper.components > 0)]
    covered = np.bincount(pieces, minlength=len(lower.area) + 1)[1:]
    lost = np.clip(1 - 10 * covered / lower.area, 0, 1) * lower.area * lower.quality
    weight = weight + lower.per_component(lost)
    above = np.where(gain > 0, gain / np.maximum(weight, 1), -1)
    lower.stays = lower.value + _STAY_BONUS >= above
    lower.value = np.where(lower.stays, lower.value, above)
    lower.weight = np.where(lower.stays, lower.weight, weight)


def _collect(
    rungs: list[_Rung], shape: tuple[int, ...]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    out = np.zeros(shape[0] * shape[1], np.int32)
    quality: list[NDArray[np.float64]] = []
    n_found = 0
    reached = np.ones(len(rungs[0].stays), bool) if rungs else np.zeros(0, bool)
    for step, rung in enumerate(rungs):
        if step:
            reached = reached[rung.parent_of]
        taken = (reached & rung.stays)[rung.component_of]
        new = np.zeros(len(taken) + 1, np.int32)
        new[1:][taken] = np.arange(n_found + 1, n_found + 1 + taken.sum())
        n_found += int(taken.sum())
        quality.append(rung.quality[taken])
        at = np.flatnonzero(rung.cores > 0)
        label = new[rung.cores.ravel()[at]]
        out[rung.canvas.places(at[label > 0])] = label[label > 0]
        reached = reached & ~rung.stays
    return out.reshape(shape), np.concatenate(quality) if quality else np.zeros(0)
