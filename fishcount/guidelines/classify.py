"""Counts to categories: every scheme that the data allow, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType, NoneType
from typing import SupportsIndex

from numpy.typing import ArrayLike

from fishcount.errors import check_kind
from fishcount.flags import Finding
from fishcount.guidelines.certainty import (
    category_probability,
    nearest_change,
    nuclei_to_settle,
)
from fishcount.guidelines.choice import chosen_schemes
from fishcount.guidelines.counts import (
    Recount,
    checked_areas,
    checked_ihc,
    checked_nuclei,
    checked_recount,
    checked_tally,
)
from fishcount.guidelines.decision import Case, decide_case
from fishcount.guidelines.explain import headline
from fishcount.guidelines.findings import case_findings, nucleus_findings, shown_across_cutoff
from fishcount.guidelines.scheme import Scheme
from fishcount.results import Category
from fishcount.scoring import Replicates
from fishcount.settings import ScoringSettings

__all__ = ["Classification", "category_names", "classify"]

# Findings that go with a category only where the scheme reads that figure.
_OF_CEP17 = (
    "BORDERLINE_RATIO",
    "POLYSOMY",
    "MONOSOMY",
    "COAMPLIFICATION",
    "CEP17_EXCEEDS",
    "NO_CEP17",
)
_OF_AREAS = ("ONE_AREA", "AREAS_UNKNOWN")
_OF_ALL = ("FEW_NUCLEI", "HER2_ABSENT")
# Flags of a category that concern the whole case.
_OF_CASE = ("DISCORDANT", "SHOWN_ACROSS_CUTOFF")


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The arithmetic categories of a case under every scheme that its data allow.

    Attributes
    ----------
    categories : tuple of Category
        One for each scheme, the headline schemes first.
    tags : tuple of str
        "HER2-low" or "HER2-ultralow", beside the status, never instead of it.
    findings : tuple of Finding
        Flags of the case with the figures behind them.
    ihc : str or None
        The IHC score that was given.
    recount : Recount or None
        The second count, a record of its own.
    also : tuple of str
        Schemes of the headline beside `seed-copies` and ASCO/CAP 2018.
    """

    categories: tuple[Category, ...]
    tags: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    ihc: str | None = None
    recount: Recount | None = None
    also: tuple[str, ...] = ()

    def under(self, scheme: str) -> Category:
        """The category under the scheme with this identifier; KeyError where it is not shown."""
        for category in self.categories:
            if category.scheme == scheme:
                return category
        raise KeyError(scheme)

    @property
    def headline(self) -> tuple[Category, ...]:
        """`seed-copies`, ASCO/CAP 2018 and the schemes that the settings add, where evaluated."""
        return headline(self.categories, also=self.also)


def classify(
    n_nuclei: SupportsIndex,
    her2: SupportsIndex,
    cep17: SupportsIndex | None = None,
    *,
    ihc: str | None = None,
    faint_staining: bool = False,
    areas: SupportsIndex | None = None,
    recount: Recount | Sequence[int] | None = None,
    nucleus_counts: tuple[ArrayLike, ArrayLike | None] | None = None,
    replicates: Replicates | None = None,
    schemes: Iterable[str | Scheme] | None = None,
    settings: ScoringSettings | None = None,
) -> Classification:
    """Arithmetic categories of a case from the sums over its scored nuclei.

    For research use only. Not for use in diagnostic procedures.

    Parameters
    ----------
    n_nuclei
        Scored nuclei.
    her2, cep17
        Sums of the signals in these nuclei; no `cep17` means a single-probe assay.
    ihc
        "0", "1+", "2+", "3+"; None where it is not known.
    faint_staining
        IHC 0 with faint membrane staining in at most 10 % of cells: the HER2-ultralow tag.
    areas
        Number of areas (fields) that were counted; None where it is not known.
    recount
        A second, blinded count, as `Recount` or (nuclei, HER2, CEP17).
    nucleus_counts
        HER2 and CEP17 (None for a single probe) of each scored nucleus: some schemes read them,
        and so do the findings on heterogeneity and a second population.
    replicates
        The bootstrap of the case, `CaseScore.replicates`: gives each category its probability,
        whatever the minimum of nuclei and areas. Schemes that read single nuclei have none.
    schemes
        Identifiers of built-in schemes or schemes from files, in the order they are shown;
        what `settings.schemes` lists, as far as the data allow, when left out.
    settings
        Defaults when left out.

    Returns
    -------
    Classification
        Never empty: without nuclei every category is NOT_EVALUABLE.

    Raises
    ------
    CountError
        For negative or fractional counts, an unknown IHC score, more than one recount, or
        counts of nuclei that do not add up.
    SchemeError
        For an unknown scheme, or none.
    InputError
        When `replicates` are none.

    Notes
    -----
    Decided with integers alone, after ASCO/CAP 2007, 2013 and 2018 (affirmed 2023) and the
    other sources that `fishcount schemes` cites.

    Examples
    --------
    >>> from fishcount import classify
    >>> result = classify(20, 80, 40, ihc="2+", areas=2)
    >>> for category in result.headline:
    ...     print(category.scheme, category.category, category.group)
    seed-copies EQUIVOCAL None
    asco-cap-2018-dual POSITIVE 1
    """
    check_kind("replicates", replicates, Replicates, NoneType)
    tally = checked_tally(n_nuclei, her2, cep17)
    case = Case(
        tally=tally,
        ihc=checked_ihc(ihc, faint_staining=faint_staining),
        areas=checked_areas(areas),
        nuclei=checked_nuclei(nucleus_counts, tally),
        settings=ScoringSettings.of(settings),
        recount=checked_recount(recount),
    )
    return _classified(
        case,
        chosen_schemes(schemes, dual=case.dual, settings=case.settings),
        replicates=replicates or Replicates.empty(),
        faint_staining=faint_staining,
    )


