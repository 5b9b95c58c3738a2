"""The content of the page in words and figures: headline, counts, categories, paragraph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fishcount.guidelines import below_minimum, comment_of, doubted_fields, explain_paragraphs
from fishcount.guidelines import headline as headline_categories
from fishcount.records import CASE_FIGURES, findings_of
from fishcount.report.shown import ShownCase
from fishcount.report.wording import (
    category_words,
    flag_name,
    flag_sentence,
    interval,
    need_words,
    number,
    percent,
    prose,
    scheme_name,
    signs,
    tone,
)
from fishcount.results import Category

__all__ = [
    "CategoryRow",
    "Measure",
    "category_rows",
    "doubted",
    "headline",
    "measures",
    "needs_of",
    "paragraphs",
    "provenance_rows",
]

# Rarer categories are not worth a line.
_LEAST_SHARE = 0.01

_EVALUABLE = "images in which nuclei and signals of every probe can be scored"

# Parts of a provenance record with a name of their own; and those that are shown elsewhere on the
# page, or that only programs use.
_NAMES = {"software": "Versions"}
_NOT_SHOWN = ("inputs", "outputs", "reading", "settings_sha256", "schema_version")


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category in words."""

    scheme: str
    name: str
    edition: str
    code: str
    words: str
    tone: str
    group: int | None
    reason: str
    needs: tuple[str, ...]
    flags: tuple[tuple[str, str], ...]
    probability: tuple[tuple[str, str], ...]
    withheld: bool  # the minimum of nuclei or areas is not reached: chances are of the rest alone


def category_rows(categories: Iterable[Category]) -> tuple[CategoryRow, ...]:
    """Every category in words, in the given order."""
    return tuple(_category_row(category) for category in categories)


def _category_row(category: Category) -> CategoryRow:
    likely = sorted(
        (pair for pair in category.probability.items() if pair[1] >= _LEAST_SHARE),
        key=lambda pair: (-pair[1], pair[0]),
    )
    return CategoryRow(
        scheme=category.scheme,
        name=scheme_name(category.scheme),
        edition=category.edition,
        code=category.category,
        words=category_words(category.category) + comment_of(category),
        tone=tone(category.category),
        group=category.group,
        reason=signs(category.reason),
        needs=tuple(need_words(need) for need in category.needs),
        flags=tuple((flag_name(code), flag_sentence(code)) for code in category.flags),
        probability=tuple((category_words(code), percent(share)) for code, share in likely),
        withheld=below_minimum(category),
    )


def headline(
    categories: Iterable[Category], *, also: Sequence[str] = ()
) -> tuple[CategoryRow, ...]:
    """The categories that stand first: `seed-copies`, ASCO/CAP 2018, those of the settings."""
    return category_rows(headline_categories(tuple(categories), also=also))


def needs_of(rows: Iterable[CategoryRow]) -> tuple[str, ...]:
    """What is still needed, each thing once."""
    rows = tuple(rows)
    needs = dict.fromkeys(need for row in rows for need in row.needs)
    if any(row.code == "NOT_EVALUABLE" for row in rows):
        needs[_EVALUABLE] = None
    return tuple(needs)


@dataclass(frozen=True, slots=True)
class Measure:
    """One pooled figure of the case."""

    name: str
    value: str
    detail: str = ""
    interval: str = ""


def measures(case: ShownCase) -> tuple[Measure, ...]:
    """The pooled figures, with their 95 % intervals."""
    score = case.score
    spans = score.intervals_95
    scored = Measure(CASE_FIGURES["n_scored"], str(score.n_scored), f"of {case.n_found} found")
    mean_her2 = Measure(
        CASE_FIGURES["mean_her2_per_nucleus"],
        number(score.mean_her2_per_nucleus),
        f"{score.her2_signals} HER2 / {score.n_scored} nuclei",
        interval(spans.get("mean_her2_per_nucleus")),
    )
    if score.cep17_signals is None:
        return scored, mean_her2
    return (
        scored,
        mean_her2,
        Measure(
            CASE_FIGURES["mean_cep17_per_nucleus"],
            number(score.mean_cep17_per_nucleus),
            f"{score.cep17_signals} CEP17 / {score.n_scored} nuclei",
            interval(spans.get("mean_cep17_per_nucleus")),
        ),
        Measure(
            CASE_FIGURES["her2_cep17_ratio"],
            number(score.her2_cep17_ratio),
            f"{score.her2_signals} HER2 / {score.cep17_signals} CEP17",
            interval(spans.get("her2_cep17_ratio")),
        ),
    )


def paragraphs(case: ShownCase) -> tuple[str, ...]:
    """The result in plain sentences."""
    texts = explain_paragraphs(
        case.score,
        case.categories,
        ihc=case.summary.get("ihc"),
        tags=case.summary.get("tags", ()),
        findings=findings_of(case.summary),
        doubts=_flags_of_fields(case),
        also=case.settings.scoring.headline,
    )
    return tuple(prose(text) for text in texts)


def doubted(case: ShownCase) -> tuple[str, ...]:
    """Fields that a person has to look at before anything else of the page is used."""
    return tuple(prose(text) for text in doubted_fields(_flags_of_fields(case)))


def _flags_of_fields(case: ShownCase) -> dict[str, Sequence[str]]:
    return {one["name"]: one.get("flags", ()) for one in case.summary["fields"]}


def provenance_rows(record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """A provenance record as rows of names and texts; what holds plain values is one row.

    Examples
    --------
    >>> from fishcount.report.content import provenance_rows
    >>> provenance_rows({"software": {"numpy": "2.0", "scipy": "1.1"}, "command": ["a", "b"]})
    (('Versions', 'numpy 2.0, scipy 1.1'), ('Command', 'a b'))
    """
    return tuple(
        row
        for key, value in record.items()
        if key not in _NOT_SHOWN
        for row in _rows(_NAMES.get(key, key.capitalize()), value)
    )


def _rows(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        if not any(isinstance(entry, Mapping | list | tuple) for entry in value.values()):
            return [(name, ", ".join(f"{key} {entry}" for key, entry in value.items()))]
        return [row for key, entry in value.items() for row in _rows(f"{name}.{key}", entry)]
    if isinstance(value, list | tuple):
        if not any(isinstance(entry, Mapping | list | tuple) for entry in value):
            return [(name, " ".join(map(str, value)))]
        return [row for i, entry in enumerate(value, 1) for row in _rows(f"{name}.{i}", entry)]
    return [(name, "" if value is None else str(value))]
