"""What an image must be: axes, roles, pixels, region and calibration, checked at the door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import (
    CalibrationError,
    ChannelError,
    MetadataError,
    PixelError,
    check_positive,
)

__all__ = [
    "DAPI",
    "PLAUSIBLE_PIXEL_UM",
    "PLAUSIBLE_STEP_UM",
    "PROBES",
    "ROLES",
    "as_counts",
    "as_czyx",
    "as_region",
    "check_calibration",
    "check_exact",
    "check_finite",
    "check_large",
    "check_most_counts",
    "check_not_scaled",
    "check_number",
    "check_pixels",
    "check_sizes",
    "checked_roles",
]

DAPI = "DAPI"
PROBES = ("HER2", "CEP17")
ROLES = (DAPI, *PROBES)

# From finer than any 100x objective gives, to the overview of a slide scanner; beyond, the unit is
# wrong.
PLAUSIBLE_PIXEL_UM = (0.01, 5.0)
PLAUSIBLE_STEP_UM = (0.01, 50.0)

# No camera counts as far, not even summed over thousands of frames. Of larger numbers, the squares
# and fourth powers that measurements take would overflow float32.
_MOST_COUNTS = 1e9
# Whole numbers up to here are exact in float32, in which everything is computed.
_EXACT = 2**24
_AS_STORED = "give the counts as they were stored, not rescaled"


def check_calibration(
    pixel_size_um: float | None, z_step_um: float | None, *, n_planes: int, name: str
) -> None:
    """Raise CalibrationError where a size that is needed is lacking or not plausible."""
    _check_size("pixel size", pixel_size_um, PLAUSIBLE_PIXEL_UM, name, "--pixel-size-um")
    if n_planes > 1 or z_step_um is not None:
        _check_size("plane distance", z_step_um, PLAUSIBLE_STEP_UM, name, "--z-step-um")


def check_sizes(*, pixel_size_um: float | None = None, z_step_um: float | None = None) -> None:
    """Raise CalibrationError for a size that is given and that no microscope has."""
    for name, size, (low, high) in (
        ("pixel_size_um", pixel_size_um, PLAUSIBLE_PIXEL_UM),
        ("z_step_um", z_step_um, PLAUSIBLE_STEP_UM),
    ):
        check_positive(**{name: size})
        if size is not None and not low <= size <= high:
            raise CalibrationError(
                "is not plausible",
                field=name,
                found=f"{size} um",
                expected=f"{low} to {high} um",
                remedy="give it in micrometres",
            )


def check_number(what: str, value: object, name: str | None = None) -> None:
    """Raise CalibrationError for what is not a number: text, True, a pair."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise CalibrationError(
            f"{what} is not a number", file=name, found=repr(value), expected="micrometres"
        )


def as_czyx(array: NDArray[np.generic], axes: str, name: str) -> NDArray[np.generic]:
    """A contiguous copy (channel, z, y, x) of an array whose axes are named in `axes`."""
    if not isinstance(axes, str):
        raise MetadataError("axes", file=name, found=repr(axes), expected="text such as CYX")
    axes = axes.upper()
    if len(set(axes)) != len(axes) or not {"Y", "X"} <= set(axes) <= set("CZYX"):
        raise MetadataError(
            "axes", file=name, found=repr(axes), expected="a permutation of YX, CYX, ZYX or ZCYX"
        )
    if len(axes) != array.ndim:
        raise MetadataError(
            "axes do not fit the array", file=name, found=f"{axes} for shape {array.shape}"
        )
    if 0 in array.shape:
        raise MetadataError("the image has no pixels", file=name, found=array.shape)
    order = [axes.index(axis) for axis in "CZYX" if axis in axes]
    stack = array.transpose(order)
    for position, axis in enumerate("CZ"):
        if axis not in axes:
            stack = np.expand_dims(stack, position)
    return np.array(stack, copy=True, order="C")


def as_counts(array: ArrayLike, name: str) -> NDArray[Any]:
    """An array of pixels; PixelError where some are masked, or rows differ in length."""
    if np.ma.is_masked(array):
        raise PixelError(
            "masked pixels",
            file=name,
            remedy="give all pixels, and what is to be scored as roi",
        )
    try:
        return np.asarray(array)
    except ValueError as error:  # Lists of unequal length.
        raise PixelError("the pixels are no array", file=name, found=str(error)) from error


def as_region(roi: ArrayLike, shape: tuple[int, ...], name: str) -> NDArray[np.bool_]:
    """A read-only copy of a mask; whole numbers count where they are not 0."""
    if np.ma.is_masked(roi):
        raise MetadataError(
            "the region is masked", file=name, remedy="give True where it is to be scored"
        )
    try:
        given = np.asarray(roi)
    except ValueError as error:  # Lists of unequal length.
        raise MetadataError("the region is no mask", file=name, found=str(error)) from error
    if given.shape != shape:
        raise MetadataError(
            "the region has another size than the image",
            file=name,
            found=given.shape,
            expected=shape,
        )
    if given.dtype.kind not in "bui":
        raise MetadataError(
            "the region is not a mask", file=name, found=given.dtype, expected="True inside"
        )
    mask: NDArray[np.bool_] = np.not_equal(given, 0)
    mask.flags.writeable = False
    return mask


