"""Decision tables in words: what each scheme compares, read from the schemes themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fishcount.errors import SchemeError
from fishcount.guidelines import COMMENTS, IHC_SCORES, Rule, Scheme, find_scheme
from fishcount.guidelines.scheme import UNKNOWN_IHC
from fishcount.guidelines.tally import Measure
from fishcount.report.wording import category_words, nowrap, signs
from fishcount.settings import ScoringSettings

__all__ = ["GroupRow", "SchemeNote", "group_rows", "scheme_note"]

_SHORT = {Measure.MEAN_HER2: "copies"}
_IHC_COLUMNS = (UNKNOWN_IHC, *IHC_SCORES)


@dataclass(frozen=True, slots=True)
class SchemeNote:
    """What stands behind a scheme.

    Attributes
    ----------
    name, citation : str
    lines : tuple of (str, str)
        What is given, and where: ("Positive", "ratio > 2.2"); empty for a scheme of groups,
        which has a table of its own (`group_rows`).
    remarks : tuple of str
        What a reader should know, known defects last.
    caveat : str
        What must be said beside a result under this scheme; mostly empty.
    """

    name: str
    citation: str
    lines: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    caveat: str = ""


def scheme_note(scheme_id: str, settings: ScoringSettings) -> SchemeNote:
    """The note of a scheme; only its identifier where the scheme is not known here."""
    scheme = _found(scheme_id)
    if scheme is None:
        return SchemeNote(scheme_id, "", (), ())
    lines: dict[str, list[str]] = {}
    if group_rows(scheme_id):
        return SchemeNote(scheme.name, scheme.citation, (), (*scheme.comments, *scheme.defects))
    for rule in scheme.rules(scheme.variant(settings)):
        found = lines.setdefault(_compared(rule), [])
        words = category_words(rule.category)
        if words not in found:
            found.append(words)
    return SchemeNote(
        name=scheme.name,
        citation=scheme.citation,
        lines=tuple(
            (words[0] if len(words) == 1 else "By IHC", where) for where, words in lines.items()
        ),
        remarks=(*scheme.comments, *scheme.defects),
        # `seed-copies` stands in the headline and is not a clinical guideline.
        caveat=scheme.defects[0] if scheme.probes == "any" and scheme.defects else "",
    )


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of a guideline, and its category for each IHC score."""

    group: int
    ratio: str
    copies: str
    cells: tuple[str, ...]


def group_rows(scheme_id: str) -> tuple[GroupRow, ...]:
    """The table of groups by IHC; its columns are IHC unknown, 0 or 1+, 2+, 3+.

    Empty for a scheme without groups.
    """
    scheme = _found(scheme_id)
    rules = [] if scheme is None else [rule for rule in scheme.rule if rule.group is not None]
    rows = []
    for group in dict.fromkeys(rule.group for rule in rules if rule.group is not None):
        own = [rule for rule in rules if rule.group == group]
        by_ihc = {score: _cell(own, score) for score in _IHC_COLUMNS}
        low = dict.fromkeys(by_ihc[score] for score in ("0", "1+"))
        rows.append(
            GroupRow(
                group,
                _bounds(own[0].her2_cep17_ratio),
                _bounds(own[0].mean_her2_per_nucleus),
                (by_ihc["unknown"], " / ".join(low), by_ihc["2+"], by_ihc["3+"]),
            )
        )
    return tuple(rows)


def _cell(rules: Iterable[Rule], ihc: str) -> str:
    for rule in rules:
        if ihc in rule.ihc:
            comment = " with comment" if COMMENTS.intersection(rule.flags) else ""
            words = category_words(rule.category) + comment
            return f"{words} if a recount agrees" if rule.recount else words
    return ""


def _found(scheme_id: str) -> Scheme | None:
    try:
        return find_scheme(scheme_id)
    except SchemeError:
        # A case may have been classified with a scheme from a file.
        return None


def _compared(rule: Rule) -> str:
    return ", ".join(
        f"{_SHORT.get(measure, measure.words)} {_bounds(interval)}"
        for measure, interval in rule.intervals.items()
    )


def _bounds(interval: object) -> str:
    return (
        "any"
        if interval is None
        else ", ".join(nowrap(part) for part in signs(str(interval)).split(" and "))
    )
