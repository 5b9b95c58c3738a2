"""Geometry of the drawn figures; the templates turn it into SVG that follows the page's colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.report.wording import number
from fishcount.scoring import CaseScore

__all__ = ["Bar", "Histogram", "Plane", "Region", "Tick", "draw_histogram", "draw_plane"]

# ASCO/CAP 2018: the borders of the five groups, for the picture only; the decision is made
# with integers in `fishcount.guidelines`.
RATIO_BORDER = 2.0
MEAN_BORDERS = (4.0, 6.0)

_MAX_BARS = 26
_CLOUD_POINTS = 400


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in drawing units, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin of a histogram, in drawing units, and in words."""

    x: float
    y: float
    width: float
    height: float
    bin_text: str
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Nuclei by a figure of theirs."""

    title: str
    x_label: str
    role: str
    n: int
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    mean_at: float | None
    mean_text: str
    width: float
    height: float

    @property
    def alt(self) -> str:
        """The figure in words."""
        filled = [bar for bar in self.bars if bar.count]
        if not filled:
            return f"{self.title}: no nucleus to show."
        tallest = max(filled, key=lambda bar: bar.count)
        return (
            f"{self.title} of {self.n} scored nuclei, from {filled[0].bin_text} to "
            f"{filled[-1].bin_text}; most often {tallest.bin_text} ({tallest.count} nuclei)."
        )


def draw_histogram(
    values: NDArray[np.float64],
    *,
    title: str,
    x_label: str,
    role: str,
    whole: bool,
    mean: float | None = None,
    mean_text: str = "",
    width: float = 320,
    height: float = 150,
) -> Histogram:
    """A histogram with bins of a round width: whole numbers for copies, quarters for ratios.

    Parameters
    ----------
    values
        One figure for each nucleus; may be empty.
    whole
        Copies are whole numbers: one bin for each, or for each few when there are many.
    mean
        Where to put the mark of the case's own mean or ratio.
    """
    top = float(values.max()) if len(values) else 0.0
    step = _bin_width(max(top, mean or 0.0), whole=whole)
    n_bins = max(math.floor(max(top, mean or 0.0) / step) + 1, 6)
    counts = np.bincount(np.floor(values / step).astype(int), minlength=n_bins)
    tallest = max(int(counts.max()), 1)
    slot = width / n_bins
    bars = tuple(
        Bar(
            x=round(i * slot + 0.08 * slot, 2),
            y=round(height * (1 - count / tallest), 2),
            width=round(0.84 * slot, 2),
            height=round(height * count / tallest, 2),
            bin_text=_bin_text(i * step, step, whole=whole),
            count=int(count),
        )
        for i, count in enumerate(counts)
    )
    # A whole number stands under the middle of its bar; a border of bins at its left edge.
    shift = 0.5 if whole and step == 1 else 0.0
    every = max(1, math.ceil(n_bins / 9))
    x_ticks = tuple(
        Tick(round((i + shift) * slot, 2), f"{i * step:g}") for i in range(0, n_bins, every)
    )
    y_ticks = tuple(
        Tick(round(height * (1 - at / tallest), 2), str(at)) for at in sorted({0, tallest})
    )
    mean_at = None if mean is None else round(min((mean / step + shift) * slot, width), 2)
    return Histogram(
        title, x_label, role, len(values), bars, x_ticks, y_ticks, mean_at, mean_text, width, height
    )


def _bin_width(top: float, *, whole: bool) -> float:
    widths: Sequence[float] = (1, 2, 5, 10, 20, 50, 100) if whole else (0.25, 0.5, 1, 2, 5, 10, 20)
    return next((width for width in widths if top / width < _MAX_BARS), top / _MAX_BARS)


def _bin_text(low: float, step: float, *, whole: bool) -> str:
    if whole:
        return f"{low:g}" if step == 1 else f"{low:g} to {low + step - 1:g}"
    return f"{low:g} to under {low + step:g}"


@dataclass(frozen=True, slots=True)
class Region:
    """The rectangle of one group in drawing units."""

    group: int
    x: float
    y: float
    width: float
    height: float
    here: bool


@dataclass(frozen=True, slots=True)
class Plane:
    """Mean HER2 against ratio, the five groups, and where the case lies."""

    width: float
    height: float
    regions: tuple[Region, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    rays: tuple[tuple[float, float, str], ...]
    x: float | None
    y: float | None
    x_span: tuple[float, float] | None
    y_span: tuple[float, float] | None
    cloud: str
    alt: str


def draw_plane(
    score: CaseScore, *, group: int | None, width: float = 520, height: float = 340
) -> Plane:
    """Where the case lies among the five groups of ASCO/CAP 2018 (dual probe).

    The slanted lines join equal mean CEP17, for the ratio is mean HER2 over mean CEP17. A case
    without a ratio has no point.
    """
    mean, ratio = score.mean_her2_per_nucleus, score.her2_cep17_ratio
    mean_span = score.intervals_95.get("mean_her2_per_nucleus")
    ratio_span = score.intervals_95.get("her2_cep17_ratio")
    x_top = _axis_top([mean, *(mean_span or ())], least=8.0)
    y_top = _axis_top([ratio, *(ratio_span or ())], least=4.0)

    def across(value: float) -> float:
        return round(width * min(value, x_top) / x_top, 2)

    def up(value: float) -> float:
        return round(height * (1 - min(value, y_top) / y_top), 2)

    low, high = MEAN_BORDERS
    edges = {
        1: (low, x_top, RATIO_BORDER, y_top),
        2: (0.0, low, RATIO_BORDER, y_top),
        3: (high, x_top, 0.0, RATIO_BORDER),
        4: (low, high, 0.0, RATIO_BORDER),
        5: (0.0, low, 0.0, RATIO_BORDER),
    }
    regions = tuple(
        Region(
            number_, across(x0), up(y1), across(x1) - across(x0), up(y0) - up(y1), number_ == group
        )
        for number_, (x0, x1, y0, y1) in edges.items()
    )
    return Plane(
        width=width,
        height=height,
        regions=regions,
        x_ticks=tuple(Tick(across(v), f"{v:g}") for v in _round_steps(x_top)),
        y_ticks=tuple(Tick(up(v), f"{v:g}") for v in _round_steps(y_top)),
        rays=tuple(_ray(copies, x_top, y_top, width, height) for copies in (1, 2, 4)),
        x=None if mean is None or ratio is None else across(mean),
        y=None if mean is None or ratio is None else up(ratio),
        x_span=None if mean_span is None else (across(mean_span[0]), across(mean_span[1])),
        y_span=None if ratio_span is None else (up(ratio_span[0]), up(ratio_span[1])),
        cloud=_cloud(score, across, up, x_top, y_top),
        alt=_plane_words(mean, ratio, group),
    )


def _cloud(
    score: CaseScore,
    across: Callable[[float], float],
    up: Callable[[float], float],
    x_top: float,
    y_top: float,
) -> str:
    """Replicates as the dots of one path; those beyond the axes are left out."""
    if not score.replicates.has_cep17:
        return ""
    return "".join(
        f"M{across(her2)} {up(her2 / cep17)}h0"
        for her2, cep17 in score.replicates.means()[:_CLOUD_POINTS].tolist()
        if cep17 > 0 and her2 <= x_top and her2 / cep17 <= y_top
    )


def _ray(
    cep17: int, x_top: float, y_top: float, width: float, height: float
) -> tuple[float, float, str]:
    """End of the line from the origin on which the mean CEP17 is `cep17`."""
    x = min(x_top, cep17 * y_top)
    return round(width * x / x_top, 2), round(height * (1 - x / cep17 / y_top), 2), f"{cep17}"


def _plane_words(mean: float | None, ratio: float | None, group: int | None) -> str:
    if mean is None or ratio is None:
        return "HER2 copies against ratio with the five groups; this case has no ratio to place."
    where = f"in group {group}" if group else "in no group"
    return (
        f"HER2 copies against ratio with the five groups: this case lies at {number(mean)} "
        f"copies and ratio {number(ratio)}, {where}."
    )


def _axis_top(values: Sequence[float | None], *, least: float) -> float:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return max(least, math.ceil(1.1 * max(known, default=0.0)))


def _round_steps(top: float) -> list[float]:
    step = next(step for step in (1, 2, 4, 5, 10, 20, 50, 100, 1e9) if top / step <= 9)
    return [i * float(step) for i in range(int(top / step) + 1)]
