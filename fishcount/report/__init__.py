"""Results for people: one self-contained HTML page for a case, one for a batch of cases."""

from fishcount.report.comparison import render_comparison
from fishcount.report.page import render_folder, render_report
from fishcount.report.write import WrittenReport, write_reports

__all__ = [
    "WrittenReport",
    "render_comparison",
    "render_folder",
    "render_report",
    "write_reports",
]
