"""Pixel size and plane distance: from the caller, else from the file; never assumed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fishcount.errors import CalibrationError
from fishcount.flags import Finding
from fishcount.image.checks import PLAUSIBLE_PIXEL_UM, PLAUSIBLE_STEP_UM
from fishcount.io.series import Series

__all__ = ["overruled", "pixel_size", "z_step"]

# Sizes that differ by less are equal, written with other precision.
_AGREE = 0.01


def pixel_size(series: Sequence[Series], given: float | None, *, file: str) -> float:
    """Pixel size in micrometres: the given one, else the one that all files agree on.

    Raises
    ------
    CalibrationError
        When it is absent, not plausible, or differs between files; names the option.
    """
    known = [one.pixel_size_um for one in series if one.pixel_size_um is not None]
    stretched = [one for one in series if _stretched(one)]
    if given is None and stretched:
        raise CalibrationError(
            "pixels are not square",
            file=file,
            field=stretched[0].pixel_size_source,
            found=_pixel_words(stretched[0]),
            expected="one size",
            remedy="resample the image to square pixels, or give --pixel-size-um where they are "
            "square and the file is wrong",
        )
    return _settled("pixel size", given, known, PLAUSIBLE_PIXEL_UM, "--pixel-size-um", file)


def z_step(series: Sequence[Series], given: float | None, *, file: str) -> float | None:
    """Distance of planes in micrometres; None for a single plane.

    Raises
    ------
    CalibrationError
        When there are several planes and it is absent, not plausible, or differs between files.
    """
    if series[0].sizes[1] == 1:
        return None
    known = [one.z_step_um for one in series if one.z_step_um is not None]
    return _settled("plane distance", given, known, PLAUSIBLE_STEP_UM, "--z-step-um", file)


def overruled(
    series: Sequence[Series], *, pixel_size_um: float | None, z_step_um: float | None
) -> tuple[Finding, ...]:
    """Findings for given sizes that contradict what the file says and what may be true."""
    found = []
    for one in series:
        width, step = one.pixel_size_um, one.z_step_um
        if pixel_size_um is not None and _plausible(width, PLAUSIBLE_PIXEL_UM):
            file_says = f"not {_pixel_words(one)} of {one.pixel_size_source}"
            if _stretched(one) or _differs(width, pixel_size_um):
                found.append(f"pixel size {pixel_size_um:g} um, {file_says}")
        if z_step_um is not None and one.sizes[1] > 1 and _plausible(step, PLAUSIBLE_STEP_UM):
            file_says = f"not {step:g} um of {one.z_step_source}"
            if _differs(step, z_step_um):
                found.append(f"plane distance {z_step_um:g} um, {file_says}")
    return tuple(Finding("CALIBRATION_OVERRULED", detail=text) for text in dict.fromkeys(found))


def _stretched(one: Series) -> bool:
    width, height = one.pixel_size_um, one.pixel_height_um
    return width is not None and height is not None and _differs(width, height)


def _differs(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) > _AGREE * abs(one)


def _plausible(value: float | None, limits: tuple[float, float]) -> bool:
    return value is not None and limits[0] <= value <= limits[1]


def _pixel_words(one: Series) -> str:
    height = f" x {one.pixel_height_um:g}" if _stretched(one) else ""
    return f"{one.pixel_size_um:g}{height} um"


def _settled(
    what: str,
    given: float | None,
    known: list[float],
    plausible: tuple[float, float],
    option: str,
    file: str,
) -> float:
    if given is None and not known:
        raise CalibrationError(f"no {what}", file=file, remedy=f"give it with {option}")
    if given is None and max(known) - min(known) > _AGREE * abs(max(known)):
        raise CalibrationError(
            f"{what} differs between the channels",
            file=file,
            found=", ".join(f"{value:g}" for value in known),
            remedy=f"give it with {option}",
        )
    value = known[0] if given is None else given
    low, high = plausible
    if not math.isfinite(value) or not low <= value <= high:
        raise CalibrationError(
            f"{what} is not plausible",
            file=file,
            found="no length in a known unit" if math.isnan(value) else f"{value:g} um",
            expected=f"{low:g} to {high:g} um",
            remedy=f"give it with {option}",
        )
    return float(value)
