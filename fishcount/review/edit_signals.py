"""What edits of signals change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fishcount.errors import ReviewError
from fishcount.review.actions import (
    AddSignal,
    DeleteSignal,
    MergeSignals,
    ReassignSignal,
    SetCopies,
    SplitSignal,
)
from fishcount.review.draft import Draft
from fishcount.review.ownership import nucleus_at
from fishcount.review.rows import Id, SignalRow

__all__ = [
    "add_signal",
    "delete_signal",
    "merge_signals",
    "reassign_signal",
    "set_copies",
    "split_signal",
]


def add_signal(draft: Draft, action: AddSignal) -> None:
    """A new signal of one copy; it lies in the nucleus that is named, or in that of its pixel."""
    name = action.field
    _check_place(draft, name, (action.y_px, action.x_px))
    if action.channel not in draft.state.automatic.probes:
        raise ReviewError(
            "no such channel",
            field=name,
            found=action.channel,
            expected=" or ".join(draft.state.automatic.probes),
        )
    nucleus = action.nucleus
    if nucleus is None:
        nucleus = nucleus_at(draft.state, name, (action.y_px, action.x_px))
    draft.edited((name, nucleus))
    draft.signals[draft.new_signal(name)] = SignalRow(
        channel=action.channel,
        nucleus=nucleus,
        z_px=action.z_px,
        y_px=action.y_px,
        x_px=action.x_px,
    )


def delete_signal(draft: Draft, action: DeleteSignal) -> None:
    """The signal stays in the table as rejected by a reader."""
    key = action.field, action.signal
    row = _kept(draft, key)
    draft.edited((action.field, row.nucleus))
    draft.signals[key] = replace(row, verdict="rejected", reason="READER_DELETED")


def reassign_signal(draft: Draft, action: ReassignSignal) -> None:
    """The signal goes to another nucleus, with its copies and their range."""
    key = action.field, action.signal
    row = _kept(draft, key)
    draft.edited((action.field, row.nucleus))
    draft.edited((action.field, action.nucleus))
    if row.nucleus == action.nucleus:
        raise ReviewError(
            "the signal is there already", field=action.field, found=f"nucleus {action.nucleus}"
        )
    draft.signals[key] = replace(row, nucleus=action.nucleus)


def set_copies(draft: Draft, action: SetCopies) -> None:
    """A reader's number has no range, and counts whatever the candidate was before."""
    key = action.field, action.signal
    row = draft.state.signal(key)
    if not row.nucleus:
        raise ReviewError(
            "the signal lies in no nucleus",
            field=action.field,
            found=f"signal {action.signal}",
            remedy="assign it to one first",
        )
    draft.edited((action.field, row.nucleus))
    draft.signals[key] = replace(
        row, copies=action.copies, verdict="kept", reason="", estimate=None, merged_into=0
    )


def merge_signals(draft: Draft, action: MergeSignals) -> None:
    """The first stays with its copies; the others are merged into it."""
    keys = [(action.field, number) for number in action.signals]
    rows = [_kept(draft, key) for key in keys]
    if len({(row.channel, row.nucleus) for row in rows}) > 1:
        raise ReviewError(
            "signals that are merged must have one channel and one nucleus",
            field=action.field,
            found=", ".join(f"{row.channel} in {row.nucleus}" for row in rows),
        )
    draft.edited((action.field, rows[0].nucleus))
    for key, row in zip(keys[1:], rows[1:], strict=True):
        draft.signals[key] = replace(
            row, verdict="merged", reason="READER_MERGED", merged_into=keys[0][1]
        )


def split_signal(draft: Draft, action: SplitSignal) -> None:
    """New signals of one copy each stand in its place, in the same nucleus and plane."""
    key = action.field, action.signal
    row = _kept(draft, key)
    draft.edited((action.field, row.nucleus))
    draft.signals[key] = replace(row, verdict="rejected", reason="READER_SPLIT")
    for y_px, x_px in action.into_yx_px:
        _check_place(draft, action.field, (y_px, x_px))
        draft.signals[draft.new_signal(action.field)] = SignalRow(
            channel=row.channel, nucleus=row.nucleus, z_px=row.z_px, y_px=y_px, x_px=x_px
        )


def _kept(draft: Draft, key: Id) -> SignalRow:
    row = draft.state.signal(key)
    if row.verdict != "kept":
        raise ReviewError(
            f"the signal is {row.verdict} already",
            field=key[0],
            found=f"signal {key[1]}",
            remedy="give it copies to count it",
        )
    return row


def _check_place(draft: Draft, name: str, yx_px: tuple[float, float]) -> None:
    shape = np.array(draft.state.shape(name))
    at = np.array(yx_px)
    if (at < -0.5).any() or (at >= shape - 0.5).any():
        raise ReviewError(
            "the place lies outside the field",
            field=name,
            found=f"(y, x) = ({yx_px[0]:g}, {yx_px[1]:g})",
            expected=f"within {shape[0]} x {shape[1]} pixels",
        )
