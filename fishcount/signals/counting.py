"""Spots and nuclei to signals, and signals to copies per nucleus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import check_positive
from fishcount.nuclei import Nuclei, OutlinedNuclei
from fishcount.settings import SignalSettings
from fishcount.signals.assign import assign_to_nuclei
from fishcount.signals.brightness import relative_brightness
from fishcount.signals.budget import expected_false, within_budget
from fishcount.signals.clusters import SingleFlux, estimate_clusters
from fishcount.signals.merging import merge_signals
from fishcount.signals.probe import ProbeSignals, probe_signals
from fishcount.signals.result import Clusters, Copies, SignalCounts, Signals, Status
from fishcount.spots import Spots

__all__ = ["count_signals"]


@dataclass(frozen=True, slots=True)
class _Channel:
    """What one probe gives."""

    signals: Signals
    copies: Copies
    clusters: Clusters
    single: SingleFlux


def count_signals(
    spots: Mapping[str, Spots],
    nuclei: Nuclei | OutlinedNuclei,
    *,
    pixel_size_um: float,
    z_step_um: float | None = None,
    settings: SignalSettings | None = None,
    assigned: Mapping[str, NDArray[np.int64]] | None = None,
) -> SignalCounts:
    """Count the copies of each probe in each nucleus, and say what became of every spot.

    Spots are assigned to nuclei, split signals are merged (`fishcount.signals.split`), and
    clusters are estimated (`fishcount.signals.clusters`). Signals of different probes never
    touch each other: an orange over a green signal is one of each.

    Parameters
    ----------
    spots
        Spots of each probe, by role: ``{"HER2": ..., "CEP17": ...}``.
    nuclei : Nuclei or OutlinedNuclei
    pixel_size_um
        Size of a pixel in y and x.
    z_step_um
        Distance of planes; None in 2D.
    settings
        Defaults where it is None.
    assigned
        Label of the nucleus of each spot of each probe, where it is known already: from a count
        of the same spots with the same `border_tolerance_um`.

    Returns
    -------
    SignalCounts
        Signals in the order of the probes, and within a probe in the order of its spots. All
        spots are there: kept, merged, rejected or outside. No spots give no signals, and zero
        copies in every nucleus.

    Raises
    ------
    ValueError
        When a size is not above 0.

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
    check_positive(pixel_size_um=pixel_size_um, z_step_um=z_step_um)
    chosen = SignalSettings() if settings is None else settings
    z_scale = _z_scale(z_step_um, pixel_size_um, chosen)
    if assigned is None:
        tolerance_px = chosen.border_tolerance_um / pixel_size_um
        assigned = {role: _assigned(found, nuclei, tolerance_px) for role, found in spots.items()}
    if chosen.false_per_nucleus is not None:
        budget, least = chosen.false_per_nucleus, chosen.min_share_of_typical
        spots = {
            role: within_budget(found, assigned[role], len(nuclei), budget=budget, min_share=least)
            for role, found in spots.items()
        }
    channels = {
        role: _count_channel(
            role,
            probe_signals(
                found,
                assigned[role],
                pixel_size_um=pixel_size_um,
                z_scale=z_scale,
                settings=chosen,
            ),
            nuclei,
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
        min_score={role: found.min_score for role, found in spots.items()},
        expected_false={
            role: expected_false(channel.signals.score, channel.signals.status == Status.KEPT.value)
            for role, channel in channels.items()
        },
    )


def _z_scale(z_step_um: float | None, pixel_size_um: float, settings: SignalSettings) -> float:
    """Planes to pixels, shortened by how much longer than wide a signal is along z."""
    if z_step_um is None:
        return 0.0
    return z_step_um / pixel_size_um / settings.axial_elongation


def _assigned(
    spots: Spots, nuclei: Nuclei | OutlinedNuclei, tolerance_px: float
) -> NDArray[np.int64]:
    """Label of the nucleus of each spot; 0 for none."""
    return assign_to_nuclei(
        np.column_stack([spots.y_px, spots.x_px]),
        nuclei.labels if isinstance(nuclei, Nuclei) else nuclei.outlines,
        tolerance_px=tolerance_px,
    )


def _count_channel(
    role: str, probe: ProbeSignals, nuclei: Nuclei | OutlinedNuclei, *, settings: SignalSettings
) -> _Channel:
    spots, inside, cluster = probe.spots, probe.inside, probe.cluster
    into = merge_signals(
        spots,
        probe.near,
        probe.nucleus,
        chosen=inside & (cluster < 0),
        area_px=nuclei.area_px,
        diameter_px=probe.diameter_px,
        single=probe.single,
        settings=settings,
    )
    merged = into >= 0
    members = np.flatnonzero(cluster >= 0)
    clusters = estimate_clusters(
        cluster[members],
        spots.flux_counts[members] / _brightness(probe)[members],
        resolved=inside[members],
        channel=role,
        nucleus=probe.nucleus[members],
        yx_px=probe.position_px[members, 1:],
        single=probe.single,
        diameter_px=probe.diameter_px,
    )
    copies_of_signal = (inside & ~merged).astype(np.float64)
    _add_remainder(copies_of_signal, cluster, clusters, spots.amplitude_counts)
    status = np.full(len(spots), Status.KEPT.value, dtype="U16")
    status[merged] = Status.MERGED
    status[~inside] = Status.OUTSIDE
    status[~spots.kept | probe.faint] = Status.REJECTED
    return _Channel(
        signals=_signals_of(role, probe, status=status, copies=copies_of_signal, into=into),
        copies=_copies(probe.nucleus, copies_of_signal, clusters, len(nuclei)),
        clusters=clusters,
        single=probe.single,
    )


def _brightness(probe: ProbeSignals) -> NDArray[np.float64]:
    """Of the signals of each spot's nucleus, beside the other nuclei with clusters; 1 elsewhere."""
    with_cluster = np.unique(probe.nucleus[probe.cluster >= 0])
    compared = np.isin(probe.nucleus, with_cluster)
    told = probe.inside & compared & (probe.spots.flux_counts > 0)
    brightness = np.ones(int(probe.nucleus.max(initial=0)) + 1)
    brightness[probe.nucleus[told]] = relative_brightness(
        probe.spots.flux_counts[told], probe.nucleus[told]
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
        merged_into=into + 1,
    )


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
