"""Outlines: each nucleus cut at its own half height, smooth, whole, at full resolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.filters import connected_parts, gaussian, largest_near, smallest_near
from fishcount.nuclei.contacts import (
    Ellipses,
    divide_at_contacts,
    fit_ellipses,
    join_false_cuts,
)
from fishcount.nuclei.distance import nearest_label
from fishcount.nuclei.foreground import fill_holes
from fishcount.nuclei.light import NuclearLight, core_heights
from fishcount.nuclei.runs import count_pixels, find_runs

__all__ = ["Outlines", "draw_outlines", "enlarge_outlines"]

# The glow around a nucleus is looked for from so many diameters outside its core.
RIM_FROM, MAX_GLOW = 0.08, 0.6
# A core grows by at most this many diameters; smoothing of the outline; largest hole to fill.
MAX_GROWTH, OUTLINE_SMOOTHING, MAX_HOLE = 0.15, 0.03, 0.2
# Under this part of a nuclear area, or of the typical height, it is no nucleus but a crumb or
# glow. Of a nucleus that the field's edge cuts a slice is enough, if it is bright.
MIN_AREA, MIN_HEIGHT = 0.08, 0.2
MIN_SLICE, SLICE_HEIGHT = 0.03, 0.5
# What is smaller than this part of a nuclear area must stand out from what is that many
# diameters outside of it, by a part of its own height and by a part of the typical one.
STEP_REACH = 0.12
OWN_STEP, OWN_STEP_AREA = 0.4, 0.6
TYPICAL_STEP, TYPICAL_STEP_AREA = 0.3, 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Nuclei on the working image.

    Attributes
    ----------
    labels : ndarray of int32, (y, x)
        1 to n in the order of centroids.
    margin : ndarray of float32, (y, x)
        Positive inside of nuclei, zero on their outline.
    ellipses : Ellipses
        Between those of nuclei that touch runs the cut.
    cut_counts : float
        Typical signal at the outline.
    """

    labels: NDArray[np.int32]
    margin: NDArray[np.float32]
    ellipses: Ellipses
    cut_counts: float


def draw_outlines(
    cores: NDArray[np.int32],
    signal: NDArray[np.float32],
    *,
    diameter_px: float,
    floor_counts: float,
    light: NuclearLight,
) -> Outlines:
    """Grow or shrink each core to where the signal is `light.cut` of its own height."""
    height = core_heights(cores, signal)
    nearest, squared = nearest_label(cores, reach_px=MAX_GROWTH * diameter_px)
    ellipses = fit_ellipses(cores)
    nearest = divide_at_contacts(nearest, ellipses, diameter_px=diameter_px)
    rim = nearest * (squared > (RIM_FROM * diameter_px) ** 2)
    glow = np.minimum(_glow(rim, signal, len(height)), MAX_GLOW * height)
    cut = np.maximum(glow + light.cut * (height - glow), floor_counts).astype(np.float32)
    nucleus_area = np.pi / 4 * diameter_px**2
    inside = (signal > cut.take(nearest)) & (nearest > 0)
    inside = fill_holes(inside, max_area_px=MAX_HOLE * nucleus_area) & (nearest > 0)
    soft = gaussian(inside.astype(np.float32), max(OUTLINE_SMOOTHING * diameter_px, 0.5))
    margin = np.where(nearest > 0, soft - 0.5, -0.5).astype(np.float32)
    labels = largest_parts(nearest * (margin > 0))
    joined = join_false_cuts(labels, diameter_px=diameter_px)
    if (joined != np.arange(len(joined))).any():
        labels, nearest = joined[labels], joined[nearest]
        ellipses = fit_ellipses(labels)
        labels = divide_at_contacts(labels, ellipses, diameter_px=diameter_px)
    kept = _is_nucleus(labels, height, diameter_px, light.height_counts)
    kept &= _stands_out(labels, signal, len(height), diameter_px, light.height_counts)
    old, new = _in_order(labels, kept)
    labels = new.take(labels)
    np.minimum(margin, 0, out=margin, where=labels == 0)
    margin[(labels == 0) & (soft > 0.5)] = -0.5
    typical = float(np.median(cut[1:])) if len(cut) > 1 else float("nan")
    return Outlines(labels, margin, Ellipses(ellipses.centre[old], ellipses.form[old]), typical)


