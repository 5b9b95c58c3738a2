"""Sums over scored nuclei, the means and the ratio that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from fishcount.read_only import ReadOnlyArrays
from fishcount.scoring.replicates import Replicates

__all__ = ["CaseScore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScore(ReadOnlyArrays):
    """Pooled counts of a case. The ratio is a ratio of sums, never a mean of ratios.

    Attributes
    ----------
    n_scored : int
        Scored nuclei.
    her2_signals : int
        Sum of HER2 copies over the scored nuclei.
    cep17_signals : int or None
        Sum of CEP17 copies; None in a single-probe case.
    areas : int or None
        Number of fields; None when it is not known.
    intervals_95 : mapping of str to (low, high)
        95 % intervals of "mean_her2_per_nucleus", "mean_cep17_per_nucleus" and
        "her2_cep17_ratio", as far as they exist.
    replicates : Replicates
        The bootstrap behind the intervals, from which a scheme makes its probabilities.
    """

    n_scored: int
    her2_signals: int
    cep17_signals: int | None
    areas: int | None = None
    intervals_95: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    replicates: Replicates = field(default_factory=Replicates.empty, compare=False, repr=False)

    @property
    def mean_her2_per_nucleus(self) -> float | None:
        """HER2 copies per nucleus; None when no nucleus was scored."""
        return self.her2_signals / self.n_scored if self.n_scored else None

    @property
    def mean_cep17_per_nucleus(self) -> float | None:
        """CEP17 copies per nucleus; None when none was scored or there is no such probe."""
        if self.cep17_signals is None or not self.n_scored:
            return None
        return self.cep17_signals / self.n_scored

    @property
    def her2_cep17_ratio(self) -> float | None:
        """Sum of HER2 over sum of CEP17; None where that does not exist."""
        return self.her2_signals / self.cep17_signals if self.cep17_signals else None
