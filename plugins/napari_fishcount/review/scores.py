"""Scores as text for a panel: automatic beside reviewed, and what a second count gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from fishcount.guidelines import RESEARCH_USE, comment_of, doubted_fields
from fishcount.records import CASE_FIGURES, category_of
from fishcount.report.wording import (
    category_words,
    figure,
    flag_name,
    flag_sentence,
    interval,
    need_words,
    percent,
    scheme_name,
)
from fishcount.results import Category
from fishcount.review import Reviewed

__all__ = ["outcome_html", "progress_text", "scores_html"]

# What a category is decided by comes first: a small window shows the first few.
_FIRST = ("her2_cep17_ratio", "mean_her2_per_nucleus", "mean_cep17_per_nucleus")
# What two readers are compared by.
_COMPARED = {"her2": "HER2", "cep17": "CEP17"}


def progress_text(reviewed: Reviewed) -> str:
    """How far the review is: "312 of 500 reviewed"."""
    return f"{reviewed.n_reviewed} of {reviewed.n_nuclei} reviewed"


def scores_html(automatic: Mapping[str, Any], reviewed: Reviewed) -> str:
    """Figures and categories, automatic and reviewed side by side; what changed is bold.

    Parameters
    ----------
    automatic
        The content of ``summary.json`` of the case.
    reviewed
        The case as it stands.
    """
    classification = reviewed.classification
    others = [one for one in classification.categories if one not in classification.headline]
    line = "<tr><td colspan='3'><hr></td></tr>"
    # What is signed is seen without scrolling: the headline, then what it was decided by.
    rows = [
        _row("", "automatic", "reviewed"),
        *_category_rows(automatic, classification.headline),
        line,
        *_figure_rows(automatic, reviewed),
        line,
        *_category_rows(automatic, others),
    ]
    needs = dict.fromkeys(
        need_words(need) for one in reviewed.classification.headline for need in one.needs
    )
    doubts = dict.fromkeys(finding.code for finding in reviewed.findings)
    fields = {one["name"]: one.get("flags", ()) for one in automatic["fields"]}
    return "".join(
        [
            f"<table cellpadding='3'>{''.join(rows)}</table>",
            _list("Look at the images first", map(escape, doubted_fields(fields))),
            _list("Still needed", needs),
            _list(
                "To be noted",
                (
                    f"<b>{escape(flag_name(code))}</b>: {escape(flag_sentence(code))}"
                    for code in doubts
                ),
            ),
            f"<p><small>{escape(RESEARCH_USE)}</small></p>",
        ]
    )


def _figure_rows(automatic: Mapping[str, Any], reviewed: Reviewed) -> Iterator[str]:
    for key in dict.fromkeys((*_FIRST, *CASE_FIGURES)):
        words = CASE_FIGURES[key]
        values = automatic[key], getattr(reviewed.score, key)
        before, after = (figure(value, lacking="–") for value in values)
        bounds = interval(reviewed.score.intervals_95.get(key))
        small = f"<br><small>{escape(bounds)}</small>" if bounds else ""
        yield _row(words, before, _marked(after, changed=before != after) + small)


def _category_rows(automatic: Mapping[str, Any], categories: Iterable[Category]) -> Iterator[str]:
    before = {
        entry["scheme"]: _category_words(category_of(entry)) for entry in automatic["categories"]
    }
    for one in categories:
        was = before.get(one.scheme, "–")
        now = _category_words(one)
        yield _row(scheme_name(one.scheme), was, _marked(now, changed=was != now))


def _row(name: str, before: str, after: str) -> str:
    return f"<tr><td>{escape(name)}&nbsp;</td><td>{before}&nbsp;&nbsp;</td><td>{after}</td></tr>"


def _marked(text: str, *, changed: bool) -> str:
    return f"<b>{text} ●</b>" if changed else text


def _category_words(category: Category) -> str:
    group = f", group {category.group}" if category.group else ""
    return escape(category_words(category.category) + comment_of(category) + group)


def _list(title: str, items: Iterable[str]) -> str:
    lines = "".join(f"<li>{item}</li>" for item in items)
    return f"<h4>{title}</h4><ul>{lines}</ul>" if lines else ""


def outcome_html(record: dict[str, Any]) -> str:
    """Sums, agreement and outcome of a second count."""
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td style='white-space: nowrap'>{cell}&nbsp;&nbsp;</td>"
            for cell in (
                _COMPARED.get(one["figure"], one["figure"]),
                one["n"],
                "–" if one["exact_share"] is None else percent(one["exact_share"]),
                *(figure(one[name], lacking="–") for name in ("kappa", "icc_2_1", "bias")),
            )
        )
        + "</tr>"
        for one in record["agreement"]
    )
    workup = record["workup"]
    outcome = workup["outcome"] if workup else None
    words = (
        f"<b>{_category_words(category_of(outcome))}</b>: {escape(outcome['reason'])}"
        if outcome
        else f"Not taken into the work-up: {escape(record['refused'] or '')}"
    )
    cep17 = "" if record["cep17_signals"] is None else f", CEP17 {record['cep17_signals']}"
    return (
        f"<h4>{record['n_nuclei']} nuclei, HER2 {record['her2_signals']}{cep17}</h4>"
        "<table cellpadding='3'><tr><td></td><td>n</td><td>equal</td><td>kappa</td>"
        f"<td>ICC</td><td>bias</td></tr>{rows}</table>"
        "<p><small>Over the nuclei that both scored; the bias is first less second count.</small>"
        f"</p><p>{words}</p>"
        f"<p><small>{escape(RESEARCH_USE)}</small></p>"
    )
