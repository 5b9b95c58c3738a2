"""True against counted copies: where the optics end and estimating begins.

    python -m benchmarks.saturation [--fields N] [--figure FILE.png] [--out FILE.md]

Nuclei with 2 to 48 HER2 copies, apart or in clusters, drawn for a few objectives and pixel sizes,
and counted inside their true outlines with defaults. "Resolvable" are the heaps that are left when
points closer than their full width at half maximum run together: a person, or a program, that
counts separate points cannot do better.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from fishcount import score_field
from fishcount.image import FishImage
from fishcount.synthetic import FieldSpec, SaturationCurve, saturation_curve

OPTICS = {
    "NA 1.4, 0.065 um": (1.4, 0.065),
    "NA 1.3, 0.1 um": (1.3, 0.1),
    "NA 0.75, 0.16 um": (0.75, 0.16),
}
ARRANGEMENTS = {"apart": 0.0, "in clusters": 0.75}
FIELD_UM = 90.0
SEED = 7


def count_her2(image: FishImage, labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """HER2 copies of each true nucleus, with defaults."""
    result = score_field(image, labels=labels)
    # Labels are numbered anew: the pixels say which nucleus is which.
    where = np.zeros(int(labels.max()) + 1, np.int64)
    where[labels.ravel()] = result.nuclei.labels.ravel()
    counts = np.concatenate([[0], result.counts.copies["HER2"].best])
    return counts[where[1:]]


def curves(*, n_fields: int) -> dict[tuple[str, str], SaturationCurve]:
    """One curve for each optic and arrangement."""
    made = {}
    for optic, (na, pixel_size_um) in OPTICS.items():
        size = round(FIELD_UM / pixel_size_um)
        look = {"shape": (size, size), "pixel_size_um": pixel_size_um}
        spec = FieldSpec().changed(**look, optics={"na": na}, signals={"snr": 10.0})
        for arrangement, clustered in ARRANGEMENTS.items():
            made[optic, arrangement] = saturation_curve(
                count_her2,
                rng=np.random.default_rng(SEED),
                clustered=clustered,
                n_fields=n_fields,
                spec=spec,
            )
    return made


def table(made: dict[tuple[str, str], SaturationCurve]) -> str:
    """Counted (10th to 90th percentile) and resolvable copies as Markdown."""
    levels = sorted({int(level) for curve in made.values() for level in curve.true})
    rows = []
    for (optic, arrangement), curve in made.items():
        row: dict[str, object] = {"optics": optic, "copies": arrangement}
        row |= {str(level): "" for level in levels}
        for i, level in enumerate(curve.true):
            spread = f"{curve.low[i]:.0f} to {curve.high[i]:.0f}"
            row[str(level)] = f"{curve.counted[i]:.1f} ({spread}; {curve.resolvable[i]:.1f})"
        rows.append(row)
    return markdown_table(rows)


def draw_figure(made: dict[tuple[str, str], SaturationCurve], path: Path) -> None:
    """One panel for each optic."""
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9.6, 3.5), layout="constrained")
        panels = figure.subplots(1, len(OPTICS), sharey=True)
        for axes, optic in zip(panels, OPTICS, strict=True):
            axes.plot([1, 60], [1, 60], color="0.6", lw=0.8, label="true")
            for arrangement, colour in zip(ARRANGEMENTS, ("tab:blue", "tab:red"), strict=True):
                curve = made[optic, arrangement]
                axes.fill_between(curve.true, curve.low, curve.high, color=colour, alpha=0.15, lw=0)
                axes.plot(curve.true, curve.counted, "o-", color=colour, ms=3, label=arrangement)
                axes.plot(
                    curve.true,
                    curve.resolvable,
                    ":",
                    color=colour,
                    label=f"{arrangement}, resolvable",
                )
            axes.set(xscale="log", yscale="log", title=optic, xlabel="true HER2 copies")
            ticks = [2, 4, 8, 16, 32]
            axes.set_xticks(ticks, map(str, ticks), minor=False)
            axes.set_yticks(ticks, map(str, ticks), minor=False)
            axes.minorticks_off()
            axes.set(xlim=(1.7, 60), ylim=(1.2, 80))
        panels[0].set_ylabel("counted HER2 copies")
        panels[0].legend(frameon=False, fontsize=7)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=130)


def main(arguments: list[str] | None = None) -> None:
    """Print the table; draw the figure where asked."""
    parser = argparse.ArgumentParser(description="True against counted copies.")
    parser.add_argument("--fields", type=int, default=4, help="fields for each curve")
    parser.add_argument("--figure", type=Path, help="draw the curves to this file")
    parser.add_argument("--out", type=Path, default=RESULTS / "saturation.md")
    asked = parser.parse_args(arguments)
    made = curves(n_fields=asked.fields)
    text = table(made)
    print(text)
    note = "Counted copies (10th to 90th percentile; resolvable), by true copies. " + made_by(
        "saturation", arguments
    )
    write_report(asked.out, "# Saturation of counts", note, text)
    if asked.figure:
        draw_figure(made, asked.figure)


if __name__ == "__main__":
    main()
