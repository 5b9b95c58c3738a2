"""The scored nuclei of all fields of a case: their score, their category and their findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import Finding
from fishcount.guidelines import Classification, Scheme, classify
from fishcount.results import FieldResult
from fishcount.scoring import (
    CaseScore,
    SelectionCheck,
    calibration_findings,
    check_selection,
    overlap_findings,
    score_counts,
    selection_findings,
)
from fishcount.settings import ScoringSettings

__all__ = [
    "SKIPPED_FOR_SIGNALS",
    "ScoredNuclei",
    "case_findings",
    "classify_nuclei",
    "score_nuclei",
    "scored_nuclei",
    "selection_of",
]

# Reasons for which nuclei of good outline are skipped, by the rule of dual-probe kits.
SKIPPED_FOR_SIGNALS = ("NO_SIGNAL", "ONE_COLOUR")


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
    field: NDArray[np.int64]
    nucleus: NDArray[np.int64]
    yx_px: NDArray[np.float64]
    her2: Mapping[str, NDArray[np.int64]]
    cep17: Mapping[str, NDArray[np.int64]] | None

    def __len__(self) -> int:
        return len(self.field)

    @property
    def n_areas(self) -> int:
        """Fields in which something was scored."""
        return len(np.unique(self.field))

    @property
    def pair(self) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """HER2 and CEP17 of each nucleus; no CEP17 in a single-probe case."""
        return self.her2["best"], None if self.cep17 is None else self.cep17["best"]


def scored_nuclei(fields: Sequence[FieldResult]) -> ScoredNuclei:
    """The scored nuclei of fields with the same probes; at least one field."""

    def copies(probe: str) -> dict[str, NDArray[np.int64]]:
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


def classify_nuclei(
    nuclei: ScoredNuclei,
    score: CaseScore,
    *,
    ihc: str | None,
    faint_staining: bool,
    schemes: Iterable[str | Scheme] | None,
    settings: ScoringSettings,
) -> Classification:
    """The categories of scored nuclei whose score is known; the rest as for `classify`."""
    return classify(
        score.n_scored,
        score.her2_signals,
        score.cep17_signals,
        ihc=ihc,
        faint_staining=faint_staining,
        areas=score.areas,
        nucleus_counts=nuclei.pair,
        replicates=score.replicates,
        schemes=schemes,
        settings=settings,
    )


def case_findings(
    classification: Classification,
    selection: SelectionCheck,
    *,
    nuclei: ScoredNuclei,
    pixel_size_um: Mapping[str, float],
    settings: ScoringSettings,
) -> tuple[Finding, ...]:
    """All findings of a case: of its counts, its selection, and of its fields beside each other."""
    return (
        *classification.findings,
        *selection_findings(selection, settings=settings),
        *calibration_findings(pixel_size_um),
        *overlap_findings(nuclei.fields, nuclei.field, nuclei.yx_px),
    )
