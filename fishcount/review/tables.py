"""The tables of a state: rows of the automatic tables, and those that readers changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fishcount.flags import codes_of
from fishcount.nuclei.geometry.runs import find_runs
from fishcount.nuclei.geometry.shape import measure_shapes
from fishcount.review.counts import NucleusColumns
from fishcount.review.keys import key_of, keys_of
from fishcount.review.outline import Outline
from fishcount.review.rows import Id
from fishcount.review.state import ReviewState
from fishcount.tables import NUCLEI_COLUMNS, NUCLEUS_FIGURES, SIGNALS_COLUMNS, copy_ratios

__all__ = ["reviewed_nuclei", "reviewed_signals"]

# Columns that are unknown for an outline that a reader drew: a review has no pixels.
_OF_PIXELS = ("mean_dapi_counts", *NUCLEUS_FIGURES)


def reviewed_nuclei(state: ReviewState) -> pd.DataFrame:
    """The table of nuclei as it stands: the columns of ``nuclei.csv``, ``review``, ``note``.

    Nuclei that were removed are not in it: it has one row for each label of the label images.
    The DAPI of outlines that a reader drew is missing: it was not measured.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import NoteNucleus, Review, reviewed_nuclei
    >>> folder = example_case()
    >>> with Review.open(folder, reader="A") as review:
    ...     _ = review.do(NoteNucleus(field="field_1", nucleus=1, text="at the fold"))
    ...     reviewed_nuclei(review.state).loc[0, "note"]
    'at the fold'
    """
    counts, base = state.counts, state.automatic.folder.nuclei
    is_new = counts.row < 0
    new = [_new_nucleus(state, counts, place) for place in np.flatnonzero(is_new).tolist()]
    kept = base.iloc[counts.row[~is_new]]
    table = _with_new(kept, new, NUCLEI_COLUMNS)
    places = np.concatenate([np.flatnonzero(~is_new), np.flatnonzero(is_new)])
    table = table.iloc[np.argsort(places)].reset_index(drop=True)
    _put_shapes(table, state, counts)
    _put_counts(table, counts)
    table["review"] = counts.review.astype(object)
    notes = {key: row.note for key, row in state.nuclei.items() if row.note}
    ids = zip(table["field"], table["nucleus"], strict=True) if notes else ()
    table["note"] = np.array([notes.get(key, "") for key in ids] or [""] * len(table), object)
    return table


def reviewed_signals(state: ReviewState) -> pd.DataFrame:
    """The table of signals as it stands: the columns of ``signals.csv``, and ``edited``.

    Signals that a reader added have no SNR, amplitude, background and score: they were not
    measured.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import AddSignal, Review, reviewed_signals
    >>> folder = example_case()
    >>> with Review.open(folder, reader="A") as review:
    ...     before = len(reviewed_signals(review.state))
    ...     _ = review.do(AddSignal(field="field_1", channel="HER2", y_px=40.0, x_px=52.5))
    ...     len(reviewed_signals(review.state)) - before
    1
    """
    base, known = state.automatic.folder.signals, state.automatic.signal_at
    new = [_new_signal(state, key) for key in state.signals if key not in known]
    table = _with_new(base, new, SIGNALS_COLUMNS)
    edited = [(known[key], row) for key, row in state.signals.items() if key in known]
    at = [place for place, _ in edited]
    _put(table, "nucleus", at, [row.nucleus for _, row in edited])
    _put(table, "copies", at, [float(row.counted) for _, row in edited])
    _put(table, "status", at, [row.status for _, row in edited])
    _put(table, "reason", at, [row.why for _, row in edited])
    into = [row.merged_into or None for _, row in edited]
    _put(table, "merged_into", at, pd.array(into, dtype="Int64"))
    table["edited"] = state.columns.edited
    order = np.lexsort((state.columns.number, state.columns.field))
    return table.iloc[order].reset_index(drop=True)


def _new_nucleus(state: ReviewState, counts: NucleusColumns, place: int) -> dict[str, Any]:
    key = state.automatic.fields[int(counts.field[place])], int(counts.number[place])
    return {
        "field": key[0],
        "nucleus": key[1],
        "scored": False,
        "reject_reason": "",
        "flags": "",
        "plane": state.nucleus(key).plane or 0,
    }


def _new_signal(state: ReviewState, key: Id) -> dict[str, Any]:
    row = state.signals[key]
    return {
        "field": key[0],
        "signal": key[1],
        "channel": row.channel,
        "nucleus": row.nucleus,
        "z_px": row.z_px,
        "y_px": row.y_px,
        "x_px": row.x_px,
        "copies": float(row.counted),
        "status": row.status,
        "reason": row.why,
    }


def _with_new(table: pd.DataFrame, rows: list[dict[str, Any]], schema: Any) -> pd.DataFrame:
    """A copy with rows added; what they do not say is missing."""
    if not rows:
        return table.copy()
    new = pd.DataFrame(rows).reindex(columns=list(schema)).astype(dict(schema))
    return pd.concat([table, new], ignore_index=True)


def _put(table: pd.DataFrame, column: str, at: Any, values: Any) -> None:
    if len(at):
        table.iloc[at, table.columns.get_loc(column)] = values  # type: ignore[index]


def _put_shapes(table: pd.DataFrame, state: ReviewState, counts: NucleusColumns) -> None:
    """Place, area and shape of the nuclei whose outlines a reader drew."""
    fields = state.automatic.fields
    drawn = {
        key_of(fields.index(name), number): (name, row.outline)
        for (name, number), row in state.nuclei.items()
        if row.outline is not None and not row.removed
    }
    at = np.searchsorted(keys_of(counts.field, counts.number), np.array(list(drawn), np.int64))
    shapes = [
        _shape(outline, state.automatic.pixel_size_of(name)) for name, outline in drawn.values()
    ]
    for column in shapes[0] if shapes else ():
        _put(table, column, at, [shape[column] for shape in shapes])
    for column in _OF_PIXELS:
        _put(table, column, at, np.nan)


def _shape(outline: Outline, pixel_size_um: float) -> dict[str, float]:
    shapes = measure_shapes(find_runs(outline.mask.astype(np.int32)))
    return {
        "y_px": float(shapes.y_px[0]) + outline.y0,
        "x_px": float(shapes.x_px[0]) + outline.x0,
        "area_um2": float(shapes.area_px[0]) * pixel_size_um**2,
        "eccentricity": float(shapes.eccentricity[0]),
        "solidity": float(shapes.solidity[0]),
    }


def _put_counts(table: pd.DataFrame, counts: NucleusColumns) -> None:
    """Counts, flags and decisions of the nuclei that an edit concerns."""
    at = np.flatnonzero(counts.changed)
    _put(table, "scored", at, counts.scored[at])
    _put(table, "reject_reason", at, counts.reject_reason[at].astype(object))
    flags = [";".join(codes_of(int(mask))) for mask in counts.flags[at]]
    _put(table, "flags", at, np.array(flags, dtype=object))
    for probe, values in counts.copies.items():
        for suffix, column in (("", values.best), ("_low", values.low), ("_high", values.high)):
            _put(table, probe.lower() + suffix, at, column[at])
    if "CEP17" in counts.copies:
        her2, cep17 = (counts.copies[probe].best[at] for probe in ("HER2", "CEP17"))
        _put(table, "ratio", at, copy_ratios(her2, cep17))
