"""The work-up of a case: what was counted, what is still needed, and what came of it.

Each step takes a `WorkUp` and gives a new one. The first count, further nuclei, the recount and
the outcome stay records of their own, and nothing that the guideline leaves to people settles by
itself: a recount that changes the group ends in ADJUDICATE.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fishcount.errors import CountError
from fishcount.guidelines.classify import Classification, classify
from fishcount.guidelines.counts import Recount, checked_areas, checked_tally
from fishcount.guidelines.explain import GUIDELINE
from fishcount.guidelines.findings import is_borderline
from fishcount.guidelines.tally import Tally
from fishcount.results import Category
from fishcount.settings import ScoringSettings

__all__ = ["Count", "WorkUp", "add_ihc", "add_nuclei", "add_recount", "start_workup"]


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
        checked_tally(self.n_nuclei, self.her2, self.cep17)
        checked_areas(self.areas)


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
        return _pool(self.counts)

    @property
    def outcome(self) -> Category | None:
        """The category that the state speaks of: ASCO/CAP 2018, for the assay that was done."""
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
        """Everything as plain values for a file: the counts, the recount and the outcome apart."""
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


def start_workup(
    first: Count,
    *,
    ihc: str | None = None,
    faint_staining: bool = False,
    settings: ScoringSettings | None = None,
) -> WorkUp:
    """The work-up of a case after its first count.

    Parameters
    ----------
    first
        The first count.
    ihc, faint_staining, settings
        As for `classify`.

    Raises
    ------
    CountError, SchemeError
        As `classify`.

    Examples
    --------
    >>> from fishcount.guidelines import Count, Recount, add_recount, start_workup
    >>> state = start_workup(Count(n_nuclei=20, her2=100, cep17=60, areas=2), ihc="2+")
    >>> state.state
    'recount'
    >>> second = Recount(n_nuclei=20, her2=104, cep17=62, reader="B")
    >>> done = add_recount(state, second)
    >>> done.state, done.outcome.category, done.classification.tags
    ('done', 'NEGATIVE', ('HER2-low',))
    """
    return _classified(
        (first,),
        ihc=ihc,
        faint_staining=faint_staining,
        recount=None,
        settings=settings or ScoringSettings(),
    )


def add_ihc(workup: WorkUp, ihc: str, *, faint_staining: bool = False) -> WorkUp:
    """The same case with its IHC score.

    Parameters
    ----------
    workup
        The case so far.
    ihc
        "0", "1+", "2+" or "3+".
    faint_staining
        IHC 0 with faint membrane staining in at most 10 % of cells.

    Raises
    ------
    CountError
        For an unknown score, or a score that contradicts the one that is there.

    Examples
    --------
    >>> from fishcount.guidelines import Count, add_ihc, start_workup
    >>> workup = start_workup(Count(n_nuclei=20, her2=100, cep17=60, areas=2))
    >>> workup.state, add_ihc(workup, "3+").outcome.category
    ('ihc', 'POSITIVE')
    """
    if workup.ihc is not None and workup.ihc != ihc:
        raise CountError(
            "the case has another IHC score already",
            field="IHC",
            found=ihc,
            expected=workup.ihc,
            remedy="start a new work-up where the first score was wrong",
        )
    return _again(workup, ihc=ihc, faint_staining=faint_staining)


def add_nuclei(workup: WorkUp, more: Count) -> WorkUp:
    """The same case with further nuclei of the first reading, pooled.

    Parameters
    ----------
    workup
        The case so far.
    more
        The further nuclei alone, but `areas` of all together.

    Raises
    ------
    CountError
        When the count is of another assay or another reader, or a recount exists already: its
        comparison was with the count as it stood.

    Examples
    --------
    >>> from fishcount.guidelines import Count, add_nuclei, start_workup
    >>> workup = start_workup(Count(n_nuclei=20, her2=84, cep17=40, areas=2))
    >>> workup.advice
    ('count_20_more',)
    >>> add_nuclei(workup, Count(n_nuclei=20, her2=90, cep17=40)).pooled.n_nuclei
    40
    """
    first = workup.counts[0]
    if (more.cep17 is None) != (first.cep17 is None):
        raise CountError("further nuclei must be counted with the same probes", field="counts")
    if more.reader != first.reader:
        raise CountError(
            "further nuclei are counted by the first reader",
            field="reader",
            found=repr(more.reader),
            expected=repr(first.reader),
            remedy="a second reader's count is a recount and is not pooled",
        )
    if workup.recount is not None:
        raise CountError("the recount stands beside the count as it was", field="counts")
    return _again(workup, counts=(*workup.counts, more))


def add_recount(workup: WorkUp, recount: Recount) -> WorkUp:
    """The same case with its second count.

    The guideline asks for another observer, blinded to the first count, at least 20 nuclei, and
    the area of IHC 2+ staining among them. A recount that is not so is refused here, not kept.

    Parameters
    ----------
    workup
        The case so far.
    recount
        The second count, of the nuclei that the other reader chose.

    Raises
    ------
    CountError
        When there is a recount already, or the outcome does not ask for one, or the recount was
        not blinded, made by the first reader, too small or without a ratio.

    Examples
    --------
    >>> from fishcount.guidelines import Count, Recount, add_recount, start_workup
    >>> workup = start_workup(Count(n_nuclei=20, her2=100, cep17=60, areas=2), ihc="2+")
    >>> second = Recount(n_nuclei=20, her2=100, cep17=48, reader="B")
    >>> add_recount(workup, second).outcome.category
    'ADJUDICATE'
    """
    if workup.recount is not None:
        raise CountError(
            "the case has a recount already",
            field="recount",
            remedy="only one is taken; when two counts do not agree, people adjudicate",
        )
    if "recount" not in workup.needs:
        raise CountError(
            "a recount is not what the case needs",
            field="recount",
            found=workup.state,
            remedy="it is asked for in groups 2, 3 and 4 with IHC 2+",
        )
    if recount.objection:
        raise CountError(recount.objection, field="recount")
    if recount.reader == workup.counts[0].reader:
        raise CountError(
            "the recount is made by another observer",
            field="reader",
            found=repr(recount.reader),
            remedy="name another reader",
        )
    return _again(workup, recount=recount)


def _again(workup: WorkUp, **changes: Any) -> WorkUp:
    """Classify once more, with what has changed."""
    later = replace(workup, **changes)
    return _classified(
        later.counts,
        ihc=later.ihc,
        faint_staining=later.faint_staining,
        recount=later.recount,
        settings=later.settings,
    )


def _classified(
    counts: tuple[Count, ...],
    *,
    ihc: str | None,
    faint_staining: bool,
    recount: Recount | None,
    settings: ScoringSettings,
) -> WorkUp:
    pooled = _pool(counts)
    classification = classify(
        pooled.n_nuclei,
        pooled.her2,
        pooled.cep17,
        areas=pooled.areas,
        ihc=ihc,
        faint_staining=faint_staining,
        recount=recount,
        settings=settings,
    )
    return WorkUp(
        counts=counts,
        classification=classification,
        settings=settings,
        ihc=ihc,
        faint_staining=faint_staining,
        recount=recount,
    )


def _pool(counts: tuple[Count, ...]) -> Count:
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
