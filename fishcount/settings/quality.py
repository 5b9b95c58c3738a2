"""When a field is doubtful as a whole: `quality` of the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fishcount.settings.section import Fraction, Positive, Section

__all__ = ["QualitySettings"]


class QualitySettings(Section):
    """When a field is doubtful as a whole (`fishcount.quality`)."""

    max_share_blurred: Fraction = Field(
        0.5, description="OUT_OF_FOCUS: more than this share of the nuclei is blurred."
    )
    max_edge_width: Fraction = Field(
        0.3,
        description="OUT_OF_FOCUS: a nucleus is blurred whose edge takes up more than this share "
        "of its diameter, however blurred the others are.",
    )
    max_cross_talk: Fraction = Field(
        0.25,
        description="CROSS_TALK: more than this share of a signal's light shows in the channel "
        "of the other probe.",
    )
    max_tissue_glow: Positive = Field(
        2.5,
        description="AUTOFLUORESCENCE: nuclei themselves shine more than this many times as "
        "bright as the median signal.",
    )
    coarse_pixel_um: Positive = Field(
        0.15, description="COARSE_PIXELS: the edge of a pixel in the sample is longer than this."
    )
    max_pixel_um: Positive = Field(
        0.25,
        description="PIXELS_TOO_LARGE: the edge of a pixel in the sample is longer than this, so "
        "that nothing in the field is scored.",
    )
    coarse_step_um: Positive = Field(
        2.0, description="COARSE_PLANES: the planes of a stack are farther apart than this."
    )
    max_dark_over_bright: Positive = Field(
        1.5,
        description="INVERTED_CHANNEL: the strongest dark points of a probe channel stand out more "
        "than this many times as much as its strongest bright ones.",
    )
    max_dark_curvature_per_um: Positive = Field(
        0.1,
        description="INVERTED_CHANNEL: the steepest edges of DAPI turn around what is dark, at the "
        "median with more than this curvature (1/um); nuclei turn with one over their radius.",
    )
    max_times_as_wide: Positive = Field(
        1.4,
        description="UNLIKE_PROBES: signals of one probe are more than this many times as wide as "
        "those of the other.",
    )
    max_times_as_bright: Positive = Field(
        4.0,
        description="UNLIKE_PROBES: a single signal of HER2 holds more than this many times the "
        "light of one of CEP17.",
    )
    max_times_other_fields: Annotated[float, Field(gt=1)] = Field(
        1.8,
        description="UNLIKE_FIELDS: a single signal holds more than this many times the light of "
        "one in most fields of the case, or less than one over it.",
    )
    least_nucleus_um: Positive = Field(
        4.5, description="DOUBTFUL_SIZE: the median nucleus is less wide than this."
    )
    largest_nucleus_um: Positive = Field(
        20.0, description="DOUBTFUL_SIZE: the median nucleus is wider than this."
    )
    max_points_in_dapi: Positive = Field(
        1.5,
        description="SWAPPED_CHANNELS: inside nuclei, bright points of DAPI stand out from its "
        "texture more than this many times as much as those of a probe.",
    )
