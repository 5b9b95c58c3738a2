"""Which spots are single, which belong to a cluster, and how wide a signal is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fishcount.optics import FWHM_PER_SIGMA
from fishcount.settings import SignalSettings
from fishcount.signals.clusters import footprint_signals
from fishcount.signals.flux import SingleFlux
from fishcount.signals.neighbours import Neighbours
from fishcount.spots import Spots

__all__ = ["cluster_of_each", "typical_diameter_px"]


def typical_diameter_px(spots: Spots, chosen: NDArray[np.bool_]) -> float:
    """Full width at half maximum of the chosen spots: their median, or what detection assumed."""
    sigma = spots.sigma_px[chosen]
    sigma = sigma[np.isfinite(sigma) & (sigma > 0)]
    assumed = spots.psf_sigma_px if math.isfinite(spots.psf_sigma_px) else 0.0
    return FWHM_PER_SIGMA * (float(np.median(sigma)) if sigma.size else assumed)


def cluster_of_each(
    near: Neighbours,
    yx_px: NDArray[np.float64],
    *,
    flux_counts: NDArray[np.float64],
    diameter_px: float,
    single: SingleFlux,
    settings: SignalSettings,
) -> NDArray[np.int64]:
    """Number of the cluster of each spot from 0; -1 for spots that are counted one by one.

    `near` are pairs of signals. Light that was rejected beside them is none of a cluster: in drawn
    fields half as much of it was that of granules as was that of copies, and single granules beside
    signals passed for twenty copies.

    A crowded group is a cluster if enough signals were resolved in it, it covers the area of more
    than one signal, and it has at least the light of as many as were resolved. A split signal
    beside others has not.
    """
    cluster = np.full(near.n, -1, np.int64)
    rows, group = near.groups()
    if not rows.size:
        return cluster
    resolved = np.bincount(group)
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
