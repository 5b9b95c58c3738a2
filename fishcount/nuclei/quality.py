"""Flags of nuclei: what speaks against scoring one, each with a figure in the table."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import FLAGS
from fishcount.settings import NucleiSettings

__all__ = ["flag_nuclei"]


class Outlined(Protocol):
    """What flags look at of an outline: `Shapes`, or the table of nuclei."""

    @property
    def area_px(self) -> NDArray[np.int64]:
        """Pixels of each nucleus, (n,)."""

    @property
    def bbox_px(self) -> NDArray[np.int64]:
        """Bounding boxes, (n, 4)."""

    @property
    def eccentricity(self) -> NDArray[np.float64]:
        """Of the ellipse with equal moments, (n,)."""

    @property
    def solidity(self) -> NDArray[np.float64]:
        """Area over that of the convex hull, (n,)."""


def flag_nuclei(
    shapes: Outlined,
    *,
    mean_dapi_counts: NDArray[np.float64],
    dose_counts: NDArray[np.float64],
    texture: NDArray[np.float64],
    edge_width_px: NDArray[np.float64],
    neck: NDArray[np.float64],
    contact_width: NDArray[np.float64],
    overlap: NDArray[np.float64],
    saturated_fraction: NDArray[np.float64],
    depth_distance_um: NDArray[np.float64],
    inside_roi: NDArray[np.bool_],
    shape_px: tuple[int, int],
    settings: NucleiSettings,
) -> NDArray[np.uint32]:
    """Bit mask for each nucleus, from its own figures and those typical of the field."""
    flags = np.zeros(len(shapes.area_px), np.uint32)
    if not len(flags):
        return flags
    box = shapes.bbox_px
    border = (
        (box[:, 0] == 0)
        | (box[:, 1] == 0)
        | (box[:, 2] == shape_px[0])
        | (box[:, 3] == shape_px[1])
    )
    whole = ~border if (~border).sum() >= 3 else np.ones_like(border)
    area = shapes.area_px / typical(shapes.area_px, whole)
    mean = mean_dapi_counts / typical(mean_dapi_counts, whole)
    dose = dose_counts / typical(dose_counts, whole)
    edge = edge_width_px / typical(edge_width_px, whole)
    uneven = shapes.solidity < settings.min_solidity
    # The long axis over the short one; a line of pixels has no short one.
    elongation = 1 / np.sqrt(np.maximum(1 - shapes.eccentricity**2, 1e-6))
    raise_flag(flags, "BORDER", border)
    raise_flag(flags, "OUTSIDE_ROI", ~inside_roi)
    raise_flag(flags, "DEBRIS", ~border & (area < settings.debris))
    raise_flag(flags, "TOO_SMALL", ~border & (area < settings.too_small))
    raise_flag(flags, "TOO_LARGE", area > settings.too_large)
    double = (
        (area > settings.overlap_area)
        & (dose > settings.overlap_dose)
        & (shapes.solidity < settings.overlap_solidity)
    )
    double |= (
        (dose > settings.max_dose)
        | (uneven & (area > settings.uneven_area))
        | (neck < settings.min_neck)
    )
    # NaN, where depth was not looked at, is not above zero.
    double |= depth_distance_um > 0
    raise_flag(flags, "OVERLAPPED", double)
    raise_flag(flags, "UNSURE_CUT", contact_width > settings.max_contact_width)
    raise_flag(flags, "SHARED_AREA", overlap > settings.max_overlap)
    raise_flag(flags, "IRREGULAR", uneven | (~border & (elongation > settings.max_elongation)))
    raise_flag(flags, "DIM", mean < settings.dim)
    raise_flag(flags, "BLURRED", edge > settings.blurred)
    raise_flag(flags, "SATURATED", saturated_fraction > settings.saturated)
    coarse = texture / typical(texture, whole)
    raise_flag(flags, "DIGESTED", ~border & (coarse > settings.digested))
    condensed = (mean > settings.mitotic_brightness) & (area < settings.mitotic_area)
    raise_flag(flags, "MITOTIC", ~border & condensed)
    return flags


def raise_flag(flags: NDArray[np.uint32], code: str, where: NDArray[np.bool_]) -> None:
    """Set the bit of `code` in place."""
    flags[where] |= np.uint32(1 << FLAGS[code].bit)


def typical(figure: NDArray[np.number], whole: NDArray[np.bool_]) -> float:
    """Median over whole nuclei, never zero, so that it can divide."""
    return max(float(np.median(figure[whole])), 1e-12)
