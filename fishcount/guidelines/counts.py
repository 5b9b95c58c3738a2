"""Counts and IHC scores given by a caller, checked once so that they can be trusted inside."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import CountError, check_kind
from fishcount.guidelines.interval import Interval
from fishcount.guidelines.scheme import IHC_SCORES
from fishcount.guidelines.tally import Tally
from fishcount.scoring.whole import whole_counts

__all__ = [
    "RECOUNT_MIN_NUCLEI",
    "NucleusCounts",
    "Recount",
    "checked_areas",
    "checked_ihc",
    "checked_nuclei",
    "checked_recount",
    "checked_tally",
    "reached_of",
]

# HER2 and CEP17 of each scored nucleus; no CEP17 in a single-probe case.
NucleusCounts = tuple[NDArray[np.int64], NDArray[np.int64] | None]

# ASCO/CAP 2018: the recount covers at least 20 nuclei.
RECOUNT_MIN_NUCLEI = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """A second count of the same case, kept beside the first and never pooled with it.

    Attributes
    ----------
    n_nuclei, her2, cep17 : int
        Scored nuclei and the sums of their signals.
    reader : str
        Who counted.
    blinded : bool
        Whether the reader did not know the first count.
    source : str
        Where it was counted: the case folder.
    """

    n_nuclei: int
    her2: int
    cep17: int
    reader: str = ""
    blinded: bool = True
    source: str = ""

    def __post_init__(self) -> None:
        tally = checked_tally(self.n_nuclei, self.her2, self.cep17, what="recount ")
        # Numbers of numpy go into no JSON, and wrap around when they are added up.
        for name, count in (("n_nuclei", tally.n), ("her2", tally.her2), ("cep17", tally.cep17)):
            object.__setattr__(self, name, count)
        check_kind("reader", self.reader, str)

    @property
    def tally(self) -> Tally:
        """Its sums."""
        return Tally(n=self.n_nuclei, her2=self.her2, cep17=self.cep17)

    @property
    def objection(self) -> str:
        """Why it does not count as a recount; empty where it does."""
        if not self.blinded:
            return "the recount was not blinded"
        if self.n_nuclei < RECOUNT_MIN_NUCLEI:
            return f"the recount has {self.n_nuclei} nuclei, fewer than {RECOUNT_MIN_NUCLEI}"
        if not self.cep17 or not self.her2:
            return "the recount has no ratio"
        return ""


def checked_tally(
    n_nuclei: SupportsIndex,
    her2: SupportsIndex,
    cep17: SupportsIndex | None,
    *,
    what: str = "",
) -> Tally:
    """Sums as Python integers.

    Raises
    ------
    CountError
        For a negative or fractional count, or signals without a nucleus.
    """
    n = _whole(n_nuclei, f"{what}nuclei")
    signals = _whole(her2, f"{what}HER2 signals")
    reference = None if cep17 is None else _whole(cep17, f"{what}CEP17 signals")
    if n == 0 and (signals or reference):
        raise CountError(
            "signals without a nucleus", field=f"{what}nuclei", found=0, expected="at least 1"
        )
    return Tally(n=n, her2=signals, cep17=reference)


def checked_ihc(ihc: str | None, *, faint_staining: bool) -> str | None:
    """The IHC score, checked, or None.

    Raises
    ------
    CountError
        For anything but 0, 1+, 2+, 3+; for faint staining beside a score other than 0.
    """
    if ihc is not None and not (isinstance(ihc, str) and ihc in IHC_SCORES):
        raise CountError(
            "no such IHC score", field="IHC", found=repr(ihc), expected=", ".join(IHC_SCORES)
        )
    if faint_staining and ihc != "0":
        raise CountError(
            "faint staining in at most 10 % of cells goes with IHC 0 only",
            field="IHC",
            found="none" if ihc is None else ihc,
        )
    return ihc


def checked_areas(areas: SupportsIndex | None) -> int | None:
    """Number of areas, not negative; None where it is not known."""
    return None if areas is None else _whole(areas, "areas")


def checked_recount(recount: object) -> Recount | None:
    """One recount, from a `Recount` or (nuclei, HER2, CEP17).

    Raises
    ------
    CountError
        For more than one recount: what a third count means is for people to say.
    """
    if recount is None or isinstance(recount, Recount):
        return recount
    if isinstance(recount, Sequence) and any(
        isinstance(part, Recount | Sequence) for part in recount
    ):
        raise CountError(
            "only one recount is taken",
            field="recount",
            found=len(recount),
            expected=1,
            remedy="when two counts do not agree, people adjudicate",
        )
    if not isinstance(recount, Sequence) or len(recount) != 3:
        raise CountError("not a recount", field="recount", expected="nuclei, HER2, CEP17")
    n_nuclei, her2, cep17 = (
        _whole(value, f"recount {name}")
        for value, name in zip(recount, ("nuclei", "HER2", "CEP17"), strict=True)
    )
    return Recount(n_nuclei=n_nuclei, her2=her2, cep17=cep17)


def checked_nuclei(
    nuclei: tuple[ArrayLike, ArrayLike | None] | None, tally: Tally
) -> NucleusCounts | None:
    """Counts of each scored nucleus, which must add up to the sums.

    Raises
    ------
    CountError
        When they are not whole numbers, negative, of unequal length, or do not add up.
    """
    if nuclei is None:
        return None
    try:
        of_her2, of_cep17 = nuclei
    except (TypeError, ValueError) as error:
        raise CountError(
            "no counts of nuclei",
            field="nucleus counts",
            found=type(nuclei).__name__,
            expected="two columns of whole numbers, HER2 and CEP17 (or None)",
        ) from error
    her2 = whole_counts("nucleus counts", of_her2)
    cep17 = None if of_cep17 is None else whole_counts("nucleus counts", of_cep17)
    if cep17 is not None and len(cep17) != len(her2):
        raise CountError(
            "one HER2 and one CEP17 count for each nucleus",
            field="nucleus counts",
            found=f"{len(her2)} and {len(cep17)}",
        )
    sums = len(her2), int(her2.sum()), None if cep17 is None else int(cep17.sum())
    if sums != (tally.n, tally.her2, tally.cep17):
        raise CountError(
            "the counts of the nuclei do not add up",
            field="nucleus counts",
            found=sums,
            expected=(tally.n, tally.her2, tally.cep17),
        )
    return her2, cep17


def reached_of(
    nuclei: NucleusCounts | None, interval: Interval | None
) -> tuple[int | None, int | None]:
    """Nuclei whose own ratio lies in `interval`, and nuclei that have a ratio."""
    if nuclei is None or interval is None:
        return None, None
    her2, cep17 = nuclei
    if cep17 is None:
        return None, None
    paired = cep17 > 0
    return int((paired & interval.holds(her2, cep17)).sum()), int(paired.sum())


def _whole(value: Any, field: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise CountError(
            "not a whole number", field=field, found=repr(value), expected="0 or more"
        ) from None
    if number < 0:
        raise CountError("negative count", field=field, found=number, expected="0 or more")
    return number
