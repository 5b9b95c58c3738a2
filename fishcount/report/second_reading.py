"""What came after the first reading: blinded second counts, and where the work-up stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fishcount.errors import MetadataError
from fishcount.guidelines import NEEDED, Count, Recount, WorkUp
from fishcount.io import CaseFolder
from fishcount.report.content import CategoryRow, category_rows
from fishcount.report.wording import COMPARED_FIGURES, interval, number, percent
from fishcount.review import SECOND_COUNTS
from fishcount.workup import WORKUP_FILE, resume

__all__ = ["AgreementRow", "SecondCountRow", "SecondReading", "WorkUpRow", "second_reading"]


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """How far two readers agree on one figure of the nuclei that both counted."""

    figure: str
    n: int
    exact: str
    kappa: str
    icc: str
    bias: str
    limits: str


@dataclass(frozen=True, slots=True)
class SecondCountRow:
    """One blinded count by another reader."""

    reader: str
    n_nuclei: int
    her2: int
    cep17: str
    ratio: str
    outcome: str
    agreement: tuple[AgreementRow, ...]


@dataclass(frozen=True, slots=True)
class WorkUpRow:
    """One count of a work-up: what it is, who made it, and its sums, as shown."""

    what: str
    reader: str
    n_nuclei: int
    her2: int
    cep17: str
    ratio: str


@dataclass(frozen=True, slots=True)
class SecondReading:
    """Second counts and the work-up of a case.

    Attributes
    ----------
    ihc : str
        As the work-up knows it; empty where it does not, or there is none.
    outcome : CategoryRow or None
        The category after the work-up; None where none was begun.
    needs : tuple of str
        What it still waits for.
    workup : tuple of WorkUpRow
        Its counts, the first one first and the recount last; empty where none was begun.
    """

    counts: tuple[SecondCountRow, ...]
    ihc: str
    outcome: CategoryRow | None
    needs: tuple[str, ...]
    workup: tuple[WorkUpRow, ...]


def second_reading(folder: CaseFolder) -> SecondReading | None:
    """Second counts and work-up of a case folder, or of the ``reviewed`` in one.

    None where there is neither.

    Raises
    ------
    MetadataError, CountError
        When a record is not one of this case.
    """
    root = folder.path.resolve().parent if "review" in folder.summary else folder.path
    counts = tuple(_row(_record(file)) for file in sorted((root / SECOND_COUNTS).glob("*.json")))
    # Automatic and reviewed counts are two results, each with a work-up of its own.
    begun = (folder.path / WORKUP_FILE).exists()
    if not (counts or begun):
        return None
    state = resume(folder) if begun else None
    outcome = state.outcome if state else None
    return SecondReading(
        counts=counts,
        ihc=(state.ihc or "") if state else "",
        outcome=category_rows([outcome])[0] if outcome else None,
        needs=_needs(state) if state else (),
        workup=tuple(_counts_of(state)) if state else (),
    )


def _counts_of(state: WorkUp) -> Iterator[WorkUpRow]:
    first, *further = state.counts
    yield _workup_row("first count", first)
    for count in further:
        yield _workup_row("further nuclei", count)
    if state.recount is not None:
        yield _workup_row("recount, never pooled", state.recount)


def _workup_row(what: str, count: Count | Recount) -> WorkUpRow:
    cep17 = count.cep17
    return WorkUpRow(
        what=what,
        reader=count.reader or "fishcount",
        n_nuclei=count.n_nuclei,
        her2=count.her2,
        cep17="–" if cep17 is None else str(cep17),
        ratio=number(count.her2 / cep17) if cep17 else "–",
    )


def _needs(state: WorkUp) -> tuple[str, ...]:
    return tuple(NEEDED[need] for need in state.needs)


def _record(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise MetadataError("not JSON", file=file, found=str(error)) from error
    if not isinstance(record, dict) or not {"reader", "n_nuclei", "her2_signals"} <= set(record):
        raise MetadataError("no record of a second count", file=file)
    return record


def _row(record: Mapping[str, Any]) -> SecondCountRow:
    her2, cep17 = record["her2_signals"], record.get("cep17_signals")
    refused = record.get("refused")
    return SecondCountRow(
        reader=str(record["reader"]),
        n_nuclei=record["n_nuclei"],
        her2=her2,
        cep17="–" if cep17 is None else str(cep17),
        ratio=number(her2 / cep17) if cep17 else "–",
        outcome=f"not taken into the work-up: {refused}" if refused else "taken into the work-up",
        agreement=tuple(_agreement(one) for one in record.get("agreement") or ()),
    )


def _agreement(one: Mapping[str, Any]) -> AgreementRow:
    share = one.get("exact_share")
    return AgreementRow(
        figure=COMPARED_FIGURES.get(one["figure"], str(one["figure"])),
        n=one["n"],
        exact="–" if share is None else percent(share),
        kappa=_or_dash(one.get("kappa")),
        icc=_or_dash(one.get("icc_2_1")),
        bias=_or_dash(one.get("bias")),
        limits=interval((one["limit_low"], one["limit_high"]))
        if one.get("limit_low") is not None
        else "–",
    )


def _or_dash(value: float | None) -> str:
    return "–" if value is None else number(value)
