"""Ellipses that the free outlines of nuclei lie on: what a nucleus is where others cover it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.neighbours import border_pairs
from fishcount.nuclei.geometry.runs import find_runs

__all__ = ["Ellipses", "fit_ellipses"]

# Weight of the ellipse of equal moments against the free outline, as a share of a full outline: it
# decides where neighbours leave little of the outline free.
_PRIOR = 0.03
# Ellipses whose area is beyond these multiples of that of their nucleus are discarded.
_SMALLEST, _LARGEST = 0.85, 1.8

# Places that fill the unit disk evenly.
_DISK_Y, _DISK_X = (np.indices((20, 20)).reshape(2, -1) - 9.5) / 10
_DISK_Y, _DISK_X = (part[np.hypot(_DISK_Y, _DISK_X) < 1] for part in (_DISK_Y, _DISK_X))


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
        # Taken column by column: row by row takes three times as long.
        centre, form = (
            np.stack([column.take(label) for column in table.T])
            for table in (self.centre, self.form)
        )
        return Ellipses(np.moveaxis(centre, 0, -1), np.moveaxis(form, 0, -1)).depth(y, x)

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
    weight = _PRIOR * 2 * np.pi * size
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
    good = (root > 1e-6) & (scale > 1e-6) & (a > 0) & (area > _SMALLEST) & (area < _LARGEST)
    good &= np.hypot(v, u) < 1
    return Ellipses(np.stack([v, u], axis=1), form), good
