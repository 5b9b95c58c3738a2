"""Which spots are single, which belong to a cluster, and how wide a signal is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fishcount.settings import SignalSettings
from fishcount.signals.clusters import SingleFlux, footprint_signals
from fishcount.signals.crowd import close_pairs, crowded_groups
from fishcount.signals.split import FWHM_PER_SIGMA
from fishcount.spots import Spots

__all__ = ["alone_in_nucleus", "cluster_of_each", "misshapen_beside", "typical_diameter_px"]

# Copies on top of each other make a spot that is misshapen and brighter than a single signal,
# but not as wide as a granule.
_MISSHAPEN = ("TOO_WIDE", "POOR_FIT")
_WIDEST_COPIES = 1.5
_LEAST_COPIES = 2.0


def typical_diameter_px(spots: Spots, chosen: NDArray[np.bool_]) -> float:
    """Full width at half maximum of the chosen spots: their median, or what detection assumed."""
    sigma = spots.sigma_px[chosen]
    sigma = sigma[np.isfinite(sigma) & (sigma > 0)]
    assumed = spots.psf_sigma_px if math.isfinite(spots.psf_sigma_px) else 0.0
    return FWHM_PER_SIGMA * (float(np.median(sigma)) if sigma.size else assumed)


def alone_in_nucleus(
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    chosen: NDArray[np.bool_],
    diameter_px: float,
) -> NDArray[np.bool_]:
    """Which of the chosen spots have no other of them within two diameters."""
    alone = chosen & (nucleus > 0)
    rows = np.flatnonzero(alone)
    pairs, _ = close_pairs(position_px[rows], nucleus[rows], reach_px=2.0 * diameter_px)
    alone[rows[pairs]] = False
    return alone


def misshapen_beside(
    spots: Spots,
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    inside: NDArray[np.bool_],
    *,
    diameter_px: float,
    reach_px: float,
    single: SingleFlux,
) -> NDArray[np.bool_]:
    """Rejected spots that lie beside kept ones, and may be copies on top of each other.

    Where copies lie so, some of what is found is no spot by its shape, and rightly rejected as
    one; but its light is that of copies. What lies beside no kept spot, or is wider or fainter
    than copies are, is a granule.
    """
    misshapen = (
        ~spots.kept
        & (spots.sigma_px <= _WIDEST_COPIES * diameter_px / FWHM_PER_SIGMA)
        & (spots.flux_counts >= _LEAST_COPIES * single.typical_counts)
        & (nucleus > 0)
    )
    misshapen[misshapen] = np.isin(spots.reason[misshapen], _MISSHAPEN)
    # Only nuclei that hold such a spot are searched.
    holds = np.zeros(nucleus.max(initial=0) + 1, bool)
    holds[nucleus[misshapen]] = True
    rows = np.flatnonzero(misshapen | (inside & holds[nucleus]))
    near, _ = close_pairs(position_px[rows], nucleus[rows], reach_px=reach_px)
    pairs = rows[near]
    # In both orders, so that the first may be the misshapen one.
    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    beside = np.zeros(len(spots), bool)
    beside[one[misshapen[one] & inside[other]]] = True
    return beside


def cluster_of_each(
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    inside: NDArray[np.bool_],
    *,
    beside: NDArray[np.bool_],
    flux_counts: NDArray[np.float64],
    diameter_px: float,
    reach_px: float,
    single: SingleFlux,
    settings: SignalSettings,
) -> NDArray[np.int64]:
    """Number of the cluster of each spot from 0; -1 for spots that are counted one by one.

    A crowded group is a cluster when enough of it was resolved, and it has the area of more
    than one signal and the light of as many as were resolved: a split signal beside others has
    not.
    """
    cluster = np.full(len(inside), -1, np.int64)
    rows = np.flatnonzero(inside | beside)
    if not rows.size:
        return cluster
    group = crowded_groups(position_px[rows], nucleus[rows], reach_px=reach_px)
    resolved = np.bincount(group, inside[rows])
    copies = np.bincount(group, flux_counts[rows]) / single.typical_counts
    # Where the light of a single signal is not known, nothing can be estimated.
    is_cluster = (resolved >= settings.cluster_least_signals) & (copies >= resolved)
    members = np.flatnonzero(is_cluster[group])
    number = np.cumsum(is_cluster) - 1
    is_cluster[is_cluster] = (
        footprint_signals(
            number[group[members]], position_px[rows[members], 1:], diameter_px=diameter_px
        )
        >= settings.cluster_least_area
    )
    number = np.cumsum(is_cluster) - 1
    cluster[rows] = np.where(is_cluster[group], number[group], -1)
    return cluster
