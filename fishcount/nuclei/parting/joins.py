"""Test whether two touching pieces are one nucleus, and join those that are.

A foreground cut into too many pieces is put together again. Everything that the test looks at
follows for a union from its parts, so a whole field is decided in a few rounds of array
arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.neighbours import contact_pairs
from fishcount.nuclei.parting.pieces import Pieces, measure_pieces

__all__ = [
    "BIAS",
    "WEIGHTS",
    "PieceContacts",
    "best_mutual",
    "contact_figures",
    "find_piece_contacts",
    "join_pieces",
    "log_odds_apart",
]

# What speaks for two nuclei at a contact of two pieces, as log odds: weights of the columns of
# `contact_figures`. Fitted to contacts inside and between nuclei of drawn fields by
# `benchmarks/training/fit_joins.py`; kept apart where the sum is above zero.
WEIGHTS = np.array([4.1, 5.6, 4.3, 2.3, 6.8, 13.4])
BIAS = -2.2


@dataclass(slots=True, eq=False)
class PieceContacts:
    """Pairs of touching pieces: rows `a` < `b`, light along the cut, depth of the waist."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    light: NDArray[np.float64]
    waist: NDArray[np.float64]

    def take(self, rows: NDArray[np.bool_]) -> PieceContacts:
        """The contacts of some rows."""
        return PieceContacts(self.a[rows], self.b[rows], self.light[rows], self.waist[rows])

    def of_any(self, pieces: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which contacts are of one of the pieces chosen by row."""
        return pieces[self.a] | pieces[self.b]

    def renamed(self, name: NDArray[np.int64]) -> PieceContacts:
        """After joins: `name` is the row that each old row is now part of."""
        low, high = np.minimum(name[self.a], name[self.b]), np.maximum(name[self.a], name[self.b])
        apart = low != high
        n = len(name)
        code, pair = np.unique(low[apart] * n + high[apart], return_inverse=True)
        light, waist = np.zeros((len(code), 2)), np.zeros(len(code))
        np.add.at(light, pair, self.light[apart])
        np.maximum.at(waist, pair, self.waist[apart])
        return PieceContacts(code // n, code % n, light, waist)


def find_piece_contacts(
    labels: NDArray[np.int32], signal: NDArray[np.float32], depth: NDArray[np.float32]
) -> PieceContacts:
    """All pairs of pieces 1 to n that touch; `signal` and `depth` as for `join_pieces`."""
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
    raw = PieceContacts(
        np.concatenate(a).astype(np.int64),
        np.concatenate(b).astype(np.int64),
        np.concatenate(light),
        np.concatenate(waist),
    )
    return raw.renamed(np.arange(int(labels.max(initial=0)), dtype=np.int64))


Judge = Callable[[Pieces, PieceContacts, float], NDArray[np.float64]]


def contact_figures(
    pieces: Pieces, contacts: PieceContacts, nucleus_area_px: float
) -> NDArray[np.float64]:
    """Features of contacts by which two pieces are told from one nucleus, (k, 6).

    How much narrower the contact is than the thinner piece; how much darker it is than the brighter
    piece, in logs; how much brighter than the dimmer one; the area of both over that of a nucleus,
    in logs; the hollow that they make together, over the smaller area; how much less both together
    are an ellipse than the worse of them.
    """
    one, other = pieces.take(contacts.a), pieces.take(contacts.b)
    both = one.union(other)
    waist = 1 - contacts.waist / np.maximum(np.minimum(one.depth, other.depth), 1e-6)
    along = contacts.light[:, 0] / np.maximum(contacts.light[:, 1], 1e-6)
    bright = np.maximum(np.maximum(one.brightness, other.brightness), 1e-6)
    dim = np.maximum(np.minimum(one.brightness, other.brightness), 1e-6)
    size = np.log(both.area / nucleus_area_px)
    concavity = (both.hollow() - one.hollow() - other.hollow()) / np.minimum(one.area, other.area)
    misfit = np.minimum(one.ellipse_fit(), other.ellipse_fit()) - both.ellipse_fit()
    columns = (
        waist,
        -np.log(np.clip(along / bright, 0.05, 1)),
        np.log(np.clip(along / dim, 0.2, 2)),
        np.clip(size, -2, 2),
        np.clip(concavity, -0.2, 0.5),
        np.clip(misfit, -0.1, 0.2),
    )
    return np.stack(columns, axis=1)


def log_odds_apart(
    pieces: Pieces, contacts: PieceContacts, nucleus_area_px: float
) -> NDArray[np.float64]:
    """How much each contact looks like one of two nuclei: shape, light and size together."""
    if not len(contacts.a):
        return np.zeros(0)
    figures = contact_figures(pieces, contacts, nucleus_area_px)
    total: NDArray[np.float64] = (figures * WEIGHTS).sum(axis=1) + BIAS
    # Rounded, so that arithmetic that differs in the last digit decides the same.
    return total.round(9)


def join_pieces(
    labels: NDArray[np.int32],
    signal: NDArray[np.float32],
    depth: NDArray[np.float32],
    *,
    nucleus_area_px: float,
    judge: Judge = log_odds_apart,
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
    judge
        Log odds that contacts are of two nuclei, given the pieces and the area of a nucleus.

    Returns
    -------
    labels, pieces
        The joined pieces, without gaps, and their figures.
    """
    pieces = measure_pieces(labels, signal, depth)
    contacts = find_piece_contacts(labels, signal, depth)
    n = len(pieces)
    part_of = np.arange(n)
    apart = judge(pieces, contacts, nucleus_area_px)
    while len((pairs := best_mutual(contacts, apart, n))[0]):
        a, b = pairs
        joined = pieces.take(a).union(pieces.take(b))
        pieces.moments[a], pieces.support[a] = joined.moments, joined.support
        pieces.light[a], pieces.depth[a] = joined.light, joined.depth
        name = np.arange(n)
        name[b] = a
        part_of = name[part_of]
        # What is not beside a join is as it was, and in the same order.
        changed = np.zeros(n, bool)
        changed[a] = changed[b] = True
        as_before = apart[~contacts.of_any(changed)]
        contacts = contacts.renamed(name)
        anew = contacts.of_any(changed)
        apart = np.empty(len(anew))
        apart[~anew] = as_before
        apart[anew] = judge(pieces, contacts.take(anew), nucleus_area_px)
    kept, new = np.unique(part_of, return_inverse=True)
    if len(kept) == n:
        return labels, pieces
    lookup = np.append(0, new + 1).astype(np.int32)
    return lookup.take(labels), pieces.take(kept)


def best_mutual(
    contacts: PieceContacts, apart: NDArray[np.float64], n: int
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
