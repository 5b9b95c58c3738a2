"""Count fields again from the nuclei and candidates that were found, without their pixels.

Counting is cheap compared to finding, so a case can be counted under another cut, another merging
rule or another selection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import mask_of, raise_flag
from fishcount.nuclei import select_nuclei
from fishcount.results import FieldResult
from fishcount.scoring import CaseScore, SelectionCheck, check_selection, score_counts
from fishcount.settings import ScoringSettings, Settings
from fishcount.signals import Copies, count_signals
from fishcount.spots import cut_at

__all__ = [
    "FLAGS_OF_SIGNALS",
    "SKIPPED_FOR_SIGNALS",
    "ScoredNuclei",
    "recount_field",
    "score_nuclei",
    "scored_nuclei",
    "selection_of",
    "signal_flags",
]

Integers = NDArray[np.int64]

# Reasons for which nuclei of good outline are skipped, by the rule of dual-probe kits.
SKIPPED_FOR_SIGNALS = ("NO_SIGNAL", "ONE_COLOUR")
# Flags of nuclei that follow from their signals, and are raised anew with every count.
FLAGS_OF_SIGNALS = (
    *SKIPPED_FOR_SIGNALS,
    "HER2_ESTIMATED",
    "CEP17_ESTIMATED",
    "ESTIMATES_DISAGREE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredNuclei:
    """The scored nuclei of all fields of a case, field after field.

    Attributes
    ----------
    fields : tuple of str
        Names of all fields of the case.
    field, nucleus : ndarray of int64, (n,)
        Number of the field from 0, and the label of the nucleus in it.
    yx_px : ndarray of float64, (n, 2)
        Their centres; NaN where one is not known.
    her2 : mapping of str to ndarray of int64
        Copies "best", "low" and "high".
    cep17 : mapping of str to ndarray of int64, or None
        None in a single-probe case.
    """

    fields: tuple[str, ...]
    field: Integers
    nucleus: Integers
    yx_px: NDArray[np.float64]
    her2: Mapping[str, Integers]
    cep17: Mapping[str, Integers] | None

    def __len__(self) -> int:
        return len(self.field)

    @property
    def n_areas(self) -> int:
        """Fields in which something was scored."""
        return len(np.unique(self.field))

    @property
    def pair(self) -> tuple[Integers, Integers | None]:
        """HER2 and CEP17 of each nucleus; no CEP17 in a single-probe case."""
        return self.her2["best"], None if self.cep17 is None else self.cep17["best"]


def scored_nuclei(fields: Sequence[FieldResult]) -> ScoredNuclei:
    """The scored nuclei of fields with the same probes; at least one field."""

    def copies(probe: str) -> dict[str, Integers]:
        return {
            name: np.concatenate([getattr(f.counts.copies[probe], name)[f.scored] for f in fields])
            for name in ("best", "low", "high")
        }

    return ScoredNuclei(
        fields=tuple(field.image.name for field in fields),
        field=np.repeat(np.arange(len(fields)), [int(f.scored.sum()) for f in fields]),
        nucleus=np.concatenate([np.flatnonzero(f.scored) + 1 for f in fields]),
        yx_px=np.concatenate(
            [np.stack([f.nuclei.y_px, f.nuclei.x_px], axis=1)[f.scored] for f in fields]
        ),
        her2=copies("HER2"),
        cep17=copies("CEP17") if "CEP17" in fields[0].image.probes else None,
    )


def score_nuclei(
    nuclei: ScoredNuclei, *, detected: bool = True, settings: ScoringSettings | None = None
) -> CaseScore:
    """Sums and intervals over the scored nuclei, each estimated count with its range.

    `detected` as for `score_counts`: False where a person has seen all of them.
    """
    her2, cep17 = nuclei.her2, nuclei.cep17 or {}
    return score_counts(
        her2["best"],
        cep17.get("best"),
        field=nuclei.field,
        her2_low=her2["low"],
        her2_high=her2["high"],
        cep17_low=cep17.get("low"),
        cep17_high=cep17.get("high"),
        detected=detected,
        settings=settings,
    )


def selection_of(fields: Sequence[FieldResult]) -> SelectionCheck:
    """The scored nuclei beside all that were skipped for nothing but their signals."""
    reasons = np.concatenate([field.reject_reason for field in fields])
    scored = np.concatenate([field.scored for field in fields])
    copies = {
        probe: np.concatenate([field.counts.copies[probe].best for field in fields])
        for probe in fields[0].image.probes
    }
    return check_selection(
        copies["HER2"],
        copies.get("CEP17"),
        scored=scored,
        eligible=scored | np.isin(reasons, SKIPPED_FOR_SIGNALS),
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


def recount_field(field: FieldResult, *, was: Settings, settings: Settings) -> FieldResult:
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

    Returns
    -------
    FieldResult
        With other counts, flags and selection; nuclei and findings as they were.
    """
    spots, counts = field.spots, field.counts
    if settings.spots.min_score != was.spots.min_score:
        spots = {
            probe: cut_at(found, settings.spots.min_score, min_share=settings.spots.min_share)
            for probe, found in spots.items()
        }
    if spots is not field.spots or settings.signals != was.signals:
        counts = count_signals(
            spots,
            field.nuclei,
            pixel_size_um=field.image.pixel_size_um,
            z_step_um=field.image.z_step_um,
            settings=settings.signals,
            assigned=_assigned(field)
            if settings.signals.border_tolerance_um == was.signals.border_tolerance_um
            else None,
        )
    other = field.flags & ~np.uint32(mask_of(FLAGS_OF_SIGNALS))
    flags = other | signal_flags(counts.copies, len(field.nuclei))
    scored, reason = select_nuclei(flags, settings=settings.selection)
    return replace(
        field, spots=spots, counts=counts, flags=flags, scored=scored, reject_reason=reason
    )


def _assigned(field: FieldResult) -> dict[str, Integers]:
    """Label of the nucleus of each candidate, by probe: signals are listed probe after probe."""
    ends = np.cumsum([len(spots) for spots in field.spots.values()])
    parts = np.split(field.counts.signals.nucleus, ends[:-1])
    return dict(zip(field.spots, parts, strict=True))
