"""What a file may ask for: `reading` of the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fishcount.settings.section import Section

__all__ = ["ReadingSettings"]


class ReadingSettings(Section):
    """What a file may ask for (`fishcount.io`)."""

    max_memory_mib: Annotated[int, Field(ge=1)] = Field(
        4096, description="Largest image that is read, in MiB of decoded pixels."
    )
    max_planes: Annotated[int, Field(ge=1)] = Field(
        4096, description="Most pages that a file may hold."
    )
    tiles_above_px: Annotated[int, Field(ge=64)] = Field(
        4096,
        description="Fields wider or higher than this are read tile by tile as they are scored, "
        "to bound the memory; the result is the same.",
    )

    @property
    def max_memory_bytes(self) -> int:
        """The limit of memory in bytes."""
        return self.max_memory_mib * 2**20
