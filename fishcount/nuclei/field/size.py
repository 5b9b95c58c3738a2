"""The typical nuclear diameter of a field, from the image alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means, connected_parts, gaussian, smallest_near
from fishcount.nuclei.field.illumination import (
    MESH_DIAMETERS,
    background_mesh,
    noise_floor,
    shared_noise_floor,
    some_rows,
)
from fishcount.nuclei.geometry.runs import find_runs
from fishcount.nuclei.geometry.shape import disk_area, ellipse_fit, moments_of
from fishcount.robust import quantile

__all__ = ["diameter_of", "guess_diameter"]

_N_LEVELS = 9
# What is brighter than the rest, as a quantile.
_TOP = 0.98
# Noise that pixels share has hills like nuclei, and as many hollows. In 240 fields of nuclei
# hollows had at most a third of the edge of hills, in such noise at least half. They are looked
# for where an image rises above its median as far as it falls below it, within this ratio: noise
# does within 1.2, fields rise 6 times as far or more, and sheets of nuclei a quarter as far. A few
# nuclei may do so by chance, so at least _ENOUGH_TO_TELL hills and hollows are needed.
_EVEN, _AS_MANY_HOLLOWS, _ENOUGH_TO_TELL = 1.25, 0.5, 12
_MIN_AREA_PX = 20
# Least likeness to an ellipse of a component that counts; see `Pieces.ellipse_fit`.
_MIN_FIT = 0.9
# Distance outside an outline at which light is measured, in radii of a disk of its area.
_OUTSIDE = 0.5
# Nuclei are bright over a square of this width, in their diameters; noise is not.
_CLUMP_WIDTH = 0.7
_FIRST_CELL_PX = 75.0
# Nuclei of more than about this diameter are reduced: a guess needs no more pixels.
_COARSE_ABOVE_PX = 22.0
# Least quality, and least share of a typical area, of nuclei from which the diameter is taken; and
# the quantile that is taken, a little below the median, because merged nuclei are much larger
# while no nuclei are as much smaller.
_MIN_QUALITY, _MIN_PART, _MIDDLE = 0.6, 0.3, 0.45


def guess_diameter(
    image: NDArray[np.float32], *, min_snr: float, prior_px: float | None = None
) -> float:
    """Diameter for which most of the edge in the image is that of ellipses.

    At each of several thresholds the components that look like ellipses are weighed by the slope
    of the image along their outline. Haze has long outlines without slope, texture has short
    ones; at the threshold where the sum is largest the outlines are those of nuclei. Bright bodies
    inside of nuclei have steep outlines, too, and many. But outside of them it is bright, so an
    outline counts by how dark it is outside of it; with a prior they are too small to count.

    Parameters
    ----------
    image
        Camera counts, (y, x).
    min_snr
        Least height above background in sigmas of the smoothed noise.
    prior_px
        Expected diameter: components far from it do not count.

    Returns
    -------
    float
        In pixels; NaN where nothing stands out, or the image is a single row or column. Where
        nothing looks like an ellipse, but there is a clump, the prior.
    """
    if prior_px is not None and prior_px > _COARSE_ABOVE_PX:
        half = block_means(image, 2)
        return 2 * guess_diameter(half, min_snr=min_snr, prior_px=0.5 * prior_px)
    smooth = gaussian(image, 1.0)
    cell = _FIRST_CELL_PX if prior_px is None else MESH_DIAMETERS * prior_px
    hills = smooth - background_mesh(smooth, cell_px=cell)
    floor = shared_noise_floor(image, smooth, min_snr=min_snr)
    if np.count_nonzero(hills > floor) < _MIN_AREA_PX:
        # In a sheet of nuclei all hills are nuclei.
        floor = noise_floor(image, min_snr=min_snr)
    bright = hills[hills > floor]
    if bright.size < _MIN_AREA_PX or min(image.shape) < 2:
        return math.nan
    if _is_even(hills) and _has_hollows(hills, -smooth - background_mesh(-smooth, cell_px=cell)):
        return math.nan
    _, _, diameter = _most_edge(hills, floor, prior_px=prior_px)
    if math.isnan(diameter) and prior_px is not None:
        # All nuclei may form one clump. Noise does, too, but is nowhere bright over such a width.
        side = 2 * round(0.5 * _CLUMP_WIDTH * prior_px) + 1
        if (smallest_near(hills, side) > 0.5 * quantile(bright, _TOP)).any():
            return prior_px
    return diameter


def diameter_of(labels: NDArray[np.int32], quality: NDArray[np.float64]) -> float:
    """Typical diameter of found nuclei that look like whole ones; NaN under three."""
    area = np.bincount(labels.ravel())[1:][quality > _MIN_QUALITY].astype(np.float64)
    if len(area) < 3:
        return math.nan
    least = _MIN_PART * disk_area(_middle_diameter(area, area))
    return math.sqrt(4 / math.pi * float(np.quantile(area[area > least], _MIDDLE)))


def _most_edge(
    hills: NDArray[np.float32],
    floor: float,
    *,
    prior_px: float | None = None,
    largest_px: float = math.inf,
) -> tuple[float, int, float]:
    """The most edge of ellipses at any threshold, how many these are, and their diameter.

    0, 0 and NaN where there are none, far from the prior or over the largest area left out.
    """
    bright = hills[hills > floor]
    most, n, diameter = 0.0, 0, math.nan
    if not bright.size:
        return most, n, diameter
    top = quantile(bright, _TOP)
    low = max(floor, 0.05 * top)
    slopes = list(np.gradient(hills))
    least_px = 0.0
    if prior_px is not None:
        least_px, largest_px = 0.05 * prior_px**2, 8 * prior_px**2
    for level in (low * (top / low) ** np.linspace(0, 0.95, _N_LEVELS)).tolist():
        area, edge = _ellipses(hills, level, slopes, weigh_outside=prior_px is None)
        near = (area > least_px) & (area < largest_px)
        area, edge = area[near], edge[near]
        if edge.sum() > most:
            most, n, diameter = float(edge.sum()), len(edge), _middle_diameter(area, edge)
    return most, n, diameter


def _is_even(hills: NDArray[np.float32]) -> bool:
    """Whether an image falls about as far below its median as it rises above it, as noise does."""
    some = some_rows(hills)
    low, median, high = (quantile(some, share) for share in (1 - _TOP, 0.5, _TOP))
    up, down = high - median, median - low
    return down < _EVEN * up and up < _EVEN * down


def _ellipses(
    smooth: NDArray[np.float32],
    level: float,
    slopes: Sequence[NDArray[np.float32]],
    *,
    weigh_outside: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Area and summed slope along the outline of the ellipse-like components over a level.

    `slopes` are those along y and x. With `weigh_outside`, an outline outside of which it is as
    bright as on it does not count, and one outside of which it is half as bright by a quarter.
    """
    mask = smooth > level
    labels, n = connected_parts(mask)
    if n == 0:
        return np.zeros(0), np.zeros(0)
    moments = moments_of(find_runs(labels))
    area, fit = moments[:, 0], ellipse_fit(moments)
    outline = mask.copy()
    outline[1:-1, 1:-1] &= ~(mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:])
    outline[[0, -1]] = outline[:, [0, -1]] = False
    good = (fit > _MIN_FIT) & (area >= _MIN_AREA_PX)
    at = np.flatnonzero(outline)
    row = labels.ravel()[at] - 1
    at, row = at[good[row]], row[good[row]]
    down, right = (slope.ravel()[at] for slope in slopes)
    edge = np.hypot(down, right)
    if weigh_outside:
        step = (1 + _OUTSIDE * np.sqrt(area[row] / np.pi)) / np.maximum(edge, 1e-6)
        y, x = np.divmod(at, mask.shape[1])
        y = np.clip(np.rint(y - step * down), 0, mask.shape[0] - 1).astype(np.intp)
        x = np.clip(np.rint(x - step * right), 0, mask.shape[1] - 1).astype(np.intp)
        edge = edge * np.square(np.clip(1 - smooth[y, x] / level, 0, 1))
    return area[good], np.bincount(row, edge, n)[good].astype(np.float64)


def _has_hollows(hills: NDArray[np.float32], hollows: NDArray[np.float32]) -> bool:
    """Whether an image has about as many hollows as hills, and enough of both to tell.

    Of any height, as only the rarest hills of noise are high, and not those that span the image.
    """
    (of_hills, n_hills, _), (of_hollows, n_hollows, _) = (
        _most_edge(way, 0.0, largest_px=hills.size / 16) for way in (hills, hollows)
    )
    return of_hollows > _AS_MANY_HOLLOWS * of_hills and n_hills + n_hollows >= _ENOUGH_TO_TELL


def _middle_diameter(area: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    order = np.argsort(area, kind="stable")
    share = np.cumsum(weight[order])
    middle = area[order][np.searchsorted(share, 0.5 * share[-1])]
    return math.sqrt(4 / math.pi * float(middle))
