"""What was left out and what was noticed, as rows: nuclei, signals, fields, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fishcount.flags import Finding
from fishcount.records import findings_of
from fishcount.report.shown import ShownCase, ShownField
from fishcount.report.wording import flag_name, flag_sentence, number, percent
from fishcount.signals import Status

__all__ = [
    "Excluded",
    "FieldRow",
    "FindingRow",
    "excluded_nuclei",
    "excluded_signals",
    "expected_false",
    "field_rows",
    "finding_rows",
]


# Flags whose figure is a share of nuclei, signals, pixels or light.
_SHARES = frozenset(
    {
        "CROSS_TALK",
        "HALF_OF_NUCLEI",
        "HETEROGENEOUS",
        "HOT_PIXELS",
        "MANY_SKIPPED",
        "OUT_OF_FOCUS",
        "SATURATED_CHANNEL",
        "SECOND_POPULATION",
        "SIGNALS_OUTSIDE",
        "WEAK_SIGNALS",
    }
)


@dataclass(frozen=True, slots=True)
class Excluded:
    """How many were left out for one reason."""

    code: str
    name: str
    sentence: str
    counts: tuple[int, ...]
    share: str


def excluded_nuclei(fields: Iterable[ShownField]) -> tuple[Excluded, ...]:
    """Nuclei that were not scored, by reason, the most frequent first."""
    fields = tuple(fields)
    total = sum(len(field.nuclei) for field in fields)
    reasons = Counter(
        reason
        for field in fields
        for reason in field.nuclei.loc[~field.scored, "reject_reason"].tolist()
    )
    return tuple(
        Excluded(code, _reason_name(code), flag_sentence(code), (count,), percent(count / total))
        for code, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def excluded_signals(fields: Iterable[ShownField], roles: tuple[str, ...]) -> tuple[Excluded, ...]:
    """Candidates that count nothing, by reason, with one number for each probe."""
    tallies: dict[str, Counter[str]] = {}
    total = 0
    for field in fields:
        total += len(field.signals)
        left_out = field.signals[field.signals["status"] != Status.KEPT]
        for status, reason, role in zip(
            left_out["status"], left_out["reason"], left_out["channel"], strict=True
        ):
            tallies.setdefault(reason or status.upper(), Counter())[role] += 1
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


def finding_rows(case: ShownCase) -> tuple[FindingRow, ...]:
    """Quality findings, those of the case first; what was noticed in reading included."""
    places: dict[str, list[str]] = {}
    for where, finding in _all_findings(case):
        places.setdefault(finding.code, []).append(_place(where, finding))
    return tuple(
        FindingRow(code, flag_name(code), flag_sentence(code), tuple(dict.fromkeys(found)))
        for code, found in places.items()
    )


def _all_findings(case: ShownCase) -> Iterator[tuple[str, Finding]]:
    for finding in findings_of(case.summary):
        yield "case", finding
    for field in case.fields:
        for finding in findings_of(field.record):
            yield field.name, finding


def _place(where: str, finding: Finding) -> str:
    figure = "" if finding.figure is None else _figure(finding.code, finding.figure)
    said = f"{finding.detail} ({figure})" if finding.detail and figure else finding.detail or figure
    return f"{where}: {said}" if said else where


def _figure(code: str, value: float) -> str:
    return f"{100 * value:.3g}\u00a0%" if code in _SHARES else f"{value:.3g}"


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


def field_rows(case: ShownCase, roles: tuple[str, ...]) -> tuple[FieldRow, ...]:
    """What was measured in each field, and where it came from."""
    return tuple(
        FieldRow(
            key=f"field-{index}",
            name=field.name,
            size=f"{field.shape[1]} × {field.shape[0]} px"
            + (
                f" × {n_planes} planes" if (n_planes := field.record.get("n_planes", 1)) > 1 else ""
            ),
            sampling=f"{field.pixel_size_um:g} µm"
            + (f", {step:g} µm apart" if (step := field.record.get("z_step_um")) else ""),
            n_nuclei=len(field.nuclei),
            n_scored=int(field.scored.sum()),
            signals=tuple(_signal_quality(field, role) for role in roles),
            files=_as_recorded(field.files, case.provenance),
        )
        for index, field in enumerate(case.fields, start=1)
    )


def expected_false(summary: Mapping[str, Any]) -> str:
    """How many false signals are expected for each nucleus of the case, by probe; or nothing.

    Examples
    --------
    >>> from fishcount.report.quality import expected_false
    >>> expected_false({"expected_false_per_nucleus": {"HER2": 0.216, "CEP17": 0.1}})
    'HER2 0.22, CEP17 0.10'
    """
    # Folders of earlier versions do not say it.
    expected = summary.get("expected_false_per_nucleus") or {}
    return ", ".join(f"{role} {number(n)}" for role, n in expected.items() if n is not None)


def _as_recorded(
    files: tuple[tuple[str, str], ...], provenance: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """Paths as the run noted them: who makes the page again may find the files elsewhere."""
    paths = {one["sha256"]: one["path"] for one in provenance.get("inputs", ())}
    return tuple((paths.get(sha256, path), sha256) for path, sha256 in files)


def _signal_quality(field: ShownField, role: str) -> str:
    signals = field.signals
    snr = signals.loc[(signals["status"] == Status.KEPT) & (signals["channel"] == role), "snr"]
    if not len(snr):
        return "none kept"
    said = f"{len(snr)} kept, median SNR {number(snr.median(), decimals=1)}"
    false = (field.record.get("expected_false_per_nucleus") or {}).get(role)
    return said if false is None else f"{said}, {number(false)} false expected per nucleus"
