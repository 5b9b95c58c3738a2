"""Spots and nuclei of a field to signals, and signals to copies per nucleus."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import CountError, InputError, check_kind
from fishcount.image.checks import check_sizes
from fishcount.nuclei import Nuclei, OutlinedNuclei
from fishcount.settings import SignalSettings
from fishcount.signals.assign import assign_to_nuclei
from fishcount.signals.budget import expected_false, within_budget
from fishcount.signals.flux import SingleFlux
from fishcount.signals.probe import probe_signals
from fishcount.signals.probe_counts import ProbeCounts, count_probe
from fishcount.signals.result import Clusters, SignalCounts, Signals, Status
from fishcount.spots import Spots

__all__ = ["count_signals"]


def count_signals(
    spots: Mapping[str, Spots],
    nuclei: Nuclei | OutlinedNuclei,
    *,
    pixel_size_um: float,
    z_step_um: float | None = None,
    settings: SignalSettings | None = None,
    assigned: Mapping[str, NDArray[np.int64]] | None = None,
    single_flux: Mapping[str, SingleFlux] | None = None,
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
    single_flux
        Light of a single signal of each probe, where more is known than these spots tell: from
        the other fields of a case (`pooled_flux`).

    Returns
    -------
    SignalCounts
        Signals in the order of the probes, and within a probe in the order of its spots. All
        spots are there: kept, merged, rejected or outside. No spots give no signals, and zero
        copies in every nucleus.

    Raises
    ------
    InputError
        When `nuclei` are no `Nuclei`, or `spots` no `Spots` by role, at finite positions.
    CalibrationError
        When a size is not above 0, or not that of a microscope: 65 is one in nanometres.
    CountError
        When `assigned` does not hold the label of a nucleus, or 0, for each spot.

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
    _check_arguments(spots, nuclei, pixel_size_um, z_step_um)
    settings = SignalSettings.of(settings)
    if assigned is None:
        tolerance_px = settings.border_tolerance_um / pixel_size_um
        assigned = {role: _assigned(found, nuclei, tolerance_px) for role, found in spots.items()}
    else:
        check_kind("assigned", assigned, Mapping)
        assigned = {
            role: _as_labels(assigned.get(role), role, len(found), highest=len(nuclei))
            for role, found in spots.items()
        }
    if settings.false_per_nucleus is not None:
        spots = {
            role: within_budget(
                found,
                assigned[role],
                len(nuclei),
                budget=settings.false_per_nucleus,
                min_share=settings.min_share_of_typical,
            )
            for role, found in spots.items()
        }
    z_scale = _z_scale(z_step_um, pixel_size_um, settings)
    probes = {
        role: count_probe(
            role,
            probe_signals(
                found,
                assigned[role],
                pixel_size_um=pixel_size_um,
                z_scale=z_scale,
                settings=settings,
                single=(single_flux or {}).get(role),
            ),
            area_px=nuclei.area_px,
            settings=settings,
        )
        for role, found in spots.items()
    }
    return _together(spots, probes)


def _check_arguments(
    spots: Mapping[str, Spots],
    nuclei: Nuclei | OutlinedNuclei,
    pixel_size_um: float,
    z_step_um: float | None,
) -> None:
    """Refuse what is of another kind, or no size."""
    check_kind("pixel_size_um", pixel_size_um, Real)
    check_sizes(pixel_size_um=pixel_size_um, z_step_um=z_step_um)
    check_kind(
        "nuclei",
        nuclei,
        Nuclei,
        OutlinedNuclei,
        remedy="a label image becomes nuclei by fishcount.nuclei.nuclei_from_labels",
    )
    check_kind("spots", spots, Mapping, remedy='give them by role: {"HER2": spots}')
    for role, found in spots.items():
        check_kind("spots", found, Spots, remedy="find them with fishcount.detect_spots")
        if not np.isfinite([found.z_px, found.y_px, found.x_px]).all():
            raise InputError(
                "positions must be finite", field=f"spots {role}", found="NaN or infinity"
            )


def _as_labels(given: object, role: str, n_spots: int, *, highest: int) -> NDArray[np.int64]:
    """The label of the nucleus of each spot, as a caller gave it."""
    labels = np.asarray([] if given is None else given)
    if labels.size == 0:
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iu" or labels.shape != (n_spots,):
        raise CountError(
            "one label for each spot",
            field=f"assigned {role}",
            found=f"{labels.dtype} of shape {labels.shape}",
            expected=n_spots,
        )
    if n_spots and not 0 <= labels.min() <= labels.max() <= highest:
        raise CountError(
            "no label of a nucleus",
            field=f"assigned {role}",
            found=f"{labels.min()} to {labels.max()}",
            expected=f"0 to {highest}",
        )
    return labels.astype(np.int64, copy=False)


def _together(spots: Mapping[str, Spots], probes: Mapping[str, ProbeCounts]) -> SignalCounts:
    """The counts of all probes of a field; `spots` are those that they were counted from."""
    return SignalCounts(
        signals=Signals.concatenate([probe.signals for probe in probes.values()]),
        copies={role: probe.copies for role, probe in probes.items()},
        single_flux={role: probe.single for role, probe in probes.items()},
        clusters=Clusters.concatenate([probe.clusters for probe in probes.values()]),
        min_snr={role: found.min_snr for role, found in spots.items()},
        min_score={role: found.min_score for role, found in spots.items()},
        expected_false={
            role: expected_false(probe.signals.score, probe.signals.status == Status.KEPT.value)
            for role, probe in probes.items()
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
    return assign_to_nuclei(spots.yx_px, nuclei.stored_labels, tolerance_px=tolerance_px)
