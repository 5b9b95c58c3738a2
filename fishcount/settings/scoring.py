"""How counts become means, intervals and categories: `scoring` of the settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fishcount.settings.section import Fraction, Section

__all__ = ["ScoringSettings"]


class ScoringSettings(Section):
    """How counts become means, intervals and categories (`fishcount.scoring`)."""

    bootstrap_replicates: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        2000, description="Replicates of the nested bootstrap over fields and nuclei."
    )
    seed: Annotated[int, Field(ge=0)] = Field(17, description="Seed of the bootstrap.")
    field_sd: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1,
        description="Prior relative difference of the means between fields, used as far as "
        "fewer than five fields cannot tell it.",
    )
    estimate_correlation: Fraction = Field(
        0.5,
        description="Share of the variance of estimated copies that all nuclei have in common, "
        "because they rest on the same single-signal intensity.",
    )
    detection_sd: Annotated[float, Field(ge=0, le=1)] = Field(
        0.12,
        description="Relative error that finding nuclei and signals makes in the mean copies of a "
        "case, all nuclei alike, so that counting more does not lessen it. It widens the "
        "intervals and the probabilities of automatic counts.",
    )
    detection_correlation: Fraction = Field(
        0.38,
        description="Share of the variance of that error which both probes have in common.",
    )
    many_skipped: Fraction = Field(
        0.25,
        description="Largest share of eligible nuclei skipped for their signals before it is "
        "flagged that this raises the mean.",
    )
    two_copies: Literal["equivocal", "negative"] = Field(
        "equivocal",
        description="What exactly 2 copies are under seed-copies: its page says both.",
    )
    schemes: tuple[str, ...] = Field(
        (
            "seed-copies",
            "asco-cap-2018-dual",
            "asco-cap-2018-single",
            "asco-cap-2013-dual",
            "asco-cap-2013-single",
            "asco-cap-2007-dual",
            "asco-cap-2007-single",
        ),
        description="Schemes that are evaluated as far as the data allow, in this order; "
        "`fishcount schemes` lists all. seed-copies and ASCO/CAP 2018 are evaluated in any case.",
    )
    headline: tuple[str, ...] = Field(
        (),
        description="Schemes that stand first beside seed-copies and ASCO/CAP 2018, which always "
        "do.",
    )
