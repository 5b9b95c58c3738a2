"""What a case gave, as the text of the panel: figures, categories, doubts, research use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from fishcount.guidelines import RESEARCH_USE, comment_of
from fishcount.records import CASE_FIGURES
from fishcount.report.wording import (
    category_words,
    figure,
    flag_name,
    flag_sentence,
    interval,
    need_words,
    scheme_name,
)
from fishcount.results import CaseResult, Category

__all__ = ["error_html", "summary_html", "welcome_html"]


def summary_html(case: CaseResult) -> str:
    """The counts, every category with its reason, and what throws doubt on them, as HTML.

    What does not exist, such as the ratio of a case without CEP17, is shown as a dash.
    """
    doubts = dict.fromkeys(
        finding.code
        for findings in (case.findings, *(field.findings for field in case.fields))
        for finding in findings
    )
    return "".join(
        [
            f"<h3>{escape(case.name)}</h3>",
            _table(_figures(case)),
            "<h4>Categories</h4>",
            *(f"<p>{_category(category)}</p>" for category in case.categories),
            f"<h4>To be noted</h4>{_list(_sentence(code) for code in doubts)}" if doubts else "",
            f"<p>{escape(RESEARCH_USE)}</p>",
        ]
    )


def welcome_html() -> str:
    """What the panel says before anything was scored."""
    return (
        "<p>Open a field, or take one from File &gt; Open Sample &gt; fishcount. Choose the layer "
        f"of each channel and press <b>Score</b>.</p><p>{escape(RESEARCH_USE)}</p>"
    )


def error_html(message: str) -> str:
    """An error that a person can settle."""
    return f"<p><b>⚠ Not scored.</b> {escape(message)}</p><p>{escape(RESEARCH_USE)}</p>"


def _figures(case: CaseResult) -> Iterator[tuple[str, str]]:
    score = case.score
    found = sum(len(field.nuclei) for field in case.fields)
    for name, words in CASE_FIGURES.items():
        text = figure(getattr(score, name), lacking="–") + _interval(score.intervals_95.get(name))
        yield words, f"{text} of {found} found" if name == "n_scored" else text


def _category(category: Category) -> str:
    words = f"<b>{escape(category_words(category.category) + comment_of(category))}</b>"
    if category.group is not None:
        words += f", group {category.group}"
    needs = "".join(f"<br>→ {escape(need_words(need))}" for need in category.needs)
    return f"{escape(scheme_name(category.scheme))}: {words}{needs}{_small(category.reason)}"


def _interval(bounds: tuple[float, float] | None) -> str:
    words = interval(bounds)
    return f" ({words})" if words else ""


def _sentence(code: str) -> str:
    return f"<b>{escape(flag_name(code))}</b>: {escape(flag_sentence(code))}"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td>{left}&nbsp;</td><td>{right}</td></tr>" for left, right in rows)
    return f"<table cellpadding='2'>{cells}</table>"


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _small(text: str) -> str:
    return f"<br><small>{escape(text)}</small>" if text else ""
