"""How spots are detected: `spots` of the settings."""

from __future__ import annotations

from pydantic import Field

from fishcount.settings.section import Fraction, Positive, Section

__all__ = ["SpotSettings"]


class SpotSettings(Section):
    """How spots are detected in one probe channel (`fishcount.spots`)."""

    min_snr: Positive = Field(
        3.0,
        description="Least height of the filtered spot in sigmas of the filtered noise; what "
        "passes is then judged by how it looks.",
    )
    min_share: Fraction = Field(
        0.33,
        description="Least height of a spot as a share of a typical signal of its channel: "
        "signals of one probe look alike, what is much fainter is grain.",
    )
    min_score: float = Field(
        0.0,
        description="Least log odds, from how it looks, that a spot is a signal. 0 keeps what "
        "is more likely one than not; lower finds more of the faint ones, and more grain.",
    )
    project_stacks: bool = Field(
        False,
        description="Stacks are searched on their plain projection (their maximum), as if "
        "they had been taken as one plane: no smoothing along z, and no heights of signals.",
    )
