"""The steps of a work-up: a first count, IHC, further nuclei, a recount.

Each step takes a `WorkUp` and gives a new one. The first count, further nuclei, the recount and
the outcome stay records of their own, and nothing that the guideline leaves to people settles by
itself: a recount that changes the group ends in ADJUDICATE.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fishcount.errors import CountError, check_kind
from fishcount.guidelines.classify import classify
from fishcount.guidelines.counts import Recount
from fishcount.guidelines.workup_record import Count, WorkUp, pool_counts
from fishcount.settings import ScoringSettings

__all__ = ["add_ihc", "add_nuclei", "add_recount", "start_workup"]


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
    InputError
        When `first` is no `Count`, such as its numbers.

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
    check_kind("first", first, Count)
    return _classified(
        (first,),
        ihc=ihc,
        faint_staining=faint_staining,
        recount=None,
        settings=ScoringSettings.of(settings),
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
        IHC 0 with faint membrane staining in at most 10 % of cells; stays where it was said before.

    Raises
    ------
    CountError
        For an unknown score, or a score that contradicts the one that is there.
    InputError
        When an argument is of another kind.

    Examples
    --------
    >>> from fishcount.guidelines import Count, add_ihc, start_workup
    >>> workup = start_workup(Count(n_nuclei=20, her2=100, cep17=60, areas=2))
    >>> workup.state, add_ihc(workup, "3+").outcome.category
    ('ihc', 'POSITIVE')
    """
    check_kind("workup", workup, WorkUp)
    check_kind("ihc", ihc, str)
    if workup.ihc is not None and workup.ihc != ihc:
        raise CountError(
            "the case has another IHC score already",
            field="IHC",
            found=ihc,
            expected=workup.ihc,
            remedy="start a new work-up where the first score was wrong",
        )
    return _again(workup, ihc=ihc, faint_staining=faint_staining or workup.faint_staining)


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
    InputError
        When an argument is of another kind.

    Examples
    --------
    >>> from fishcount.guidelines import Count, add_nuclei, start_workup
    >>> workup = start_workup(Count(n_nuclei=20, her2=84, cep17=40, areas=2))
    >>> workup.advice
    ('count_20_more',)
    >>> add_nuclei(workup, Count(n_nuclei=20, her2=90, cep17=40)).pooled.n_nuclei
    40
    """
    check_kind("workup", workup, WorkUp)
    check_kind("more", more, Count)
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
    InputError
        When an argument is of another kind.

    Examples
    --------
    >>> from fishcount.guidelines import Count, Recount, add_recount, start_workup
    >>> workup = start_workup(Count(n_nuclei=20, her2=100, cep17=60, areas=2), ihc="2+")
    >>> second = Recount(n_nuclei=20, her2=100, cep17=48, reader="B")
    >>> add_recount(workup, second).outcome.category
    'ADJUDICATE'
    """
    check_kind("workup", workup, WorkUp)
    check_kind("recount", recount, Recount)
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
    if recount.reader.strip() == workup.counts[0].reader.strip():
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
    pooled = pool_counts(counts)
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
