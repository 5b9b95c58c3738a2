"""The results of a field and of a case, which all modules above pass around."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import Finding
from fishcount.image import FishImage
from fishcount.nuclei import Nuclei, OutlinedNuclei
from fishcount.read_only import ReadOnlyArrays
from fishcount.scoring import CaseScore, Heterogeneity, SelectionCheck
from fishcount.settings import Settings
from fishcount.signals import SignalCounts
from fishcount.slide import Slide
from fishcount.spots import Spots

__all__ = ["CaseResult", "Category", "FieldResult", "LeftOut", "Variation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(ReadOnlyArrays):
    """The arithmetic category of a case under one scheme.

    Attributes
    ----------
    scheme, edition : str
        Identifier and edition of the scheme: "asco-cap-2018-dual", "2018 (affirmed 2023)".
    category : str
        POSITIVE, EQUIVOCAL, NEGATIVE, AMPLIFIED, NOT_AMPLIFIED, INDETERMINATE, NOT_EVALUABLE,
        NEEDS_IHC, NEEDS_RECOUNT, NEEDS_DUAL_PROBE, NEEDS_IHC_OR_DUAL_PROBE or ADJUDICATE.
    group : int or None
        Group 1 to 5 of ASCO/CAP 2018 dual-probe; None elsewhere.
    needs : tuple of str
        What is still to be done before the category stands.
    flags : tuple of str
        Codes of `fishcount.flags` that go with this category, comments among them.
    reason : str
        The comparison that decided, in words: "ratio 80/40 >= 2 and mean 80/20 >= 4".
    probability : mapping of str to float
        Share of bootstrap replicates in each category; empty where it was not computed.
    more_nuclei : int or None
        Further nuclei that would reach the minimum of the scheme and bring the chance of another
        category under 5 %. None without probabilities; with them, None is more than 500: counting
        will not settle it.
    change : str
        The least change of the HER2 count that changes the category, in words.
    """

    scheme: str
    edition: str
    category: str
    group: int | None = None
    needs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    reason: str = ""
    probability: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    more_nuclei: int | None = None
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldResult(ReadOnlyArrays):
    """The result of one field.

    Attributes
    ----------
    image : FishImage or Slide
        A slide where the field was scored block by block.
    nuclei : Nuclei or OutlinedNuclei
        With a label image, or with outlines where that need not fit into memory.
    spots : mapping of str to Spots
        For each probe.
    counts : SignalCounts
    flags : ndarray of uint32, (n,)
        Flags of each nucleus: those of its outline and those of its signals.
    scored : ndarray of bool, (n,)
    reject_reason : ndarray of str, (n,)
        Code of the flag for which a nucleus is not scored; empty where it is.
    findings : tuple of Finding
        Quality of the field.
    settings : Settings or None
        With which it was scored, as far as that is known.
    """

    image: FishImage | Slide
    nuclei: Nuclei | OutlinedNuclei
    spots: Mapping[str, Spots]
    counts: SignalCounts
    flags: NDArray[np.uint32]
    scored: NDArray[np.bool_]
    reject_reason: NDArray[np.str_]
    findings: tuple[Finding, ...] = ()
    settings: Settings | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation(ReadOnlyArrays):
    """The result of a case with one setting changed.

    Attributes
    ----------
    setting : str
        The setting that differs: "spots.min_score".
    value : float or tuple of str
        What it was set to.
    words : str
        What that means: "less sure signals count, too".
    score : CaseScore
        Sums, without intervals.
    categories : mapping of str to str
        Scheme to category.
    """

    setting: str
    value: float | tuple[str, ...]
    words: str
    score: CaseScore
    categories: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Single nuclei and fields without which a case would have another category.

    Attributes
    ----------
    scheme : str
    category : str
        With all nuclei, whatever the minimum of nuclei and areas.
    nuclei : tuple of (field, nucleus, category)
        The nuclei that decide, each with the category without it.
    fields : tuple of (field, category)
        The fields that decide, likewise.
    """

    scheme: str
    category: str
    nuclei: tuple[tuple[str, int, str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def stable(self) -> bool:
        """No single nucleus and no single field decides."""
        return not (self.nuclei or self.fields)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseResult:
    """The result of one case.

    Attributes
    ----------
    name : str
    fields : tuple of FieldResult
    score : CaseScore
        Sums, means, ratio and intervals over the scored nuclei of all fields.
    categories : tuple of Category
        Every scheme that the data allow, the headline schemes first.
    tags : tuple of str
        "HER2-low" or "HER2-ultralow", where the input says so.
    ihc : str or None
        The IHC score that was given: "0", "1+", "2+", "3+".
    findings : tuple of Finding
        Quality of the case.
    settings : Settings
    variations : tuple of Variation
        The case under other settings.
    left_out : tuple of LeftOut
        For each scheme that reads sums: the nuclei and fields that decide its category.
    selection : SelectionCheck or None
        The scored nuclei beside all that were fit to be scored.
    heterogeneity : Heterogeneity or None
        Of the scored nuclei, in the order of the fields.
    """

    name: str
    fields: tuple[FieldResult, ...]
    score: CaseScore
    categories: tuple[Category, ...]
    settings: Settings
    tags: tuple[str, ...] = ()
    ihc: str | None = None
    findings: tuple[Finding, ...] = ()
    # What follows is a page of text when it is printed.
    variations: tuple[Variation, ...] = field(default=(), repr=False)
    left_out: tuple[LeftOut, ...] = field(default=(), repr=False)
    selection: SelectionCheck | None = field(default=None, repr=False)
    heterogeneity: Heterogeneity | None = field(default=None, repr=False)
