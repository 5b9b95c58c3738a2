"""Which spots are single, which belong to a cluster, and how wide a signal is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fishcount.settings import SignalSettings
from fishcount.signals.clusters import SingleFlux, footprint_signals
from fishcount.signals.crowd import crowded_groups, distance_in_nucleus
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
    rows = np.flatnonzero(chosen)
    group = crowded_groups(position_px[rows], nucleus[rows], reach_px=2.0 * diameter_px)
    alone = np.zeros(len(chosen), bool)
    alone[rows] = np.bincount(group, minlength=1)[group] == 1
    return alone & (nucleus > 0)


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
    one; but its light is that of copies. What lies beside no kept spot,
    or is wider or
    fainter than copies are, is a granule.
    """
    rows = np.flatnonzero(inside)
    misshapen = np.flatnonzero(
        ~spots.kept
        & np.isin(spots.reason, _MISSHAPEN)
        & (spots.sigma_px <= _WIDEST_COPIES * diameter_px / FWHM_PER_SIGMA)
        & (spots.flux_counts >= _LEAST_COPIES * single.typical_counts)
        & (nucleus > 0)
    )
    distance = distance_in_nucleus(
        position_px[misshapen],
        nucleus[misshapen],
        position_px[rows],
        nucleus[rows],
        reach_px=reach_px,
    )
    beside = np.zeros(len(spots), bool)
    beside[misshapen[np.isfinite(distance)]] = True
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
    area = footprint_signals(group, position_px[rows, 1:], diameter_px=diameter_px)
    # Where the light of a single signal is not known, nothing can be estimated.
    is_cluster = (
        (resolved >= settings.cluster_least_signals)
        & (area >= settings.cluster_least_area)
        & (copies >= resolved)
    )
    number = np.cumsum(is_cluster) - 1
    cluster[rows] = np.where(is_cluster[group], number[group], -1)
    return cluster
