"""What a click on Export writes: the reviewed result with its report, and the case as a row."""

from __future__ import annotations

from pathlib import Path

from fishcount.io import put_file, read_case_folder
from fishcount.report import write_reports
from fishcount.report.workbook import case_csv
from fishcount.review import write_reviewed
from fishcount.review.write import REVIEWED_FOLDER

__all__ = ["export_review"]

_ROW_FILE = "row.csv"


def export_review(case: Path) -> tuple[Path, ...]:
    """Write ``reviewed/``: tables, label images, report, and ``row.csv``, the case as one row.

    The automatic result is never touched. What an earlier export wrote is replaced, because the
    log that it was made from is a part of this one.

    Returns
    -------
    tuple of Path
        What a person may want to open: the folder and the reports.

    Raises
    ------
    ReviewError
        When no edit was made.
    OutputError
        When it cannot be written.
    """
    write_reviewed(case)
    reports = write_reports(case)
    reviewed = case / REVIEWED_FOLDER
    put_file(reviewed, _ROW_FILE, data=case_csv(read_case_folder(reviewed)))
    return reviewed, *(report.path for report in reports)
