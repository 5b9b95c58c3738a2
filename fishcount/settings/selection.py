"""Which nuclei are scored: `selection` of the settings."""

from __future__ import annotations

from pydantic import Field

from fishcount.settings.section import Section

__all__ = ["SelectionSettings"]


class SelectionSettings(Section):
    """Which nuclei are scored: a rule over flags."""

    reject: tuple[str, ...] = Field(
        (
            "FIELD_NOT_EVALUABLE",
            "OUTSIDE_ROI",
            "BORDER",
            "DEBRIS",
            "TOO_SMALL",
            "TOO_LARGE",
            "OVERLAPPED",
            "UNSURE_CUT",
            "IRREGULAR",
            "MITOTIC",
            "DIGESTED",
            "DIM",
            "BLURRED",
            "NO_SIGNAL",
            "ONE_COLOUR",
        ),
        description="Flags that keep a nucleus from being scored; the first that applies "
        "is its reason. FIELD_NOT_EVALUABLE does so even where it is not named.",
    )
