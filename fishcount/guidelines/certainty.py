"""How sure a category is: its probability, how many nuclei settle it, what would change it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.guidelines.evaluate import Setting, coded_categories, decide
from fishcount.guidelines.scheme import Scheme
from fishcount.guidelines.tally import Measure, Tally
from fishcount.scoring import Replicates

__all__ = ["category_probability", "nearest_change", "nuclei_to_settle"]

# The most further nuclei that anybody would count.
_MOST_MORE_NUCLEI = 500
_CHANCE_OF_OTHER = 0.05


def category_probability(
    scheme: Scheme, replicates: Replicates, *, setting: Setting, n_nuclei: int | None = None
) -> dict[str, float]:
    """Share of the replicates of a case in each category.

    Parameters
    ----------
    scheme
        A checked scheme.
    replicates
        The bootstrap of the case.
    setting
        IHC and what else stands beside the counts; the same in all replicates.
    n_nuclei
        As if this many nuclei had been scored; as many as there are where left out.

    Returns
    -------
    dict of str to float
        The most probable first, adding up to 1. Empty where there are no replicates, or the
        scheme reads single nuclei. The minimum of nuclei and areas plays no part: this is about
        the count, not about whether it suffices.
    """
    names, code = _replicated(scheme, replicates, setting, n_nuclei)
    counts = np.bincount(code, minlength=len(names)).tolist()
    ranked = sorted(zip(names, counts, strict=True), key=lambda one: (-one[1], one[0]))
    return {name: count / len(code) for name, count in ranked if count}


def nuclei_to_settle(
    scheme: Scheme, replicates: Replicates, *, setting: Setting, category: str
) -> int | None:
    """Further nuclei that bring the chance of another category under 5 %.

    It supposes that they look like those that were scored, in fields like those. The guideline's
    own rule, 20 more when 1.80 <= ratio <= 2.20, does not depend on it and is shown beside it.

    Returns
    -------
    int or None
        0 where the count is sure already; None where 500 would not do, or without replicates.
    """
    n_now = replicates.n_scored

    def unsure(more: int) -> bool:
        names, code = _replicated(scheme, replicates, setting, n_now + more)
        same = names.index(category) if category in names else -1
        return float(np.mean(code != same)) >= _CHANCE_OF_OTHER

    if not len(replicates) or scheme.reads_single_nuclei or unsure(_MOST_MORE_NUCLEI):
        return None
    if not unsure(0):
        return 0
    too_few, enough = 0, _MOST_MORE_NUCLEI
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (middle, enough) if unsure(middle) else (too_few, middle)
    return enough


def nearest_change(scheme: Scheme, tally: Tally, *, setting: Setting) -> str:
    """The least change of the HER2 count that gives another category, in words.

    Examples
    --------
    >>> from fishcount.guidelines import find_scheme
    >>> from fishcount.guidelines.certainty import nearest_change
    >>> from fishcount.guidelines.evaluate import Setting
    >>> from fishcount.guidelines.tally import Tally
    >>> seed = find_scheme("seed-copies")
    >>> nearest_change(seed, Tally(n=20, her2=79), setting=Setting(variant="equivocal"))
    '2 HER2 signals more would make it POSITIVE'
    """
    now = decide(scheme, tally, setting=setting)
    if now.rule is None or scheme.reads_single_nuclei:
        return ""
    best: tuple[int, int, str] | None = None
    for her2 in _beside_thresholds(scheme, tally, setting):
        other = Tally(n=tally.n, her2=her2, cep17=tally.cep17)
        category = decide(scheme, other, setting=setting).category
        candidate = (abs(her2 - tally.her2), her2 - tally.her2, category)
        if category != now.category and (best is None or candidate < best):
            best = candidate
    if best is None:
        return ""
    distance, step, category = best
    signals = "signal" if distance == 1 else "signals"
    return f"{distance} HER2 {signals} {'more' if step > 0 else 'fewer'} would make it {category}"


def _beside_thresholds(scheme: Scheme, tally: Tally, setting: Setting) -> list[int]:
    """HER2 counts on both sides of every threshold: the category changes nowhere else."""
    found: set[int] = set()
    for rule in scheme.rules(setting.variant):
        for measure, interval in rule.intervals.items():
            quotient = tally.quotient(measure)
            if quotient is None or measure is Measure.MEAN_CEP17:
                continue
            for bound in interval.bounds:
                at = quotient[1] * bound.value.numerator // bound.value.denominator
                found.update((at - 1, at, at + 1))
    return sorted(her2 for her2 in found if her2 > 0)


def _replicated(
    scheme: Scheme, replicates: Replicates, setting: Setting, n_nuclei: int | None
) -> tuple[list[str], NDArray[np.int8]]:
    """Category of each replicate, as `coded_categories`; none where the scheme has no chances."""
    if not len(replicates) or scheme.reads_single_nuclei:
        return [], np.zeros(0, np.int8)
    her2, cep17 = replicates.sums(n_nuclei)
    n = replicates.n_scored if n_nuclei is None else n_nuclei
    tally = Tally(n=np.full(len(her2), n), her2=her2, cep17=cep17)
    return coded_categories(scheme, tally, setting=setting)
