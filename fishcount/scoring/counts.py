"""Copies per scored nucleus to the pooled score of a case, with its intervals."""

from __future__ import annotations

from types import NoneType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import CountError, check_kind
from fishcount.scoring.pooled import CaseScore
from fishcount.scoring.replicates import draw_replicates
from fishcount.scoring.whole import named_fields, whole_counts
from fishcount.settings import ScoringSettings

__all__ = ["score_counts"]

Integers = NDArray[np.int64]

# `low` and `high` of a count bound 90 % of it (`fishcount.signals`).
_Z_90 = 1.644854


def score_counts(
    her2: ArrayLike,
    cep17: ArrayLike | None = None,
    *,
    field: ArrayLike | None = None,
    her2_low: ArrayLike | None = None,
    her2_high: ArrayLike | None = None,
    cep17_low: ArrayLike | None = None,
    cep17_high: ArrayLike | None = None,
    detected: bool = False,
    settings: ScoringSettings | None = None,
    rng: np.random.Generator | None = None,
) -> CaseScore:
    """Pool the counts of the scored nuclei of a case.

    Parameters
    ----------
    her2, cep17 : array_like of int, (n,)
        Copies of each scored nucleus; no `cep17` means a single-probe assay.
    field : array_like, (n,)
        Field of each nucleus, as numbers or names. Left out, the number of areas is unknown and
        the intervals take the nuclei as those of one field.
    her2_low, her2_high, cep17_low, cep17_high : array_like of int, (n,)
        90 % range of copies that were estimated; equal to the copies where left out.
    detected
        A program found the nuclei and signals: the intervals then also carry the error of that,
        `settings.detection_sd`. Copies that a person counted do not.
    settings
        Defaults when left out.
    rng
        Source of the bootstrap; made from `settings.seed` when left out.

    Returns
    -------
    CaseScore
        Without nuclei: zero counts, no means, no intervals.

    Raises
    ------
    CountError
        For negative, fractional or masked counts, unequal lengths, a range that does not hold the
        count, or one of CEP17 without its counts.
    InputError
        When `rng` is no generator, such as a seed.

    Notes
    -----
    The intervals are those of `fishcount.scoring.replicates`. They speak of repeating the choice
    of fields and nuclei, of estimated clusters and of detection, not of copies that the section
    took.

    Examples
    --------
    >>> from fishcount.scoring import score_counts
    >>> score = score_counts([2, 3, 4, 3] * 10, [2, 2, 2, 1] * 10, field=[0] * 20 + [1] * 20)
    >>> score.her2_signals, score.cep17_signals, score.areas
    (120, 70, 2)
    >>> low, high = score.intervals_95["mean_her2_per_nucleus"]
    >>> low < 3 < high
    True
    """
    settings = ScoringSettings.of(settings)
    check_kind(
        "rng", rng, np.random.Generator, NoneType, remedy="numpy.random.default_rng makes one"
    )
    rng = np.random.default_rng(settings.seed) if rng is None else rng
    best = whole_counts("HER2", her2)
    columns = [best]
    ranges = [_range("HER2", best, her2_low, her2_high)]
    if cep17 is not None:
        columns.append(whole_counts("CEP17", cep17, n=len(best)))
        ranges.append(_range("CEP17", columns[1], cep17_low, cep17_high))
    elif cep17_low is not None or cep17_high is not None:
        raise CountError("a range without the counts", field="CEP17", remedy="give cep17, too")
    fields = None if field is None else named_fields(field, n=len(best))[1]
    correlation = settings.estimate_correlation
    replicates = draw_replicates(
        np.stack(columns, axis=1),
        field=np.zeros(len(best), np.int64) if fields is None else fields,
        below=np.array([_sd_of_mean(low, correlation) for low, _ in ranges]),
        above=np.array([_sd_of_mean(high, correlation) for _, high in ranges]),
        detected=detected,
        settings=settings,
        rng=rng,
    )
    return CaseScore(
        n_scored=len(best),
        her2_signals=int(best.sum()),
        cep17_signals=None if cep17 is None else int(columns[1].sum()),
        areas=None if fields is None else len(np.unique(fields)),
        intervals_95=replicates.intervals_95(),
        replicates=replicates,
    )


def _range(
    name: str, best: Integers, low: ArrayLike | None, high: ArrayLike | None
) -> tuple[Integers, Integers]:
    """How many copies fewer and how many more each count may be."""
    below = best if low is None else whole_counts(f"{name} low", low, n=len(best))
    above = best if high is None else whole_counts(f"{name} high", high, n=len(best))
    if (below > best).any() or (above < best).any():
        raise CountError("the range does not hold the count", field=name, expected="low <= high")
    return best - below, above - best


def _sd_of_mean(half_range: Integers, correlation: float) -> float:
    """Standard deviation of the mean over nuclei when each is off by its half range."""
    n = len(half_range)
    if not n:
        return 0.0
    sd = half_range / _Z_90
    shared, own = sd.mean() ** 2, (sd**2).sum() / n**2
    return float(np.sqrt(correlation * shared + (1 - correlation) * own))
