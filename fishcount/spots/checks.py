"""Refuse what is not a probe channel, with the reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import PixelError
from fishcount.image.checks import as_counts, check_large, check_most_counts

__all__ = ["checked_counts"]


def checked_counts(image: NDArray[np.number]) -> NDArray[np.number]:
    """Counts of a plane (y, x) or a stack (z, y, x): float32, or small integers as they are stored.

    Raises PixelError when they are not numbers, NaN, infinite, masked, more than a camera counts or
    float32 holds, and for what is neither plane nor stack.
    """
    given = pixels = as_counts(image, "image")
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "uif":
        raise PixelError(
            "not a plane or stack of counts",
            found=f"{pixels.dtype} of shape {pixels.shape}",
            expected="numbers (y, x) or (z, y, x)",
        )
    if pixels.ndim == 3 and pixels.shape[2] <= 4 and min(pixels.shape[:2]) > 4:
        raise PixelError(
            "channels in place of a stack",
            found=f"shape {pixels.shape}",
            expected="numbers (y, x) or (z, y, x)",
            remedy="give one probe alone: of colours that come last, image[..., 0] for red",
        )
    # Counts of a camera take half the memory as they are stored; filters turn a few rows at a time.
    if pixels.dtype.kind != "u" or pixels.dtype.itemsize > 2:
        # What single precision cannot hold becomes infinite.
        with np.errstate(over="ignore"):
            pixels = pixels.astype(np.float32, copy=False)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = np.argwhere(~np.isfinite(pixels))
        raise PixelError(
            "NaN or infinite pixels", found=f"{len(bad)}, the first at {tuple(bad[0].tolist())}"
        )
    check_most_counts(pixels, role="image")
    check_large(given, role="image")
    # Sums over pixels run as they lie in memory: rows one after another give the same bits always.
    return pixels if pixels.strides[-1] == pixels.itemsize else np.ascontiguousarray(pixels)
