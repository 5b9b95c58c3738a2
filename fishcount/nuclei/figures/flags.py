"""Flags of nuclei: reasons against scoring one, each with a figure in the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import raise_flag
from fishcount.nuclei.result import NucleiTable
from fishcount.settings import NucleiSettings

__all__ = ["flag_nuclei", "flags_of_size"]

# With fewer whole nuclei, those that the edge of the field cuts tell what is typical, too.
_MIN_WHOLE = 3
# Least detail of typical nuclei at which a nucleus with less of it can be told from them.
_MIN_DETAIL = 0.01


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
    border = _are_cut(nuclei.bbox_px, shape_px)
    whole = ~border if (~border).sum() >= _MIN_WHOLE else np.ones_like(border)
    area = nuclei.area_px / _typical(nuclei.area_px, whole)
    mean = nuclei.mean_dapi_counts / _typical(nuclei.mean_dapi_counts, whole)
    dose = nuclei.dose_counts / _typical(nuclei.dose_counts, whole)
    coarse = nuclei.texture / _typical(nuclei.texture, whole)
    uneven = nuclei.solidity < settings.min_solidity
    # The long axis over the short one; a line of pixels has no short one.
    elongation = 1 / np.sqrt(np.maximum(1 - nuclei.eccentricity**2, 1e-6))
    condensed = (mean > settings.mitotic_brightness) & (area < settings.mitotic_area)
    for code, raised in {
        "BORDER": border,
        "OUTSIDE_ROI": ~inside_roi,
        **flags_of_size(area, whole=~border, settings=settings),
        "OVERLAPPED": _are_two(nuclei, area=area, dose=dose, settings=settings),
        "UNSURE_CUT": nuclei.contact_width > settings.max_contact_width,
        "SHARED_AREA": nuclei.overlap > settings.max_overlap,
        "IRREGULAR": uneven | (~border & (elongation > settings.max_elongation)),
        "DIM": mean < settings.dim,
        "BLURRED": _are_blurred(nuclei, whole, settings),
        "SATURATED": nuclei.saturated_fraction > settings.saturated,
        "DIGESTED": ~border & (coarse > settings.digested),
        "MITOTIC": ~border & condensed,
    }.items():
        raise_flag(flags, code, raised)
    return flags


def flags_of_size(
    relative_area: NDArray[np.float64], *, whole: NDArray[np.bool_], settings: NucleiSettings
) -> dict[str, NDArray[np.bool_]]:
    """Which nuclei are debris, too small or too large, (n,) by code of the flag.

    Parameters
    ----------
    relative_area : ndarray of float64, (n,)
        Area over that of a typical nucleus.
    whole : ndarray of bool, (n,)
        Nuclei that no edge of the field cuts: what is seen of the others may well be small.
    settings
        Limits.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.nuclei import flags_of_size
    >>> from fishcount.settings import NucleiSettings
    >>> area, whole = np.array([0.02, 1.0, 3.0]), np.ones(3, bool)
    >>> {code: flagged.tolist() for code, flagged in flags_of_size(
    ...     area, whole=whole, settings=NucleiSettings()).items()}["TOO_LARGE"]
    [False, False, True]
    """
    return {
        "DEBRIS": whole & (relative_area < settings.debris),
        "TOO_SMALL": whole & (relative_area < settings.too_small),
        "TOO_LARGE": relative_area > settings.too_large,
    }


def _are_cut(box_px: NDArray[np.int64], shape_px: tuple[int, int]) -> NDArray[np.bool_]:
    """Which boxes (n, 4) touch the edge of a field."""
    top, left, bottom, right = box_px.T
    first = (top == 0) | (left == 0)
    return np.asarray(first | (bottom == shape_px[0]) | (right == shape_px[1]), np.bool_)


def _are_two(
    nuclei: NucleiTable,
    *,
    area: NDArray[np.float64],
    dose: NDArray[np.float64],
    settings: NucleiSettings,
) -> NDArray[np.bool_]:
    """Which are two nuclei in one outline, by any sign of it; area and dose over typical ones."""
    large_and_uneven = (
        (area > settings.overlap_area)
        & (dose > settings.overlap_dose)
        & (nuclei.solidity < settings.overlap_solidity)
    )
    very_uneven = (nuclei.solidity < settings.min_solidity) & (area > settings.uneven_area)
    # NaN, where depth was not looked at, is not above zero.
    at_two_depths = nuclei.depth_distance_um > 0
    return np.asarray(
        large_and_uneven
        | very_uneven
        | (dose > settings.max_dose)
        | (nuclei.neck < settings.min_neck)
        | at_two_depths,
        np.bool_,
    )


def _are_blurred(
    nuclei: NucleiTable, whole: NDArray[np.bool_], settings: NucleiSettings
) -> NDArray[np.bool_]:
    """Which lack the detail of the others or, where none has any, have a softer edge.

    Detail tells better: an edge is soft, too, where a nucleus is flat or lies on another.
    """
    seen = whole & np.isfinite(nuclei.detail)
    typical_detail = _typical(nuclei.detail, seen) if seen.any() else 0.0
    if typical_detail >= _MIN_DETAIL:
        return np.asarray(nuclei.detail < settings.blurred_detail * typical_detail, np.bool_)
    edge = nuclei.edge_width_px / _typical(nuclei.edge_width_px, whole)
    return np.asarray(edge > settings.blurred, np.bool_)


def _typical(figure: NDArray[np.number], whole: NDArray[np.bool_]) -> float:
    """Median over whole nuclei, never zero, so that it can divide."""
    return max(float(np.median(figure[whole])), 1e-12)