def checked_roles(channels: Sequence[str], n_channels: int, name: str) -> tuple[str, ...]:
    """The roles, one for each channel, each known and once, DAPI and HER2 among them."""
    if isinstance(channels, Set):
        raise ChannelError(
            "a set has no order", file=name, field="channels", remedy="give the roles in a list"
        )
    roles = tuple(channels) if isinstance(channels, Iterable) else (channels,)
    if len(roles) != n_channels:
        raise ChannelError(
            "number of channel roles", file=name, found=len(roles), expected=n_channels
        )
    unknown = [role for role in roles if not isinstance(role, str) or role not in ROLES]
    if unknown:
        raise ChannelError(
            f"unknown channel {unknown[0]!r}", file=name, expected=" or ".join(ROLES)
        )
    if len(set(roles)) != len(roles):
        raise ChannelError("a role is named twice", file=name, found=", ".join(roles))
    if DAPI not in roles or "HER2" not in roles:
        lacking = DAPI if DAPI not in roles else "HER2"
        raise ChannelError(
            f"no {lacking} channel",
            file=name,
            found=", ".join(roles),
            remedy=f"name it with --channel {lacking}=NAME",
        )
    return roles


def check_pixels(stack: NDArray[np.generic], roles: tuple[str, ...], name: str) -> None:
    """Raise PixelError for what is not a camera count."""
    if stack.dtype.kind not in "uif":
        raise PixelError(
            "pixels are not camera counts", file=name, found=stack.dtype, expected="numbers"
        )
    for role, channel in zip(roles, stack, strict=True):
        check_finite(channel, role=role, file=name, remedy=_AS_STORED)
        check_not_scaled(channel, role=role, file=name, remedy=_AS_STORED)
        check_most_counts(channel, role=role, file=name, remedy=_AS_STORED)
        check_large(channel, role=role, file=name)
        if channel.dtype.kind in "if" and channel.min() < 0:
            raise PixelError(
                "negative pixels", file=name, field=role, found=f"minimum {channel.min()}"
            )


def check_finite(pixels: NDArray[np.generic], *, role: str, file: str, remedy: str) -> None:
    """Raise PixelError where pixels (z, y, x) are NaN or infinite."""
    if pixels.dtype.kind != "f" or np.isfinite(pixels).all():
        return
    bad = ~np.isfinite(pixels)
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    raise PixelError(
        "NaN or infinite pixels",
        file=file,
        field=role,
        found=f"{int(bad.sum())}, the first at (z, y, x) = {first}",
        expected="finite counts",
        remedy=remedy,
    )


def check_not_scaled(pixels: NDArray[Any], *, role: str, file: str, remedy: str) -> None:
    """Raise PixelError where pixels were scaled to 0 to 1."""
    if pixels.size and pixels.dtype.kind == "f" and 0 < pixels.max() <= 1:
        raise PixelError(
            "pixels from 0 to 1 are not camera counts",
            file=file,
            field=role,
            found=f"a maximum of {pixels.max():.6g}",
            remedy=remedy,
        )


def check_most_counts(
    pixels: NDArray[Any], *, role: str, file: str | None = None, remedy: str = _AS_STORED
) -> None:
    """Raise PixelError where pixels are more than a camera counts."""
    # Counts of 16 bits are never as high.
    if pixels.size and pixels.dtype.itemsize > 2 and pixels.max() > _MOST_COUNTS:
        raise PixelError(
            "pixels are not camera counts",
            file=file,
            field=role,
            found=f"a maximum of {pixels.max():.6g}",
            expected=f"at most {_MOST_COUNTS:g}",
            remedy=remedy,
        )


def check_exact(pixels: NDArray[Any], *, role: str, file: str | None = None, remedy: str) -> None:
    """Raise PixelError where a value would change in float32."""
    if pixels.dtype.kind == "f":
        with np.errstate(over="ignore"):
            exact = bool((pixels.astype(np.float32).astype(np.float64) == pixels).all())
    else:
        exact = not pixels.size or -_EXACT <= int(pixels.min()) <= int(pixels.max()) <= _EXACT
    if not exact:
        raise PixelError(
            f"{pixels.dtype} pixels that are not exact in float32",
            file=file,
            field=role,
            found=f"a maximum of {pixels.max()}",
            expected=f"whole counts up to {_EXACT}, or float32",
            remedy=remedy,
        )


def check_large(pixels: NDArray[Any], *, role: str, file: str | None = None) -> None:
    """Raise PixelError where counts are so large that float32 would take whole ones from them.

    What it takes from fractions of smaller ones is far below noise.
    """
    if not pixels.size or pixels.dtype.itemsize <= 2 or pixels.dtype == np.float32:
        return
    if pixels.max() > _EXACT or pixels.min() < -_EXACT:
        check_exact(pixels, role=role, file=file, remedy="take off what was added to all pixels")


def _check_size(
    what: str, value: float | None, plausible: tuple[float, float], name: str, option: str
) -> None:
    low, high = plausible
    if value is None:
        raise CalibrationError(f"no {what}", file=name, remedy=f"give it with {option}")
    check_number(what, value, name)
    if not low <= value <= high:
        raise CalibrationError(
            f"{what} is not plausible",
            file=name,
            found=f"{value} um",
            expected=f"{low} to {high} um",
            remedy=f"give it with {option}",
        )
