"""The reports of a case folder, written into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from fishcount.errors import check_kind
from fishcount.io import CaseFolder, put_report, read_case_folder
from fishcount.report.page import render_reviewed
from fishcount.report.sources import show_folder
from fishcount.review.write import REVIEWED_FOLDER

__all__ = ["WrittenReport", "write_reports"]


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report that was written.

    Attributes
    ----------
    path : Path
        The page.
    missing_images : mapping of str to str
        Why a field is drawn without its image, by its name.
    """

    path: Path
    missing_images: Mapping[str, str]


def write_reports(case: str | Path | CaseFolder) -> tuple[WrittenReport, ...]:
    """Make ``report.html`` of a case folder again, and that of its ``reviewed``, if there is one.

    Nothing else in the folder changes but the hash of the page in ``provenance.json``.

    Parameters
    ----------
    case
        A case folder, or where it lies.

    Raises
    ------
    FishcountError
        When a folder does not keep the contract, the log of the review was altered, or the page
        cannot be written.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.report import write_reports
    >>> folder = example_case()
    >>> [report.path.name for report in write_reports(folder)]
    ['report.html']
    """
    check_kind("case", case, str, PathLike, CaseFolder)
    case = case.path if isinstance(case, CaseFolder) else Path(case)
    folders = [case, *([case / REVIEWED_FOLDER] if (case / REVIEWED_FOLDER).is_dir() else [])]
    return tuple(_write(folder) for folder in folders)


def _write(path: Path) -> WrittenReport:
    folder = read_case_folder(path)
    shown = show_folder(folder)
    html = render_reviewed(shown, folder)
    page = put_report(path, html)
    return WrittenReport(page, shown.missing_images)
