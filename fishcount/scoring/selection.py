"""Whether the nuclei that were scored stand for those that could have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import CountError
from fishcount.flags import Finding
from fishcount.scoring.pooled import CaseScore
from fishcount.scoring.whole import whole_counts
from fishcount.settings import ScoringSettings

__all__ = ["SelectionCheck", "check_selection", "selection_findings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionCheck:
    """The scored nuclei beside all whose outline is fit for scoring.

    Skipping nuclei without signals, or with one colour only, is the rule of dual-probe kits. It
    takes low counts out and so raises the mean: the difference is shown, never corrected.

    Attributes
    ----------
    scored, eligible : CaseScore
        Sums over both groups, without intervals.
    """

    scored: CaseScore
    eligible: CaseScore

    @property
    def share_skipped(self) -> float | None:
        """Share of the eligible nuclei that were skipped for their signals; None without any."""
        n = self.eligible.n_scored
        return 1 - self.scored.n_scored / n if n else None

    @property
    def her2_shift(self) -> float | None:
        """Mean HER2 of the scored over that of the eligible, less 1; None without signals."""
        scored, eligible = (
            self.scored.mean_her2_per_nucleus,
            self.eligible.mean_her2_per_nucleus,
        )
        return scored / eligible - 1 if scored is not None and eligible else None


def check_selection(
    her2: ArrayLike, cep17: ArrayLike | None = None, *, scored: ArrayLike, eligible: ArrayLike
) -> SelectionCheck:
    """Compare the scored nuclei with all eligible ones.

    Parameters
    ----------
    her2, cep17 : array_like of int, (n,)
        Copies of every nucleus, scored or not.
    scored, eligible : array_like of bool, (n,)
        Scored nuclei; nuclei that were left out for nothing but their signals, and the scored.

    Raises
    ------
    CountError
        For negative or fractional counts, columns that differ in length, or a scored nucleus that
        is not eligible.

    Examples
    --------
    >>> from fishcount.scoring import check_selection
    >>> check = check_selection([2, 2, 0, 3], scored=[1, 1, 0, 1], eligible=[1, 1, 1, 1])
    >>> check.share_skipped
    0.25
    """
    chosen, fit = np.asarray(scored, np.bool_), np.asarray(eligible, np.bool_)
    columns = [
        whole_counts(name, column)
        for name, column in (("HER2", her2), ("CEP17", cep17))
        if column is not None
    ]
    if any(column.shape != chosen.shape for column in (fit, *columns)):
        raise CountError("one value for each nucleus", field="selection")
    if (chosen & ~fit).any():
        raise CountError("a scored nucleus must be eligible", field="selection")

    def pooled(which: NDArray[np.bool_]) -> CaseScore:
        sums = [int(column[which].sum()) for column in columns]
        return CaseScore(
            n_scored=int(which.sum()),
            her2_signals=sums[0],
            cep17_signals=sums[1] if len(sums) > 1 else None,
        )

    return SelectionCheck(scored=pooled(chosen), eligible=pooled(fit))


def selection_findings(
    check: SelectionCheck, *, settings: ScoringSettings | None = None
) -> tuple[Finding, ...]:
    """MANY_SKIPPED where more nuclei were skipped for their signals than the settings allow."""
    settings = ScoringSettings.of(settings)
    share = check.share_skipped
    if share is None or share <= settings.many_skipped:
        return ()
    return (Finding("MANY_SKIPPED", share),)
