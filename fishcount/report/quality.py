"""What was left out and what was noticed, as rows: nuclei, signals, fields, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from fishcount.flags import Finding
from fishcount.report.wording import flag_name, flag_sentence, number, percent
from fishcount.results import CaseResult, FieldResult
from fishcount.signals import Status

__all__ = [
    "Excluded",
    "FieldRow",
    "FindingRow",
    "excluded_nuclei",
    "excluded_signals",
    "field_rows",
    "finding_rows",
]


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
        left_out = np.flatnonzero(signals.status != Status.KEPT)
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
    """One quality finding in words, and everywhere it was made."""

    code: str
    name: str
    sentence: str
    places: tuple[str, ...]


def finding_rows(case: CaseResult) -> tuple[FindingRow, ...]:
    """Quality findings, those of the case first; what was noticed in reading included."""
    places: dict[str, list[str]] = {}
    for where, finding in _all_findings(case):
        places.setdefault(finding.code, []).append(_place(where, finding))
    return tuple(
        FindingRow(code, flag_name(code), flag_sentence(code), tuple(dict.fromkeys(found)))
        for code, found in places.items()
    )


def _all_findings(case: CaseResult) -> Iterator[tuple[str, Finding]]:
    for finding in case.findings:
        yield "case", finding
    for field in case.fields:
        for finding in (*field.image.findings, *field.findings):
            yield field.image.name, finding


def _place(where: str, finding: Finding) -> str:
    figure = "" if finding.figure is None else f"{finding.figure:.3g}"
    said = " ".join(part for part in (finding.detail, figure) if part)
    return f"{where}: {said}" if said else where


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
    files: tuple[tuple[str, str], ...]


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
            files=tuple(field.image.files.items()) or (("from memory", field.image.sha256),),
        )
        for index, field in enumerate(case.fields, start=1)
    )


def _signal_quality(field: FieldResult, role: str) -> str:
    signals = field.counts.signals
    chosen = (signals.status == Status.KEPT) & (signals.channel == role)
    if not chosen.any():
        return "none kept"
    return (
        f"{int(chosen.sum())} kept, median SNR {number(np.median(signals.snr[chosen]), decimals=1)}"
    )
