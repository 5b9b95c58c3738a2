"""The text of the panel."""

from __future__ import annotations

from dataclasses import replace

from fishcount.guidelines import RESEARCH_USE
from fishcount.records import CASE_FIGURES
from fishcount.results import CaseResult
from fishcount.scoring import CaseScore
from napari_fishcount.summary import error_html, summary_html, welcome_html


def test_the_panel_says_figures_categories_doubts_and_research_use(case: CaseResult) -> None:
    text = summary_html(case)

    for expected in (
        *CASE_FIGURES.values(),
        "case &lt;7&gt;",
        "2 of 3 found",
        "4.00 (1.00 to 7.00)",
        "8.00",
        "ASCO/CAP 2018, dual probe: <b>Needs IHC</b>, group 4",
        "an IHC score of the same specimen",
        "ratio 8/1",
        "few nuclei",
        RESEARCH_USE,
    ):
        assert expected in text


def test_what_does_not_exist_is_a_dash(case: CaseResult) -> None:
    text = summary_html(
        replace(case, score=CaseScore(n_scored=0, her2_signals=0, cep17_signals=None))
    )

    assert text.count("–") == 4
    assert "nan" not in text.lower()
    assert "None" not in text


def test_messages_are_escaped_and_say_research_use() -> None:
    assert "&lt;b&gt;" in error_html("<b>")
    assert RESEARCH_USE in error_html("")
    assert RESEARCH_USE in welcome_html()
