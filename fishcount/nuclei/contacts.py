"""Where touching nuclei end: between the ellipses that their free outlines lie on.

The ellipses of two nuclei that touch or overlap cross in the dents of their common outline. The
line on which a point is as deep in one as in the other runs through both crossings: a smooth cut
from dent to dent, through the middle of an overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.neighbours import border_pairs, contact_pairs
from fishcount.nuclei.runs import count_pixels, find_runs

__all__ = [
    "Contacts",
    "Ellipses",
    "cut_by_the_edge",
    "divide_at_contacts",
    "find_contacts",
    "fit_ellipses",
    "join_false_cuts",
]

# How far from a contact pixels may change hands, in nuclear diameters.
REACH = 0.25
# Weight of the ellipse of equal moments against the free outline, in parts of a full outline: it
# speaks where neighbours leave little of the outline free.
PRIOR = 0.03
# An ellipse of an area beyond these multiples of its nucleus is not believed.
SMALLEST, LARGEST = 0.85, 1.8
# A cut is false, as log odds, by its width and by the area of both sides over that of a nucleus.
# Fitted to contacts in drawn fields by `benchmarks/fit_contacts.py`; from FALSE on, one contact of
# two nuclei in 250 is lost.
WIDTH_WEIGHT, SIZE_WEIGHT, FALSE = 6.7, 3.0, 6.0
# Both sides together count as at least so large: the fit has seen nothing smaller.
MIN_SIZE = 0.6

# Places that fill the unit disk evenly.
_DISK_Y, _DISK_X = (np.indices((20, 20)).reshape(2, -1) - 9.5) / 10
_DISK_Y, _DISK_X = (part[np.hypot(_DISK_Y, _DISK_X) < 1] for part in (_DISK_Y, _DISK_X))


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Pairs of labels that touch, one row for each.

    Attributes
    ----------
    one, other : ndarray of int64, (k,)
        The labels, the smaller first.
    width : ndarray of float64, (k,)
        Length of the contact over the width of the smaller label: the diameter of a disk of its
        area. Two that touch have a waist there, a cut through one has none.
    area_px : ndarray of float64, (k,)
        Pixels of both together.
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    width: NDArray[np.float64]
    area_px: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ellipses:
    """One ellipse for each label; row 0 is of none.

    Attributes
    ----------
    centre : ndarray of float64, (n + 1, 2)
        y, x in pixels.
    form : ndarray of float64, (n + 1, 3)
        Factors of dy^2, dx^2 and dy dx; their sum is 1 on the ellipse.
    """

    centre: NDArray[np.float64]
    form: NDArray[np.float64]

    def depth_in(
        self,
        label: NDArray[np.integer],
        y: NDArray[np.float64] | NDArray[np.intp],
        x: NDArray[np.float64] | NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """0 in the centre of the ellipse of a label, 1 on it, more outside."""
        return Ellipses(self.centre[label], self.form[label]).depth(y, x)

    def depth(
        self,
        y: NDArray[np.float64] | NDArray[np.intp],
        x: NDArray[np.float64] | NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """As `depth_in`, of one place for each ellipse."""
        dy, dx = y - self.centre[..., 0], x - self.centre[..., 1]
        yy, xx, yx = np.moveaxis(self.form, -1, 0)
        depth: NDArray[np.float64] = yy * dy * dy + xx * dx * dx + yx * dy * dx
        return depth

    def areas(self) -> NDArray[np.float64]:
        """Area of each ellipse."""
        yy, xx, yx = self.form.T
        areas: NDArray[np.float64] = np.pi / np.sqrt(yy * xx - 0.25 * yx * yx)
        return areas

    def shared(self, one: NDArray[np.integer], other: NDArray[np.integer]) -> NDArray[np.float64]:
        """Part of the ellipses of labels that lies in those of others, (k,), in steps of 0.003."""
        yy, xx, yx = self.form[one].T
        # The root of the form makes the unit disk of the ellipse.
        long = np.sqrt(yy)
        lean = 0.5 * yx / long
        across = _DISK_X / np.sqrt(xx - lean * lean)[:, None]
        down = (_DISK_Y - lean[:, None] * across) / long[:, None]
        y, x = self.centre[one, 0, None] + down, self.centre[one, 1, None] + across
        depth = Ellipses(self.centre[other, None], self.form[other, None]).depth(y, x)
        part: NDArray[np.float64] = (depth < 1).mean(axis=1)
        return part


def fit_ellipses(labels: NDArray[np.int32]) -> Ellipses:
    """Ellipses through the outlines towards background of all labels of an image (y, x)."""
    n = int(labels.max(initial=0))
    centre, form, area = _ellipses_of_moments(labels, n)
    size = np.sqrt(np.maximum(area, 1) / np.pi)
    label, y, x = _free_outline(labels)
    v, u = (y - centre[label, 0]) / size[label], (x - centre[label, 1]) / size[label]
    terms = (v * v, u * u, v * u, v, u)
    # Least squares of the conic sum = 1, drawn towards the ellipse of equal moments.
    prior = np.zeros((n + 1, 5))
    prior[:, :3] = form * (size**2)[:, None]
    weight = PRIOR * 2 * np.pi * size
    left = np.zeros((n + 1, 5, 5))
    right = prior * weight[:, None]
    for i, one in enumerate(terms):
        left[:, i, i] += weight
        right[:, i] += np.bincount(label, one, n + 1)
        for j in range(i, 5):
            total = np.bincount(label, one * terms[j], n + 1)
            left[:, i, j] += total
            if j != i:
                left[:, j, i] += total
    left[:, range(5), range(5)] += 1e-9
    conic = np.asarray(np.linalg.solve(left, right[..., None])[..., 0], np.float64)
    fitted, trusted = _as_ellipses(conic)
    trusted[0] = False
    centre = np.where(trusted[:, None], centre + size[:, None] * fitted.centre, centre)
    form = np.where(trusted[:, None], fitted.form / (size**2)[:, None], form)
    return Ellipses(centre, form)


def find_contacts(labels: NDArray[np.int32]) -> Contacts:
    """All pairs of labels of an image (y, x) that touch."""
    n = int(labels.max(initial=0)) + 1
    flat = labels.ravel()
    codes, steps = [], []
    for one, other in contact_pairs(labels):
        a, b = flat[one].astype(np.int64), flat[other]
        codes.append(np.minimum(a, b) * n + np.maximum(a, b))
        steps.append(len(a))
    code, pair = np.unique(np.concatenate(codes), return_inverse=True)
    # A line crosses as many pixel edges along y and along x as it is long in x and in y.
    along = [np.bincount(p, minlength=len(code)) for p in np.split(pair, steps[:1])]
    area = count_pixels(labels, n).astype(np.float64)
    low, high = code // n, code % n
    small = np.minimum(area[low], area[high])
    return Contacts(
        low, high, np.hypot(*along) / (2 * np.sqrt(small / np.pi)), area[low] + area[high]
    )


def cut_by_the_edge(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which labels the edge of the field cuts, row 0 being background: their shape is not known."""
    cut = np.zeros(int(labels.max(initial=0)) + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        cut[side] = True
    return cut


def join_false_cuts(labels: NDArray[np.int32], *, diameter_px: float) -> NDArray[np.int32]:
    """New label of each label: that of the neighbour from which only a false cut parts it."""
    contacts = find_contacts(labels)
    size = np.log(np.maximum(contacts.area_px / (np.pi / 4 * diameter_px**2), MIN_SIZE))
    false = WIDTH_WEIGHT * contacts.width - SIZE_WEIGHT * size
    new = np.arange(int(labels.max(initial=0)) + 1, dtype=np.int32)
    taken = cut_by_the_edge(labels)
    for k in np.argsort(-false.round(9), kind="stable")[: np.count_nonzero(false > FALSE)]:
        one, other = contacts.one[k], contacts.other[k]
        if not (taken[one] or taken[other]):
            taken[[one, other]] = True
            new[other] = one
    return new


def divide_at_contacts(
    labels: NDArray[np.int32], ellipses: Ellipses, *, diameter_px: float
) -> NDArray[np.int32]:
    """Give pixels near a contact to the nucleus in whose ellipse they lie deeper."""
    height, width = labels.shape
    # Every second pixel of a contact: what it reaches is wide enough to cover the next.
    at, one, other = (column[::2] for column in _contact_pixels(labels))
    if not len(at):
        return labels
    reach = max(round(REACH * diameter_px), 2)
    steps = np.arange(-reach, reach + 1)
    dy, dx = (steps[:, None] + 0 * steps).ravel(), (steps + 0 * steps[:, None]).ravel()
    near = dy * dy + dx * dx <= reach * reach
    dy, dx = dy[near], dx[near]
    y, x = at[:, None] // width + dy, at[:, None] % width + dx
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    pixel = np.where(inside, y * width + x, 0)
    own = labels.ravel()[pixel]
    inside &= (own == one[:, None]) | (own == other[:, None])
    contact, place = np.nonzero(inside)
    pixel = pixel[contact, place]
    # A pixel near several places of one contact is looked at once.
    pair = (one.astype(np.int64) * (int(labels.max()) + 1) + other)[contact]
    last = np.zeros(labels.size, np.intp)
    last[pixel] = np.arange(len(pixel))
    last = last[pixel]
    once = np.flatnonzero((last == np.arange(len(pixel))) | (pair[last] != pair))
    pixel, contact = pixel[once], contact[once]
    y, x = np.divmod(pixel, width)
    sides = [side[contact] for side in (one, other)]
    depth = np.concatenate([ellipses.depth_in(side, y, x).round(9) for side in sides])
    pixel = np.tile(pixel, 2)
    label: NDArray[np.int32] = np.concatenate(sides)
    least = np.full(labels.size, np.inf)
    np.minimum.at(least, pixel, depth)
    deepest = np.flatnonzero(depth == least[pixel])
    # Of equals the smaller label is written last.
    deepest = deepest[np.argsort(-label[deepest], kind="stable")]
    divided = labels.copy()
    divided.ravel()[pixel[deepest]] = label[deepest]
    return divided


def _contact_pixels(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.int32]]:
    """Flat index of pixels beside another label, and the two labels, the smaller first."""
    flat, found = labels.ravel(), []
    for one, other in contact_pairs(labels):
        a, b = flat[one], flat[other]
        found.append((one, np.minimum(a, b), np.maximum(a, b)))
    at, low, high = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return at, low, high


