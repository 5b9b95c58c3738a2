"""Words for codes: how categories, schemes and figures are written for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import MappingProxyType

from fishcount.flags import FLAGS
from fishcount.guidelines import NEEDED
from fishcount.guidelines.words import category_words, small
from fishcount.records import CASE_FIGURES

__all__ = [
    "COMPARED_FIGURES",
    "category_words",
    "figure",
    "flag_name",
    "flag_sentence",
    "interval",
    "need_words",
    "nowrap",
    "number",
    "percent",
    "prose",
    "scheme_name",
    "signs",
    "small",
    "tone",
]

# What two readers are compared by, nucleus for nucleus.
COMPARED_FIGURES = MappingProxyType(
    {"her2": "HER2 copies", "cep17": "CEP17 copies", "ratio": CASE_FIGURES["her2_cep17_ratio"]}
)

_NOT_AVAILABLE = "not available"

# A figure stays on one line with its unit, and with the sign that it is compared by.
_NBSP = "\u00a0"
_COMPARED = re.compile(r"([<>≥≤]) (?=\d)")

# A tone is a glyph and a colour; the glyph alone tells them apart.
_TONES = {
    "POSITIVE": "up",
    "AMPLIFIED": "up",
    "NEGATIVE": "down",
    "NOT_AMPLIFIED": "down",
    "NOT_EVALUABLE": "void",
    "INDETERMINATE": "void",
}

_SCHEMES = {
    "seed-copies": "HER2 copies, patient page",
    "asco-cap-2018-dual": "ASCO/CAP 2018, dual probe",
    "asco-cap-2018-single": "ASCO/CAP 2018, single probe",
    "asco-cap-2013-dual": "ASCO/CAP 2013, dual probe",
    "asco-cap-2013-single": "ASCO/CAP 2013, single probe",
    "asco-cap-2007-dual": "ASCO/CAP 2007, dual probe",
    "asco-cap-2007-single": "ASCO/CAP 2007, single probe",
    "gea-ratio": "Gastro-oesophageal, ratio",
    "gea-ratio-or-copies": "Gastro-oesophageal, ratio or copies",
    "crc-heracles": "Colorectal, HERACLES",
}


def tone(category: str) -> str:
    """The visual tone of a category: "up", "down", "open" or "void"."""
    return _TONES.get(category, "open")


def need_words(need: str) -> str:
    """What is still needed, in words; a text that is not a code comes back as it is."""
    return NEEDED.get(need, need)


def scheme_name(scheme: str) -> str:
    """Name of a scheme; an unknown identifier comes back as it is."""
    return _SCHEMES.get(scheme, scheme)


def flag_name(code: str) -> str:
    """Short name of a flag; an unknown code comes back in plain words."""
    return FLAGS[code].name if code in FLAGS else _plain(code)


def flag_sentence(code: str) -> str:
    """What a flag means, as a sentence; empty for an unknown code."""
    return FLAGS[code].sentence if code in FLAGS else ""


def number(value: float | None, *, decimals: int = 2) -> str:
    """A figure for people; what does not exist is said in words, never NaN, infinity or -0.

    Examples
    --------
    >>> from fishcount.report.wording import number
    >>> number(1.666667), number(-0.001), number(None)
    ('1.67', '0.00', 'not available')
    """
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return _NOT_AVAILABLE
    return f"{value:z.{decimals}f}"


def figure(value: float | None, *, lacking: str = _NOT_AVAILABLE) -> str:
    """A figure of a case: what was counted as a whole number, all else as `number`.

    Examples
    --------
    >>> from fishcount.report.wording import figure
    >>> figure(80), figure(1.666667), figure(None, lacking="-")
    ('80', '1.67', '-')
    """
    if value is None:
        return lacking
    return str(value) if isinstance(value, int) else number(value)


def interval(bounds: Iterable[float] | None) -> str:
    """A 95 % interval: "1.50 to 1.81"; empty where there is none."""
    if bounds is None:
        return ""
    low, high = (number(bound) for bound in bounds)
    return "" if _NOT_AVAILABLE in (low, high) else f"{low} to {high}"


def percent(share: float) -> str:
    r"""A share as a percentage; what is not quite none or all never looks like it.

    Examples
    --------
    >>> from fishcount.report.wording import percent
    >>> percent(0.256), percent(0.001), percent(0.999)
    ('26\xa0%', 'under 1\xa0%', 'over 99\xa0%')
    """
    if 0 < share < 0.01:
        return f"under 1{_NBSP}%"
    if 0.99 < share < 1:
        return f"over 99{_NBSP}%"
    return f"{100 * share:.0f}{_NBSP}%"


def signs(text: str) -> str:
    r"""Comparisons as they are printed: "≥" for ">=", and on one line with their figure.

    Examples
    --------
    >>> from fishcount.report.wording import signs
    >>> signs("mean HER2 >= 4.0 and < 6.0")
    'mean HER2 ≥\xa04.0 and <\xa06.0'
    """
    return _COMPARED.sub(rf"\1{_NBSP}", text.replace(">=", "≥").replace("<=", "≤"))


def prose(text: str) -> str:
    """A text with signs and figures set for print."""
    return signs(text).replace(" %", f"{_NBSP}%")


def nowrap(text: str) -> str:
    """Text that stays on one line."""
    return text.replace(" ", _NBSP)


def _plain(code: str) -> str:
    return code.replace("_", " ").capitalize()
