"""What the entries of both logs have in common: that of edits, and those of second counts."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from fishcount.errors import ReviewError
from fishcount.models import CheckedModel

__all__ = ["LogEntry", "Number"]

Number = Annotated[int, Field(ge=1)]
"""Number of a nucleus or of a signal within its field."""


class LogEntry(CheckedModel):
    """An entry of a log: ReviewError for an unknown key or a value that does not hold."""

    error: ClassVar = ReviewError
