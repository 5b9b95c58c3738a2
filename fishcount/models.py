"""Checked, frozen models of what callers write, which raise the errors of this package."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from fishcount.errors import FishcountError, SettingsError, check_kind, reason_of

__all__ = ["CheckedModel", "faults_in_words", "read_toml_text"]


class CheckedModel(BaseModel):
    """Base of models that callers make themselves: frozen, and an unknown key is an error.

    Attributes
    ----------
    error : type of FishcountError
        What is raised where a caller gives values that do not hold.

    Examples
    --------
    >>> from fishcount.models import CheckedModel
    >>> class Lens(CheckedModel):
    ...     na: float
    >>> Lens(na=1.3)
    Lens(na=1.3)
    >>> Lens(an=1.3)
    Traceback (most recent call last):
    ...
    fishcount.errors.SettingsError: Lens: na: Field required; an: Extra inputs are not permitted
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: ClassVar[type[FishcountError]] = SettingsError

    # Type checkers read the names and types of the fields instead.
    if not TYPE_CHECKING:

        def __init__(self, /, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as fault:
                raise self.error(faults_in_words(fault), field=type(self).__name__) from fault

        # A model within another is checked with that, and its faults are told with their place.
        __init__.__pydantic_base_init__ = True


def faults_in_words(error: ValidationError) -> str:
    """All that was wrong, each fault after its place: ``"signals.snr: Input should be ..."``."""
    lines = []
    for fault in error.errors():
        place = ".".join(map(str, fault["loc"]))
        problem = fault["msg"].removeprefix("Value error, ") + _found(fault)
        lines.append(f"{place}: {problem}" if place else problem)
    return "; ".join(lines)


def _found(fault: ErrorDetails) -> str:
    """The value that does not hold, where it is one that fits into a message."""
    value = fault["input"]
    known = fault["type"] in ("missing", "extra_forbidden") or "; got " in fault["msg"]
    return "" if known or not isinstance(value, str | float | int) else f" (found {value!r})"


def read_toml_text(path: str | Path, *, what: str, error: type[FishcountError]) -> str:
    """Text of a TOML file that a caller wrote; `what` it should be is for the message."""
    check_kind(f"path of {what}", path, str, PathLike)
    problem = f"cannot be read as {what}"
    try:
        return Path(path).read_text(encoding="utf-8-sig")  # Editors of Windows mark it.
    except OSError as fault:
        raise error(problem, file=path, found=reason_of(fault)) from fault
    except UnicodeDecodeError as fault:
        raise error(problem, file=path, found="no text in UTF-8", expected="TOML") from fault
    except ValueError as fault:  # A path with a NUL in it.
        raise error(problem, file=path, found=str(fault)) from fault
