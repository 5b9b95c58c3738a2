"""The search for nuclei in one plane: reduce it, guess their size, climb, cut, draw outlines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.nuclei.concavity import cut_at_dents
from fishcount.nuclei.foreground import find_foreground
from fishcount.nuclei.illumination import background_mesh, noise_sigma, reduce_by
from fishcount.nuclei.ladder import climb_ladder
from fishcount.nuclei.outline import draw_outlines, enlarge_outlines
from fishcount.nuclei.size import diameter_of, guess_diameter
from fishcount.settings import NucleiSettings

__all__ = ["Found", "search_nuclei"]

# Without a pixel size, the size of nuclei is first guessed on an image of about this width.
GUESS_WIDTH_PX = 512
MIN_DIAMETER_PX = 6.0
# As small as this, hot pixels could be nuclei.
SPIKES_BELOW_PX = 13.0
# Cell of the background mesh, and smoothing of the image, in nuclear diameters.
MESH_DIAMETERS = 2.5
SMOOTHING = 0.045
# Found nuclei of another size than was guessed, by this much of a log: search once more.
RETRY_ABOVE = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the search found in a plane.

    Attributes
    ----------
    labels : ndarray of int32, (y, x)
        At full size, in no particular order; 0 is background.
    background : ndarray of float32
        Of the reduced image.
    diameter_px : float
        Typical diameter of the nuclei.
    threshold_counts : float
        Typical height above background of the outlines.
    """

    labels: NDArray[np.int32]
    background: NDArray[np.float32]
    diameter_px: float
    threshold_counts: float


@dataclass(frozen=True, slots=True, eq=False)
class _Reduced:
    """An image reduced by a whole factor, and a guess of the nuclear diameter in its pixels."""

    image: NDArray[np.float32]
    factor: int
    diameter_px: float


def search_nuclei(
    image: NDArray[np.float32], *, prior_px: float | None, settings: NucleiSettings
) -> Found | None:
    """Nuclei of a plane (y, x); None where nothing stands out.

    Parameters
    ----------
    image
        Camera counts.
    prior_px
        Expected nuclear diameter; None where the pixel size is not known.
    settings
        See `fishcount.settings.NucleiSettings`.
    """
    if prior_px is None:
        reduced = _reduced_by_guess(image, settings)
    else:
        reduced = _reduced_by_prior(image, prior_px, settings)
    if reduced is None:
        return None
    smooth = ndi.gaussian_filter(reduced.image, 1.0, mode="nearest", truncate=3)
    background = background_mesh(smooth, cell_px=MESH_DIAMETERS * reduced.diameter_px)
    floor = settings.min_snr * 0.28 * noise_sigma(reduced.image) + 1e-3
    mask, _ = find_foreground(smooth - background, floor_counts=floor)
    if not mask.any():
        return None
    typical = float(np.median((smooth - background)[mask]))
    cores, signal, diameter = _climb(reduced, background, floor=floor, typical=typical)
    if diameter * reduced.factor < MIN_DIAMETER_PX:
        return None
    cores = cut_at_dents(cores, signal, diameter_px=diameter)
    outlines = draw_outlines(cores, signal, diameter_px=diameter, floor_counts=floor)
    return Found(
        labels=enlarge_outlines(outlines, reduced.factor, (image.shape[0], image.shape[1])),
        background=background,
        diameter_px=diameter * reduced.factor,
        threshold_counts=outlines.cut_counts,
    )


def _reduced_by_prior(
    image: NDArray[np.float32], prior_px: float, settings: NucleiSettings
) -> _Reduced | None:
    factor = _working_factor(prior_px, settings)
    small = reduce_by(image, factor)
    guess = factor * guess_diameter(small, min_snr=settings.min_snr, prior_px=prior_px / factor)
    if not guess >= MIN_DIAMETER_PX:
        return None
    # Clumps make the guess too large; the search corrects what the prior has wrong.
    return _Reduced(small, factor, math.sqrt(guess * prior_px) / factor)


def _reduced_by_guess(image: NDArray[np.float32], settings: NucleiSettings) -> _Reduced | None:
    factor = max(1, round(max(image.shape) / GUESS_WIDTH_PX))
    guess = factor * guess_diameter(reduce_by(image, factor), min_snr=settings.min_snr)
    if not guess >= MIN_DIAMETER_PX:
        return None
    factor = _working_factor(guess, settings)
    small = reduce_by(image, factor)
    if guess < SPIKES_BELOW_PX:
        # Where most light is in spikes, they are taken out and the guess is made again.
        calm = ndi.median_filter(small, 3, mode="nearest")
        if _light(calm) < 0.5 * _light(small):
            small = calm
            guess = factor * guess_diameter(small, min_snr=settings.min_snr)
            if not guess >= MIN_DIAMETER_PX:
                return None
    return _Reduced(small, factor, guess / factor)


def _climb(
    reduced: _Reduced, background: NDArray[np.float32], *, floor: float, typical: float
) -> tuple[NDArray[np.int32], NDArray[np.float32], float]:
    """Cores, the smoothed signal they were found in, and the diameter: twice where it differs."""
    diameter = reduced.diameter_px
    for _ in range(2):
        sigma = max(SMOOTHING * diameter, 0.7)
        smooth = ndi.gaussian_filter(reduced.image, sigma, mode="nearest", truncate=3)
        signal = smooth - background
        cores, quality = climb_ladder(
            signal, floor_counts=floor, typical_counts=typical, diameter_px=diameter
        )
        found = diameter_of(cores, quality)
        # The first guess counts what stands alone; clumps may have made it too large.
        if not found > 0 or abs(math.log(found / diameter)) < RETRY_ABOVE:
            break
        diameter = found
    return cores, signal, diameter


def _light(image: NDArray[np.float32]) -> float:
    """Mean of what rises above the median."""
    return float(np.maximum(image - np.median(image), 0).mean())


def _working_factor(diameter_px: float, settings: NucleiSettings) -> int:
    """By how much the image is reduced so that nuclei are `working_diameter_px` wide."""
    return max(1, int(diameter_px / settings.working_diameter_px + 0.25))
