"""Results for people: one self-contained HTML page for a case, one for a batch of cases."""

from fishcount.report.page import RESEARCH_USE, render_report

__all__ = ["RESEARCH_USE", "render_report"]
