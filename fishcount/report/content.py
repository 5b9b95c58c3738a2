"""What the page says, before it is drawn: headline, counts, categories, exclusions, quality."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fishcount.flags import FLAGS, Finding
from fishcount.report.wording import (
    category_words,
    flag_name,
    flag_sentence,
    interval,
    need_words,
    number,
    percent,
    scheme_name,
    signs,
    small,
    tone,
)
from fishcount.results import CaseResult, Category, FieldResult

__all__ = [
    "CategoryRow",
    "Excluded",
    "FieldRow",
    "FindingRow",
    "Measure",
    "category_rows",
    "excluded_nuclei",
    "excluded_signals",
    "field_rows",
    "finding_rows",
    "flatten",
    "headline",
    "measures",
    "needs_of",
    "paragraph",
]

_SEED = "seed-copies"
_EVALUABLE = "images in which nuclei and signals of every probe can be scored"
_GUIDELINE = ("asco-cap-2018-dual", "asco-cap-2018-single")


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


def category_rows(categories: Iterable[Category]) -> tuple[CategoryRow, ...]:
    """Every category in words, in the given order."""
    return tuple(_category_row(category) for category in categories)


def _category_row(category: Category) -> CategoryRow:
    likely = sorted(category.probability.items(), key=lambda pair: (-pair[1], pair[0]))
    return CategoryRow(
        scheme=category.scheme,
        name=scheme_name(category.scheme),
        edition=category.edition,
        code=category.category,
        words=category_words(category.category),
        tone=tone(category.category),
        group=category.group,
        reason=signs(category.reason),
        needs=tuple(need_words(need) for need in category.needs),
        flags=tuple((flag_name(code), flag_sentence(code)) for code in category.flags),
        probability=tuple((category_words(code), percent(share)) for code, share in likely),
    )


def headline(categories: Iterable[Category]) -> tuple[CategoryRow, ...]:
    """The seed category and that of ASCO/CAP 2018, in this order, as far as they are there."""
    rows = {category.scheme: category for category in categories}
    guideline = next((scheme for scheme in _GUIDELINE if scheme in rows), None)
    chosen = [scheme for scheme in (_SEED, guideline) if scheme in rows]
    return category_rows(rows[scheme] for scheme in chosen if scheme is not None)


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


def measures(case: CaseResult) -> tuple[Measure, ...]:
    """The pooled figures, with their 95 % intervals."""
    score = case.score
    spans = score.intervals_95
    found = sum(len(field.nuclei) for field in case.fields)
    scored = Measure("Scored nuclei", str(score.n_scored), f"of {found} found")
    mean_her2 = Measure(
        "HER2 copies per nucleus",
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
            "CEP17 copies per nucleus",
            number(score.mean_cep17_per_nucleus),
            f"{score.cep17_signals} CEP17 / {score.n_scored} nuclei",
            interval(spans.get("mean_cep17_per_nucleus")),
        ),
        Measure(
            "HER2/CEP17 ratio",
            number(score.her2_cep17_ratio),
            f"{score.her2_signals} HER2 / {score.cep17_signals} CEP17",
            interval(spans.get("her2_cep17_ratio")),
        ),
    )


def paragraph(case: CaseResult) -> str:
    """The result in plain words, for a report that was given no explanation."""
    score = case.score
    found = sum(len(field.nuclei) for field in case.fields)
    fields = f"{len(case.fields)} field{'' if len(case.fields) == 1 else 's'}"
    if not score.n_scored:
        what = f"Of {found} nuclei in {fields} none" if found else f"No nucleus in {fields}"
        return (
            f"{what} could be scored, so there are no copies per nucleus and no ratio. "
            "That is no negative result: nothing was measured."
        )
    text = (
        f"{score.n_scored} of {found} nuclei in {fields} were scored. They hold "
        f"{score.her2_signals} HER2 signals, {number(score.mean_her2_per_nucleus)} per nucleus"
    )
    if score.cep17_signals is None:
        text += "; no CEP17 probe was used, so there is no ratio."
    elif score.her2_cep17_ratio is None:
        text += ", and no CEP17 signals, so there is no ratio."
    else:
        text += (
            f", and {score.cep17_signals} CEP17 signals, "
            f"{number(score.mean_cep17_per_nucleus)} per nucleus. The ratio of the sums is "
            f"{number(score.her2_cep17_ratio)}."
        )
    for row in headline(case.categories):
        group = f", group {row.group}" if row.group else ""
        text += f" The arithmetic category under {row.name} is: {small(row.words)}{group}."
    return text


@dataclass(frozen=True, slots=True)
class Excluded:
    """How many were left out for one reason."""

    code: str
    name: str
    sentence: str
    counts: tuple[int, ...]
    share: str


def excluded_nuclei(fields: Iterable[FieldResult]) -> tuple[Excluded, ...]:
    """Nuclei that were not scored, by reason, the most frequent first."""
    fields = tuple(fields)
    total = sum(len(field.nuclei) for field in fields)
    reasons = Counter(
        str(reason)
        for field in fields
        for reason, scored in zip(field.reject_reason, field.scored, strict=True)
        if not scored
    )
    return tuple(
        Excluded(code, _reason_name(code), flag_sentence(code), (count,), percent(count / total))
        for code, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def excluded_signals(fields: Iterable[FieldResult], roles: tuple[str, ...]) -> tuple[Excluded, ...]:
    """Candidates that count nothing, by reason, with one number for each probe."""
    tallies: dict[str, Counter[str]] = {}
    total = 0
    for field in fields:
        signals = field.counts.signals
        total += len(signals)
        left_out = np.flatnonzero(signals.status != "kept")
        for row in left_out:
            reason = str(signals.reason[row]) or str(signals.status[row]).upper()
            tallies.setdefault(reason, Counter())[str(signals.channel[row])] += 1
    return tuple(
        Excluded(
            code,
            _reason_name(code),
            flag_sentence(code),
            tuple(tally[role] for role in roles),
            percent(tally.total() / total),
        )
        for code, tally in sorted(tallies.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    )


def _reason_name(code: str) -> str:
    return flag_name(code) if code else "no reason recorded"


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One quality finding in words."""

    where: str
    name: str
    sentence: str
    figure: str
    code: str


