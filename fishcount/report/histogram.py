"""Histograms as geometry; the templates turn them into SVG that follows the page's colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bar", "Histogram", "Tick", "draw_histogram"]

_MAX_BARS = 26
# Of the drawing, in its own units.
_WIDTH, _HEIGHT = 320, 150


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
    mean: float | None,
    mean_text: str,
) -> Histogram:
    """A histogram with bins of a round width: whole numbers for copies, quarters for ratios.

    Parameters
    ----------
    values
        One figure for each nucleus; may be empty.
    whole
        Copies are whole numbers: one bin for each, or for each few when there are many.
    mean
        Where to put the mark of the case's own mean or ratio, if it has one.
    mean_text
        What is written at the mark.
    """
    top = float(values.max()) if len(values) else 0.0
    step = _bin_width(max(top, mean or 0.0), whole=whole)
    n_bins = max(math.floor(max(top, mean or 0.0) / step) + 1, 6)
    counts = np.bincount(np.floor(values / step).astype(int), minlength=n_bins)
    tallest = max(int(counts.max()), 1)
    slot = _WIDTH / n_bins
    bars = tuple(
        Bar(
            x=round(i * slot + 0.08 * slot, 2),
            y=round(_HEIGHT * (1 - count / tallest), 2),
            width=round(0.84 * slot, 2),
            height=round(_HEIGHT * count / tallest, 2),
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
        Tick(round(_HEIGHT * (1 - at / tallest), 2), str(at)) for at in sorted({0, tallest})
    )
    mean_at = None if mean is None else round(min((mean / step + shift) * slot, _WIDTH), 2)
    return Histogram(
        title,
        x_label,
        role,
        len(values),
        bars,
        x_ticks,
        y_ticks,
        mean_at,
        mean_text,
        _WIDTH,
        _HEIGHT,
    )


def _bin_width(top: float, *, whole: bool) -> float:
    widths: Sequence[float] = (1, 2, 5, 10, 20, 50, 100) if whole else (0.25, 0.5, 1, 2, 5, 10, 20)
    return next((width for width in widths if top / width < _MAX_BARS), top / _MAX_BARS)


def _bin_text(low: float, step: float, *, whole: bool) -> str:
    if whole:
        return f"{low:g}" if step == 1 else f"{low:g} to {low + step - 1:g}"
    return f"{low:g} to under {low + step:g}"
