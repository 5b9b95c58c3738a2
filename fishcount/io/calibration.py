"""Pixel size and plane distance: from the caller, else from the file; never assumed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fishcount.errors import CalibrationError
from fishcount.image import PLAUSIBLE_PIXEL_UM, PLAUSIBLE_STEP_UM
from fishcount.io.series import Series

__all__ = ["pixel_size", "z_step"]

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
    heights = [one.pixel_height_um for one in series if one.pixel_height_um is not None]
    if given is None and any(
        abs(height - width) > _AGREE * abs(width)
        for height, width in zip(heights, known, strict=False)
    ):
        raise CalibrationError(
            "pixels are not square",
            file=file,
            field=series[0].pixel_size_source,
            found=f"{known[0]:g} x {heights[0]:g} um",
            expected="one size",
            remedy="give it with --pixel-size-um",
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
            found=f"{value:g} um",
            expected=f"{low:g} to {high:g} um",
            remedy=f"give it with {option}",
        )
    return float(value)
