"""Nuclei above one another in a stack: outlines whose DAPI is sharp at two depths.

Light out of focus is spread, not lost, so brightness says little about depth; sharpness does.
Each outline is looked at on a grid of some twenty places across: in which plane is it sharpest
there? Two nuclei that overlap in part give two regions, each at a depth of its own. Two that lie
wholly above one another give one region whose sharpness has two maxima through the planes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.filters import block_means, enlarged
from fishcount.nuclei.focus import best_planes
from fishcount.nuclei.geometry.runs import Runs, find_runs
from fishcount.nuclei.geometry.shape import disk_area, measure_shapes
from fishcount.settings import NucleiSettings

__all__ = ["Depths", "cut_by_depth", "measure_depths"]

# Places across a nucleus; and the widths, in places and along z in micrometres, over which
# sharpness is averaged, because single pixels of noise are as sharp as anything.
_PLACES, _SPREAD_PLACES, _SPREAD_UM = 20, 1.5, 0.4
# Two regions: the smaller holds this share of the outline, their depths explain this share of the
# variance of depth (a slope explains three quarters of its own), and this share of each hangs
# together.
_REGION, _CLEAR, _CONNECTED = 0.2, 0.85, 0.85
# Two maxima: the lower has this share of the higher, and the valley falls to this share of it.
_SECOND, _VALLEY = 0.3, 0.7
# Least distance of two depths in planes: between neighbouring planes there is no valley.
_LEAST_PLANES = 2
# Least solidity of a part that is cut off: low, as an overlap leaves a crescent of a nucleus.
_PART_SOLIDITY = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Depths:
    """Where nuclei lie in a stack; columns of `NucleiTable`.

    Attributes
    ----------
    plane : ndarray of int64, (n,)
    distance_um : ndarray of float64, (n,)
    """

    plane: NDArray[np.int64]
    distance_um: NDArray[np.float64]

    @classmethod
    def of_plane(cls, n: int) -> Depths:
        """The depths of `n` nuclei in a single plane."""
        return cls(np.zeros(n, np.int64), np.full(n, np.nan))


@dataclass(frozen=True, slots=True, eq=False)
class _Relief:
    """One outline through the planes, on a grid of places.

    Attributes
    ----------
    label : int
    window : tuple of slice
        Rows and columns of the field that the grid covers.
    inside : ndarray of bool, (rows, columns)
        Places that lie in the outline.
    sharpness : ndarray of float32, (z, rows, columns)
        Mean squared Laplacian inside the outline, less the least of the place.
    """

    label: int
    window: tuple[slice, slice]
    inside: NDArray[np.bool_]
    sharpness: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Regions:
    """Two regions of an outline that lie at different depths."""

    n_planes: float
    upper: NDArray[np.bool_]


def measure_depths(
    labels: NDArray[np.int32],
    runs: Runs,
    stack: NDArray[np.number],
    *,
    sharpness: NDArray[np.float32] | None,
    z_step_um: float | None,
    diameter_px: float,
    settings: NucleiSettings,
) -> Depths:
    """Best plane of each of the labels 1 to n, and the distance of two depths where it has two.

    Parameters
    ----------
    labels : ndarray of int32, (y, x)
    runs : Runs
        Of these labels.
    stack : ndarray, (z, y, x)
        DAPI; a plane (y, x) has no depths.
    sharpness
        From `best_focus` of the stack; None for a plane.
    z_step_um
        Distance of planes; without it, as without `settings.separate_depths`, no distance is told.
    diameter_px
        Typical nuclear diameter.
    settings
        See `fishcount.settings.NucleiSettings`.
    """
    if sharpness is None:
        return Depths.of_plane(len(runs))
    depths = Depths(best_planes(runs, sharpness), np.full(len(runs), np.nan))
    if z_step_um is None or not settings.separate_depths or len(stack) <= _LEAST_PLANES:
        return depths
    depths.distance_um[:] = 0.0
    least = _least_planes(z_step_um, settings)
    for relief in _reliefs(labels, stack, z_step_um=z_step_um, diameter_px=diameter_px):
        regions = _two_regions(relief, least_planes=least)
        n_planes = _two_maxima(relief, least_planes=least) if regions is None else regions.n_planes
        depths.distance_um[relief.label - 1] = n_planes * z_step_um
    return depths


def cut_by_depth(
    labels: NDArray[np.int32],
    stack: NDArray[np.number],
    *,
    z_step_um: float | None,
    diameter_px: float,
    settings: NucleiSettings,
) -> NDArray[np.int32]:
    """The same label image, outlines of two nuclei that overlap in part cut between their depths.

    Each part has at least the area below which a nucleus is TOO_SMALL, and no hole; what is left
    whole is for `measure_depths` to tell. Parameters as there; labels of a plane come back as
    they are.
    """
    if z_step_um is None or not settings.separate_depths:
        return labels
    if stack.ndim == 2 or len(stack) <= _LEAST_PLANES:
        return labels
    result = labels.copy()
    top = int(labels.max(initial=0))
    least = _least_planes(z_step_um, settings)
    least_area_px = settings.too_small * disk_area(diameter_px)
    for relief in _reliefs(labels, stack, z_step_um=z_step_um, diameter_px=diameter_px):
        regions = _two_regions(relief, least_planes=least)
        if regions is None:
            continue
        own = labels[relief.window] == relief.label
        upper = _smooth_part(regions.upper, relief.inside, own)
        if _are_nuclei(own & ~upper, upper, least_area_px=least_area_px):
            top += 1
            result[relief.window][own & upper] = top
    return result


def _least_planes(z_step_um: float, settings: NucleiSettings) -> float:
    return max(settings.min_depth_um / z_step_um, _LEAST_PLANES)


def _reliefs(
    labels: NDArray[np.int32],
    stack: NDArray[np.number],
    *,
    z_step_um: float,
    diameter_px: float,
) -> Iterator[_Relief]:
    """Each outline on its grid of places."""
    step = max(1, round(diameter_px / _PLACES))
    pad = 2 * step
    for label, box in enumerate(ndi.find_objects(labels), start=1):
        if box is None:
            continue
        window = (
            slice(max(box[0].start - pad, 0), box[0].stop + pad),
            slice(max(box[1].start - pad, 0), box[1].stop + pad),
        )
        own = (labels[window] == label).astype(np.float32)
        share = block_means(own, step)
        detail = _detail(stack[:, *window])
        places = np.stack([block_means(plane * own, step) for plane in detail])
        spread = (_SPREAD_UM / z_step_um, _SPREAD_PLACES, _SPREAD_PLACES)
        energy = ndi.gaussian_filter(places, spread, mode="nearest", truncate=3)
        weight = ndi.gaussian_filter(share, _SPREAD_PLACES, mode="nearest", truncate=3)
        sharpness = energy / np.maximum(weight, 1e-6)
        sharpness -= sharpness.min(axis=0)
        yield _Relief(label, window, share >= 0.5, sharpness)


def _detail(stack: NDArray[np.number]) -> NDArray[np.float32]:
    """Squared Laplacian of each plane of a (z, y, x) stack, smoothed as for the best focus."""
    counts = stack.astype(np.float32, copy=False)
    smooth = ndi.gaussian_filter(counts, (0, 1.5, 1.5), mode="nearest", truncate=3)
    second = (1.0, -2.0, 1.0)
    laplacian = ndi.correlate1d(smooth, second, axis=1, mode="nearest")
    laplacian += ndi.correlate1d(smooth, second, axis=2, mode="nearest")
    squared: NDArray[np.float32] = laplacian * laplacian
    return squared


def _two_regions(relief: _Relief, *, least_planes: float) -> _Regions | None:
    """Two connected regions at depths that differ by `least_planes`, or None."""
    plane = relief.sharpness.argmax(axis=0)
    inside = relief.inside
    count = np.bincount(plane[inside], minlength=len(relief.sharpness)).astype(np.float64)
    total = count.sum()
    if total == 0:
        return None
    # Of all planes the one above which the best of two groups begins (Otsu 1979).
    depth = np.arange(len(count))
    below = np.cumsum(count)[:-1]
    sum_below = np.cumsum(count * depth)[:-1]
    mean = (count * depth).sum() / total
    low = sum_below / np.maximum(below, 1)
    high = (mean * total - sum_below) / np.maximum(total - below, 1)
    between = below * (total - below) / total**2 * (high - low) ** 2
    at = int(between.argmax())
    variance = (count * (depth - mean) ** 2).sum() / total
    if high[at] - low[at] < least_planes or between[at] < _CLEAR * variance:
        return None
    upper = inside & (plane > at)
    lower = inside & ~upper
    smaller = min(upper.sum(), lower.sum())
    if smaller < _REGION * total or min(_connected(upper), _connected(lower)) < _CONNECTED:
        return None
    return _Regions(float(high[at] - low[at]), upper)


def _two_maxima(relief: _Relief, *, least_planes: float) -> int:
    """Planes between two maxima of the sharpness of an outline through the planes; 0: one."""
    places = relief.sharpness[:, relief.inside]
    top_of_place = places.max(axis=0, initial=0)
    if not top_of_place.any():
        return 0
    # All places weigh the same, so that the rim of a bright neighbour makes no second nucleus.
    profile = (places / np.maximum(top_of_place, 1e-6 * top_of_place.max())).mean(axis=1)
    padded = np.pad(profile, 1, constant_values=-np.inf)
    peak = (profile >= padded[:-2]) & (profile > padded[2:])
    top = int(profile.argmax())
    depth = np.arange(len(profile))
    peak &= np.abs(depth - top) >= least_planes
    if not peak.any():
        return 0
    second = int(np.where(peak, profile, -np.inf).argmax())
    valley = profile[min(top, second) : max(top, second)].min()
    two = profile[second] >= _SECOND * profile[top] and valley <= _VALLEY * profile[second]
    return abs(second - top) if two else 0


def _connected(region: NDArray[np.bool_]) -> float:
    """Share of a region that its largest connected part holds."""
    parts, n = ndi.label(region)
    return float(np.bincount(parts[region]).max() / region.sum()) if n else 0.0


def _smooth_part(
    upper: NDArray[np.bool_], inside: NDArray[np.bool_], own: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """A region of places as pixels, with a smooth edge; pixels outside `own` say nothing."""
    share = ndi.gaussian_filter(upper.astype(np.float32), _SPREAD_PLACES, truncate=3)
    whole = ndi.gaussian_filter(inside.astype(np.float32), _SPREAD_PLACES, truncate=3)
    part: NDArray[np.bool_] = own & (
        enlarged((share / np.maximum(whole, 1e-6)).astype(np.float32), (own.shape[0], own.shape[1]))
        > 0.5
    )
    return part


def _are_nuclei(*parts: NDArray[np.bool_], least_area_px: float) -> bool:
    """Whether each part is one piece without a hole, large and convex enough for a nucleus."""
    for part in parts:
        shape = measure_shapes(find_runs(part.astype(np.int32)))
        if len(shape.area_px) == 0 or shape.area_px[0] < least_area_px:
            return False
        if shape.solidity[0] < _PART_SOLIDITY or ndi.label(part)[1] != 1:
            return False
        if (ndi.binary_fill_holes(part) != part).any():
            return False
    return True
