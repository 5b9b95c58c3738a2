"""The integers that a scheme decides on, and the quotients of them that it compares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Measure", "Tally"]


class Measure(StrEnum):
    """A quotient of two counts that a scheme may compare with a threshold."""

    RATIO = "her2_cep17_ratio"
    MEAN_HER2 = "mean_her2_per_nucleus"
    MEAN_CEP17 = "mean_cep17_per_nucleus"
    SHARE = "share_of_nuclei"

    @property
    def words(self) -> str:
        """How a reason names it."""
        return _WORDS[self]


_WORDS = {
    Measure.RATIO: "ratio",
    Measure.MEAN_HER2: "mean HER2",
    Measure.MEAN_CEP17: "mean CEP17",
    Measure.SHARE: "share of nuclei",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over scored nuclei: Python integers for one case, int64 arrays for many replicates.

    Attributes
    ----------
    n : int or ndarray of int64
        Scored nuclei.
    her2, cep17 : int or ndarray of int64
        Sums of signals; `cep17` is None in a single-probe case.
    reached, paired : int or ndarray of int64
        Nuclei whose own ratio reaches the cut-off of the scheme, out of those that have a
        ratio; None where nuclei are not known one by one.
    """

    n: Any
    her2: Any
    cep17: Any = None
    reached: Any = None
    paired: Any = None

    def quotient(self, measure: Measure) -> tuple[Any, Any] | None:
        """Numerator and denominator of `measure`; None where the data do not have it."""
        top, bottom = {
            Measure.RATIO: (self.her2, self.cep17),
            Measure.MEAN_HER2: (self.her2, self.n),
            Measure.MEAN_CEP17: (self.cep17, self.n),
            Measure.SHARE: (self.reached, self.paired),
        }[measure]
        return None if top is None or bottom is None else (top, bottom)