def _in_order(
    labels: NDArray[np.int32], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Old labels by new ones, and new ones by old: those kept, 1 to n by centroid.

    They will be numbered like that at full size, where it costs more to number them anew.
    """
    runs = find_runs(labels)
    present = runs.label[runs.first]
    rows = np.flatnonzero(kept[present])
    number = runs.taken(rows).in_centroid_order(len(rows))
    old, new = np.zeros(len(rows) + 1, np.int64), np.zeros(len(kept), np.int32)
    old[number[1:]] = present[rows]
    new[present[rows]] = number[1:]
    return old, new


def _glow(rim: NDArray[np.int32], signal: NDArray[np.float32], n: int) -> NDArray[np.float64]:
    """Mean of the darker part of the rim of each nucleus; 0 where neighbours leave it none."""
    inside = np.flatnonzero(rim > 0)
    label, values = rim.ravel()[inside], signal.ravel()[inside]
    mean = np.bincount(label, values, n) / np.maximum(np.bincount(label, minlength=n), 1)
    lower = values <= mean[label]
    label, values = label[lower], values[lower]
    mean = np.bincount(label, values, n) / np.maximum(np.bincount(label, minlength=n), 1)
    return np.maximum(mean, 0)


def largest_parts(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Of each label only its largest connected part; the first in raster order of equals."""
    runs = find_runs(labels)
    # One run in each row, and each beside the next: that is one part, as nearly all labels are.
    beside = (runs.y[1:] == runs.y[:-1] + 1) & (runs.x0[1:] < runs.x1[:-1])
    beside &= runs.x1[1:] > runs.x0[:-1]
    doubtful = runs.label[1:][~beside & (runs.label[1:] == runs.label[:-1])]
    largest = labels.copy()
    boxes = ndi.find_objects(labels) if len(doubtful) else []
    for label in np.unique(doubtful).tolist():
        here = largest[boxes[label - 1]]
        parts, n = connected_parts(here == label)
        if n > 1:
            area = np.bincount(parts.ravel())
            area[0] = 0
            here[(parts > 0) & (parts != area.argmax())] = 0
    return largest


def _is_nucleus(
    labels: NDArray[np.int32], height: NDArray[np.float64], diameter_px: float, typical: float
) -> NDArray[np.bool_]:
    """Which labels are large and bright enough; 0 is not."""
    area = count_pixels(labels, len(height)) / (np.pi / 4 * diameter_px**2)
    kept = (area >= MIN_AREA) & (height >= MIN_HEIGHT * typical)
    cut = np.zeros(len(height), bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        cut[side] = True
    kept |= cut & (area >= MIN_SLICE) & (height >= SLICE_HEIGHT * typical)
    kept[0] = False
    return np.asarray(kept)


def _stands_out(
    labels: NDArray[np.int32],
    signal: NDArray[np.float32],
    n: int,
    diameter_px: float,
    typical: float,
) -> NDArray[np.bool_]:
    """Which labels are no crumbs of haze, of texture, or of a larger object."""
    flat, bright, width = labels.ravel(), signal.ravel(), labels.shape[1]
    at = np.flatnonzero(flat > 0)
    pixels = np.bincount(flat[at], minlength=n)
    mean = np.bincount(flat[at], bright[at], n) / np.maximum(pixels, 1)
    outside, pairs = np.zeros(n), np.zeros(n)
    reach = max(round(STEP_REACH * diameter_px), 2)
    inside = flat > 0
    for step in (reach * width, reach):
        leaves = np.flatnonzero(inside[step:] & ~inside[:-step]) + step
        enters = np.flatnonzero(inside[:-step] & ~inside[step:])
        if step == reach:
            # Not over the ends of rows.
            leaves, enters = leaves[leaves % width >= reach], enters[enters % width < width - reach]
        for here, there in ((leaves, leaves - step), (enters, enters + step)):
            outside += np.bincount(flat[here], bright[there], n)
            pairs += np.bincount(flat[here], minlength=n)
    step = mean - outside / np.maximum(pairs, 1)
    area = pixels / (np.pi / 4 * diameter_px**2)
    faint = (step < OWN_STEP * mean) & (area < OWN_STEP_AREA)
    faint |= (step < TYPICAL_STEP * typical) & (area < TYPICAL_STEP_AREA)
    return np.asarray(~faint)


def enlarge_outlines(outlines: Outlines, factor: int, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Labels at full size: the margin interpolated, the label of the nearest nucleus.

    Only pixels of the working image next to an outline are interpolated, the others repeated.
    """
    labels, margin = outlines.labels, outlines.margin
    if factor == 1:
        return labels
    full = _repeated(labels, factor, shape)
    pixels = full.reshape(-1)
    inside = labels > 0
    y, x = _places_of(_beside_outline(inside))
    nearest = _largest_neighbour(labels, y, x)
    nearest = np.where(inside[y, x], labels[y, x], nearest)
    corners = _neighbours(margin, y, x)
    offsets = (np.arange(factor) + 0.5) / factor - 0.5
    touch_y, touch_x, near = _beside_contact(labels)
    ellipses = outlines.ellipses
    for i, down in enumerate(offsets.tolist()):
        for j, right in enumerate(offsets.tolist()):
            at, there = _places(touch_y * factor + i, touch_x * factor + j, shape)
            depth = [
                ellipses.depth_in(label[there], touch_y[there] + down, touch_x[there] + right)
                for label in near
            ]
            deepest = np.argmin(depth, axis=0)[None]
            pixels[at] = np.take_along_axis(near[:, there], deepest, axis=0)[0]
            at, there = _places(y * factor + i, x * factor + j, shape)
            value = _between(corners, down, right)[there]
            old = pixels[at]
            pixels[at] = np.where(value > 0, np.where(old > 0, old, nearest[there]), 0)
    return full


def _repeated(labels: NDArray[np.int32], factor: int, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Each pixel as factor x factor pixels, cut to `shape`."""
    wide = np.empty((labels.shape[0], shape[1]), np.int32)
    for j in range(factor):
        column = wide[:, j::factor]
        column[:] = labels[:, : column.shape[1]]
    full = np.empty(shape, np.int32)
    for i in range(factor):
        row = full[i::factor]
        row[:] = wide[: len(row)]
    return full


def _places(
    y: NDArray[np.intp], x: NDArray[np.intp], shape: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp] | slice]:
    """Flat index of those pixels that lie in an image, and which these are."""
    at = y * shape[1] + x
    there = np.flatnonzero((y < shape[0]) & (x < shape[1]))
    return (at, slice(None)) if len(there) == len(at) else (at[there], there)


def _places_of(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns, faster than `np.nonzero` where there are few."""
    y, x = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return y, x


def _beside_outline(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels that have both inside and outside among themselves and their eight neighbours."""
    padded = np.pad(inside, 1, mode="edge")
    any_in = padded[:-2] | padded[1:-1] | padded[2:]
    all_in = padded[:-2] & padded[1:-1] & padded[2:]
    any_in = any_in[:, :-2] | any_in[:, 1:-1] | any_in[:, 2:]
    beside: NDArray[np.bool_] = any_in & ~(all_in[:, :-2] & all_in[:, 1:-1] & all_in[:, 2:])
    return beside


def _beside_contact(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]:
    """Pixels with two nuclei around them; the smallest and largest label there, and their own."""
    # Labels are whole numbers of few digits in single precision, too.
    number = labels.astype(np.float32)
    high = largest_near(number, 3)
    number[labels == 0] = np.inf
    low = smallest_near(number, 3)
    y, x = _places_of(low < high)
    lowest, highest = low[y, x].astype(np.int32), high[y, x].astype(np.int32)
    own = np.where(labels[y, x] > 0, labels[y, x], lowest)
    return y, x, np.stack([lowest, highest, own])


def _largest_neighbour(
    labels: NDArray[np.int32], y: NDArray[np.intp], x: NDArray[np.intp]
) -> NDArray[np.int32]:
    """Largest label among some pixels and their eight neighbours."""
    padded = np.pad(labels, 1)
    width = padded.shape[1]
    flat, at = padded.ravel(), (y + 1) * width + x + 1
    largest: NDArray[np.int32] = flat[at]
    for step in (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1):
        np.maximum(largest, flat[at + step], out=largest)
    return largest


def _neighbours(
    image: NDArray[np.float32], y: NDArray[np.intp], x: NDArray[np.intp]
) -> dict[tuple[int, int], NDArray[np.float32]]:
    """Values of some pixels and of their eight neighbours; beyond the edge those on it."""
    padded = np.pad(image, 1, mode="edge")
    width = padded.shape[1]
    flat, at = padded.ravel(), (y + 1) * width + x + 1
    return {
        (down, right): flat.take(at + down * width + right)
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
    }


def _between(
    corners: dict[tuple[int, int], NDArray[np.float32]], down: float, right: float
) -> NDArray[np.float32]:
    """Bilinear interpolation at less than a pixel from whole positions."""
    y_2, x_2 = (1 if down > 0 else -1), (1 if right > 0 else -1)
    down, right = abs(down), abs(right)
    near: NDArray[np.float32] = (1 - right) * corners[0, 0] + right * corners[0, x_2]
    far: NDArray[np.float32] = (1 - right) * corners[y_2, 0] + right * corners[y_2, x_2]
    return (1 - down) * near + down * far