def category_names(
    n_nuclei: SupportsIndex,
    her2: SupportsIndex,
    cep17: SupportsIndex | None = None,
    *,
    ihc: str | None = None,
    areas: SupportsIndex | None = None,
    nucleus_counts: tuple[ArrayLike, ArrayLike | None] | None = None,
    schemes: Iterable[str | Scheme] | None = None,
    settings: ScoringSettings | None = None,
) -> dict[str, str]:
    """The bare category under each scheme, for a case that is decided many times over.

    Parameters and errors are those of `classify`; what it says beside the category (chances,
    flags, what would change it) takes most of its time, and is left out.

    Returns
    -------
    dict of str to str
        Scheme to category, in the order of `classify`.

    Examples
    --------
    >>> from fishcount.guidelines import category_names
    >>> category_names(20, 80, 40, ihc="2+", areas=2)["asco-cap-2018-dual"]
    'POSITIVE'
    """
    tally = checked_tally(n_nuclei, her2, cep17)
    case = Case(
        tally=tally,
        ihc=checked_ihc(ihc, faint_staining=False),
        areas=checked_areas(areas),
        nuclei=checked_nuclei(nucleus_counts, tally),
        settings=ScoringSettings.of(settings),
    )
    return {
        one.id: decide_case(one, case).category
        for one in chosen_schemes(schemes, dual=case.dual, settings=case.settings)
    }


def _classified(
    case: Case, schemes: Sequence[Scheme], *, replicates: Replicates, faint_staining: bool
) -> Classification:
    """The category under each scheme, and what they say together: tags and flags of the case."""
    findings = (*case_findings(case.tally, areas=case.areas), *nucleus_findings(case.nuclei))
    categories = tuple(_category(scheme, case, findings, replicates) for scheme in schemes)
    low = any(
        scheme.her2_low and category.category == "NEGATIVE" and "SECONDARY" not in category.flags
        for scheme, category in zip(schemes, categories, strict=True)
    )
    raised = {code for category in categories for code in category.flags}
    return Classification(
        categories=categories,
        tags=_tags(case.ihc, faint_staining=faint_staining) if low else (),
        findings=(*findings, *(Finding(code) for code in _OF_CASE if code in raised)),
        ihc=case.ihc,
        recount=case.recount,
        also=case.settings.headline,
    )


def _category(
    scheme: Scheme, case: Case, findings: Sequence[Finding], replicates: Replicates
) -> Category:
    found = decide_case(scheme, case)
    outcome, tally, setting = found.outcome, found.tally, found.setting
    # Comments belong to the category of the table, and are dropped where that does not stand.
    own = () if found.below_minimum else outcome.flags
    flags = [*own, *_flags(scheme, findings, secondary=setting.secondary)]
    if shown_across_cutoff(scheme, tally, setting.variant):
        flags.append("SHOWN_ACROSS_CUTOFF")
    probability = category_probability(scheme, replicates, setting=setting)
    more = nuclei_to_settle(scheme, replicates, setting=setting, category=outcome.category)
    return Category(
        scheme=scheme.id,
        edition=scheme.edition,
        category=found.category,
        group=None if outcome.rule is None else outcome.rule.group,
        needs=found.needs,
        flags=tuple(flags),
        reason="; ".join(part for part in (found.why, outcome.reason) if part),
        probability=MappingProxyType(probability),
        more_nuclei=None if more is None else max(more, scheme.min_nuclei - tally.n, 0),
        # Below the minimum no number of signals gives another category.
        change="" if found.below_minimum else nearest_change(scheme, tally, setting=setting),
    )


def _flags(scheme: Scheme, findings: Sequence[Finding], *, secondary: bool) -> list[str]:
    """Findings of the case that concern this scheme."""
    codes = [finding.code for finding in findings]
    relevant = [
        *_OF_ALL,
        *(_OF_AREAS if scheme.min_areas else ()),
        *(_OF_CEP17 if scheme.probes == "dual" else ()),
    ]
    return [*(["SECONDARY"] if secondary else []), *(code for code in codes if code in relevant)]


def _tags(ihc: str | None, *, faint_staining: bool) -> tuple[str, ...]:
    if faint_staining:
        return ("HER2-ultralow",)
    return ("HER2-low",) if ihc in ("1+", "2+") else ()
