"""The tables of a case for a spreadsheet: one row as CSV, or everything as an Excel workbook."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from fishcount.errors import OutputError, install_remedy
from fishcount.io import CaseFolder
from fishcount.io.text import csv_bytes, inert
from fishcount.records import CASE_FIGURES

__all__ = ["case_csv", "case_row", "case_xlsx"]

# Control characters that XML has no way to write, and what lone surrogates become.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_576


def case_row(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What ``summary.json`` says, flat: figures, intervals, then each scheme, its group and flags.

    Examples
    --------
    >>> from fishcount.report.workbook import case_row
    >>> row = case_row({"case": "a", "n_scored": 20, "her2_cep17_ratio": 2.5, "categories": [
    ...     {"scheme": "asco-cap-2018-dual", "category": "POSITIVE", "group": 1}]})
    >>> row["asco-cap-2018-dual"], row["asco-cap-2018-dual_group"], row["her2_cep17_ratio"]
    ('POSITIVE', 1, 2.5)
    """
    row: dict[str, Any] = {"case": summary["case"]}
    row |= {name: summary.get(name) for name in CASE_FIGURES}
    for name, span in (summary.get("intervals_95") or {}).items():
        row[f"{name}_low_95"], row[f"{name}_high_95"] = span or (None, None)
    for category in summary.get("categories", ()):
        row[category["scheme"]] = category["category"]
        if category.get("group") is not None:
            row[f"{category['scheme']}_group"] = category["group"]
        if category.get("flags"):
            row[f"{category['scheme']}_flags"] = ";".join(category["flags"])
    row["flags"] = ";".join(summary.get("flags") or ())
    return row


def case_csv(folder: CaseFolder) -> bytes:
    """The case as CSV of one row, inert in spreadsheets."""
    return csv_bytes(pd.DataFrame([case_row(folder.summary)]))


def case_xlsx(folder: CaseFolder) -> bytes:
    """The case as an Excel workbook: sheets ``case``, ``categories``, ``nuclei``, ``signals``.

    Text is written as text, never as a formula or a link; what would start a formula when the
    sheet is saved as CSV is led by an apostrophe, as in the CSV files of the case folder.

    Raises
    ------
    OutputError
        When openpyxl is not installed, or a table has more rows than a sheet.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise OutputError(
            "a workbook needs a package that is not installed",
            field="--xlsx",
            found="no openpyxl",
            remedy=install_remedy("xlsx"),
        ) from error
    book = Workbook(write_only=True)
    for title, rows in _sheets(folder):
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _sheets(folder: CaseFolder) -> Iterable[tuple[str, list[list[Any]]]]:
    summary = folder.summary
    yield "case", [["name", "value"], *([k, v] for k, v in case_row(summary).items())]
    yield (
        "categories",
        [
            ["scheme", "edition", "category", "group", "needs", "flags"],
            *(
                [
                    *(c.get(key) for key in ("scheme", "edition", "category", "group")),
                    *(";".join(c.get(key) or ()) for key in ("needs", "flags")),
                ]
                for c in summary["categories"]
            ),
        ],
    )
    for title, table in (("nuclei", folder.nuclei), ("signals", folder.signals)):
        if len(table) >= _MOST_ROWS:
            raise OutputError(
                "more rows than a sheet holds",
                field=title,
                found=len(table),
                remedy="read nuclei.csv and signals.csv of the case folder",
            )
        # As Python values: None is the only missing value that openpyxl accepts.
        plain = table.astype(object).where(table.notna(), None)
        yield title, [list(plain.columns), *plain.to_numpy().tolist()]


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    from openpyxl.cell import WriteOnlyCell

    text = _NOT_IN_XML.sub("\ufffd", inert(value))[:_LONGEST_CELL]
    cell = WriteOnlyCell(sheet, value=text)
    # Otherwise a text that begins with "=" would become a formula, and "#N/A" an error.
    cell.data_type = "s"
    return cell
