"""What the signals of one probe come to: merged, estimated, and counted in each nucleus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.settings import SignalSettings
from fishcount.signals.brightness import relative_brightness
from fishcount.signals.clusters import estimate_clusters
from fishcount.signals.flux import SingleFlux
from fishcount.signals.merging import merge_signals
from fishcount.signals.probe import ProbeSignals
from fishcount.signals.result import Clusters, Copies, Signals, Status

__all__ = ["ProbeCounts", "count_probe"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProbeCounts:
    """Signals of one probe and the copies they add up to.

    Attributes
    ----------
    signals : Signals
        Every candidate with its fate.
    copies : Copies
        For each nucleus.
    clusters : Clusters
        What was estimated.
    single : SingleFlux
        Of a single signal of the channel.
    """

    signals: Signals
    copies: Copies
    clusters: Clusters
    single: SingleFlux


def count_probe(
    role: str, probe: ProbeSignals, *, area_px: NDArray[np.int64], settings: SignalSettings
) -> ProbeCounts:
    """Merge split signals, estimate clusters, and add up the copies of each nucleus.

    Parameters
    ----------
    role
        Of the probe.
    probe : ProbeSignals
    area_px : ndarray of int64, (n,)
        Area of every nucleus of the field; row ``i`` is label ``i + 1``.
    settings
    """
    spots, inside = probe.spots, probe.inside
    into = merge_signals(probe, area_px=area_px, settings=settings)
    merged = into >= 0
    clusters = _estimated(role, probe)
    alone = (inside & ~merged).astype(np.float64)
    copies_of_signal = alone + _remainder(alone, probe.cluster, clusters, spots.amplitude_counts)
    status = np.full(len(spots), Status.KEPT.value, dtype="U16")
    status[merged] = Status.MERGED
    status[~inside] = Status.OUTSIDE
    status[~spots.kept | probe.faint] = Status.REJECTED
    return ProbeCounts(
        signals=_signals_of(role, probe, status=status, copies=copies_of_signal, into=into),
        copies=_copies(probe.nucleus, copies_of_signal, clusters, len(area_px)),
        clusters=clusters,
        single=probe.single,
    )


def _estimated(role: str, probe: ProbeSignals) -> Clusters:
    """The clusters of a probe with their copies."""
    members = np.flatnonzero(probe.cluster >= 0)
    return estimate_clusters(
        probe.cluster[members],
        probe.spots.flux_counts[members] / _brightness(probe)[members],
        channel=role,
        nucleus=probe.nucleus[members],
        yx_px=probe.position_px[members, 1:],
        single=probe.single,
        diameter_px=probe.diameter_px,
    )


def _brightness(probe: ProbeSignals) -> NDArray[np.float64]:
    """Of the signals of each spot's nucleus, beside the other nuclei with clusters; 1 elsewhere."""
    with_cluster = np.unique(probe.nucleus[probe.cluster >= 0])
    compared = np.isin(probe.nucleus, with_cluster)
    used = probe.inside & compared & (probe.spots.flux_counts > 0)
    brightness = np.ones(int(probe.nucleus.max(initial=0)) + 1)
    brightness[probe.nucleus[used]] = relative_brightness(
        probe.spots.flux_counts[used], probe.nucleus[used]
    )
    return brightness[probe.nucleus]


def _signals_of(
    role: str,
    probe: ProbeSignals,
    *,
    status: NDArray[np.str_],
    copies: NDArray[np.float64],
    into: NDArray[np.int64],
) -> Signals:
    """The table of all candidates, each with its fate and the reason for it."""
    spots = probe.spots
    reason = np.where(spots.kept, "", spots.reason).astype("U16")
    reason[probe.faint] = "TOO_FAINT"
    reason[status == Status.MERGED] = "SPLIT_SIGNAL"
    reason[status == Status.OUTSIDE] = "NOT_IN_NUCLEUS"
    return Signals(
        channel=np.full(len(spots), role, dtype="U16"),
        nucleus=probe.nucleus,
        z_px=spots.z_px.copy(),
        y_px=spots.y_px.copy(),
        x_px=spots.x_px.copy(),
        snr=spots.snr.copy(),
        amplitude_counts=spots.amplitude_counts.copy(),
        background_counts=spots.background_counts.copy(),
        copies=copies,
        status=status,
        reason=reason,
        score=spots.score.copy(),
        significance=spots.significance.copy(),
        merged_into=into + 1,
    )


def _remainder(
    copies: NDArray[np.float64],
    cluster: NDArray[np.int64],
    clusters: Clusters,
    amplitude_counts: NDArray[np.float64],
) -> NDArray[np.float64]:
    """What each cluster holds beyond its resolved signals, at its brightest one; 0 elsewhere."""
    rows = np.flatnonzero((cluster >= 0) & (copies > 0))
    order = rows[np.lexsort((rows, -amplitude_counts[rows], cluster[rows]))]
    _, first = np.unique(cluster[order], return_index=True)
    remainder = np.zeros(len(copies))
    remainder[order[first]] = clusters.best - clusters.n_resolved
    return remainder


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
