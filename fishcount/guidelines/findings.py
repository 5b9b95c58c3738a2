"""Flags of a case that follow from its sums; none of them changes a category."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from fishcount.flags import Finding
from fishcount.guidelines.counts import NucleusCounts
from fishcount.guidelines.scheme import Rule, Scheme
from fishcount.guidelines.tally import Measure, Tally
from fishcount.scoring import Pattern, Population, heterogeneity

__all__ = ["case_findings", "is_borderline", "nucleus_findings", "shown_across_cutoff"]

# ASCO/CAP: at least 20 nuclei in at least 2 areas.
_FEW_NUCLEI_BELOW = 20
_ONE_AREA_BELOW = 2


def is_borderline(tally: Tally) -> bool:
    """Whether 1.80 <= ratio <= 2.20: the probe kit then counts 20 more nuclei and pools."""
    if not tally.cep17 or not tally.her2:
        return False
    return bool(9 * tally.cep17 <= 5 * tally.her2 <= 11 * tally.cep17)


def case_findings(tally: Tally, *, areas: int | None) -> tuple[Finding, ...]:
    """Findings that follow from the sums of a case, beside its category.

    Parameters
    ----------
    tally
        Sums of the scored nuclei, Python integers.
    areas
        Number of areas; None where it is not known.
    """
    return (*_extent(tally, areas), *_ratio_findings(tally))


def _extent(tally: Tally, areas: int | None) -> Iterator[Finding]:
    if tally.n < _FEW_NUCLEI_BELOW:
        yield Finding("FEW_NUCLEI", tally.n)
    if areas is None:
        yield Finding("AREAS_UNKNOWN")
    elif areas < _ONE_AREA_BELOW:
        yield Finding("ONE_AREA", areas)
    if tally.n and not tally.her2:
        yield Finding("HER2_ABSENT", 0, "HER2")
    if tally.n and tally.cep17 == 0:
        yield Finding("NO_CEP17", 0, "CEP17")


def _ratio_findings(tally: Tally) -> Iterator[Finding]:
    if not tally.n or not tally.cep17:
        return
    her2, cep17, n = tally.her2, tally.cep17, tally.n
    ratio, mean_cep17 = her2 / cep17, cep17 / n
    if is_borderline(tally):
        yield Finding("BORDERLINE_RATIO", ratio)
    if cep17 >= 3 * n:
        yield Finding("POLYSOMY", mean_cep17)
    if her2 >= 2 * cep17 and her2 < 4 * n and cep17 < 2 * n:
        yield Finding("MONOSOMY", mean_cep17)
    if her2 < 2 * cep17 and her2 >= 6 * n:
        yield Finding("COAMPLIFICATION", ratio)
    if 0 < 2 * her2 < cep17:
        yield Finding("CEP17_EXCEEDS", ratio)


def nucleus_findings(nuclei: NucleusCounts | None) -> tuple[Finding, ...]:
    """Findings that follow from the counts of single nuclei, beside their sums."""
    if nuclei is None:
        return ()
    found = heterogeneity(*nuclei)
    findings = []
    if found.pattern is Pattern.HETEROGENEOUS:
        detail = f"{found.n_amplified} of {found.n_with_ratio}, {found.criterion}"
        findings.append(Finding("HETEROGENEOUS", found.share_amplified, detail))
    if found.exactly_half:
        findings.append(Finding("HALF_OF_NUCLEI", found.share_amplified, found.criterion))
    if len(found.populations) > 1:
        smaller = min(found.populations, key=lambda population: population.n_nuclei)
        share = smaller.n_nuclei / sum(one.n_nuclei for one in found.populations)
        apart = ", and ".join(_in_words(one) for one in found.populations)
        findings.append(Finding("SECOND_POPULATION", share, apart))
    return tuple(findings)


def _in_words(population: Population) -> str:
    """A population counted apart: "30 nuclei, mean HER2 2.00, ratio 1.00"."""
    mean, ratio = population.mean_her2_per_nucleus or 0, population.her2_cep17_ratio
    behind = "" if ratio is None else f", ratio {ratio:.2f}"
    nuclei = "nucleus" if population.n_nuclei == 1 else "nuclei"
    return f"{population.n_nuclei} {nuclei}, mean HER2 {mean:.2f}{behind}"


def shown_across_cutoff(scheme: Scheme, tally: Tally, variant: str | None) -> tuple[Measure, ...]:
    """Figures that fall on the other side of a cut-off once they are rounded to two decimals.

    Examples
    --------
    >>> from fishcount.guidelines import find_scheme
    >>> from fishcount.guidelines.findings import shown_across_cutoff
    >>> from fishcount.guidelines.tally import Tally
    >>> seed = find_scheme("seed-copies")
    >>> shown_across_cutoff(seed, Tally(n=1000, her2=4003), "equivocal")  # shown as 4.00
    (<Measure.MEAN_HER2: 'mean_her2_per_nucleus'>,)
    """
    rules = scheme.rules(variant)
    return tuple(measure for measure in scheme.measures if _misleads(rules, measure, tally))


def _misleads(rules: tuple[Rule, ...], measure: Measure, tally: Tally) -> bool:
    quotient = tally.quotient(measure)
    if quotient is None or not quotient[1]:
        return False
    top, bottom = quotient
    shown = Fraction(f"{top / bottom:.2f}")
    bounds = {
        bound
        for rule in rules
        for bound in (rule.intervals[measure].bounds if measure in rule.intervals else ())
    }
    return any(
        bound.holds(top, bottom) != bound.holds(shown.numerator, shown.denominator)
        for bound in bounds
    )
