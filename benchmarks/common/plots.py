"""Bars beside a page of results: one group for each set, one bar for each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

__all__ = ["draw_bars"]


def draw_bars(
    path: Path, rows: Sequence[Mapping[str, object]], *, across: str, beside: str, height: str
) -> None:
    """Draw a column of a table as bars; what is missing or no number has none.

    Parameters
    ----------
    path
        PNG to be written; its folder is made when it is not there.
    rows
        As for `benchmarks.common.report.markdown_table`.
    across, beside, height
        Columns: the groups, the bars of each group, and how high they are.
    """
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    groups, bars = (
        list(dict.fromkeys(str(row[name]) for row in rows)) for name in (across, beside)
    )
    heights = np.full((len(bars), len(groups)), np.nan)
    for row in rows:
        heights[bars.index(str(row[beside])), groups.index(str(row[across]))] = row[height]
    figure, axes = plt.subplots(figsize=(1.6 + 1.2 * len(groups), 3.6), layout="constrained")
    width = 0.8 / max(len(bars), 1)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.92, len(bars)))
    for place, (name, values) in enumerate(zip(bars, heights, strict=True)):
        at = np.arange(len(groups)) + (place - 0.5 * (len(bars) - 1)) * width
        axes.bar(at, values, width, label=name, color=colours[place])
    axes.set_xticks(range(len(groups)), groups, rotation=20, ha="right")
    axes.set_ylabel(height)
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)
