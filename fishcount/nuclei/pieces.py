"""Pieces of nuclei with figures that add up, and the test whether two pieces are one nucleus.

A foreground cut into too many pieces is put together again. Everything that the test looks at
(moments, support function, brightness, depth) of a union follows from that of its parts, so
joining never goes back to the pixels and a whole field is decided in a few rounds of array
arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.neighbours import contact_pairs
from fishcount.nuclei.runs import Runs, find_runs
from fishcount.nuclei.shape import ellipse_fit, moments_of

__all__ = ["Pieces", "hull_area", "join_pieces", "measure_outlines", "measure_pieces"]

# Directions of the support function; with fewer, slender pieces seem hollow.
N_DIRECTIONS = 32
_ANGLES = 2 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
_COS, _SIN = np.cos(_ANGLES), np.sin(_ANGLES)
# The polygon of tangents around a disk is larger than the disk by this factor.
_TANGENT_EXCESS = N_DIRECTIONS * np.tan(np.pi / N_DIRECTIONS) / np.pi

# What speaks for two nuclei at a contact of two pieces, as log odds: how much narrower it is than
# the thinner piece; how much darker than the brighter one, in logs; the area of both over that of
# a nucleus, in logs; the hollow that they make together, over the smaller area; how much less
# both together are an ellipse than the worse of them. Fitted to contacts inside and between true
# nuclei of real and drawn fields, the bias then lowered by 0.2 for the best F1 on them; kept apart
# where the sum is above zero.
WAIST_WEIGHT, VALLEY_WEIGHT, SIZE_WEIGHT = 1.9, 4.2, 3.6
CONCAVITY_WEIGHT, MISFIT_WEIGHT = 3.9, 15.5
BIAS = -1.4


@dataclass(slots=True, eq=False)
class Pieces:
    """Figures that add up (or take the larger) when pieces are joined; row i is label i + 1.

    Attributes
    ----------
    moments : ndarray of float64, (n, 6)
        Sums over pixels of 1, y, x, y^2, x^2, y x.
    support : ndarray of float64, (n, 32)
        Support function of the pixel centres in `N_DIRECTIONS` directions.
    light : ndarray of float64, (n, 2)
        Sums of signal times depth, and of depth: their ratio is the brightness of the inside.
    depth : ndarray of float64, (n,)
        Largest distance to the outside of the foreground.
    """

    moments: NDArray[np.float64]
    support: NDArray[np.float64]
    light: NDArray[np.float64]
    depth: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.depth)

    @property
    def area(self) -> NDArray[np.float64]:
        """Pixels of each piece."""
        return self.moments[:, 0]

    @property
    def brightness(self) -> NDArray[np.float64]:
        """Mean signal, the inside weighing more than the edge."""
        return self.light[:, 0] / np.maximum(self.light[:, 1], 1e-6)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Pieces:
        """The pieces of some rows, in that order."""
        return Pieces(self.moments[rows], self.support[rows], self.light[rows], self.depth[rows])

    def union(self, other: Pieces) -> Pieces:
        """Row by row, both pieces as one."""
        return Pieces(
            self.moments + other.moments,
            np.maximum(self.support, other.support),
            self.light + other.light,
            np.maximum(self.depth, other.depth),
        )

    def ellipse_fit(self) -> NDArray[np.float64]:
        """Area over that of the ellipse with equal second moments: 1 for every ellipse."""
        return ellipse_fit(self.moments)

    def hollow(self) -> NDArray[np.float64]:
        """Area of the convex hull that is not of the piece, in pixels."""
        return np.maximum(hull_area(self) - self.area, 0)


def hull_area(pieces: Pieces) -> NDArray[np.float64]:
    """Area of the convex hulls, from the polygon of tangents half a pixel outside the centres."""
    area, sum_y, sum_x = pieces.moments[:, :3].T
    # Seen from the centroid: far from the origin, differences of large numbers lose digits.
    reach = pieces.support + 0.5
    reach = reach - np.multiply.outer(sum_x / area, _COS) - np.multiply.outer(sum_y / area, _SIN)
    step = 2 * np.pi / N_DIRECTIONS
    around = np.concatenate([reach[:, -1:], reach, reach[:, :1]], axis=1)
    neighbours = around[:, :-2] + around[:, 2:]
    edges = (neighbours - 2 * reach * np.cos(step)) / np.sin(step)
    hull: NDArray[np.float64] = 0.5 * (reach * edges).sum(axis=1) / _TANGENT_EXCESS
    return hull


def measure_pieces(
    labels: NDArray[np.int32], signal: NDArray[np.float32], depth: NDArray[np.float32]
) -> Pieces:
    """Figures of the labels 1 to n of an image (y, x), none of which may be missing."""
    runs = find_runs(labels)
    pieces = measure_outlines(runs)
    if len(pieces):
        glow, weight, deepest = runs.per_run(
            (np.add, signal * depth), (np.add, depth), (np.maximum, depth)
        )
        pieces.light = np.stack([runs.total(glow), runs.total(weight)], axis=1)
        pieces.depth = np.maximum.reduceat(deepest, runs.first).astype(np.float64)
    return pieces


def measure_outlines(runs: Runs) -> Pieces:
    """Figures of shape of all labels; their light and depth are zero."""
    if not len(runs):
        return Pieces(np.zeros((0, 6)), np.zeros((0, N_DIRECTIONS)), np.zeros((0, 2)), np.zeros(0))
    y = runs.y.astype(np.float64)
    support = np.empty((len(runs), N_DIRECTIONS))
    for k in range(N_DIRECTIONS):
        end = runs.x1 - 1 if _COS[k] > 0 else runs.x0
        support[:, k] = np.maximum.reduceat(_COS[k] * end + _SIN[k] * y, runs.first)
    return Pieces(
        moments=moments_of(runs),
        support=support,
        light=np.zeros((len(runs), 2)),
        depth=np.zeros(len(runs)),
    )


@dataclass(slots=True, eq=False)
class _Contacts:
    """Pairs of touching pieces: rows `a` < `b`, light along the cut, depth of the waist."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    light: NDArray[np.float64]
    waist: NDArray[np.float64]

    def renamed(self, name: NDArray[np.int64]) -> _Contacts:
        """After joins: `name` is the row that each old row is now part of."""
        low, high = np.minimum(name[self.a], name[self.b]), np.maximum(name[self.a], name[self.b])
        apart = low != high
        n = len(name)
        code, pair = np.unique(low[apart] * n + high[apart], return_inverse=True)
        light, waist = np.zeros((len(code), 2)), np.zeros(len(code))
        np.add.at(light, pair, self.light[apart])
        np.maximum.at(waist, pair, self.waist[apart])
        return _Contacts(code // n, code % n, light, waist)


def _find_contacts(
    labels: NDArray[np.int32], signal: NDArray[np.float32], depth: NDArray[np.float32]
) -> _Contacts:
    flat, bright, deep = labels.ravel(), signal.ravel(), depth.ravel()
    a, b, light, waist = [], [], [], []
    for one, other in contact_pairs(labels):
        p, q = flat[one], flat[other]
        d_1, d_2 = deep[one], deep[other]
        a.append(np.minimum(p, q) - 1)
        b.append(np.maximum(p, q) - 1)
        glow = 0.5 * (d_1 * bright[one] + d_2 * bright[other])
        light.append(np.stack([glow, 0.5 * (d_1 + d_2)], axis=1).astype(np.float64))
        waist.append(np.minimum(d_1, d_2).astype(np.float64))
    raw = _Contacts(
        np.concatenate(a).astype(np.int64),
        np.concatenate(b).astype(np.int64),
        np.concatenate(light),
        np.concatenate(waist),
    )
    return raw.renamed(np.arange(int(labels.max(initial=0)), dtype=np.int64))


def join_pieces(
    labels: NDArray[np.int32],
    signal: NDArray[np.float32],
    depth: NDArray[np.float32],
    *,
    nucleus_area_px: float,
) -> tuple[NDArray[np.int32], Pieces]:
    """Join touching pieces until every contact left looks like one of two nuclei.

    Parameters
    ----------
    labels
        Pieces 1 to n, (y, x).
    signal
        DAPI above background.
    depth
        Distance to the outside of the foreground; see `Pieces`.
    nucleus_area_px
        Typical area of a nucleus.

    Returns
    -------
    labels, pieces
        The joined pieces, without gaps, and their figures.
    """
    pieces = measure_pieces(labels, signal, depth)
    contacts = _find_contacts(labels, signal, depth)
    n = len(pieces)
    part_of = np.arange(n)
    while len(contacts.a):
        apart = _apartness(pieces, contacts, nucleus_area_px)
        a, b = _best_mutual(contacts, apart, n)
        if not len(a):
            break
        joined = pieces.take(a).union(pieces.take(b))
        pieces.moments[a], pieces.support[a] = joined.moments, joined.support
        pieces.light[a], pieces.depth[a] = joined.light, joined.depth
        name = np.arange(n)
        name[b] = a
        part_of = name[part_of]
        contacts = contacts.renamed(name)
    kept, new = np.unique(part_of, return_inverse=True)
    if len(kept) == n:
        return labels, pieces
    lookup = np.append(0, new + 1).astype(np.int32)
    return lookup.take(labels), pieces.take(kept)


def _apartness(pieces: Pieces, contacts: _Contacts, nucleus_area_px: float) -> NDArray[np.float64]:
    """How much each contact looks like one of two nuclei: shape, light and size together."""
    one, other = pieces.take(contacts.a), pieces.take(contacts.b)
    both = one.union(other)
    waist = 1 - contacts.waist / np.maximum(np.minimum(one.depth, other.depth), 1e-6)
    along = contacts.light[:, 0] / np.maximum(contacts.light[:, 1], 1e-6)
    bright = np.maximum(np.maximum(one.brightness, other.brightness), 1e-6)
    valley = -np.log(np.clip(along / bright, 0.05, 1))
    size = np.log(both.area / nucleus_area_px)
    concavity = (both.hollow() - one.hollow() - other.hollow()) / np.minimum(one.area, other.area)
    misfit = np.minimum(one.ellipse_fit(), other.ellipse_fit()) - both.ellipse_fit()
    total: NDArray[np.float64] = (
        WAIST_WEIGHT * waist
        + VALLEY_WEIGHT * valley
        + SIZE_WEIGHT * np.clip(size, -2, 2)
        + CONCAVITY_WEIGHT * np.clip(concavity, -0.2, 0.5)
        + MISFIT_WEIGHT * np.clip(misfit, -0.1, 0.2)
        + BIAS
    )
    # Rounded, so that arithmetic that differs in the last digit decides the same.
    return total.round(9)


def _best_mutual(
    contacts: _Contacts, apart: NDArray[np.float64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs to join now: below the limit, and for both sides their best; ties by row."""
    order = np.argsort(apart, kind="stable")
    order = order[apart[order] < 0]
    rank = np.arange(len(order))
    best = np.full(n, len(order))
    a, b = contacts.a[order], contacts.b[order]
    np.minimum.at(best, a, rank)
    np.minimum.at(best, b, rank)
    mutual = (best[a] == rank) & (best[b] == rank)
    return a[mutual], b[mutual]
