"""The working image: reduced until nuclei are as wide as the search wants them.

How wide they are follows from the pixel size, or is guessed from the image; hot pixels, which
would pass for small nuclei, are taken out where they hold most of the light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means, median3
from fishcount.nuclei.field.illumination import some_rows
from fishcount.nuclei.field.size import guess_diameter
from fishcount.robust import middle
from fishcount.settings import NucleiSettings

__all__ = ["MIN_DIAMETER_PX", "Reduced", "reduce_image"]

# Without a pixel size, the size of nuclei is first guessed on an image of about this width.
_GUESS_WIDTH_PX = 512
MIN_DIAMETER_PX = 6.0
# Below this diameter hot pixels might pass for nuclei.
_SPIKES_BELOW_PX = 13.0


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """An image reduced by a whole factor.

    Attributes
    ----------
    image : ndarray of float32, (y, x)
        Means of blocks.
    factor : int
        Pixels along the edge of a block.
    diameter_px : float
        Guess of the nuclear diameter, in pixels of the reduced image.
    despiked : bool
        Whether single hot pixels were taken out, with a median filter.
    """

    image: NDArray[np.float32]
    factor: int
    diameter_px: float
    despiked: bool = False


def reduce_image(
    image: NDArray[np.number], *, prior_px: float | None, settings: NucleiSettings
) -> Reduced | None:
    """The working image of a plane (y, x); None where nothing as wide as a nucleus stands out.

    Takes what `search_nuclei` takes.
    """
    if prior_px is None:
        return _by_guess(image, settings)
    return _by_prior(image, prior_px, settings)


def _by_prior(
    image: NDArray[np.number], prior_px: float, settings: NucleiSettings
) -> Reduced | None:
    factor = _working_factor(prior_px, settings)
    small, despiked = block_means(image, factor), False
    if _spikes(small) > 0.5 * _light(small):
        small, despiked = median3(small), True
    guess = factor * guess_diameter(small, min_snr=settings.min_snr, prior_px=prior_px / factor)
    if not guess >= MIN_DIAMETER_PX:
        return None
    # Clumps make the guess too large; the search corrects what the prior has wrong.
    return Reduced(small, factor, math.sqrt(guess * prior_px) / factor, despiked)


def _by_guess(image: NDArray[np.number], settings: NucleiSettings) -> Reduced | None:
    factor = max(1, round(max(image.shape) / _GUESS_WIDTH_PX))
    guess = factor * guess_diameter(block_means(image, factor), min_snr=settings.min_snr)
    if not guess >= MIN_DIAMETER_PX:
        return None
    factor = _working_factor(guess, settings)
    small, despiked = block_means(image, factor), False
    if guess < _SPIKES_BELOW_PX:
        # Where most light is in spikes, they are taken out and the guess is made again.
        smooth = median3(small)
        if _light(smooth) < 0.5 * _light(small):
            small, despiked = smooth, True
            guess = factor * guess_diameter(small, min_snr=settings.min_snr)
            if not guess >= MIN_DIAMETER_PX:
                return None
    return Reduced(small, factor, guess / factor, despiked)


def _light(image: NDArray[np.float32]) -> float:
    """Mean of what rises above the median."""
    image = some_rows(image)
    return float(np.maximum(image - np.float32(middle(image)), 0).mean())


def _spikes(image: NDArray[np.float32]) -> float:
    """Mean of what single pixels rise above the highest of their four neighbours."""
    inner = image[1:-1, 1:-1]
    if not inner.size:
        return 0.0
    around = np.maximum(image[:-2, 1:-1], image[2:, 1:-1])
    around = np.maximum(around, np.maximum(image[1:-1, :-2], image[1:-1, 2:]))
    return float(np.maximum(inner - around, 0).sum()) / image.size


def _working_factor(diameter_px: float, settings: NucleiSettings) -> int:
    """By how much the image is reduced so that nuclei are `working_diameter_px` wide."""
    return max(1, int(diameter_px / settings.working_diameter_px + 0.25))
