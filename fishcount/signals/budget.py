"""How many of the counted signals are expected to be false, and a cut that keeps within a budget.

The score of a spot is the log odds that it is a signal, so each adds its chance of being none to
what is expected to be false among several. Where a budget per nucleus is set, the score from which
on spots count is the lowest at which those inside nuclei stay within it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.spots import Spots, cut_at, false_probability, kept_or_too_unsure

__all__ = ["expected_false", "within_budget"]


def expected_false(score: NDArray[np.float64], counted: NDArray[np.bool_]) -> float:
    """Expected number of false ones among the counted signals.

    Parameters
    ----------
    score : ndarray of float64, (n,)
        Log odds of each candidate that it is a signal; see `fishcount.spots.false_probability`.
    counted : ndarray of bool, (n,)
        Which of them are counted.

    Returns
    -------
    float
        The sum of their chances to be false: 0 where none is counted, NaN where one has no score.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals import expected_false
    >>> expected_false(np.array([0.0, 0.0, -9.0]), np.array([True, True, False]))
    1.0
    """
    return float(false_probability(score[counted]).sum())


def within_budget(
    spots: Spots, nucleus: NDArray[np.int64], n_nuclei: int, *, budget: float, min_share: float
) -> Spots:
    """The same spots, cut at the lowest score that keeps the expected false ones within a budget.

    The score alone decides, so the cut may be above or below that of detection. Below it, spots
    that were rejected for their score are let in, but no granules, no bleed-through, and nothing
    lower than `min_share` of a typical signal. Spots of equal score are treated alike; those
    without a score stay as they are.

    Parameters
    ----------
    spots : Spots
        As detection left them.
    nucleus : ndarray of int64, (n,)
        Label of the nucleus of each; 0 for none. The cut holds for those outside, too.
    n_nuclei
    budget
        False signals for each nucleus.
    min_share

    Returns
    -------
    Spots
        `min_score` is the cut that was found.
    """
    may_count = kept_or_too_unsure(spots, min_share=min_share)
    scores = np.sort(spots.score[may_count & (nucleus > 0) & np.isfinite(spots.score)])[::-1]
    spent = np.cumsum(false_probability(scores))
    beyond = scores[spent > budget * n_nuclei]
    cut = float(beyond[0]) if beyond.size else float("-inf")
    return cut_at(spots, cut, min_share=min_share)
