"""Which spots are single, which belong to a cluster, and how wide a signal is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fishcount.optics import FWHM_PER_SIGMA
from fishcount.settings import SignalSettings
from fishcount.signals.clusters import SingleFlux, footprint_signals
from fishcount.signals.neighbours import Neighbours
from fishcount.spots import Spots

__all__ = ["cluster_of_each", "misshapen_spots", "typical_diameter_px", "with_copies_beside"]

# Copies that overlap make a spot that is misshapen and brighter than a single signal, but not as
# wide as a granule.
_MISSHAPEN = ("TOO_WIDE", "POOR_FIT")
_WIDEST_COPIES = 1.5
_LEAST_COPIES = 2.0


def typical_diameter_px(spots: Spots, chosen: NDArray[np.bool_]) -> float:
    """Full width at half maximum of the chosen spots: their median, or what detection assumed."""
    sigma = spots.sigma_px[chosen]
    sigma = sigma[np.isfinite(sigma) & (sigma > 0)]
    assumed = spots.psf_sigma_px if math.isfinite(spots.psf_sigma_px) else 0.0
    return FWHM_PER_SIGMA * (float(np.median(sigma)) if sigma.size else assumed)


def misshapen_spots(
    spots: Spots, nucleus: NDArray[np.int64], *, diameter_px: float, single: SingleFlux
) -> NDArray[np.bool_]:
    """Rejected spots that may be copies on top of each other, if a kept spot lies beside them.

    Copies that overlap make spots that are rightly rejected for their shape, although their light
    is that of copies. A rejected spot with no kept one beside it, or one that is wider or fainter
    than such copies, is a granule.
    """
    misshapen = (
        ~spots.kept
        & (spots.sigma_px <= _WIDEST_COPIES * diameter_px / FWHM_PER_SIGMA)
        & (spots.flux_counts >= _LEAST_COPIES * single.typical_counts)
        & (nucleus > 0)
    )
    misshapen[misshapen] = np.isin(spots.reason[misshapen], _MISSHAPEN)
    return misshapen


def with_copies_beside(
    near: Neighbours,
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    *,
    inside: NDArray[np.bool_],
    misshapen: NDArray[np.bool_],
    reach_px: float,
) -> Neighbours:
    """Pairs of kept spots within reach, and those with the misshapen ones beside them."""
    near = near.within(reach_px)
    if not misshapen.any():
        return near
    # Only nuclei that hold such a spot are searched.
    holds = np.zeros(nucleus.max(initial=0) + 1, bool)
    holds[nucleus[misshapen]] = True
    more = Neighbours.of(
        position_px,
        nucleus,
        reach_px=reach_px,
        chosen=misshapen | (inside & holds[nucleus]),
    )
    beside = np.zeros(len(inside), bool)
    # Of a pair one is kept, and the other is not.
    beside[more.pairs[inside[more.pairs].sum(axis=1) == 1]] = True
    return near.joined(more.among(inside | (beside & misshapen)))


def cluster_of_each(
    near: Neighbours,
    yx_px: NDArray[np.float64],
    inside: NDArray[np.bool_],
    *,
    flux_counts: NDArray[np.float64],
    diameter_px: float,
    single: SingleFlux,
    settings: SignalSettings,
) -> NDArray[np.int64]:
    """Number of the cluster of each spot from 0; -1 for spots that are counted one by one.

    A crowded group is a cluster if enough signals were resolved in it, it covers the area of more
    than one signal, and it has at least the light of as many as were resolved. A split signal
    beside others has not.
    """
    cluster = np.full(len(inside), -1, np.int64)
    rows, group = near.groups()
    if not rows.size:
        return cluster
    resolved = np.bincount(group, inside[rows])
    copies = np.bincount(group, flux_counts[rows]) / single.typical_counts
    # Where the light of a single signal is not known, nothing can be estimated.
    is_cluster = (resolved >= settings.cluster_least_signals) & (copies >= resolved)
    members = np.flatnonzero(is_cluster[group])
    number = np.cumsum(is_cluster) - 1
    area = footprint_signals(number[group[members]], yx_px[rows[members]], diameter_px=diameter_px)
    is_cluster[is_cluster] = area >= settings.cluster_least_area
    number = np.cumsum(is_cluster) - 1
    cluster[rows] = np.where(is_cluster[group], number[group], -1)
    return cluster
