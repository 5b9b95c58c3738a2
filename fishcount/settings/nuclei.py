"""How nuclei are found, and which get a flag: `nuclei` of the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fishcount.settings.section import Fraction, Positive, Section

__all__ = ["NucleiSettings"]


class NucleiSettings(Section):
    """How nuclei are found (`fishcount.nuclei`)."""

    diameter_um: Positive = Field(
        8.0, description="Expected nuclear diameter: a prior only, the image decides."
    )
    working_diameter_px: Annotated[float, Field(ge=10, le=200)] = Field(
        27.0, description="Nuclei are found on an image reduced until they are about this wide."
    )
    min_snr: Positive = Field(
        5.0, description="Least height of a nucleus above background, in sigmas of the noise."
    )
    too_small: Fraction = Field(
        0.35, description="TOO_SMALL: area under this part of the typical area of the field."
    )
    debris: Fraction = Field(
        0.12, description="DEBRIS: area under this part of the typical area of the field."
    )
    too_large: Annotated[float, Field(gt=1)] = Field(
        2.6, description="TOO_LARGE: area over this multiple of the typical area of the field."
    )
    min_solidity: Fraction = Field(
        0.87, description="IRREGULAR: area over that of the convex hull below this."
    )
    max_elongation: Annotated[float, Field(gt=1)] = Field(
        3.0,
        description="IRREGULAR also: the long axis over this multiple of the short one, as of "
        "spindle cells, or of several nuclei in a row.",
    )
    overlap_area: Annotated[float, Field(gt=1)] = Field(
        1.4, description="OVERLAPPED: area over this multiple of the typical one, and more."
    )
    overlap_dose: Annotated[float, Field(gt=1)] = Field(
        1.7, description="OVERLAPPED: also DAPI dose over this multiple of the typical one."
    )
    overlap_solidity: Fraction = Field(
        0.94, description="OVERLAPPED: also area over convex hull below this."
    )
    uneven_area: Positive = Field(
        1.2, description="OVERLAPPED whatever its dose: IRREGULAR for its hull, and area over this."
    )
    max_dose: Annotated[float, Field(gt=1)] = Field(
        2.9, description="OVERLAPPED whatever its shape: DAPI dose over this multiple."
    )
    min_neck: float = Field(
        0.9,
        description="OVERLAPPED whatever its size: the best cut from dent to dent is shorter than "
        "this part of the width of what it cuts off; deep dents count, also below zero.",
    )
    max_contact_width: Positive = Field(
        1.0,
        description="UNSURE_CUT: a contact longer than this multiple of the width of the smaller "
        "of both nuclei. Two that touch have a waist there.",
    )
    max_overlap: Positive = Field(
        0.1,
        description="SHARED_AREA: the ellipses of a nucleus and of those that it touches have more "
        "than this part of its area in common. Not rejected unless `selection.reject` says so.",
    )
    dim: Fraction = Field(
        0.25,
        description="DIM: mean DAPI above background under this part of the typical. Under 0.2 of "
        "the typical height our own segmentation takes it for glow, not for a nucleus.",
    )
    blurred_detail: Fraction = Field(
        0.45,
        description="BLURRED: fine detail of DAPI under this part of the typical. Of the signals "
        "in such a nucleus many are missed.",
    )
    blurred: Annotated[float, Field(gt=1)] = Field(
        1.6,
        description="BLURRED, where the nuclei of a field show no detail: edge wider than this "
        "multiple of the typical edge.",
    )
    digested: Annotated[float, Field(gt=1)] = Field(
        1.9, description="DIGESTED: texture over this multiple of the typical texture."
    )
    mitotic_brightness: Annotated[float, Field(gt=1)] = Field(
        2.5, description="MITOTIC: mean DAPI over this multiple of the typical, and small."
    )
    mitotic_area: Positive = Field(
        0.8, description="MITOTIC: also area under this part of the typical area of the field."
    )
    saturated: Fraction = Field(
        0.01, description="SATURATED: more than this share of pixels at the camera's limit."
    )
    separate_depths: bool = Field(
        False,
        description="In stacks, nuclei above one another are told by the depth at which they are "
        "sharp: overlaps in part are cut, others are OVERLAPPED.",
    )
    min_depth_um: Positive = Field(
        1.5, description="With separate_depths: least distance of two depths in one outline."
    )
