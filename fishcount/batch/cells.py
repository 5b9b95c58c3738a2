"""Cells of a manifest as values; a cell that holds none raises ValueError with the reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from fishcount.image import ROLES

__all__ = ["NUMBERS", "PARSERS"]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("not a number" + (": write a decimal point" if "," in text else ""))
    return value


def _positive(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise ValueError("not above 0")
    return value


def _index(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("not a number from 0")
    return int(text)


def _pairs(text: str) -> dict[str, str]:
    pairs = [(key.strip(), what.strip()) for key, _, what in _parted(text)]
    if not all(key and what for key, what in pairs):
        raise ValueError("no assignments, such as DAPI=0;HER2=1")
    if len(dict(pairs)) != len(pairs):
        raise ValueError("one is there twice")
    return dict(pairs)


def _parted(text: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in text.split(";")]


def _roles(text: str) -> dict[str, str]:
    pairs = _pairs(text)
    roles = {role.upper(): what for role, what in pairs.items()}
    if unknown := [role for role in roles if role not in ROLES]:
        raise ValueError(f"unknown role {unknown[0]}")
    if len(roles) != len(pairs):
        raise ValueError("one is there twice")
    return roles


NUMBERS = frozenset({"pixel_size_um", "z_step_um", "offset_counts"})
"""Columns of numbers that may have decimals."""

PARSERS: Mapping[str, Callable[[str], Any]] = {
    "channels": _roles,
    "rgb": _pairs,
    "pixel_size_um": _positive,
    "z_step_um": _positive,
    "axes": str.upper,
    "series": _index,
    "offset_counts": _number,
}
"""How the cells of a column become the value of the field of `FieldJob` of the same name."""
