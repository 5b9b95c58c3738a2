"""The merging rules in their order: stringy signals first, then split ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.settings import SignalSettings
from fishcount.signals.clusters import SingleFlux
from fishcount.signals.split import chance_distance_px, split_partners, stringy_partners
from fishcount.spots import Spots

__all__ = ["merge_signals"]


def merge_signals(
    spots: Spots,
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    *,
    rows: NDArray[np.int64],
    area_px: NDArray[np.int64],
    diameter_px: float,
    single: SingleFlux,
    settings: SignalSettings,
) -> NDArray[np.int64]:
    """Index of the signal that each spot is merged into; -1 for none.

    First stringy signals become one point each, then split ones of what is left.
    """
    into = np.full(len(spots), -1, np.int64)
    if not rows.size:
        return into
    overlap_px = diameter_px * (1.0 - settings.stringy_overlap_diameters)
    reach_px = _merging_reach_px(nucleus[rows], area_px, overlap_px, settings)
    local = stringy_partners(
        position_px[rows],
        spots.amplitude_counts[rows],
        nucleus=nucleus[rows],
        reach_px=reach_px,
        copies=spots.flux_counts[rows] / single.typical_counts,
        most_copies=settings.cluster_least_signals,
    )
    into[rows] = np.where(local >= 0, rows[local], -1)
    left = rows[local < 0]
    gap = settings.split_gap_diameters
    amplitude = spots.amplitude_counts[left]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.nan_to_num(amplitude / spots.snr[left], posinf=0.0, neginf=0.0)
    local = split_partners(
        position_px[left],
        amplitude,
        nucleus=nucleus[left],
        strength_error=np.abs(error),
        reach_px=_merging_reach_px(nucleus[left], area_px, diameter_px * (1.0 + gap), settings),
        min_similarity=settings.split_min_similarity,
    )
    gone = local >= 0
    into[left[gone]] = left[local[gone]]
    return into


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