def finding_rows(case: CaseResult) -> tuple[FindingRow, ...]:
    """Quality findings of the case, then of each field; what was noticed in reading included."""
    rows = [_finding_row("case", finding) for finding in case.findings]
    for field in case.fields:
        seen = dict.fromkeys((*field.image.findings, *field.findings))
        rows.extend(_finding_row(field.image.name, finding) for finding in seen)
    return tuple(rows)


def _finding_row(where: str, finding: Finding) -> FindingRow:
    flag = FLAGS[finding.code]
    figure = "" if finding.figure is None else f"{finding.figure:.3g}"
    text = " · ".join(part for part in (finding.detail, figure) if part)
    return FindingRow(where, flag.name, flag.sentence, text, flag.code)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field in figures."""

    key: str
    name: str
    size: str
    sampling: str
    n_nuclei: int
    n_scored: int
    signals: tuple[str, ...]
    path: str
    sha256: str


def field_rows(case: CaseResult, roles: tuple[str, ...]) -> tuple[FieldRow, ...]:
    """What was measured in each field, and where it came from."""
    return tuple(
        FieldRow(
            key=f"field-{index}",
            name=field.image.name,
            size=f"{field.image.shape[1]} × {field.image.shape[0]} px"
            + (f" × {field.image.n_planes} planes" if field.image.n_planes > 1 else ""),
            sampling=f"{field.image.pixel_size_um:g} µm"
            + (f", {field.image.z_step_um:g} µm apart" if field.image.z_step_um else ""),
            n_nuclei=len(field.nuclei),
            n_scored=int(field.scored.sum()),
            signals=tuple(_signal_quality(field, role) for role in roles),
            path=field.image.path or "",
            sha256=field.image.sha256,
        )
        for index, field in enumerate(case.fields, start=1)
    )


def _signal_quality(field: FieldResult, role: str) -> str:
    signals = field.counts.signals
    chosen = (signals.status == "kept") & (signals.channel == role)
    if not chosen.any():
        return "none kept"
    return (
        f"{int(chosen.sum())} kept, median SNR {number(np.median(signals.snr[chosen]), decimals=1)}"
    )


def flatten(tree: Mapping[str, Any], *, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """A nested mapping as rows of dotted names and texts; lists count their entries from 1.

    Examples
    --------
    >>> from fishcount.report.content import flatten
    >>> flatten({"software": {"numpy": "2.0"}, "fields": ["a", "b"]})
    (('software.numpy', '2.0'), ('fields.1', 'a'), ('fields.2', 'b'))
    """
    rows: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, list | tuple):
            value = {str(index): entry for index, entry in enumerate(value, start=1)}
        if isinstance(value, Mapping):
            rows.extend(flatten(value, prefix=f"{name}."))
        else:
            rows.append((name, "" if value is None else str(value)))
    return tuple(rows)
