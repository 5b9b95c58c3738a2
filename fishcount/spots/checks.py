"""What is not a probe channel is refused, with the reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import PixelError

__all__ = ["checked_counts"]


def checked_counts(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Counts of a plane (y, x), in float32, or of a stack (z, y, x), as they are stored.

    Raises PixelError when they are no numbers, NaN, infinite, or neither plane nor stack.
    """
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "buif":
        raise PixelError(
            "not a plane or stack of counts",
            found=f"{pixels.dtype} of shape {pixels.shape}",
            expected="numbers (y, x) or (z, y, x)",
        )
    # A stack stays as it is stored: only what is projected becomes float32.
    if pixels.ndim == 2 or pixels.dtype.itemsize > 2:
        # What single precision cannot hold becomes infinite.
        with np.errstate(over="ignore"):
            pixels = pixels.astype(np.float32, copy=False)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = np.argwhere(~np.isfinite(pixels))
        raise PixelError(
            "NaN or infinite pixels", found=f"{len(bad)}, the first at {tuple(bad[0].tolist())}"
        )
    return pixels
