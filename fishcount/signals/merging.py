"""The merging rules in their order: stringy signals first, then split ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.settings import SignalSettings
from fishcount.signals.probe import ProbeSignals
from fishcount.signals.split import chance_distance_px, split_partners, stringy_partners
from fishcount.spots import Spots

__all__ = ["merge_signals"]


def merge_signals(
    probe: ProbeSignals, *, area_px: NDArray[np.int64], settings: SignalSettings
) -> NDArray[np.int64]:
    """Index of the signal that each spot counts with, (n,); -1 for none.

    Stringy signals become one point each; then split pairs among what is left are merged. So a
    point may be merged into one that is merged itself: the index is that of the last, which counts.
    What belongs to a cluster is not merged, as all of its light is counted.

    Parameters
    ----------
    probe : ProbeSignals
    area_px : ndarray of int64, (m,)
        Area of every nucleus of the field; row ``i`` is label ``i + 1``.
    settings
    """
    spots, diameter_px = probe.spots, probe.diameter_px
    chosen = probe.inside & (probe.cluster < 0)
    near = probe.near.among(chosen)

    def reach_px(of: NDArray[np.bool_], gap_diameters: float) -> NDArray[np.float64]:
        """Distance of centres at a gap of edges, or less where signals are crowded."""
        chance = chance_distance_px(
            np.where(of, probe.nucleus, 0),
            area_px,
            max_neighbours=settings.split_max_chance_neighbours,
        )
        return np.minimum(diameter_px * (1.0 + gap_diameters), chance)

    into = stringy_partners(
        near,
        spots.amplitude_counts,
        reach_px=reach_px(chosen, -settings.stringy_overlap_diameters),
        copies=spots.flux_counts / probe.single.typical_counts,
        most_copies=settings.cluster_least_signals,
    )
    left = chosen & (into < 0)
    partner = split_partners(
        near.among(left),
        spots.amplitude_counts,
        strength_error=_height_errors(spots),
        reach_px=reach_px(left, settings.split_gap_diameters),
        min_similarity=settings.split_min_similarity,
    )
    into = np.where(partner >= 0, partner, into)
    further = np.where(into >= 0, into[into], -1)
    return np.where(further >= 0, further, into)


def _height_errors(spots: Spots) -> NDArray[np.float64]:
    """Standard error of each height; 0 where it is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.nan_to_num(spots.amplitude_counts / spots.snr, posinf=0.0, neginf=0.0)
    return np.abs(error)
