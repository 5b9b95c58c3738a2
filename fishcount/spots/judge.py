"""Why a point is no signal: the score decides whether, its figures say why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.candidates import Candidates

__all__ = ["reject_reasons"]

# What a width must exceed, in log widths of a point, to be the reason.
_WIDE = 0.3
_NARROW = -0.4
_COARSE = 1.5
# A point below this SNR is called weak.
_WEAK_SNR = 5.0
# A point lower than this share of a granule belongs to its rim.
_RIM = 0.25
# Share of the height that what leaks over from the other probe must explain.
_LEAKED = 0.5


def reject_reasons(
    found: Candidates, score: NDArray[np.float64], *, min_score: float, min_share: float
) -> NDArray[np.str_]:
    """Code of the reason for each point whose score is at most `min_score`; else empty.

    So too for each that is lower than `min_share` of a typical signal.

    The first that applies: TOO_NARROW, TOO_WIDE, LOW_SNR, POOR_FIT. A point that the other
    probe's light explains by half or more is BLEED_THROUGH, whatever its score.
    """
    width = found.figure("log_width")
    rim = found.points.amplitude_counts < _RIM * found.granule_counts
    faint = found.figure("log_height") < np.log(max(min_share, 1e-9))
    weak = (found.figure("snr") < _WEAK_SNR) | faint
    wide = (width > _WIDE) | (found.figure("coarse_over_fine") > _COARSE)
    reason = np.full(len(score), "POOR_FIT", "U16")
    reason[weak] = "LOW_SNR"
    reason[wide] = "TOO_WIDE"
    reason[(width < _NARROW) & ~weak] = "TOO_NARROW"
    reason[rim] = "TOO_WIDE"
    reason[(score > min_score) & ~faint & ~rim] = ""
    reason[found.leaked > _LEAKED] = "BLEED_THROUGH"
    return reason
