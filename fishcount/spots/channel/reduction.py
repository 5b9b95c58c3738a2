"""By how much channels are reduced whose pixels are finer than points ask for.

A microscope may sample a point at a tenth of its width, and software may enlarge an image before
it is stored. Such pixels add nothing but time, and an enlarged image has grain as wide as a narrow
point. On larger pixels points are as wide as detection was made for, and noise is white again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from fishcount.background import background_map, is_constant
from fishcount.filters import block_means
from fishcount.optics import KnownOptics
from fishcount.spots.channel.grain import is_smoothed
from fishcount.spots.channel.psf import START_PX, expected_sigma_px
from fishcount.spots.channel.scale import BLOCK_PX
from fishcount.spots.checks import checked_counts
from fishcount.spots.points.response import blob_response, passes_for
from fishcount.spots.stack import project_signals

__all__ = ["in_larger_pixels", "narrowest_px", "reduce_channels", "reduction_of"]

# Points stay at least this wide (sigma). Those that would be wider than the second are always
# reduced: up to there, pixels of a camera are best used as they are.
_WIDE_ENOUGH_PX, _TOO_WIDE_PX = 1.4, 3.6


def reduction_of(
    channels: Mapping[str, NDArray[np.number]],
    *,
    expected_px: float,
    z_step_um: float | None = None,
) -> int:
    """Edge, in pixels, of the blocks that are to be one pixel; 1 where pixels are as they should.

    Parameters
    ----------
    channels
        Camera counts of each probe, (y, x) or (z, y, x).
    expected_px
        How wide (sigma) the narrower points are, as far as one knows before they are seen.
    z_step_um
        Distance of planes.

    Raises
    ------
    PixelError
        When pixels are NaN or infinite, or a channel is no plane or stack.
    """
    factor = int(expected_px / _WIDE_ENOUGH_PX)
    # Of probes that differ in size it is said later, and would not be seen on larger pixels.
    if factor < 2 or len({pixels.shape[-2:] for pixels in channels.values()}) > 1:
        return 1
    if expected_px > _TOO_WIDE_PX:
        return factor
    planes = (
        project_signals(checked_counts(pixels), z_step_um=z_step_um) for pixels in channels.values()
    )
    return factor if any(_is_enlarged(plane) for plane in planes) else 1


def _is_enlarged(plane: NDArray[np.number]) -> bool:
    """Whether pixels of a plane, in which points are wide, are like their neighbours."""
    if is_constant(plane):
        return False
    passes = passes_for(START_PX)
    brightness = background_map(plane, block_px=BLOCK_PX)
    return is_smoothed(plane, blob_response(plane, passes), brightness, passes=passes)


def reduce_channels(
    channels: Mapping[str, NDArray[np.number]], factor: int
) -> Mapping[str, NDArray[np.number]]:
    """Means of blocks of the planes (y, x), or of each plane of the stacks (z, y, x)."""
    if factor == 1:
        return channels
    return {role: _reduced(pixels, factor) for role, pixels in channels.items()}


def _reduced(image: NDArray[np.number], factor: int) -> NDArray[np.float32]:
    pixels = checked_counts(image)
    if pixels.ndim == 2:
        return block_means(pixels, factor)
    return np.stack([block_means(plane, factor) for plane in pixels])


def in_larger_pixels(pixel_size_um: float | None, factor: int) -> float | None:
    """Size of the pixels of a reduced channel."""
    return None if pixel_size_um is None else factor * pixel_size_um


def narrowest_px(roles: Iterable[str], pixel_size_um: float | None, optics: KnownOptics) -> float:
    """Width (sigma) of the narrower points of the probes that have these roles."""
    widths = (expected_sigma_px(pixel_size_um, optics.point_sigma_um(role)) for role in roles)
    return min(widths, default=0.0)
