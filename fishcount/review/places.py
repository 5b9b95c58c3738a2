"""Look up what lies at a place of a case under review: nuclei, signals and their neighbours."""

from __future__ import annotations

import numpy as np

from fishcount.review.ownership import nucleus_at
from fishcount.review.rows import Id
from fishcount.review.state import ReviewState

__all__ = [
    "nearest_alike",
    "nucleus_under",
    "side_by_side",
    "signal_near",
    "signal_place",
    "signals_of",
]

# A reader who points this near to a signal means it.
_PICK_REACH_UM = 1.0
# Where a signal is taken for two, they are put this far apart, about what the optics resolve.
_SPLIT_APART_UM = 0.3


def nucleus_under(state: ReviewState, name: str, yx_px: tuple[float, float]) -> Id | None:
    """The nucleus at a place of a field; None where there is none, and outside the field."""
    height, width = state.shape(name)
    if not (-0.5 <= yx_px[0] < height - 0.5 and -0.5 <= yx_px[1] < width - 0.5):
        return None
    number = nucleus_at(state, name, yx_px)
    return (name, number) if number else None


def signals_of(state: ReviewState, nucleus: Id) -> tuple[Id, ...]:
    """Counted signals of a nucleus: HER2, then CEP17, from top to bottom."""
    columns = state.columns
    mine = (columns.nucleus == nucleus[1]) & (columns.copies > 0)
    rows = np.flatnonzero(mine & (columns.field == state.automatic.field_index(nucleus[0])))
    rows = rows[np.lexsort((columns.x_px[rows], columns.y_px[rows], columns.probe[rows]))]
    return tuple((nucleus[0], number) for number in columns.number[rows].tolist())


def signal_near(
    state: ReviewState, name: str, yx_px: tuple[float, float], *, left_out: bool = False
) -> Id | None:
    """The signal nearest to a place, where one is within a micrometre.

    Parameters
    ----------
    state
    name, yx_px
        The field and the place in it.
    left_out
        Whether candidates count that were left out.
    """
    columns = state.columns
    here = columns.field == state.automatic.field_index(name)
    if not left_out:
        here = here & ((columns.copies > 0) | (columns.nucleus == 0))
    rows = np.flatnonzero(here)
    away = np.hypot(columns.y_px[rows] - yx_px[0], columns.x_px[rows] - yx_px[1])
    if not len(rows) or away.min() > _PICK_REACH_UM / state.automatic.pixel_size_of(name):
        return None
    return name, int(columns.number[rows[np.argmin(away)]])


def signal_place(state: ReviewState, signal: Id) -> tuple[float, float, float]:
    """Plane, row and column of a signal."""
    row = state.signal(signal)
    return row.z_px, row.y_px, row.x_px


def nearest_alike(state: ReviewState, signal: Id) -> Id | None:
    """The nearest other counted signal of the same probe and nucleus; None where there is none."""
    columns, row = state.columns, state.signal(signal)
    alike = (
        (columns.field == state.automatic.field_index(signal[0]))
        & (columns.nucleus == row.nucleus)
        & (columns.probe == state.automatic.probes.index(row.channel))
        & (columns.copies > 0)
        & (columns.number != signal[1])
    )
    others = np.flatnonzero(alike)
    if not len(others):
        return None
    away = np.hypot(columns.y_px[others] - row.y_px, columns.x_px[others] - row.x_px)
    return signal[0], int(columns.number[others[np.argmin(away)]])


def side_by_side(state: ReviewState, signal: Id) -> tuple[tuple[float, float], tuple[float, float]]:
    """Two places (y, x) in the field for a signal that is two, left and right of where it is."""
    name = signal[0]
    _, y_px, x_px = signal_place(state, signal)
    aside = _SPLIT_APART_UM / 2 / state.automatic.pixel_size_of(name)
    width = state.shape(name)[1]
    left, right = max(x_px - aside, -0.5), min(x_px + aside, width - 0.5 - 1e-6)
    return (y_px, left), (y_px, right)
