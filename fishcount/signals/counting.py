"""Spots and nuclei to signals, and signals to copies per nucleus."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei import Nuclei
from fishcount.settings import SignalSettings
from fishcount.signals.assign import assign_to_nuclei
from fishcount.signals.clusters import (
    SingleFlux,
    estimate_clusters,
    footprint_signals,
    single_flux,
)
from fishcount.signals.crowd import crowded_groups, distance_in_nucleus
from fishcount.signals.faint import faint_spots
from fishcount.signals.result import Clusters, Copies, SignalCounts, Signals, Status
from fishcount.signals.split import (
    FWHM_PER_SIGMA,
    chance_distance_px,
    split_partners,
    stringy_partners,
)
from fishcount.spots import Spots

__all__ = ["count_signals"]

# Copies on top of each other make a spot that is misshapen and brighter than a single signal,
# but not as wide as a granule.
_MISSHAPEN = ("TOO_WIDE", "POOR_FIT")
_WIDEST_COPIES = 1.5
_LEAST_COPIES = 2.0


@dataclass(frozen=True, slots=True)
class _Channel:
    """What one probe gives."""

    signals: Signals
    copies: Copies
    clusters: Clusters
    single: SingleFlux


def count_signals(
    spots: Mapping[str, Spots],
    nuclei: Nuclei,
    *,
    pixel_size_um: float,
    z_step_um: float | None = None,
    settings: SignalSettings | None = None,
) -> SignalCounts:
    """Count the copies of each probe in each nucleus, and say what became of every spot.

    Spots are assigned to nuclei, split signals are merged (`fishcount.signals.split`), and
    clusters are estimated (`fishcount.signals.clusters`). Signals of different probes never
    touch each other: an orange over a green signal is one of each.

    Parameters
    ----------
    spots
        Spots of each probe, by role: ``{"HER2": ..., "CEP17": ...}``.
    nuclei : Nuclei
    pixel_size_um
        Size of a pixel in y and x.
    z_step_um
        Distance of planes; None in 2D.
    settings
        Defaults where it is None.

    Returns
    -------
    SignalCounts
        Signals in the order of the probes, and within a probe in the order of its spots. All
        spots are there: kept, merged, rejected or outside. No spots give no signals, and zero
        copies in every nucleus.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.nuclei import Nuclei
    >>> from fishcount.signals import count_signals
    >>> from fishcount.spots import Spots
    >>> counts = count_signals(
    ...     {"HER2": Spots.empty()}, Nuclei.empty((64, 64)), pixel_size_um=0.1
    ... )
    >>> len(counts.signals), counts.copies["HER2"].best
    (0, array([], dtype=int64))
    """
    if not (math.isfinite(pixel_size_um) and pixel_size_um > 0):
        raise ValueError(f"pixel_size_um must be > 0; got {pixel_size_um}")
    chosen = SignalSettings() if settings is None else settings
    z_scale = _z_scale(z_step_um, pixel_size_um, chosen)
    channels = {
        role: _count_channel(
            role,
            found,
            nuclei,
            pixel_size_um=pixel_size_um,
            z_scale=z_scale,
            settings=chosen,
        )
        for role, found in spots.items()
    }
    return SignalCounts(
        signals=Signals.concatenate([channel.signals for channel in channels.values()]),
        copies={role: channel.copies for role, channel in channels.items()},
        single_flux_counts={
            role: channel.single.typical_counts for role, channel in channels.items()
        },
        clusters=Clusters.concatenate([channel.clusters for channel in channels.values()]),
        min_snr={role: found.min_snr for role, found in spots.items()},
    )


def _z_scale(z_step_um: float | None, pixel_size_um: float, settings: SignalSettings) -> float:
    """Planes to pixels, shortened by how much longer than wide a signal is along z."""
    if z_step_um is None:
        return 0.0
    if not (math.isfinite(z_step_um) and z_step_um > 0):
        raise ValueError(f"z_step_um must be > 0; got {z_step_um}")
    return z_step_um / pixel_size_um / settings.axial_elongation


def _count_channel(
    role: str,
    spots: Spots,
    nuclei: Nuclei,
    *,
    pixel_size_um: float,
    z_scale: float,
    settings: SignalSettings,
) -> _Channel:
    nucleus = assign_to_nuclei(
        np.column_stack([spots.y_px, spots.x_px]),
        nuclei.labels,
        tolerance_px=settings.border_tolerance_um / pixel_size_um,
    )
    position = np.column_stack([z_scale * spots.z_px, spots.y_px, spots.x_px])
    faint = faint_spots(
        spots.amplitude_counts,
        kept=spots.kept,
        alone=_alone(position, nucleus, spots.kept, _typical_diameter_px(spots, spots.kept)),
        nucleus=nucleus,
        min_share=settings.min_share_of_typical,
    )
    seen = spots.kept & ~faint
    inside = seen & (nucleus > 0)
    diameter_px = max(_typical_diameter_px(spots, inside), settings.min_diameter_um / pixel_size_um)
    alone = _alone(position, nucleus, inside, diameter_px)
    # Where nearly everything is crowded, what was resolved tells of single signals as well.
    if np.count_nonzero(alone) < settings.least_single_signals:
        alone = inside
    single = single_flux(spots.flux_counts[alone], least=settings.least_single_signals)
    reach_px = diameter_px * (1.0 + settings.cluster_gap_diameters)
    beside = _misshapen_beside(
        spots,
        position,
        nucleus,
        inside,
        diameter_px=diameter_px,
        reach_px=reach_px,
        single=single,
    )
    cluster = _cluster_of_each(
        position,
        nucleus,
        inside,
        beside=beside,
        flux_counts=spots.flux_counts,
        diameter_px=diameter_px,
        reach_px=reach_px,
        single=single,
        settings=settings,
    )
    into = _merge(
        spots,
        position,
        nucleus,
        rows=np.flatnonzero(inside & (cluster < 0)),
        area_px=nuclei.area_px,
        diameter_px=diameter_px,
        settings=settings,
    )
    merged = into >= 0
    counted = inside & ~merged
    members = np.flatnonzero(cluster >= 0)
    clusters = estimate_clusters(
        cluster[members],
        spots.flux_counts[members],
        resolved=inside[members],
        channel=role,
        nucleus=nucleus[members],
        yx_px=position[members, 1:],
        single=single,
        diameter_px=diameter_px,
    )
    copies_of_signal = counted.astype(np.float64)
    _add_remainder(copies_of_signal, cluster, clusters, spots.amplitude_counts)
    status = np.full(len(spots), Status.KEPT.value, dtype="U16")
    status[merged] = Status.MERGED
    status[seen & ~inside] = Status.OUTSIDE
    status[~seen] = Status.REJECTED
    reason = np.where(spots.kept, "", spots.reason).astype("U16")
    reason[faint] = "TOO_FAINT"
    reason[status == Status.MERGED] = "SPLIT_SIGNAL"
    reason[status == Status.OUTSIDE] = "NOT_IN_NUCLEUS"
    signals = Signals(
        channel=np.full(len(spots), role, dtype="U16"),
        nucleus=nucleus,
        z_px=spots.z_px.copy(),
        y_px=spots.y_px.copy(),
        x_px=spots.x_px.copy(),
        snr=spots.snr.copy(),
        amplitude_counts=spots.amplitude_counts.copy(),
        background_counts=spots.background_counts.copy(),
        copies=copies_of_signal,
        status=status,
        reason=reason,
    )
    copies = _copies(nucleus, copies_of_signal, clusters, len(nuclei))
    return _Channel(signals=signals, copies=copies, clusters=clusters, single=single)


def _typical_diameter_px(spots: Spots, chosen: NDArray[np.bool_]) -> float:
    """Full width at half maximum of the chosen spots: their median, or what detection assumed."""
    sigma = spots.sigma_px[chosen]
    sigma = sigma[np.isfinite(sigma) & (sigma > 0)]
    assumed = spots.psf_sigma_px if math.isfinite(spots.psf_sigma_px) else 0.0
    return FWHM_PER_SIGMA * (float(np.median(sigma)) if sigma.size else assumed)


def _alone(
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


def _misshapen_beside(
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


def _cluster_of_each(
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


def _merge(
    spots: Spots,
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    *,
    rows: NDArray[np.int64],
    area_px: NDArray[np.int64],
    diameter_px: float,
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
        position_px[rows], spots.amplitude_counts[rows], nucleus=nucleus[rows], reach_px=reach_px
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


def _add_remainder(
    copies: NDArray[np.float64],
    members: NDArray[np.int64],
    clusters: Clusters,
    amplitude_counts: NDArray[np.float64],
) -> None:
    """Give what a cluster holds beyond its resolved signals to its brightest one."""
    rows = np.flatnonzero((members >= 0) & (copies > 0))
    order = rows[np.lexsort((rows, -amplitude_counts[rows], members[rows]))]
    _, first = np.unique(members[order], return_index=True)
    copies[order[first]] += clusters.best - clusters.n_resolved


def _copies(
    nucleus: NDArray[np.int64],
    copies_of_signal: NDArray[np.float64],
    clusters: Clusters,
    n_nuclei: int,
) -> Copies:
    size = n_nuclei + 1

    def per_nucleus(values: NDArray[np.int64]) -> NDArray[np.int64]:
        sums = np.bincount(clusters.nucleus, values, minlength=size)[1:]
        return np.rint(sums).astype(np.int64)

    best = np.rint(np.bincount(nucleus, copies_of_signal, minlength=size)[1:]).astype(np.int64)
    ones = np.ones(len(clusters), np.int64)
    return Copies(
        best=best,
        low=best - per_nucleus(clusters.best - clusters.low),
        high=best + per_nucleus(clusters.high - clusters.best),
        estimated=per_nucleus(ones) > 0,
        disagree=per_nucleus(clusters.disagree.astype(np.int64)) > 0,
    )
