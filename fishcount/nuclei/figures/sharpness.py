"""How sharp each nucleus is: the width of its edge, and the fine detail of DAPI inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import gaussian, gaussian_kernel, laplacian, separable
from fishcount.nuclei.geometry.runs import BAND_PX, Runs
from fishcount.nuclei.geometry.shape import moments_of

__all__ = ["edge_width", "fine_detail"]

# The slope of an edge is taken between pixels at this distance inside and outside of it.
_EDGE_REACH_PX = 3
# Mean cosine between the rows of a disk and the normals of its outline. Near the first and the last
# row of an ellipse, which run along the outline, the cosine is limited.
_DISK_COSINE = np.pi / 4
_LAST_ROW = 0.98
# Chromatin is looked at on this share of a nuclear diameter, but on no less than a pixel.
_FINE, _FINEST_PX, _TRUNCATE = 0.02, 1.0, 3.0
# The outline is a step, not detail: nothing nearer to it than this, in nuclear diameters, counts.
_RIM = 0.16
# Second differences along both axes see noise alone where pixels are finer than the optics
# (Immerkaer, Comput. Vis. Image Underst. 64, 1996). White noise comes out with this power.
_SECOND = np.array([1, -2, 1], np.float32)
_SECOND_GAIN = 36.0
# This many standard errors of the noise are added, so that no nucleus seems blurred by chance.
_HIDDEN = 2.0


def edge_width(
    labels: NDArray[np.int32],
    runs: Runs,
    dapi: NDArray[np.number],
    mean: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Step of DAPI over its slope across the left and right ends of the runs, in pixels.

    Only ends towards background tell: across a contact there is no step, however sharp both nuclei
    are, and none is seen where the field ends. Where no end is free all of them count. Rows that
    meet the outline at a slant see less of its slope, by the cosine: so they count less, and a
    long nucleus is as sharp along the rows as across them.
    """
    width = dapi.shape[1]
    row, flat = runs.y * width, labels.ravel()
    reach = _EDGE_REACH_PX
    slope, cosine, free_slope, free_cosine = (np.zeros(len(mean)) for _ in range(4))
    ends = (runs.x0, 1), (runs.x1 - 1, -1)
    for (x, sign), normal in zip(ends, _cosines(runs), strict=True):
        inner = np.clip(x + sign * (reach - 1), 0, width - 1)
        outer = x - sign * reach
        free = (outer >= 0) & (outer < width)
        outer = np.clip(outer, 0, width - 1)
        # Beside a neighbour its glow is in the way, too.
        further = np.clip(x - sign * 2 * reach, 0, width - 1)
        free &= (flat.take(row + outer) == 0) & (flat.take(row + further) == 0)
        inner_counts, outer_counts = (
            dapi[runs.y, side].astype(np.float32, copy=False) for side in (inner, outer)
        )
        here = (inner_counts - outer_counts) / (2 * reach - 1)
        slope += runs.total(here)
        cosine += runs.total(normal)
        free_slope += runs.total(here * free)
        free_cosine += runs.total(normal * free)
    some = free_cosine > 0
    slope = np.where(some, free_slope, slope) / np.where(some, free_cosine, cosine)
    slope *= _DISK_COSINE
    edge: NDArray[np.float64] = mean / np.maximum(slope, 1e-3 * np.maximum(mean, 1e-6))
    return edge


