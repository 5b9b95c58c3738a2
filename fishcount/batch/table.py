"""The state of a batch as a table for programs and a page for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fishcount.batch.state import CaseState
from fishcount.guidelines import HEADLINE
from fishcount.io import replace_file
from fishcount.io.case_folder import THUMBNAIL
from fishcount.io.text import csv_bytes
from fishcount.records import CASE_FIGURES
from fishcount.report import render_comparison

__all__ = ["CASES_COLUMNS", "CASES_FILE", "PAGE_FILE", "is_table", "write_page", "write_table"]

CASES_FILE = "cases.csv"
PAGE_FILE = "index.html"
CASES_COLUMNS: Mapping[str, str] = {
    "case": "object",
    "state": "object",
    **dict.fromkeys(HEADLINE, "object"),
    "group": "Int64",
    "n_fields": "Int64",
    "n_nuclei": "Int64",
    "n_scored": "Int64",
    "her2_signals": "Int64",
    "cep17_signals": "Int64",
    "mean_her2_per_nucleus": "float64",
    "mean_cep17_per_nucleus": "float64",
    "her2_cep17_ratio": "float64",
    "ratio_low": "float64",
    "ratio_high": "float64",
    "flags": "object",
    "category_flags": "object",
    "seconds": "float64",
    "error": "object",
    "message": "object",
}
"""Columns of ``cases.csv`` and their types; further headline schemes follow."""

# Keys of a summary that the page needs; the rest of thousands of summaries is not kept.
_ON_THE_PAGE = ("case", "fields", "intervals_95", "categories", "flags", "settings_sha256")


def write_table(cases: Iterable[CaseState], out: Path, *, schemes: Sequence[str] = ()) -> None:
    """Write ``cases.csv``, one row for each case, whole or not at all.

    Parameters
    ----------
    cases
        In the order of the rows.
    out
        Folder of the batch.
    schemes
        Headline schemes beside `fishcount.guidelines.HEADLINE`; each becomes a column at the end.
    """
    more = [scheme for scheme in dict.fromkeys(schemes) if scheme not in HEADLINE]
    types: dict[str, Any] = {**CASES_COLUMNS, **dict.fromkeys(more, "object")}
    rows = [_row(case, (*HEADLINE, *more)) for case in cases]
    columns = {
        name: pd.Series([row.get(name) for row in rows], dtype=dtype)
        for name, dtype in types.items()
    }
    replace_file(out / CASES_FILE, csv_bytes(pd.DataFrame(columns)))


def is_table(path: Path) -> bool:
    """Whether a file is the table of a batch, and not a manifest that is called as it is."""
    columns = list(CASES_COLUMNS)[:3]
    try:
        with path.open(encoding="utf-8-sig") as lines:
            return next(lines, "").rstrip().split(",")[:3] == columns
    except (OSError, UnicodeDecodeError):
        return False


def write_page(cases: Iterable[CaseState], out: Path) -> None:
    """Write ``index.html``; a case without a result has a row that says why, and no link."""
    summaries: list[dict[str, Any]] = []
    links: list[str] = []
    thumbnails: list[bytes] = []
    for case in cases:
        if case.summary is None:
            told = ": ".join(text for text in (case.error, case.message) if text)
            summaries.append({"case": case.name, "problem": told or "not scored yet"})
            links.append("")
            thumbnails.append(b"")
        else:
            summaries.append({key: case.summary.get(key) for key in (*_ON_THE_PAGE, *CASE_FIGURES)})
            links.append(f"{case.name}/report.html")
            thumbnails.append(_thumbnail(out / case.name / THUMBNAIL))
    page = render_comparison(
        summaries, links=links, thumbnails=thumbnails, title="Cases of this batch"
    )
    replace_file(out / PAGE_FILE, page.encode("utf-8", "backslashreplace"))


def _thumbnail(file: Path) -> bytes:
    """Empty where a case has none: nothing was scored, or an older version wrote it."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _row(case: CaseState, schemes: Sequence[str]) -> dict[str, Any]:
    told = {
        "case": case.name,
        "state": case.state,
        "seconds": None if case.seconds is None else round(case.seconds, 3),
        "error": case.error,
        "message": case.message,
    }
    return told if case.summary is None else {**told, **_result(case.summary, schemes)}


def _result(summary: Mapping[str, Any], schemes: Sequence[str]) -> dict[str, Any]:
    categories = {category["scheme"]: category for category in summary["categories"]}
    groups = (categories[scheme]["group"] for scheme in schemes if scheme in categories)
    low, high = summary["intervals_95"].get("her2_cep17_ratio") or (None, None)
    fields = summary["fields"]
    flags = dict.fromkeys(
        code for codes in (summary["flags"], *(f["flags"] for f in fields)) for code in codes
    )
    # A comment or a discordance belongs to its category, and the category is half told without it.
    own = dict.fromkeys(
        code
        for name in schemes
        if name in categories and "SECONDARY" not in categories[name]["flags"]
        for code in categories[name]["flags"]
        if code not in flags
    )
    return {
        **{scheme: categories[scheme]["category"] for scheme in schemes if scheme in categories},
        "group": next((group for group in groups if group is not None), None),
        "n_fields": len(fields),
        "n_nuclei": sum(field["n_nuclei"] for field in fields),
        **{name: summary[name] for name in CASE_FIGURES},
        "ratio_low": low,
        "ratio_high": high,
        "flags": ";".join(flags),
        "category_flags": ";".join(own),
    }
