"""The merging rules in their order: stringy signals first, then split ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.settings import SignalSettings
from fishcount.signals.clusters import SingleFlux
from fishcount.signals.neighbours import Neighbours
from fishcount.signals.split import chance_distance_px, split_partners, stringy_partners
from fishcount.spots import Spots

__all__ = ["merge_signals"]


def merge_signals(
    spots: Spots,
    near: Neighbours,
    nucleus: NDArray[np.int64],
    *,
    chosen: NDArray[np.bool_],
    area_px: NDArray[np.int64],
    diameter_px: float,
    single: SingleFlux,
    settings: SignalSettings,
) -> NDArray[np.int64]:
    """Index of the signal that each of the chosen spots counts with; -1 for none.

    Stringy signals become one point each; then split pairs among what is left are merged. So a
    point may be merged into one that is merged itself: the index is that of the last, which counts.
    """
    overlap_px = diameter_px * (1.0 - settings.stringy_overlap_diameters)
    near = near.among(chosen)
    into = stringy_partners(
        near,
        spots.amplitude_counts,
        reach_px=_merging_reach_px(np.where(chosen, nucleus, 0), area_px, overlap_px, settings),
        copies=spots.flux_counts / single.typical_counts,
        most_copies=settings.cluster_least_signals,
    )
    left = chosen & (into < 0)
    gap_px = diameter_px * (1.0 + settings.split_gap_diameters)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.nan_to_num(spots.amplitude_counts / spots.snr, posinf=0.0, neginf=0.0)
    partner = split_partners(
        near.among(left),
        spots.amplitude_counts,
        strength_error=np.abs(error),
        reach_px=_merging_reach_px(np.where(left, nucleus, 0), area_px, gap_px, settings),
        min_similarity=settings.split_min_similarity,
    )
    into = np.where(partner >= 0, partner, into)
    further = np.where(into >= 0, into[into], -1)
    return np.where(further >= 0, further, into)


def _merging_reach_px(
    nucleus: NDArray[np.int64],
    area_px: NDArray[np.int64],
    distance_px: float,
    settings: SignalSettings,
) -> NDArray[np.float64]:
    """The distance of a rule, or less where signals are crowded."""
    chance = chance_distance_px(
        nucleus, area_px, max_neighbours=settings.split_max_chance_neighbours
    )
    return np.minimum(distance_px, chance)
