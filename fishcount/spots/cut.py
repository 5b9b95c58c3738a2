"""Apply another minimum score to spots that were found, without searching again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.judgement.doubles import SAME_SIGNAL
from fishcount.spots.result import Spots

__all__ = ["cut_at", "kept_or_too_unsure"]

# At no cut is light of the other probe a signal of this one, or a part of a signal another signal.
_NEVER_A_SIGNAL = ("BLEED_THROUGH", SAME_SIGNAL)


def kept_or_too_unsure(spots: Spots, *, min_share: float) -> NDArray[np.bool_]:
    """Which spots count, or would if nothing but the least score stood against them, (n,).

    A spot that passed the cut and was rejected all the same had another reason; granules have no
    score. A spot that is let in must reach `min_share` of the height of a typical signal.

    Parameters
    ----------
    spots : Spots
        As detection left them.
    min_share
        As `SpotSettings` has it.

    Returns
    -------
    ndarray of bool, (n,)
        Empty without spots.

    Examples
    --------
    >>> from fishcount.spots import Spots, kept_or_too_unsure
    >>> kept_or_too_unsure(Spots.empty(), min_share=0.3)
    array([], dtype=bool)
    """
    let_in = (spots.score <= spots.min_score) & ~np.isin(spots.reason, _NEVER_A_SIGNAL)
    let_in &= ~(spots.amplitude_counts < min_share * spots.typical_counts)
    may_count: NDArray[np.bool_] = spots.kept | let_in
    return may_count


def cut_at(spots: Spots, min_score: float, *, min_share: float) -> Spots:
    """The same spots with another least score; those without a score stay as they are.

    Parameters
    ----------
    spots : Spots
        As detection left them.
    min_score, min_share
        As `SpotSettings` has them.

    Returns
    -------
    Spots
        As many, in the same order: `kept` and `reason` follow the new least score.

    Examples
    --------
    >>> from fishcount.spots import Spots, cut_at
    >>> cut_at(Spots.empty(), 1.0, min_share=0.3).min_score
    1.0
    """
    kept = kept_or_too_unsure(spots, min_share=min_share) & ~(spots.score <= min_score)
    reason = np.where(kept, "", np.where(spots.kept, "POOR_FIT", spots.reason))
    return replace(spots, kept=kept, reason=reason.astype(spots.reason.dtype), min_score=min_score)
