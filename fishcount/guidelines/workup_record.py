"""The records of a work-up: what was counted, what is still needed, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fishcount.errors import check_kind
from fishcount.guidelines.classify import Classification
from fishcount.guidelines.counts import Recount, checked_areas, checked_tally
from fishcount.guidelines.explain import GUIDELINE
from fishcount.guidelines.findings import is_borderline
from fishcount.guidelines.tally import Tally
from fishcount.results import Category
from fishcount.settings import ScoringSettings

__all__ = ["Count", "WorkUp", "pool_counts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one reader counted at one time.

    Attributes
    ----------
    n_nuclei, her2 : int
    cep17 : int or None
        None in a single-probe assay.
    areas : int or None
        Number of areas; for further nuclei, of all areas of the case together. None where it is
        not known.
    reader : str
        Who counted; empty for the automatic count.
    images : tuple of str
        Hashes of the images in which it was counted, as far as they are known.
    source : str
        Where it was counted: the case folder.
    """

    n_nuclei: int
    her2: int
    cep17: int | None = None
    areas: int | None = None
    reader: str = ""
    images: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        tally = checked_tally(self.n_nuclei, self.her2, self.cep17)
        # Numbers of numpy go into no JSON, and wrap around when they are added up.
        for name, count in (("n_nuclei", tally.n), ("her2", tally.her2), ("cep17", tally.cep17)):
            object.__setattr__(self, name, count)
        object.__setattr__(self, "areas", checked_areas(self.areas))
        check_kind("reader", self.reader, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkUp:
    """The state of a case.

    Attributes
    ----------
    counts : tuple of Count
        The first count and the nuclei that were counted more; they are pooled.
    ihc : str or None
    faint_staining : bool
    recount : Recount or None
        The second, blinded count; it is never pooled.
    classification : Classification
        The outcome so far.
    settings : ScoringSettings
        What the classification was made with.
    """

    counts: tuple[Count, ...]
    classification: Classification
    settings: ScoringSettings
    ihc: str | None = None
    faint_staining: bool = False
    recount: Recount | None = None

    @property
    def pooled(self) -> Count:
        """All counts of the first reading together."""
        return pool_counts(self.counts)

    @property
    def outcome(self) -> Category | None:
        """The category that `state` refers to: ASCO/CAP 2018, for the assay that was done."""
        current = [c for c in self.classification.headline if c.scheme in GUIDELINE]
        return current[0] if current else None

    @property
    def needs(self) -> tuple[str, ...]:
        """What the outcome waits for; empty when it is done.

        "more_nuclei", "more_areas", "ihc", "recount", "adjudication", "dual_probe",
        "ihc_or_dual_probe"; "evaluable_counts" where nothing could be decided.
        """
        outcome = self.outcome
        if outcome is None:
            return ()
        if outcome.category == "NOT_EVALUABLE":
            return ("evaluable_counts",)
        return outcome.needs

    @property
    def state(self) -> str:
        """The first need, or "done"."""
        return self.needs[0] if self.needs else "done"

    @property
    def advice(self) -> tuple[str, ...]:
        """What the sources recommend beyond what the category needs.

        "count_20_more": the ratio is borderline, 1.80 to 2.20, and no further nuclei have been
        pooled yet (probe kit).
        """
        pooled = self.pooled
        tally = Tally(n=pooled.n_nuclei, her2=pooled.her2, cep17=pooled.cep17)
        borderline = is_borderline(tally) and len(self.counts) == 1
        return ("count_20_more",) if borderline else ()

    def record(self) -> dict[str, Any]:
        """All of it as plain values for a file: the counts, the recount and the outcome apart."""
        outcome = self.outcome
        return {
            "counts": [_plain(count) for count in self.counts],
            "ihc": self.ihc,
            "faint_staining": self.faint_staining,
            "recount": None if self.recount is None else _plain(self.recount),
            "outcome": None
            if outcome is None
            else {
                "scheme": outcome.scheme,
                "category": outcome.category,
                "group": outcome.group,
                "reason": outcome.reason,
            },
            "tags": list(self.classification.tags),
            "state": self.state,
            "needs": list(self.needs),
            "advice": list(self.advice),
        }


def pool_counts(counts: tuple[Count, ...]) -> Count:
    """Sums over the counts of one reading."""
    areas = [count.areas for count in counts]
    cep17 = [count.cep17 for count in counts if count.cep17 is not None]
    return Count(
        n_nuclei=sum(count.n_nuclei for count in counts),
        her2=sum(count.her2 for count in counts),
        cep17=sum(cep17) if cep17 else None,
        areas=None if None in areas else max(area for area in areas if area is not None),
        reader=counts[0].reader,
    )


def _plain(count: Count | Recount) -> dict[str, Any]:
    values = {name: getattr(count, name) for name in count.__dataclass_fields__}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
