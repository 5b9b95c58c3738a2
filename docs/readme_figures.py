"""Puts what the benchmarks measured into the README, between two marks.

    python docs/readme_figures.py

The figures are read from ``benchmarks/results``, so that the README says what was measured last;
a test fails where it says something else.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- figures: made by docs/readme_figures.py -->", "<!-- end of figures -->"
LEVELS = ("easy", "medium", "hard")

Row = dict[str, str]


def main() -> None:
    """Write them."""
    readme = ROOT / "README.md"
    readme.write_text(with_figures(readme.read_text(encoding="utf-8")), encoding="utf-8")


def with_figures(readme: str) -> str:
    """The README with the figures of today."""
    marked = re.compile(rf"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)
    return marked.sub(lambda found: figures() + "\n", readme)


def figures() -> str:
    """The table of the README."""
    nuclei, cases = tables("phantoms")
    field, *_ = tables("speed")
    whole = next(row for row in field if row["step"] == "field, whole")
    (pages,) = tables("report_page")
    page = next(row for row in pages if int(row["nuclei found"]) >= 200)
    right = sum("true:" not in case["asco-cap-2018-dual"] for case in cases)
    errors = [float(case["ratio error"].removesuffix(" %")) for case in cases]
    many = [float(row["10 or more"]) for row in nuclei if row["10 or more"] != "nan"]
    lines = [
        ("drawn cases", *LEVELS),
        ("---",) * 4,
        ("nuclei, F1 at an overlap of 0.5", *by_level(nuclei, "nuclei F1")),
        ("HER2 copies, mean error, nuclei under ten", *by_level(nuclei, "MAE under 10")),
        ("CEP17 copies, mean error", *by_level(nuclei, "CEP17 MAE")),
        *(
            (f"{probe} signals, F1 (best other detector)", *signals_by_level(probe))
            for probe in ("HER2", "CEP17")
        ),
    ]
    ms, mib = (first_number(whole[f"fishcount, {unit}"]) for unit in ("ms", "MiB"))
    told = (
        "In nuclei with ten copies or more, the HER2 copies of a case are off by "
        f"{100 * min(many):+.0f} to {100 * max(many):+.0f} %. The ratio of a case is off by "
        f"{min(errors):+.0f} to {max(errors):+.0f} %; "
        f"{right} of {len(cases)} cases get the ASCO/CAP 2018 category of the truth.",
        "A field of 2048 × 2048 pixels in three channels takes "
        f"{ms / 1000:.1f} s of processor time and {mib:.0f} MiB; "
        f"a report of {page['nuclei found']} nuclei takes "
        f"{float(page['report, processor s (median)']):.1f} s and "
        f"{float(page['report, MB']):.0f} MB.",
    )
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n\n".join((table, *(textwrap.fill(text, width=100) for text in told)))


def signals_by_level(probe: str) -> list[str]:
    """F1 of ours with its defaults, and of the best peer with its best threshold."""
    drawn, *_ = tables("spots")
    cells = []
    for level in LEVELS:
        found = {
            row["detector"]: float(row["F1"])
            for row in drawn
            if (row["fields"], row["probe"]) == (level, probe)
        }
        ours = found.pop("fishcount, automatic")
        # It knows how many points there are, and is no detector.
        found.pop("ideal observer")
        cells.append(f"{ours:.2f} ({max(found.values()):.2f})")
    return cells


def first_number(cell: str) -> float:
    """The figure of a cell that may hold its range as well."""
    return float(re.findall(r"[\d.]+", cell)[0])


def by_level(rows: Iterable[Row], column: str) -> list[str]:
    """A column for cases of each difficulty: one figure, or the span of several."""
    rows = list(rows)
    return [
        spread((float(row[column]) for row in rows if row["case"].endswith(level)), digits=2)
        for level in LEVELS
    ]


def spread(values: Iterable[float], *, digits: int = 0) -> str:
    """One figure, or the lowest and the highest."""
    shown = sorted({f"{value:.{digits}f}" for value in values}, key=float)
    return shown[0] if len(shown) == 1 else f"{shown[0]} to {shown[-1]}"


def tables(name: str) -> list[list[Row]]:
    """The tables of a page of results, their rows by heading."""
    text = (RESULTS / f"{name}.md").read_text(encoding="utf-8")
    found = re.findall(r"((?:^\|.*\n)+)", text + "\n", flags=re.MULTILINE)
    split = [[_cells(line) for line in block.splitlines()] for block in found]
    return [[dict(zip(head, row, strict=True)) for row in rows] for head, _, *rows in split]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


if __name__ == "__main__":
    main()
