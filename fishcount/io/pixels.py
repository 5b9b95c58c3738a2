"""Stored numbers to camera counts, exactly or not at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import PixelError
from fishcount.image.checks import (
    check_exact,
    check_finite,
    check_most_counts,
    check_not_scaled,
)

__all__ = ["as_counts"]

_EXPORT = "export the camera's own counts"


def as_counts(
    pixels: NDArray[np.generic], *, role: str, file: str, offset_counts: float | None = None
) -> NDArray[np.generic]:
    """Counts that are finite, not negative and exact in float32.

    Parameters
    ----------
    pixels
        (z, y, x) of one channel, in the stored type.
    role, file
        For messages.
    offset_counts
        To be added to signed pixels.

    Returns
    -------
    ndarray, (z, y, x)
        The stored type where it serves; wider types become uint32 or float32, without change of
        a single value.

    Raises
    ------
    PixelError
        When pixels are complex, boolean, NaN, infinite, negative, beyond 1e9, scaled to 0 to
        1, or not exact in float32.
    """
    kind = pixels.dtype.kind
    if kind not in "uif":
        raise PixelError(
            "pixels are not camera counts",
            file=file,
            field=role,
            found=pixels.dtype,
            remedy="a mask, not an image?",
        )
    check_finite(pixels, role=role, file=file, remedy=_EXPORT)
    if offset_counts is not None:
        pixels = pixels.astype(np.float64) + offset_counts
    if kind in "if" and pixels.size and pixels.min() < 0:
        raise PixelError(
            "negative pixels",
            file=file,
            field=role,
            found=f"a minimum of {pixels.min()}",
            expected="counts from 0 up",
            remedy="give the offset to add with --offset-counts",
        )
    # Checked before the type, as an image scaled to 0 to 1 would be blamed for that, and it is not
    # what is wrong with it.
    check_not_scaled(pixels, role=role, file=file, remedy=_EXPORT)
    narrow = _narrowed(pixels, role, file)
    check_most_counts(narrow, role=role, file=file, remedy=_EXPORT)
    return narrow


def _narrowed(pixels: NDArray[np.generic], role: str, file: str) -> NDArray[np.generic]:
    if pixels.dtype in (np.uint8, np.uint16, np.int8, np.int16, np.float32):
        return pixels
    check_exact(pixels, role=role, file=file, remedy="export as 16-bit or float32")
    return pixels.astype(np.float32 if pixels.dtype.kind == "f" else np.uint32)
