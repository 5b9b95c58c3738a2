"""`ReadingOptions`: what a caller states about a field that its file lacks or has wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

__all__ = ["OPTIONS", "ReadingOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """Keywords shared by all functions that open a field; see `fishcount.read_image`."""

    channels: Mapping[str, str | int] | Sequence[str] | None = None
    rgb: Mapping[str, str] | None = None
    axes: str | None = None
    series: int | None = None
    pixel_size_um: float | None = None
    z_step_um: float | None = None
    offset_counts: float | None = None


OPTIONS = tuple(field.name for field in fields(ReadingOptions))
"""Their names, as ``provenance.json`` records them."""
