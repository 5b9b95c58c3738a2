"""Why a point is not a signal: the score decides whether, its figures say why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.spots.candidates.find import Candidates
from fishcount.spots.channel.scale import ROUND
from fishcount.spots.channel.typical import HEIGHT_SPREAD
from fishcount.spots.points.model import Points

__all__ = ["reject_reasons"]

# Limits of the log width, and of the coarse over the fine height, beyond which they are the reason.
_WIDE = 0.3
_NARROW = -0.4
_COARSE = 1.5
# A point below this SNR is called weak.
_WEAK_SNR = 5.0
# A point lower than this share of a granule belongs to its rim.
_RIM = 0.25
# Least SNR, and least log height, of a candidate that is plain to see; the height is two spreads
# below a typical signal, which nearly all signals exceed.
_PLAIN_SNR, _PLAIN_HEIGHT = 12.0, -2 * HEIGHT_SPREAD
# Where a typical signal has this SNR, every candidate that looks like one is taken for one.
_CLEAR = 80.0
# With a signal within the first of these distances, in widths, and another within the second, the
# least score is lower by this, in log odds.
_BESIDE_WIDTHS, _CROWD_WIDTHS, _BESIDE_SCORE = 3.0, 4.0, 1.5
# Share of the height that must be explained by the other probe to make it bleed-through.
_LEAKED = 0.5


def reject_reasons(
    found: Candidates,
    score: NDArray[np.float64],
    *,
    sigma_px: float,
    width_spread: float,
    min_score: float,
    min_share: float,
) -> NDArray[np.str_]:
    """Code of the reason for each point whose score is at most `min_score`; else empty.

    What is plain to see needs no score, and beside two signals a little less is asked for: signals
    crowd, grain does not. What is lower than `min_share` of a typical signal has a
    reason, whatever its score.

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
    good = (score > min_score) | _is_plain(found, width_spread)
    reason[good & ~faint & ~rim] = ""
    leaked = found.leaked > _LEAKED
    reason[leaked] = "BLEED_THROUGH"
    doubtful = (score > min_score - _BESIDE_SCORE) & ~faint & ~wide & ~rim & ~leaked
    reason[doubtful & _in_crowd(found.points, reason == "", sigma_px)] = ""
    return reason


def _in_crowd(points: Points, chosen: NDArray[np.bool_], sigma_px: float) -> NDArray[np.bool_]:
    """Points with one of the chosen beside them, and a second one near.

    Beside a single one, a point may be its rim.
    """
    if not chosen.any():
        return np.zeros(len(points), bool)
    places = points.yx_px
    # A second one that is not there is infinitely far away.
    first, second = (KDTree(places[chosen]).query(places, k=2)[0] / sigma_px).T
    return np.asarray((first <= _BESIDE_WIDTHS) & (second <= _CROWD_WIDTHS))


def _is_plain(found: Candidates, width_spread: float) -> NDArray[np.bool_]:
    """What is as bright and as wide as a signal, and alone and round or far above all noise.

    The score learned to tell faint signals from grain, on points that are nearly Gaussian. Where
    a channel shows its signals this clearly there is no grain to be told from; and in a saturated
    or lossy image, a bright signal has a shape of which the score knows nothing.
    """
    bright = found.figure("log_height") > _PLAIN_HEIGHT
    bright &= found.figure("coarse_over_fine") < _COARSE
    width = np.abs(found.figure("log_width"))
    alone = (found.figure("neighbours") == 0) & (found.figure("roundness") > ROUND)
    alone &= (found.clarity * np.exp(found.figure("log_height")) >= _PLAIN_SNR) & (width < _WIDE)
    clear = (found.clarity >= _CLEAR) & (width < _WIDE + width_spread)
    return np.asarray(bright & (alone | clear))
