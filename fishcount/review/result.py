"""The reviewed result: score, categories and summary of a state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fishcount
from fishcount.flags import Finding
from fishcount.guidelines import Classification, Scheme
from fishcount.records import (
    CASE_FIGURES,
    category_record,
    findings_record,
    heterogeneity_record,
    score_record,
    selection_record,
    stability_record,
)
from fishcount.recount import (
    SKIPPED_FOR_SIGNALS,
    ScoredNuclei,
    case_findings,
    classify_nuclei,
    score_nuclei,
)
from fishcount.review.state import ReviewState
from fishcount.scoring import CaseScore, SelectionCheck, check_selection, heterogeneity
from fishcount.stability import left_out

__all__ = ["Reviewed", "reviewed_summary", "score_review"]

# Keys of a summary by which the automatic and the reviewed result are compared.
_HEADLINE = (*CASE_FIGURES, "intervals_95", "categories")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """Score and categories of a state, and how far the review is.

    Attributes
    ----------
    score : CaseScore
    classification : Classification
    findings : tuple of Finding
    selection : SelectionCheck
        The scored nuclei beside all that were fit to be scored.
    n_nuclei : int
        Nuclei that stand.
    progress : mapping of str to int
        How many of them are unreviewed, accepted, rejected, edited.
    """

    score: CaseScore
    classification: Classification
    findings: tuple[Finding, ...]
    selection: SelectionCheck
    n_nuclei: int
    progress: Mapping[str, int]

    @property
    def n_reviewed(self) -> int:
        """Nuclei that a reader has dealt with."""
        return self.n_nuclei - self.progress["unreviewed"]


def score_review(
    state: ReviewState,
    *,
    ihc: str | None = None,
    schemes: Iterable[str | Scheme] | None = None,
) -> Reviewed:
    """Pool the nuclei that stand as scored and classify the case, as `fishcount.score_case` does.

    Parameters
    ----------
    state
    ihc
        IHC score; that of the automatic result when left out.
    schemes
        Those of the settings of the run when left out.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import Review, score_review
    >>> folder = example_case()
    >>> with Review.open(folder, reader="A") as review:
    ...     reviewed = score_review(review.state, ihc="2+")
    >>> reviewed.n_reviewed, reviewed.classification.ihc
    (0, '2+')
    """
    counts, settings = state.counts, state.automatic.settings.scoring
    summary = state.automatic.folder.summary
    nuclei = _scored_nuclei(state)
    score = score_nuclei(
        nuclei,
        # Where a reader has seen every scored nucleus, the counts are those of a person.
        detected=bool((counts.review[counts.scored] == "unreviewed").any()),
        settings=settings,
    )
    ihc = summary.get("ihc") if ihc is None else ihc
    classification = classify_nuclei(
        nuclei,
        score,
        ihc=ihc,
        faint_staining=ihc == "0" and "HER2-ultralow" in summary.get("tags", ()),
        schemes=schemes,
        settings=settings,
    )
    selection = _selection_of(state)
    return Reviewed(
        score=score,
        classification=classification,
        findings=case_findings(
            classification,
            selection,
            nuclei=nuclei,
            pixel_size_um=state.automatic.pixel_sizes,
            settings=settings,
        ),
        selection=selection,
        n_nuclei=len(counts),
        progress={
            status: int((counts.review == status).sum())
            for status in ("unreviewed", "accepted", "rejected", "edited")
        },
    )


def reviewed_summary(
    state: ReviewState, reviewed: Reviewed, *, schemes: Iterable[str | Scheme] | None = None
) -> dict[str, Any]:
    """The content of ``summary.json`` of the reviewed result; the automatic headline is in it.

    What other settings would give is left out: the edits of a reader are of one set of signals.
    `schemes` as for `score_review`.
    """
    summary, counts = state.automatic.folder.summary, state.counts
    fields = [
        {
            **record,
            "n_nuclei": int((counts.field == i).sum()),
            "n_scored": int((counts.scored & (counts.field == i)).sum()),
        }
        for i, record in enumerate(summary["fields"])
    ]
    return {
        **summary,
        "fields": fields,
        **score_record(reviewed.score),
        "categories": [category_record(one) for one in reviewed.classification.categories],
        **findings_record(reviewed.findings),
        "ihc": reviewed.classification.ihc,
        "tags": list(reviewed.classification.tags),
        **_what_holds_it(state, reviewed, schemes),
        "software": f"fishcount {fishcount.__version__}",
        "review": {**reviewed.progress, "automatic": {key: summary[key] for key in _HEADLINE}},
    }


def _what_holds_it(
    state: ReviewState, reviewed: Reviewed, schemes: Iterable[str | Scheme] | None
) -> dict[str, Any]:
    """Stability, selection and heterogeneity of the nuclei that stand."""
    nuclei = _scored_nuclei(state)
    categories = reviewed.classification.categories
    deciding = left_out(
        nuclei,
        categories,
        settings=state.automatic.settings,
        schemes=schemes,
        ihc=reviewed.classification.ihc,
    )
    return {
        "stability": stability_record(categories, (), deciding),
        "selection": selection_record(reviewed.selection),
        "heterogeneity": heterogeneity_record(
            heterogeneity(*nuclei.pair, field=nuclei.field, yx_px=nuclei.yx_px),
            [
                (nuclei.fields[field], number)
                for field, number in zip(nuclei.field, nuclei.nucleus.tolist(), strict=True)
            ],
        ),
    }


def _selection_of(state: ReviewState) -> SelectionCheck:
    """The nuclei that stand as scored beside all that were skipped for their signals alone."""
    counts = state.counts
    cep17 = counts.copies.get("CEP17")
    return check_selection(
        counts.copies["HER2"].best,
        None if cep17 is None else cep17.best,
        scored=counts.scored,
        eligible=counts.scored | np.isin(counts.reject_reason, SKIPPED_FOR_SIGNALS),
    )


def _scored_nuclei(state: ReviewState) -> ScoredNuclei:
    """The nuclei that stand as scored, of all fields."""
    counts, scored = state.counts, state.counts.scored
    copies = {
        probe: {"best": of.best[scored], "low": of.low[scored], "high": of.high[scored]}
        for probe, of in counts.copies.items()
    }
    return ScoredNuclei(
        fields=tuple(state.automatic.fields),
        field=counts.field[scored],
        nucleus=counts.number[scored],
        yx_px=_centres(state)[scored],
        her2=copies["HER2"],
        cep17=copies.get("CEP17"),
    )


def _centres(state: ReviewState) -> NDArray[np.float64]:
    """Centres (n, 2) of the nuclei that stand, as they were found; NaN for those of a reader."""
    table = state.automatic.folder.nuclei[["y_px", "x_px"]].to_numpy(np.float64)
    return np.vstack([table, np.full((1, 2), np.nan)])[state.counts.row]
