"""Whether a cut from dent to dent parts two nuclei.

It asks what the join test asks of two pieces, and how narrow the cut is and how deep the dents are,
which the join test does not know. Weights of their own, because straight cuts hardly have a waist:
those of the join test, which are fitted to ridges of the watershed, left two of five pairs whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.shape import disk_diameter
from fishcount.nuclei.parting.dents import DENT_WORTH
from fishcount.nuclei.parting.joins import contact_figures, find_piece_contacts
from fishcount.nuclei.parting.pieces import measure_pieces
from fishcount.nuclei.parting.size_law import SizeLaw

__all__ = ["BIAS", "WEIGHTS", "cut_figures", "log_odds_two"]

# Weights of the columns of `cut_figures` in the log odds that both sides are two nuclei. Fitted to
# cuts of nuclei in drawn fields by `benchmarks/training/fit_cuts.py`.
WEIGHTS = np.array([24.9, 13.8, 9.8, 1.1, 4.5, 4.8, -2.9, 8.0, 1.9])
BIAS = -1.4
# What the sizes of both sides say counts by half: the figures above know a part of it.
_SIZES_WEIGHT = 0.5


def cut_figures(
    sides: NDArray[np.int32],
    signal: NDArray[np.float32],
    depth: NDArray[np.float32],
    *,
    cost: NDArray[np.float64],
    length_px: NDArray[np.float64],
    nucleus_area_px: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Features of cuts whose sides touch, (k, 9), and which cuts these are, (k,).

    The six of `contact_figures`; the length of the cut over the width of the smaller side; the
    depth of both dents in nuclear diameters; how much brighter than both sides it is along the cut,
    in logs, as DAPI adds where nuclei overlap. Sides that do not touch have none.

    Parameters
    ----------
    sides
        Both sides of cut k are 2 k + 1 and 2 k + 2, (y, x).
    signal
        DAPI above background.
    depth
        Distance to the outside of what is cut.
    cost, length_px : ndarray of float64, (n,)
        Of each cut; see `DentCuts`.
    nucleus_area_px
        Typical area of a nucleus.
    """
    pieces = measure_pieces(sides, signal, depth)
    contacts = find_piece_contacts(sides, signal, depth)
    contacts = contacts.take((contacts.a % 2 == 0) & (contacts.b == contacts.a + 1))
    cut = contacts.a // 2
    one, other = pieces.take(contacts.a), pieces.take(contacts.b)
    narrow = length_px[cut] / disk_diameter(np.minimum(one.area, other.area))
    along = contacts.light[:, 0] / np.maximum(contacts.light[:, 1], 1e-6)
    bright = np.maximum(np.maximum(one.brightness, other.brightness), 1e-6)
    columns = (
        contact_figures(pieces, contacts, nucleus_area_px),
        narrow,
        (narrow - cost[cut]) / DENT_WORTH,
        np.log(np.clip(along / bright, 1, 2.7)),
    )
    return cut, np.column_stack(columns)


def log_odds_two(
    sides: NDArray[np.int32],
    signal: NDArray[np.float32],
    depth: NDArray[np.float32],
    *,
    cost: NDArray[np.float64],
    length_px: NDArray[np.float64],
    nucleus_area_px: float,
    sizes: SizeLaw,
) -> NDArray[np.float64]:
    """Log odds that the sides of each cut are two nuclei; none where they do not touch.

    As for `cut_figures`, with the law of sizes of the field.
    """
    odds = np.full(len(cost), -np.inf)
    if not len(cost):
        return odds
    cut, figures = cut_figures(
        sides,
        signal,
        depth,
        cost=cost,
        length_px=length_px,
        nucleus_area_px=nucleus_area_px,
    )
    area = np.bincount(sides.ravel(), minlength=2 * len(cost) + 1)[1:].reshape(-1, 2)
    one, other = area[cut].T / nucleus_area_px
    total = (figures * WEIGHTS).sum(axis=1) + BIAS + _SIZES_WEIGHT * sizes.odds_of_two(one, other)
    # Rounded, so that arithmetic that differs in the last digit decides the same.
    odds[cut] = total.round(9)
    return odds
