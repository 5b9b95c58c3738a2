"""`ReadingOptions`: what a caller states about a field that its file lacks or has wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from numbers import Integral, Real

from fishcount.errors import ChannelError, MetadataError
from fishcount.image.checks import check_number

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

    def __post_init__(self) -> None:
        for what, size in (
            ("pixel size", self.pixel_size_um),
            ("plane distance", self.z_step_um),
        ):
            if size is not None:
                check_number(what, size)
        offset = self.offset_counts
        if offset is not None and not (isinstance(offset, Real) and isfinite(offset)):
            raise MetadataError(
                "not a number of counts", field="--offset-counts", found=repr(offset)
            )
        if self.axes is not None and not isinstance(self.axes, str):
            raise MetadataError(
                "no text", field="--axes", found=repr(self.axes), expected="such as 'ZCYX'"
            )
        if self.series is not None and not isinstance(self.series, Integral):
            raise MetadataError("not a whole number", field="--series", found=repr(self.series))
        keys = self.channels.values() if isinstance(self.channels, Mapping) else ()
        for key in keys:
            # 1.5 would pass for channel 1.
            if not isinstance(key, str | Integral) or isinstance(key, bool):
                raise ChannelError(
                    "no channel of a file", found=repr(key), expected="its name or its number"
                )


OPTIONS = tuple(field.name for field in fields(ReadingOptions))
"""Their names, as ``provenance.json`` records them."""
