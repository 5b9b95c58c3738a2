"""Copies per nucleus after the edits of readers, and which nuclei are scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import has_flag, mask_of
from fishcount.nuclei import select_nuclei
from fishcount.recount import FLAGS_OF_SIGNALS, signal_flags
from fishcount.review.automatic import Automatic
from fishcount.review.columns import SignalColumns
from fishcount.review.keys import field_of, key_of, keys_of, number_of
from fishcount.review.rows import Id, NucleusRow
from fishcount.signals import Copies

__all__ = ["NucleusColumns", "count_nuclei"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NucleusColumns:
    """The nuclei that stand, by field, then by number.

    Attributes
    ----------
    field, number : ndarray of int64, (n,)
        Index of the field, number of the nucleus.
    row : ndarray of int64, (n,)
        Its row in the automatic table; -1 for one that a reader made.
    copies : mapping of str to Copies
        Of each probe; `disagree` where that flag stands.
    flags : ndarray of uint32, (n,)
    scored : ndarray of bool, (n,)
    reject_reason : ndarray of str, (n,)
    review : ndarray of str, (n,)
        "unreviewed", "accepted", "rejected" or "edited".
    changed : ndarray of bool, (n,)
        Whether anything but the review status may differ from the automatic table.
    """

    field: NDArray[np.int64]
    number: NDArray[np.int64]
    row: NDArray[np.int64]
    copies: Mapping[str, Copies]
    flags: NDArray[np.uint32]
    scored: NDArray[np.bool_]
    reject_reason: NDArray[np.str_]
    review: NDArray[np.str_]
    changed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.number)


def count_nuclei(
    automatic: Automatic, edited: Mapping[Id, NucleusRow], signals: SignalColumns
) -> NucleusColumns:
    """Count the signals of each nucleus and apply the selection rule and the readers' decisions.

    A nucleus that no edit concerns keeps its automatic flags and decision; the others get the
    flags of their signals anew, and the rule of the settings decides unless a reader did.
    """
    key, row, rows = _standing(automatic, edited)
    owner, counted = _owners(key, signals)
    reedited = np.zeros(len(key), np.bool_)
    reedited[owner[counted & signals.edited]] = True
    reedited[_former_owners(key, automatic.signals, signals)] = True
    # A nucleus that a reader made has row -1: no automatic flags.
    geometry = np.append(automatic.nucleus_flags, np.uint32(0))[row]
    for place, changes in rows.items():
        if changes.flags is not None:
            geometry[place] = changes.flags
            reedited[place] = True
    disagree = has_flag(geometry, "ESTIMATES_DISAGREE")
    copies = {
        probe: _copies(owner, signals, counted & (signals.probe == i), disagree)
        for i, probe in enumerate(automatic.probes)
    }
    of_outline = geometry & ~np.uint32(mask_of(FLAGS_OF_SIGNALS))
    flags = np.where(reedited, of_outline | signal_flags(copies, len(key)), geometry)
    return _decided(automatic, key, row, copies, flags.astype(np.uint32), rows, reedited)


def _standing(
    automatic: Automatic, edited: Mapping[Id, NucleusRow]
) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[int, NucleusRow]]:
    """Keys of the nuclei that stand, sorted; their automatic rows; the edited ones by place."""
    index = {name: i for i, name in enumerate(automatic.fields)}
    by_key = {key_of(index[name], number): row for (name, number), row in edited.items()}
    removed = [key for key, row in by_key.items() if row.removed]
    standing = np.array(sorted(set(by_key) - set(removed)), np.int64)
    stays = ~np.isin(automatic.nucleus_key, np.array(removed, np.int64))
    new = standing[~np.isin(standing, automatic.nucleus_key)]
    key = np.concatenate([automatic.nucleus_key[stays], new])
    row = np.concatenate([np.flatnonzero(stays), np.full(len(new), -1)]).astype(np.int64)
    order = np.argsort(key)
    key, row = key[order], row[order]
    places = np.searchsorted(key, standing).tolist()
    return key, row, {place: by_key[int(key[place])] for place in places}


def _owners(
    key: NDArray[np.int64], signals: SignalColumns
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Place of the nucleus of each signal; which signals have one."""
    wanted = keys_of(signals.field, signals.nucleus)
    place = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    has = (signals.nucleus > 0) & (key[place] == wanted if len(key) else False)
    return place, np.asarray(has, np.bool_)


def _former_owners(
    key: NDArray[np.int64], base: SignalColumns, signals: SignalColumns
) -> NDArray[np.int64]:
    """Places of nuclei in which an edited signal lay automatically."""
    edited = np.flatnonzero(signals.edited[: len(base.number)])
    former = keys_of(base.field[edited], base.nucleus[edited])
    return np.flatnonzero(np.isin(key, former))


def _copies(
    owner: NDArray[np.int64],
    signals: SignalColumns,
    mine: NDArray[np.bool_],
    disagree: NDArray[np.bool_],
) -> Copies:
    """Copies of one probe, whose signals are `mine`; estimates that disagreed still do."""
    counted = signals.copies[mine] > 0

    def total(values: NDArray[np.generic]) -> NDArray[np.int64]:
        sums = np.bincount(owner[mine], values[mine] * counted, minlength=len(disagree))
        return np.rint(sums).astype(np.int64)

    best, estimated = total(signals.copies), total(signals.estimated) > 0
    return Copies(
        best=best,
        low=np.maximum(best - total(signals.below), 0),
        high=best + total(signals.above),
        estimated=estimated,
        disagree=disagree & estimated,
    )


def _decided(
    automatic: Automatic,
    key: NDArray[np.int64],
    row: NDArray[np.int64],
    copies: Mapping[str, Copies],
    flags: NDArray[np.uint32],
    rows: Mapping[int, NucleusRow],
    reedited: NDArray[np.bool_],
) -> NucleusColumns:
    """Scored or not: the automatic decision, the rule anew where edited, a reader's word above."""
    table = automatic.folder.nuclei
    scored, reason = select_nuclei(flags, settings=automatic.settings.selection)
    reason = reason.astype(object)
    asis = ~reedited
    scored[asis] = table["scored"].to_numpy(np.bool_)[row[asis]]
    reason[asis] = table["reject_reason"].to_numpy(object)[row[asis]]
    review = np.full(len(key), "unreviewed", dtype=object)
    changed = reedited.copy()
    for place, changes in rows.items():
        review[place] = changes.review
        changed[place] |= changes.outline is not None
        if changes.reject_reason is not None:
            scored[place], reason[place] = not changes.reject_reason, changes.reject_reason
            changed[place] = True
    return NucleusColumns(
        field=field_of(key),
        number=number_of(key),
        row=row,
        copies=copies,
        flags=flags,
        scored=scored,
        reject_reason=reason.astype(str),
        review=review.astype(str),
        changed=changed,
    )
