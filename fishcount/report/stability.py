"""How stable the categories of a case are, and what would change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fishcount.guidelines.words import in_words
from fishcount.records import CASE_FIGURES
from fishcount.report.content import CategoryRow, category_rows
from fishcount.report.shown import ShownCase
from fishcount.report.wording import category_words, flag_name, number, percent, small

__all__ = ["FirmRow", "SelectionNote", "StabilityNote", "VariedRow", "stability_of"]

_PATTERNS = {
    "homogeneous": "No or few nuclei with {}: of one kind.",
    "heterogeneous": "More than 5 % and less than 50 % of nuclei have {}.",
    "amplified": "Half of the nuclei or more have {}.",
}
# Older summaries do not say what makes a nucleus amplified: it was the ratio.
_CRITERIA = {"ratio over 2.2": "a ratio over 2.2", "over 6 copies": "over 6 HER2 copies"}
# At most this many nuclei are named; the table says how many there are.
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class FirmRow:
    """What would change one category."""

    verdict: CategoryRow
    change: str
    more_nuclei: str
    nuclei: str
    fields: str


@dataclass(frozen=True, slots=True)
class VariedRow:
    """The case counted again with one setting changed."""

    words: str
    setting: str
    n_scored: int
    mean_her2: str
    ratio: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelectionNote:
    """The scored nuclei beside all that were fit to be scored."""

    skipped: str
    figures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class StabilityNote:
    """All of it; parts that a summary does not have are empty."""

    firm: tuple[FirmRow, ...]
    varied: tuple[VariedRow, ...]
    selection: SelectionNote | None
    pattern: str
    populations: tuple[tuple[str, ...], ...]
    where: tuple[tuple[str, str], ...]
    together: str


def stability_of(case: ShownCase) -> StabilityNote:
    """What the summary of a case says about its stability, in words."""
    summary = case.summary
    stability = summary.get("stability") or {}
    left_out = {one["scheme"]: one for one in stability.get("left_out") or ()}
    rows = category_rows(case.categories)
    mixed = summary.get("heterogeneity") or {}
    return StabilityNote(
        firm=tuple(
            _firm(row, category.change, category.more_nuclei, left_out.get(row.scheme))
            for row, category in zip(rows, case.categories, strict=True)
            # Secondary schemes are left out: they would repeat the others.
            if row.scheme in left_out or (category.change and not left_out)
        ),
        varied=tuple(
            _varied(one, {row.scheme: row for row in rows}, rejected=case.settings.selection.reject)
            for one in stability.get("variations") or ()
        ),
        selection=_selection(summary),
        pattern=_pattern(mixed),
        populations=tuple(
            (
                "few copies" if place == 0 else "many copies",
                str(one["n_nuclei"]),
                number(one.get("mean_her2_per_nucleus")),
                number(one.get("her2_cep17_ratio")),
            )
            for place, one in enumerate(mixed.get("populations") or ())
        )
        if len(mixed.get("populations") or ()) > 1
        else (),
        where=tuple(
            (str(one["field"]), f"{one['n_high']} of {one['n_scored']}")
            for one in mixed.get("fields") or ()
        ),
        together=_together(mixed),
    )


def _firm(
    row: CategoryRow, change: str, more_nuclei: int | None, left_out: Mapping[str, Any] | None
) -> FirmRow:
    if more_nuclei is None:
        more = "over 500" if row.probability else "not known"
    else:
        more = str(more_nuclei) if more_nuclei else "none: it is settled"
    return FirmRow(
        verdict=row,
        change=in_words(change) if change else "no number of HER2 signals",
        more_nuclei=more,
        nuclei="not known" if left_out is None else _named(left_out["nuclei"], nuclei=True),
        fields="not known" if left_out is None else _named(left_out["fields"], nuclei=False),
    )


def _named(deciding: list[Mapping[str, Any]], *, nuclei: bool) -> str:
    """Which of them hold the category, and what it would be without: in words."""
    if not deciding:
        return "none"
    by_category: dict[str, list[str]] = {}
    for one in deciding:
        name = f"{one['field']} {one['nucleus']}" if nuclei else str(one["field"])
        by_category.setdefault(small(category_words(one["category"])), []).append(name)
    return "; ".join(
        f"{len(names)}: without {_some(names)} it would be “{words}”"
        for words, names in by_category.items()
    )


def _some(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    named = ", ".join(names[:_MOST_NAMED])
    return f"any of {named}" + (" and others" if len(names) > _MOST_NAMED else "")


def _varied(
    one: Mapping[str, Any], rows: Mapping[str, CategoryRow], *, rejected: Sequence[str]
) -> VariedRow:
    value = one["value"]
    listed = isinstance(value, list | tuple)
    return VariedRow(
        words=one["words"],
        setting=_difference(value, rejected) if listed else f"{one['setting']} = {value:g}",
        n_scored=one["n_scored"],
        mean_her2=number(one.get("mean_her2_per_nucleus")),
        ratio=number(one.get("her2_cep17_ratio")),
        changed=tuple(
            f"{rows[scheme].name}: {small(category_words(one['categories'][scheme]))}"
            for scheme in one.get("changed") or ()
            if scheme in rows
        ),
    )


def _difference(codes: Sequence[str], rejected: Sequence[str]) -> str:
    """What is left out more, or no longer: "also out of focus, saturated"."""
    more = [flag_name(code) for code in codes if code not in rejected]
    fewer = [flag_name(code) for code in rejected if code not in codes]
    parts = (("also left out: ", more), ("no longer left out: ", fewer))
    return "; ".join(words + ", ".join(names) for words, names in parts if names)


def _selection(summary: Mapping[str, Any]) -> SelectionNote | None:
    found = summary.get("selection") or {}
    if not found.get("n_eligible"):
        return None
    skipped = found["n_eligible"] - found["n_scored"]
    figures = [
        (
            CASE_FIGURES["mean_her2_per_nucleus"],
            number(summary.get("mean_her2_per_nucleus")),
            number(found.get("mean_her2_of_eligible")),
        )
    ]
    if summary.get("cep17_signals") is not None:
        figures.append(
            (
                CASE_FIGURES["her2_cep17_ratio"],
                number(summary.get("her2_cep17_ratio")),
                number(found.get("her2_cep17_ratio_of_eligible")),
            )
        )
    return SelectionNote(
        skipped=f"{skipped} of {found['n_eligible']} ({percent(found.get('share_skipped') or 0)})",
        figures=tuple(figures),
    )


def _pattern(mixed: Mapping[str, Any]) -> str:
    known = _PATTERNS.get(str(mixed.get("pattern")), "")
    if not known:
        return ""
    criterion = _CRITERIA.get(str(mixed.get("criterion")), "a ratio over 2.2")
    found = f"{mixed['n_amplified']} of {mixed['n_with_ratio']} here."
    return f"{known.format(criterion)} {found} {_bimodality(mixed)}".rstrip()


def _bimodality(mixed: Mapping[str, Any]) -> str:
    """How far two populations of HER2 copies would be apart."""
    if mixed.get("separation") is None:
        return ""
    two = len(mixed.get("populations") or ()) > 1
    kinds = "are two populations" if two else "are one population"
    return (
        f"By their HER2 copies the nuclei {kinds}: Ashman's D of the best two is "
        f"{number(mixed['separation'], decimals=1)}; they count as two where it is 2 or more and "
        "the smaller has more than 10 % of the nuclei."
    )


def _together(mixed: Mapping[str, Any]) -> str:
    """Whether the nuclei with many copies lie together."""
    found = mixed.get("clustering")
    if not found:
        return ""
    how = (
        "They lie together"
        if found["together"]
        else "They lie among the others as chance would have it"
    )
    return (
        f"{how}: of their nearest neighbours {percent(found['share'])} have many copies, too, "
        f"where {percent(found['expected'])} are expected."
    )
