"""Parts of ``summary.json``: results as plain data, and back. See docs/reference/case_folder.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any

import numpy as np

from fishcount.flags import FLAGS, Finding
from fishcount.results import Category, LeftOut, Variation
from fishcount.scoring import CaseScore, Heterogeneity, Population, SelectionCheck

__all__ = [
    "CASE_FIGURES",
    "category_of",
    "category_record",
    "expected_false_record",
    "findings_of",
    "findings_record",
    "heterogeneity_record",
    "score_record",
    "selection_record",
    "stability_record",
]


CASE_FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "n_scored": "Scored nuclei",
        "her2_signals": "HER2 signals",
        "cep17_signals": "CEP17 signals",
        "mean_her2_per_nucleus": "HER2 copies per nucleus",
        "mean_cep17_per_nucleus": "CEP17 copies per nucleus",
        "her2_cep17_ratio": "HER2/CEP17 ratio",
    }
)
"""Figures of a case, with their names for people: keys of ``summary.json``, and columns wherever
cases are rows."""


def score_record(score: CaseScore) -> dict[str, Any]:
    """Sums, means, ratio and intervals, each under its own key of ``summary.json``."""
    return {
        **{name: getattr(score, name) for name in CASE_FIGURES},
        "intervals_95": {name: list(pair) for name, pair in score.intervals_95.items()},
    }


def category_record(category: Category) -> dict[str, Any]:
    """A category as plain data, one of ``categories`` of ``summary.json``."""
    return {
        "scheme": category.scheme,
        "edition": category.edition,
        "category": category.category,
        "group": category.group,
        "needs": list(category.needs),
        "flags": list(category.flags),
        "reason": category.reason,
        "probability": dict(category.probability),
        "more_nuclei": category.more_nuclei,
        "change": category.change,
    }


def category_of(record: Mapping[str, Any]) -> Category:
    """A category from its record in a summary; keys that it lacks are empty."""
    known = {one.name for one in fields(Category)}
    blank = {"scheme": "", "edition": "", "category": ""}
    found: dict[str, Any] = {
        **blank,
        **{key: value for key, value in record.items() if key in known},
    }
    for key, value in found.items():
        found[key] = tuple(value) if isinstance(value, list) else value
    return Category(**found)


def findings_record(findings: Iterable[Finding]) -> dict[str, Any]:
    """``flags``, each code once, and ``findings`` with their figures: of a case or of a field."""
    findings = tuple(findings)
    return {
        "flags": list(dict.fromkeys(finding.code for finding in findings)),
        "findings": [
            {"code": finding.code, "figure": finding.figure, "detail": finding.detail}
            for finding in findings
        ],
    }


def findings_of(record: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Findings of a summary, or of one of its fields; codes of later versions are passed over."""
    return tuple(
        Finding(one["code"], figure=one.get("figure"), detail=one.get("detail") or "")
        for one in record.get("findings", ())
        if one["code"] in FLAGS
    )


def expected_false_record(expected: Mapping[str, float], n_nuclei: int) -> dict[str, float | None]:
    """``expected_false_per_nucleus``: false signals that are expected, by probe, for each nucleus.

    None where there is no nucleus, or where signals have no score.
    """
    return {
        probe: number / n_nuclei if n_nuclei and np.isfinite(number) else None
        for probe, number in expected.items()
    }


def stability_record(
    categories: Iterable[Category],
    variations: Iterable[Variation],
    left_out: Iterable[LeftOut],
) -> dict[str, Any]:
    """``stability`` of ``summary.json``: what changes a category, and what does not."""
    now = {category.scheme: category.category for category in categories}
    return {
        "variations": [_variation_record(one, now) for one in variations],
        "left_out": [_left_out_record(one) for one in left_out],
    }


def _variation_record(variation: Variation, now: Mapping[str, str]) -> dict[str, Any]:
    score = variation.score
    return {
        "setting": variation.setting,
        "value": list(variation.value) if isinstance(variation.value, tuple) else variation.value,
        "words": variation.words,
        "n_scored": score.n_scored,
        "her2_signals": score.her2_signals,
        "cep17_signals": score.cep17_signals,
        "mean_her2_per_nucleus": score.mean_her2_per_nucleus,
        "her2_cep17_ratio": score.her2_cep17_ratio,
        "categories": dict(variation.categories),
        "changed": [
            scheme
            for scheme, category in variation.categories.items()
            if category != now.get(scheme, category)
        ],
    }


def _left_out_record(one: LeftOut) -> dict[str, Any]:
    return {
        "scheme": one.scheme,
        "category": one.category,
        "stable": one.stable,
        "nuclei": [
            {"field": field, "nucleus": nucleus, "category": category}
            for field, nucleus, category in one.nuclei
        ],
        "fields": [{"field": field, "category": category} for field, category in one.fields],
    }


def selection_record(check: SelectionCheck) -> dict[str, Any]:
    """``selection`` of ``summary.json``: the scored nuclei beside all that were fit."""
    eligible = check.eligible
    return {
        "n_scored": check.scored.n_scored,
        "n_eligible": eligible.n_scored,
        "share_skipped": check.share_skipped,
        "her2_shift": check.her2_shift,
        "mean_her2_of_eligible": eligible.mean_her2_per_nucleus,
        "her2_cep17_ratio_of_eligible": eligible.her2_cep17_ratio,
    }


def heterogeneity_record(found: Heterogeneity, nuclei: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """``heterogeneity`` of ``summary.json``.

    Parameters
    ----------
    found
        Of the scored nuclei.
    nuclei
        Field and number of each of them, in the same order.
    """
    of_field: dict[str, list[int]] = {}
    n_scored: Counter[str] = Counter()
    for (field, nucleus), is_high in zip(nuclei, found.high.tolist(), strict=True):
        n_scored[field] += 1
        of_field.setdefault(field, []).extend([nucleus] if is_high else [])
    return {
        "pattern": str(found.pattern),
        "criterion": found.criterion,
        "n_amplified": found.n_amplified,
        "n_with_ratio": found.n_with_ratio,
        "share_amplified": found.share_amplified,
        "exactly_half": found.exactly_half,
        "separation": found.separation,
        "populations": [_population_record(one) for one in found.populations],
        "fields": [
            {"field": field, "n_scored": n_scored[field], "n_high": len(high), "nuclei": high}
            for field, high in of_field.items()
        ],
        "clustering": None
        if found.clustering is None
        else {
            "share": found.clustering.share,
            "expected": found.clustering.expected,
            "z": found.clustering.z,
            "together": found.clustering.together,
        },
    }


def _population_record(population: Population) -> dict[str, Any]:
    return {
        "n_nuclei": population.n_nuclei,
        "her2_signals": population.her2_signals,
        "cep17_signals": population.cep17_signals,
        "mean_her2_per_nucleus": population.mean_her2_per_nucleus,
        "her2_cep17_ratio": population.her2_cep17_ratio,
    }
