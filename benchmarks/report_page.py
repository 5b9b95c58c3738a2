"""How long the report of a case takes to make, and how large it is.

python -m benchmarks.report_page [--out benchmarks/results/report_page.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from time import process_time

from benchmarks.common.report import made_by, markdown_table, write_report
from fishcount import score_case
from fishcount.report import render_report
from fishcount.synthetic import simulate_case

FIELDS = (1, 5, 10)
SIZE_PX = 1024
REPEATS = 3


def measure(n_fields: int) -> dict[str, object]:
    """One drawn case: scored once, its report made several times."""
    drawn = simulate_case("equivocal", seed=1, n_fields=n_fields, size=SIZE_PX)
    case = score_case([image for image, _ in drawn], name="drawn")
    seconds = []
    for _ in range(REPEATS):
        start = process_time()
        html = render_report(case)
        seconds.append(process_time() - start)
    return {
        "fields": n_fields,
        "nuclei found": sum(len(field.nuclei) for field in case.fields),
        "nuclei scored": case.score.n_scored,
        "report, processor s (median)": sorted(seconds)[REPEATS // 2],
        "report, MB": len(html.encode()) / 1e6,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parent / "results" / "report_page.md"
    parser.add_argument("--out", type=Path, default=default)
    out = parser.parse_args(arguments).out
    write_report(
        out,
        "# The report: time and size",
        f"Drawn cases of fields of {SIZE_PX} × {SIZE_PX} px with three channels; "
        f"`render_report` alone, processor time, median of {REPEATS}. "
        + made_by("report_page", arguments),
        markdown_table([measure(n_fields) for n_fields in FIELDS]),
    )


if __name__ == "__main__":
    main()
