"""What each candidate is taken for: a signal, a part of the signal beside it, or neither."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.settings import SpotSettings
from fishcount.spots.candidates.find import Candidates
from fishcount.spots.channel.scale import ChannelScale
from fishcount.spots.judgement.doubles import SAME_SIGNAL, doubles
from fishcount.spots.judgement.rejection import reject_reasons
from fishcount.spots.judgement.score import pooled_score, signal_score
from fishcount.spots.points.groups import connected_groups

__all__ = ["Verdict", "judge"]

# Points connected by steps of this many widths are one crowd, whose scores stand together.
_CROWD_REACH = 2.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What n candidates were taken for.

    Attributes
    ----------
    score : ndarray of float64, (n,)
        Log odds that each is a signal.
    reason : ndarray of str, (n,)
        Code of the flag for which it was rejected; empty for a signal.
    whole : ndarray of int64, (m,)
        Rows of signals that were found as two, of which the other was rejected as a part.
    """

    score: NDArray[np.float64]
    reason: NDArray[np.str_]
    whole: NDArray[np.int64]

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which are signals, (n,)."""
        return np.asarray(self.reason == "", np.bool_)


def judge(found: Candidates, scale: ChannelScale, settings: SpotSettings) -> Verdict:
    """Score all candidates of a channel and tell what stands against each; no rows for none."""
    points, sigma_px = found.points, scale.search_sigma_px
    score = pooled_score(
        signal_score(found.appearance.figures, smoothed=scale.smoothed),
        points.amplitude_counts,
        connected_groups(points.y_px, points.x_px, _CROWD_REACH * sigma_px),
    )
    reason = reject_reasons(
        found,
        score,
        sigma_px=sigma_px,
        width_spread=scale.width_spread,
        min_score=settings.min_score,
        min_share=settings.min_share,
    )
    part, whole = doubles(points, reason == "", sigma_px)
    reason[part] = SAME_SIGNAL
    return Verdict(score=score, reason=reason, whole=whole)
