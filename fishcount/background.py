"""Local background under the signals, and noise in camera counts as a function of brightness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.filters import block_means, median3
from fishcount.robust import robust_sigma

__all__ = [
    "BackgroundMap",
    "NoiseModel",
    "background_map",
    "grey_step",
    "is_constant",
    "noise_by_brightness",
]

# Noise is measured in this many bins of brightness at most, each of this many pixels at least.
_BINS, _MIN_BIN = 12, 200
# Pixels among which the step between grey values is looked for.
_GREY_SAMPLE = 65_536
# Share of pixels that is not in crowds of signals.
_BULK = 0.98
# Noise is measured on every third pixel along each axis, and on about this many at most.
_LEAST_STEP, _AT_MOST = 3, 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BackgroundMap:
    """A coarse map of the local brightness, one value for each block of pixels.

    Attributes
    ----------
    counts : ndarray of float32, (rows, columns)
    block_px : int
    """

    counts: NDArray[np.float32]
    block_px: int

    def at(self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Brightness at positions, linear between the centres of blocks."""
        centre = (self.block_px - 1) / 2
        rows, columns = (y_px - centre) / self.block_px, (x_px - centre) / self.block_px
        sampled: NDArray[np.float64] = ndi.map_coordinates(
            self.counts, np.stack([rows, columns]), order=1, mode="nearest", output=np.float64
        )
        return sampled


def background_map(image: NDArray[np.number], *, block_px: int = 8) -> BackgroundMap:
    """Local brightness of a plane (y, x): medians over 3 x 3 means of blocks.

    Spots hardly move it: they brighten few blocks. A block that the edge cuts has the mean
    of the pixels that are there.
    """
    return BackgroundMap(counts=median3(block_means(image, block_px)), block_px=block_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseModel:
    """Standard deviation of a filtered image as a function of the local brightness.

    Attributes
    ----------
    brightness_counts, sigma_counts : tuple of float
        Knots, rising; linear in variance between them, constant below them.
    slope_counts : float
        Growth of the variance with brightness above the last knot.
    """

    brightness_counts: tuple[float, ...]
    sigma_counts: tuple[float, ...]
    slope_counts: float = 0.0

    def at(self, brightness_counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sigma of the noise at a given local brightness."""
        variance = np.interp(
            brightness_counts, self.brightness_counts, np.square(self.sigma_counts)
        )
        above = np.maximum(brightness_counts - self.brightness_counts[-1], 0)
        return np.sqrt(variance + self.slope_counts * above)

    @property
    def floor_counts(self) -> float:
        """The least sigma."""
        return min(self.sigma_counts)


def grey_step(image: NDArray[np.number]) -> float:
    """Smallest step between grey values of an image: 1 for counts, 0 where all pixels are equal.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.background import grey_step
    >>> grey_step(np.array([[0, 16], [48, 16]], np.float32))
    16.0
    """
    every = max(1, image.size // _GREY_SAMPLE)
    steps = np.diff(np.unique(image.reshape(-1)[::every]))
    return float(steps.min()) if steps.size else 0.0


def noise_by_brightness(
    filtered: NDArray[np.float32], brightness: BackgroundMap, *, least_counts: float = 0.0
) -> NoiseModel:
    """Noise of a filtered image, measured in bins of local brightness, at least `least_counts`.

    The spread in a bin is the median absolute deviation, so the signals in it hardly count.
    It never falls with brightness, as photon noise does not: a level that seems noisier than a
    brighter one is that of edges, and has the noise of the brighter one. The brightest places
    are crowds of signals, whose spread is not noise: beyond the bulk of the image the variance
    goes on as steeply as it rose, which is the law of photons.

    Parameters
    ----------
    filtered : ndarray of float32, (y, x)
        A filtered plane with mean zero, such as a blob response.
    brightness : BackgroundMap
        Of the plane before filtering.
    least_counts
        What is known to be there where there is noise at all: where an image was clipped to
        black, its spread is none.
    """
    step = max(_LEAST_STEP, math.isqrt(filtered.size // _AT_MOST))
    values = filtered[::step, ::step]
    block = brightness.block_px
    rows = np.arange(0, filtered.shape[0], step) // block
    columns = np.arange(0, filtered.shape[1], step) // block
    level = brightness.counts[np.ix_(rows, columns)].reshape(-1)
    number, n_bins = _bins(level)
    # Bin numbers of one byte are sorted many times faster than brightnesses.
    order = np.argsort(number, kind="stable")
    edges = np.searchsorted(number[order], np.arange(n_bins + 1))
    values, level = values.reshape(-1)[order], level[order]
    knots = np.array([float(np.median(level[a:b])) for a, b in pairwise(edges)])
    spread = np.array([robust_sigma(values[a:b]) for a, b in pairwise(edges)])
    # A computed image has no noise anywhere, so there is nothing to measure signals against.
    variance = np.square(np.maximum(spread, least_counts) if spread.any() else spread)
    variance = np.minimum.accumulate(variance[::-1])[::-1]
    rise = (variance[-1] - variance[0]) / max(knots[-1] - knots[0], 1e-9)
    return NoiseModel(
        brightness_counts=tuple(knots.tolist()),
        sigma_counts=tuple(np.sqrt(variance).tolist()),
        slope_counts=float(rise) if len(knots) > 1 else 0.0,
    )


def _bins(level: NDArray[np.float32]) -> tuple[NDArray[np.uint8], int]:
    """Number of the bin of each level, and how many bins there are.

    Bins are of equal width in brightness, joined until each holds enough pixels. What is brighter
    than nearly all of the image is in none: its number is the highest. Few pixels are one bin.
    """
    low, high = np.quantile(level, (0.01, _BULK))
    cuts = np.linspace(low, high, _BINS + 1)[1:-1]
    number = np.searchsorted(cuts, level, side="right").astype(np.uint8)
    number[level > high] = _BINS
    size = np.bincount(number, minlength=_BINS + 1)[:_BINS]
    if size.sum() < _MIN_BIN:
        return np.zeros_like(number), 1
    joined = np.zeros(_BINS + 1, np.uint8)
    n_bins, taken, left = 0, 0, int(size.sum())
    for bin_, pixels in enumerate(size.tolist()):
        joined[bin_] = n_bins
        taken, left = taken + pixels, left - pixels
        if taken >= _MIN_BIN and left >= _MIN_BIN:
            n_bins, taken = n_bins + 1, 0
    joined[_BINS] = n_bins + 1
    return joined[number], n_bins + 1


def is_constant(image: NDArray[np.generic]) -> bool:
    """Whether a channel holds no image at all: no pixels, or all of them equal.

    Noise without spots is an image, and its zero signals are a measurement.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.background import is_constant
    >>> is_constant(np.full((4, 4), 100)), is_constant(np.eye(4))
    (True, False)
    """
    return image.size == 0 or bool(image.min() == image.max())
