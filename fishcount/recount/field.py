"""A field counted again from the nuclei and candidates that were found, without its pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import mask_of, raise_flag
from fishcount.nuclei import select_nuclei
from fishcount.recount.scored import SKIPPED_FOR_SIGNALS
from fishcount.results import FieldResult
from fishcount.settings import Settings
from fishcount.signals import Copies, SingleFlux, count_signals
from fishcount.spots import cut_at

__all__ = ["FLAGS_OF_SIGNALS", "recount_field", "signal_flags"]

# Flags of nuclei that follow from their signals, and are raised anew with every count.
FLAGS_OF_SIGNALS = (
    *SKIPPED_FOR_SIGNALS,
    "HER2_ESTIMATED",
    "CEP17_ESTIMATED",
    "ESTIMATES_DISAGREE",
)


def signal_flags(copies: Mapping[str, Copies], n_nuclei: int) -> NDArray[np.uint32]:
    """Flags (n,) of nuclei that only counting can raise: missing colours, estimates."""
    flags = np.zeros(n_nuclei, np.uint32)
    present = np.stack([probe.best > 0 for probe in copies.values()])
    n_colours = np.count_nonzero(present, axis=0)
    raise_flag(flags, "NO_SIGNAL", n_colours == 0)
    raise_flag(flags, "ONE_COLOUR", (n_colours > 0) & (n_colours < len(present)))
    for probe, values in copies.items():
        raise_flag(flags, f"{probe}_ESTIMATED", values.estimated)
        raise_flag(flags, "ESTIMATES_DISAGREE", values.disagree)
    return flags


def recount_field(
    field: FieldResult,
    *,
    was: Settings,
    settings: Settings,
    single_flux: Mapping[str, SingleFlux] | None = None,
) -> FieldResult:
    """A field counted again under other settings, from its candidates and nuclei.

    Parameters
    ----------
    field
        A result of `fishcount.score_field`.
    was
        The settings it was made with.
    settings
        Those to count with: of `spots` only `min_score` can differ, of the rest `signals` and
        `selection`.
    single_flux
        Light of a single signal of each probe, where that is no longer the one of the field: from
        the other fields of its case.

    Returns
    -------
    FieldResult
        With other counts, flags and selection; nuclei and findings as they were.
    """
    spots, counts = field.spots, field.counts
    single_flux = counts.single_flux if single_flux is None else single_flux
    anew = settings.signals != was.signals or single_flux != counts.single_flux
    if settings.spots.min_score != was.spots.min_score:
        spots = {
            probe: cut_at(found, settings.spots.min_score, min_share=settings.spots.min_share)
            for probe, found in spots.items()
        }
    if spots is not field.spots or anew:
        counts = count_signals(
            spots,
            field.nuclei,
            pixel_size_um=field.image.pixel_size_um,
            z_step_um=field.image.z_step_um,
            settings=settings.signals,
            assigned=_assigned(field)
            if settings.signals.border_tolerance_um == was.signals.border_tolerance_um
            else None,
            single_flux=single_flux,
        )
    other = field.flags & ~np.uint32(mask_of(FLAGS_OF_SIGNALS))
    flags = other | signal_flags(counts.copies, len(field.nuclei))
    scored, reason = select_nuclei(flags, settings=settings.selection)
    return replace(
        field,
        spots=spots,
        counts=counts,
        flags=flags,
        scored=scored,
        reject_reason=reason,
        settings=settings,
    )


def _assigned(field: FieldResult) -> dict[str, NDArray[np.int64]]:
    """Label of the nucleus of each candidate, by probe: signals are listed probe after probe."""
    ends = np.cumsum([len(spots) for spots in field.spots.values()])
    parts = np.split(field.counts.signals.nucleus, ends[:-1])
    return dict(zip(field.spots, parts, strict=True))
