"""Results for people: one self-contained HTML page for a case, one for a batch of cases."""

from fishcount.report.comparison import render_comparison
from fishcount.report.page import render_report

__all__ = ["render_comparison", "render_report"]
