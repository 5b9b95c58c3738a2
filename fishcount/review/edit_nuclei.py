"""What edits of nuclei change."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import ReviewError
from fishcount.flags import mask_of
from fishcount.review.actions import (
    AcceptNucleus,
    DeleteNucleus,
    DrawNucleus,
    MergeNuclei,
    NoteNucleus,
    RedrawNucleus,
    RejectNucleus,
    RestoreNucleus,
    SplitNucleus,
)
from fishcount.review.draft import Draft
from fishcount.review.outline import Outline
from fishcount.review.ownership import pass_signals_on
from fishcount.review.rows import Id, NucleusRow
from fishcount.review.state import ReviewState

__all__ = [
    "accept_nucleus",
    "delete_nucleus",
    "draw_nucleus",
    "merge_nuclei",
    "note_nucleus",
    "redraw_nucleus",
    "reject_nucleus",
    "restore_nucleus",
    "split_nucleus",
]

# Flags that do not come from an outline, so they go over to a new one.
_OF_THE_FIELD = ("FIELD_NOT_EVALUABLE",)
_OF_THE_PLACE = (*_OF_THE_FIELD, "OUTSIDE_ROI")


def accept_nucleus(draft: Draft, action: AcceptNucleus) -> None:
    """It is reviewed, and stays scored or not scored as it is."""
    key = action.field, action.nucleus
    draft.nuclei[key] = replace(draft.state.nucleus(key), review="accepted")


def reject_nucleus(draft: Draft, action: RejectNucleus) -> None:
    """It is not scored, for the reason given."""
    key = action.field, action.nucleus
    row = draft.state.nucleus(key)
    draft.nuclei[key] = replace(row, review="rejected", reject_reason=action.reject_reason)


def restore_nucleus(draft: Draft, action: RestoreNucleus) -> None:
    """It is scored; one that was removed gets back what no other nucleus has taken since."""
    key = action.field, action.nucleus
    row = draft.state.nucleus(key, removed=True)
    row = replace(row, review="accepted", reject_reason="", removed=False)
    if draft.state.nucleus(key, removed=True).removed:
        old = draft.state.outline(key)
        outline = _free_part(draft.state, action.field, old)
        # An outline that is whole stays the automatic one.
        row = row if outline == old else replace(row, outline=outline)
        pass_signals_on(draft, action.field, (), outlines={action.nucleus: outline}, keep=False)
    draft.nuclei[key] = row


def delete_nucleus(draft: Draft, action: DeleteNucleus) -> None:
    """It is not a nucleus; what lay in it lies outside."""
    key = action.field, action.nucleus
    draft.nuclei[key] = replace(draft.state.nucleus(key), review="rejected", removed=True)
    pass_signals_on(draft, action.field, [action.nucleus], outlines={}, keep=False)


def merge_nuclei(draft: Draft, action: MergeNuclei) -> None:
    """One nucleus with the pixels and the signals of all."""
    keys = [(action.field, number) for number in action.nuclei]
    outlines = [draft.state.outline(key) for key in keys if draft.state.nucleus(key)]
    whole = reduce(Outline.union, outlines)
    new = _put_new(draft, action.field, whole, parents=keys)
    pass_signals_on(draft, action.field, action.nuclei, outlines={new[1]: whole}, keep=True)


def split_nucleus(draft: Draft, action: SplitNucleus) -> None:
    """Two nuclei, on the two sides of a line; each signal goes to the nearer one."""
    key = action.field, action.nucleus
    draft.state.nucleus(key)
    outline = draft.state.outline(key)
    side = _left_of(outline, action.cut_yx_px)
    parts = [outline.only(side), outline.only(~side)]
    if not all(part.area_px for part in parts):
        raise ReviewError(
            "the line does not cut the nucleus",
            field=key[0],
            found=key[1],
            remedy="draw it across the nucleus from edge to edge",
        )
    numbers = [_put_new(draft, action.field, part, parents=[key])[1] for part in parts]
    pass_signals_on(
        draft,
        action.field,
        [action.nucleus],
        outlines=dict(zip(numbers, parts, strict=True)),
        keep=True,
    )


def redraw_nucleus(draft: Draft, action: RedrawNucleus) -> None:
    """The nucleus keeps its number; pixels of other nuclei stay theirs."""
    key = action.field, action.nucleus
    row = draft.state.nucleus(key)
    drawn = action.outline(draft.state.shape(action.field))
    outline = _free_part(draft.state, action.field, drawn, own=action.nucleus)
    flags = _flags_of_place(draft.state, action.field, [key], outline)
    draft.nuclei[key] = replace(row, review="edited", outline=outline, flags=flags)
    pass_signals_on(
        draft, action.field, [action.nucleus], outlines={action.nucleus: outline}, keep=False
    )


def draw_nucleus(draft: Draft, action: DrawNucleus) -> None:
    """A new nucleus on pixels that no other has, with the signals that lie there."""
    drawn = action.outline(draft.state.shape(action.field))
    outline = _free_part(draft.state, action.field, drawn)
    new = _put_new(draft, action.field, outline, parents=[])
    pass_signals_on(draft, action.field, (), outlines={new[1]: outline}, keep=False)


def note_nucleus(draft: Draft, action: NoteNucleus) -> None:
    """A note stands beside the nucleus and leaves it as it is."""
    key = action.field, action.nucleus
    draft.nuclei[key] = replace(draft.state.nucleus(key), note=action.text.strip())


def _put_new(draft: Draft, name: str, outline: Outline, *, parents: list[Id]) -> Id:
    """A nucleus of a new number in place of its parents."""
    if not outline.area_px:
        raise ReviewError("no pixel is left for the nucleus", field=name)
    key = draft.new_nucleus(name)
    draft.nuclei[key] = NucleusRow(
        review="edited",
        outline=outline,
        flags=_flags_of_place(draft.state, name, parents, outline),
        plane=_plane(draft.state, parents),
        parents=tuple(number for _, number in parents),
    )
    for parent in parents:
        draft.nuclei[parent] = replace(draft.state.nucleus(parent), removed=True)
    return key


def _free_part(
    state: ReviewState, name: str, outline: Outline, *, own: int | None = None
) -> Outline:
    """The pixels of an outline that belong to no other nucleus."""
    here = state.crop(name, outline.box)
    free = outline.only((here == 0) if own is None else (here == 0) | (here == own))
    if not free.area_px:
        raise ReviewError(
            "no pixel is left for the nucleus",
            field=name,
            found=f"{outline.area_px} pixels, all in other nuclei or outside the field",
        )
    return free


def _left_of(
    outline: Outline, cut: tuple[tuple[float, float], tuple[float, float]]
) -> NDArray[np.bool_]:
    """Which pixels of the box of an outline lie on one side of a line, or on it."""
    (y0, x0), (y1, x1) = cut
    y, x = np.indices(outline.mask.shape)
    turn = (x1 - x0) * (y + outline.y0 - y0) - (y1 - y0) * (x + outline.x0 - x0)
    return np.asarray(turn >= 0, np.bool_)


def _flags_of_place(state: ReviewState, name: str, parents: list[Id], outline: Outline) -> int:
    """Flags of a drawn outline: a reader vouches for its shape, not for where it lies."""
    height, width = state.shape(name)
    y0, x0, y1, x1 = outline.box
    cut = y0 == 0 or x0 == 0 or y1 == height or x1 == width
    inherited = 0
    for parent in parents or _all_of(state, name):
        inherited |= _flags(state, parent) & mask_of(_OF_THE_PLACE if parents else _OF_THE_FIELD)
    return inherited | (mask_of(["BORDER"]) if cut else 0)


def _all_of(state: ReviewState, name: str) -> list[Id]:
    return [key for key in state.automatic.nucleus_at if key[0] == name]


def _flags(state: ReviewState, nucleus: Id) -> int:
    row = state.nucleus(nucleus, removed=True)
    if row.flags is not None:
        return row.flags
    return int(state.automatic.nucleus_flags[state.automatic.nucleus_at[nucleus]])


def _plane(state: ReviewState, parents: list[Id]) -> int:
    """The plane of the largest parent; the first one without parents."""
    if not parents:
        return 0
    largest = max(parents, key=lambda parent: state.outline(parent).area_px)
    own = state.nucleus(largest, removed=True).plane
    if own is not None:
        return own
    return int(state.automatic.folder.nuclei["plane"].iloc[state.automatic.nucleus_at[largest]])