def fine_detail(
    runs: Runs,
    dapi: NDArray[np.number],
    mean: NDArray[np.float64],
    *,
    diameter_px: float,
) -> NDArray[np.float64]:
    """Strength of the fine detail of DAPI inside each nucleus, as a share of its mean.

    The root mean square of a Laplacian of Gaussian, which out of focus goes first, without what
    noise adds to it. NaN where a nucleus is too small to have an inside.

    Parameters
    ----------
    runs
        Of the nuclei, labelled 1 to n.
    dapi : ndarray, (y, x)
    mean : ndarray of float64, (n,)
        DAPI of each, above background.
    diameter_px
        Typical of the field: what is fine is measured by it.
    """
    scale_px = max(_FINEST_PX, _FINE * diameter_px)
    inside = _inside(runs, _RIM * diameter_px)
    response, second = np.zeros(len(inside.y)), np.zeros(len(inside.y))
    for start in range(0, len(dapi), BAND_PX):
        band = np.flatnonzero((inside.y >= start) & (inside.y < start + BAND_PX))
        if len(band):
            response[band], second[band] = _detail_of_band(dapi, inside, band, start, scale_px)
    row, n = inside.label - 1, len(mean)
    pixels = np.bincount(row, inside.length, n).astype(np.float64)
    pixels[pixels == 0] = np.nan
    noise = np.bincount(row, second, n) / pixels * _response_gain(scale_px) / _SECOND_GAIN
    # Noise of the response is alike within its width: the pixels of that area count as one.
    error = noise * np.sqrt(2 * 4 * np.pi * scale_px**2 / pixels)
    power = np.maximum(np.bincount(row, response, n) / pixels - noise, 0) + _HIDDEN * error
    return np.asarray(scale_px**2 * np.sqrt(power) / np.maximum(mean, 1e-6), np.float64)


def _inside(runs: Runs, rim_px: float) -> Runs:
    """What of each run is at least `rim_px` from the outline, for which its ellipse stands.

    Runs that lie in the rim are left out, so that `first` means nothing in the result.
    """
    left, right = (np.ceil(rim_px / cosine).astype(np.int64) for cosine in _cosines(runs))
    x0, x1 = runs.x0 + left, runs.x1 - right
    kept = x0 < x1
    return Runs(runs.label[kept], runs.y[kept], x0[kept], x1[kept], runs.first)


def _detail_of_band(
    dapi: NDArray[np.number],
    inside: Runs,
    band: NDArray[np.int64],
    start: int,
    scale_px: float,
) -> list[NDArray[np.float32]]:
    """Sums over runs of the squared response, and of squared second differences."""
    reach = int(_TRUNCATE * scale_px) + 2
    top = max(start - reach, 0)
    pixels = dapi[top : start + BAND_PX + reach].astype(np.float32, copy=False)
    response = laplacian(gaussian(pixels, scale_px, truncate=_TRUNCATE))
    second = separable(pixels, _SECOND, _SECOND, border="nearest")
    here = Runs(inside.label[band], inside.y[band] - top, inside.x0[band], inside.x1[band], band)
    return here.per_run((np.add, response * response), (np.add, second * second))


def _response_gain(scale_px: float) -> float:
    """Power of the response to white noise of power 1: the sum of its squared weights."""
    smooth = np.pad(gaussian_kernel(scale_px, _TRUNCATE), 1)
    bent = np.convolve(smooth, _SECOND, "same")
    return float(2 * (bent @ bent) * (smooth @ smooth) + 2 * (bent @ smooth) ** 2)


def _cosines(runs: Runs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine between rows and the outline's normal at the left and the right end of each run.

    Of the ellipse with equal moments: the outline itself is too ragged, pixel by pixel.
    """
    area, sum_y, sum_x, sum_yy, sum_xx, sum_yx = moments_of(runs).T
    y, x = sum_y / area, sum_x / area
    yy = sum_yy / area - y * y + 1 / 12
    lean = (sum_yx / area - y * x) / yy
    across = np.maximum(sum_xx / area - x * x + 1 / 12 - lean * lean * yy, 1 / 12)
    row = runs.label - 1
    height = np.clip((runs.y - y[row]) / (2 * np.sqrt(yy[row])), -_LAST_ROW, _LAST_ROW)
    bend = np.sqrt(across / yy)[row] * height / np.sqrt(1 - height * height)
    return 1 / np.hypot(1, lean[row] + bend), 1 / np.hypot(1, lean[row] - bend)
