"""Flags of nuclei: reasons against scoring one, each with a figure in the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import raise_flag
from fishcount.nuclei.result import NucleiTable
from fishcount.settings import NucleiSettings

__all__ = ["flag_nuclei"]


def flag_nuclei(
    nuclei: NucleiTable,
    *,
    inside_roi: NDArray[np.bool_],
    shape_px: tuple[int, int],
    settings: NucleiSettings,
) -> NDArray[np.uint32]:
    """Bit mask (n,) for each nucleus, from its own figures and those typical of the field.

    Parameters
    ----------
    nuclei
        Figures of all nuclei of a field; its flags are not looked at.
    inside_roi : ndarray of bool, (n,)
        Nuclei that lie in the region to be scored.
    shape_px
        Height and width of the field.
    settings
        Limits.
    """
    flags = np.zeros(len(nuclei), np.uint32)
    if not len(flags):
        return flags
    box = nuclei.bbox_px
    border = (
        (box[:, 0] == 0)
        | (box[:, 1] == 0)
        | (box[:, 2] == shape_px[0])
        | (box[:, 3] == shape_px[1])
    )
    whole = ~border if (~border).sum() >= 3 else np.ones_like(border)
    area = nuclei.area_px / typical(nuclei.area_px, whole)
    mean = nuclei.mean_dapi_counts / typical(nuclei.mean_dapi_counts, whole)
    dose = nuclei.dose_counts / typical(nuclei.dose_counts, whole)
    edge = nuclei.edge_width_px / typical(nuclei.edge_width_px, whole)
    uneven = nuclei.solidity < settings.min_solidity
    # The long axis over the short one; a line of pixels has no short one.
    elongation = 1 / np.sqrt(np.maximum(1 - nuclei.eccentricity**2, 1e-6))
    raise_flag(flags, "BORDER", border)
    raise_flag(flags, "OUTSIDE_ROI", ~inside_roi)
    raise_flag(flags, "DEBRIS", ~border & (area < settings.debris))
    raise_flag(flags, "TOO_SMALL", ~border & (area < settings.too_small))
    raise_flag(flags, "TOO_LARGE", area > settings.too_large)
    double = (
        (area > settings.overlap_area)
        & (dose > settings.overlap_dose)
        & (nuclei.solidity < settings.overlap_solidity)
    )
    double |= (
        (dose > settings.max_dose)
        | (uneven & (area > settings.uneven_area))
        | (nuclei.neck < settings.min_neck)
    )
    # NaN, where depth was not looked at, is not above zero.
    double |= nuclei.depth_distance_um > 0
    raise_flag(flags, "OVERLAPPED", double)
    raise_flag(flags, "UNSURE_CUT", nuclei.contact_width > settings.max_contact_width)
    raise_flag(flags, "SHARED_AREA", nuclei.overlap > settings.max_overlap)
    raise_flag(flags, "IRREGULAR", uneven | (~border & (elongation > settings.max_elongation)))
    raise_flag(flags, "DIM", mean < settings.dim)
    raise_flag(flags, "BLURRED", edge > settings.blurred)
    raise_flag(flags, "SATURATED", nuclei.saturated_fraction > settings.saturated)
    coarse = nuclei.texture / typical(nuclei.texture, whole)
    raise_flag(flags, "DIGESTED", ~border & (coarse > settings.digested))
    condensed = (mean > settings.mitotic_brightness) & (area < settings.mitotic_area)
    raise_flag(flags, "MITOTIC", ~border & condensed)
    return flags


def typical(figure: NDArray[np.number], whole: NDArray[np.bool_]) -> float:
    """Median over whole nuclei, never zero, so that it can divide."""
    return max(float(np.median(figure[whole])), 1e-12)
