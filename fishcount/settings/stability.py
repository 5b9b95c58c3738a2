"""Under which other settings a case is counted again: `stability` of the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fishcount.settings.section import Positive, Section

__all__ = ["StabilitySettings"]


class StabilitySettings(Section):
    """Under which other settings a case is counted again (`fishcount.stability`)."""

    min_score_step: Positive = Field(
        1.0, description="`spots.min_score` is tried this much lower and higher."
    )
    min_share_step: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="`signals.min_share_of_typical` is tried this much lower and higher."
    )
    split_gap_step: Positive = Field(
        0.5, description="`signals.split_gap_diameters` is tried this much lower and higher."
    )
    stricter: tuple[str, ...] = Field(
        ("SATURATED", "SHARED_AREA"),
        description="Flags of nuclei that are left out too: what a stricter selection gives.",
    )
    laxer: tuple[str, ...] = Field(
        ("TOO_SMALL", "TOO_LARGE", "IRREGULAR", "OVERLAPPED", "UNSURE_CUT", "BLURRED"),
        description="Flags of nuclei that are let in: what a laxer selection gives.",
    )
