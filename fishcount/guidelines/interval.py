"""Intervals of a quotient, written as text, decided with integers."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

__all__ = ["Bound", "Interval"]

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_BOUND = re.compile(r"\s*(>=|<=|>|<)\s*(\d{1,6}(?:\.\d{1,6})?)\s*")


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison of a quotient with a threshold.

    Attributes
    ----------
    symbol : str
        ">=", ">", "<=" or "<".
    value : Fraction
        The threshold, exact.
    text : str
        The threshold as it was written: "2.0".
    """

    symbol: str
    value: Fraction
    text: str

    def holds(self, top: Any, bottom: Any) -> Any:
        """Whether ``top / bottom`` fulfils the comparison, without dividing.

        Works alike on integers and on integer arrays; `bottom` must be positive.
        """
        compare = _OPERATORS[self.symbol]
        return compare(top * self.value.denominator, bottom * self.value.numerator)


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds that all have to hold.

    Examples
    --------
    >>> from fishcount.guidelines.interval import Interval
    >>> equivocal = Interval.parse(">= 1.8, <= 2.2")
    >>> equivocal.holds(88, 40), equivocal.holds(89, 40)
    (True, False)
    """

    bounds: tuple[Bound, ...]

    @classmethod
    def parse(cls, text: str) -> Interval:
        """Read ``">= 1.8, <= 2.2"``; raises ValueError for anything else."""
        bounds = []
        for part in text.split(","):
            match = _BOUND.fullmatch(part)
            if match is None:
                raise ValueError(f"must read like '>= 4.0, < 6.0'; got {text!r}")
            bounds.append(Bound(match[1], Fraction(match[2]), match[2]))
        return cls(tuple(bounds))

    def holds(self, top: Any, bottom: Any) -> Any:
        """Whether ``top / bottom`` lies in the interval; integers or integer arrays."""
        result = self.bounds[0].holds(top, bottom)
        for bound in self.bounds[1:]:
            result = result & bound.holds(top, bottom)
        return result

    def __str__(self) -> str:
        return " and ".join(f"{bound.symbol} {bound.text}" for bound in self.bounds)
