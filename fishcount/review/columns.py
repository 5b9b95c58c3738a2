"""All signals of a case as columns, and the ranges of estimates that go with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import MetadataError
from fishcount.flags import has_flag
from fishcount.image import PROBES
from fishcount.io import CaseFolder
from fishcount.review.keys import indices_of, keys_of

__all__ = ["SignalColumns", "read_signals"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalColumns:
    """Signals of a case as columns, those that are not counted among them.

    Attributes
    ----------
    field, number, nucleus : ndarray of int64, (n,)
        Index of the field, number of the signal, number of its nucleus or 0.
    probe : ndarray of int64, (n,)
        Index in the probes of the case.
    y_px, x_px : ndarray of float64, (n,)
    copies : ndarray of int64, (n,)
        What it adds to its nucleus: 0 unless kept.
    estimated : ndarray of bool, (n,)
        Whether it stands for a cluster whose copies were estimated.
    below, above : ndarray of int64, (n,)
        How many copies fewer or more the estimate may be.
    edited : ndarray of bool, (n,)
        Whether a reader changed it.
    """

    field: NDArray[np.int64]
    number: NDArray[np.int64]
    nucleus: NDArray[np.int64]
    probe: NDArray[np.int64]
    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    copies: NDArray[np.int64]
    estimated: NDArray[np.bool_]
    below: NDArray[np.int64]
    above: NDArray[np.int64]
    edited: NDArray[np.bool_]


def read_signals(
    folder: CaseFolder,
    index: dict[str, int],
    *,
    probes: tuple[str, ...],
    nucleus_key: NDArray[np.int64],
    nucleus_flags: NDArray[np.uint32],
) -> SignalColumns:
    """The signals of a case folder as columns.

    Raises
    ------
    MetadataError
        For a channel that is not a probe of the case, or copies that do not add up to the counts of
        their nuclei.
    """
    table = folder.signals
    unknown = set(table["channel"]) - set(probes)
    if unknown:
        raise MetadataError(
            "unknown channel", file=folder.path / "signals.csv", found=", ".join(sorted(unknown))
        )
    kept = (table["status"] == "kept").to_numpy(np.bool_)
    columns = SignalColumns(
        field=indices_of(table["field"], index),
        number=table["signal"].to_numpy(np.int64),
        nucleus=table["nucleus"].to_numpy(np.int64),
        probe=indices_of(table["channel"], {name: i for i, name in enumerate(probes)}),
        y_px=table["y_px"].to_numpy(np.float64),
        x_px=table["x_px"].to_numpy(np.float64),
        copies=np.where(kept, np.rint(table["copies"].to_numpy(np.float64)), 0).astype(np.int64),
        estimated=np.zeros(len(table), np.bool_),
        below=np.zeros(len(table), np.int64),
        above=np.zeros(len(table), np.int64),
        edited=np.zeros(len(table), np.bool_),
    )
    amplitude = table["amplitude_counts"].to_numpy(np.float64)
    for i, name in enumerate(probes):
        estimated = has_flag(nucleus_flags, f"{name}_ESTIMATED")
        _hang_ranges(folder, columns, i, amplitude, nucleus_key=nucleus_key, estimated=estimated)
    return columns


def _hang_ranges(
    folder: CaseFolder,
    columns: SignalColumns,
    probe: int,
    amplitude: NDArray[np.float64],
    *,
    nucleus_key: NDArray[np.int64],
    estimated: NDArray[np.bool_],
) -> None:
    """Give the range of a nucleus to its signal with most copies, the brightest where equal.

    The tables do not say which signals made the estimate. So the range goes where that signal
    goes, and is gone when a reader says how many copies it stands for.
    """
    name = PROBES[probe].lower()
    best, low, high = (
        folder.nuclei[name + suffix].fillna(0).to_numpy(np.int64)
        for suffix in ("", "_low", "_high")
    )
    rows = np.flatnonzero((columns.probe == probe) & (columns.copies > 0) & (columns.nucleus > 0))
    owner = keys_of(columns.field[rows], columns.nucleus[rows])
    order = np.argsort(nucleus_key)
    place = np.searchsorted(nucleus_key[order], owner)
    known = place < len(order)
    known[known] = nucleus_key[order][place[known]] == owner[known]
    at = order[place[known]]
    sums = np.bincount(at, columns.copies[rows[known]], minlength=len(best))
    if not known.all() or not np.array_equal(sums, best):
        raise MetadataError(
            "the copies of the signals do not add up to the counts of their nuclei",
            file=folder.path / "signals.csv",
            field=PROBES[probe],
        )
    ranged = estimated | (low < best) | (high > best)
    rows, at = rows[ranged[at]], at[ranged[at]]
    first = np.lexsort((columns.number[rows], -amplitude[rows], -columns.copies[rows], at))
    owners, heads = np.unique(at[first], return_index=True)
    head = rows[first[heads]]
    columns.estimated[head] = True
    columns.below[head] = (best - low)[owners]
    columns.above[head] = (high - best)[owners]