def _free_outline(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Labels and places of the pixel edges between a label and background."""
    flat, found = labels.ravel(), []
    for (one, other), down, right in zip(border_pairs(labels), (0.5, 0), (0, 0.5), strict=True):
        row, column = np.divmod(one, labels.shape[1])
        found.append((np.maximum(flat[one], flat[other]), row + down, column + right))
    label, y, x = zip(*found, strict=True)
    return np.concatenate(label), np.concatenate(y), np.concatenate(x)


def _ellipses_of_moments(
    labels: NDArray[np.int32], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Centres, forms and areas of the ellipses with equal second moments.

    Row 0 and gaps are circles of no area.
    """
    centre, form = np.zeros((n + 1, 2)), np.tile([1.0, 1.0, 0.0], (n + 1, 1))
    pixels = np.zeros(n + 1)
    runs = find_runs(labels)
    if not len(runs):
        return centre, form, pixels
    length = runs.length.astype(np.float64)
    middle = 0.5 * (runs.x0 + runs.x1 - 1)
    area = runs.total(length)
    present = runs.label[runs.first]
    row = np.searchsorted(present, runs.label)
    mean_y, mean_x = runs.total(length * runs.y) / area, runs.total(length * middle) / area
    dy, dx = runs.y - mean_y[row], middle - mean_x[row]
    yy = runs.total(length * dy * dy) / area + 1 / 12
    xx = runs.total(length * (dx * dx + length * length / 12)) / area
    yx = runs.total(length * dy * dx) / area
    root = np.maximum(yy * xx - yx * yx, 1e-6)
    pixels[present] = area
    centre[present] = np.stack([mean_y, mean_x], axis=1)
    form[present] = np.stack([xx, yy, -2 * yx], axis=1) / (4 * root)[:, None]
    return centre, form, pixels


def _as_ellipses(conic: NDArray[np.float64]) -> tuple[Ellipses, NDArray[np.bool_]]:
    """Centre and form of conics a v^2 + b u^2 + c v u + d v + e u = 1, and which to believe."""
    a, b, c, d, e = conic.T
    root = 4 * a * b - c * c
    safe = np.where(root > 1e-6, root, 1.0)
    v, u = (c * e - 2 * b * d) / safe, (c * d - 2 * a * e) / safe
    scale = 1 - 0.5 * (d * v + e * u)
    safe_scale = np.where(scale > 1e-6, scale, 1.0)
    form = conic[:, :3] / safe_scale[:, None]
    # In units in which the nucleus has the area of the unit circle.
    area = 2 * safe_scale / np.sqrt(safe)
    good = (root > 1e-6) & (scale > 1e-6) & (a > 0) & (area > SMALLEST) & (area < LARGEST)
    good &= np.hypot(v, u) < 1
    return Ellipses(np.stack([v, u], axis=1), form), good
