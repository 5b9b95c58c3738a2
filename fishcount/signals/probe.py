"""The signals of one probe, told from grain, before any is merged or estimated."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.settings import SignalSettings
from fishcount.signals.faint import faint_spots
from fishcount.signals.flux import SingleFlux, single_flux
from fishcount.signals.members import cluster_of_each, typical_diameter_px
from fishcount.signals.neighbours import Neighbours
from fishcount.spots import Spots

__all__ = ["ProbeSignals", "probe_signals"]

# From this many diameters apart, signals lie alone.
_APART_DIAMETERS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProbeSignals:
    """Spots of one probe, what each is, and what a single signal of the channel looks like.

    Attributes
    ----------
    spots : Spots
    nucleus : ndarray of int64, (n,)
        Label of the nucleus of each; 0 for none.
    position_px : ndarray of float64, (n, 3)
        z, y, x in an isotropic frame.
    faint, inside : ndarray of bool, (n,)
        Kept spots that are much fainter than signals are; those that are signals, in a nucleus.
    near : Neighbours
        Pairs of the signals inside, as far as any rule looks.
    diameter_px : float
        Of a single signal.
    single : SingleFlux
    cluster : ndarray of int64, (n,)
        Number of the cluster of each from 0; -1 for what is counted one by one.
    """

    spots: Spots
    nucleus: NDArray[np.int64]
    position_px: NDArray[np.float64]
    faint: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    near: Neighbours
    diameter_px: float
    single: SingleFlux
    cluster: NDArray[np.int64]


def probe_signals(
    spots: Spots,
    nucleus: NDArray[np.int64],
    *,
    pixel_size_um: float,
    z_scale: float,
    settings: SignalSettings,
    single: SingleFlux | None = None,
) -> ProbeSignals:
    """Tell signals from grain, single ones from clusters.

    Parameters
    ----------
    spots : Spots
    nucleus : ndarray of int64, (n,)
        Label of the nucleus of each spot; 0 for none.
    pixel_size_um
    z_scale
        Planes to pixels, in the frame in which a signal is as long as wide.
    settings
    single
        What a single signal shows, where that is known better than from these spots.
    """
    position = np.column_stack([z_scale * spots.z_px, spots.y_px, spots.x_px])
    faint = _faint(spots, position, nucleus, settings)
    inside = spots.kept & (nucleus > 0) & ~faint
    diameter_px = max(typical_diameter_px(spots, inside), settings.min_diameter_um / pixel_size_um)
    # The largest distance of centres that any rule asks for.
    gaps = max(settings.split_gap_diameters, settings.cluster_gap_diameters)
    farthest_px = diameter_px * max(_APART_DIAMETERS, 1.0 + gaps)
    near = Neighbours.of(position, nucleus, reach_px=farthest_px, chosen=inside)
    alone = _alone(near.within(_APART_DIAMETERS * diameter_px), inside)
    if single is None:
        single = _single_flux(spots, inside, alone, settings)
    signals = ProbeSignals(
        spots=spots,
        nucleus=nucleus,
        position_px=position,
        faint=faint,
        inside=inside,
        near=near,
        diameter_px=diameter_px,
        single=single,
        cluster=np.full(len(spots), -1),
    )
    return replace(signals, cluster=_clusters(signals, settings))


def _clusters(signals: ProbeSignals, settings: SignalSettings) -> NDArray[np.int64]:
    """Number of the cluster of each spot from 0; -1 for what is counted one by one."""
    diameter_px = signals.diameter_px
    return cluster_of_each(
        signals.near.within(diameter_px * (1.0 + settings.cluster_gap_diameters)),
        signals.position_px[:, 1:],
        flux_counts=signals.spots.flux_counts,
        diameter_px=diameter_px,
        single=signals.single,
        settings=settings,
    )


def _faint(
    spots: Spots,
    position_px: NDArray[np.float64],
    nucleus: NDArray[np.int64],
    settings: SignalSettings,
) -> NDArray[np.bool_]:
    """Kept spots that are grain, (n,), told by those that lie alone in a nucleus."""
    kept = spots.kept & (nucleus > 0)
    # What is a signal is not known yet, so neither is their diameter: that of all spots will do.
    reach_px = _APART_DIAMETERS * typical_diameter_px(spots, spots.kept)
    return faint_spots(
        spots.amplitude_counts,
        kept=spots.kept,
        alone=_alone(Neighbours.of(position_px, nucleus, reach_px=reach_px, chosen=kept), kept),
        nucleus=nucleus,
        min_share=settings.min_share_of_typical,
    )


def _alone(near: Neighbours, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the chosen spots have none of the others near them."""
    alone = chosen.copy()
    alone[near.pairs] = False
    return alone


def _single_flux(
    spots: Spots,
    inside: NDArray[np.bool_],
    alone: NDArray[np.bool_],
    settings: SignalSettings,
) -> SingleFlux:
    """Intensity of single signals of the channel.

    What detection found typical of the whole channel is better than what those that lie alone
    show, where it is known: these are few in amplified cases, and pairs are among them.
    """
    # Where nearly all signals are crowded, the resolved ones stand for single signals.
    if np.count_nonzero(alone) < settings.least_single_signals:
        alone = inside
    single = single_flux(spots.flux_counts[alone], least=settings.least_single_signals)
    if not (math.isfinite(single.typical_counts) and math.isfinite(spots.typical_counts)):
        return single
    return replace(single, typical_counts=spots.typical_flux_counts)
