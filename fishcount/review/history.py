"""History of all edits: those in effect, those that can be undone, those that can be redone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fishcount.errors import ReviewError
from fishcount.review import edit_nuclei, edit_signals
from fishcount.review.actions import (
    AcceptNucleus,
    Action,
    AddSignal,
    DeleteNucleus,
    DeleteSignal,
    DrawNucleus,
    Edit,
    MergeNuclei,
    MergeSignals,
    NoteNucleus,
    ReassignSignal,
    Redo,
    RedrawNucleus,
    RejectNucleus,
    RestoreNucleus,
    SetCopies,
    SplitNucleus,
    SplitSignal,
    Undo,
)
from fishcount.review.draft import Draft
from fishcount.review.rows import Patch
from fishcount.review.state import ReviewState

__all__ = ["History", "edit"]

_EDITS: dict[type[Edit], Callable[[Draft, Any], None]] = {
    AcceptNucleus: edit_nuclei.accept_nucleus,
    RejectNucleus: edit_nuclei.reject_nucleus,
    RestoreNucleus: edit_nuclei.restore_nucleus,
    DeleteNucleus: edit_nuclei.delete_nucleus,
    MergeNuclei: edit_nuclei.merge_nuclei,
    SplitNucleus: edit_nuclei.split_nucleus,
    RedrawNucleus: edit_nuclei.redraw_nucleus,
    DrawNucleus: edit_nuclei.draw_nucleus,
    NoteNucleus: edit_nuclei.note_nucleus,
    AddSignal: edit_signals.add_signal,
    DeleteSignal: edit_signals.delete_signal,
    ReassignSignal: edit_signals.reassign_signal,
    SetCopies: edit_signals.set_copies,
    MergeSignals: edit_signals.merge_signals,
    SplitSignal: edit_signals.split_signal,
}


def edit(state: ReviewState, action: Edit) -> Patch:
    """What an edit changes in a state.

    Raises
    ------
    ReviewError
        When it cannot be made: an object that is not there, a place outside the field, or
        nothing that would change.
    """
    if action.field not in state.automatic.fields:
        raise ReviewError("no such field", found=action.field)
    draft = Draft(state)
    _EDITS[type(action)](draft, action)
    return draft.patch()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """The present state of a review with the way back and the way forward.

    Attributes
    ----------
    present : ReviewState
    done, undone : tuple of Patch
        What `Undo` takes back, the last first to go, and what `Redo` makes stand again.
    """

    present: ReviewState
    done: tuple[Patch, ...] = ()
    undone: tuple[Patch, ...] = ()

    def after(self, action: Action) -> tuple[History, Patch]:
        """The history after an action, and what the action changed.

        Raises
        ------
        ReviewError
            As `edit`; or there is nothing to undo or to redo.
        """
        if isinstance(action, Undo):
            return self._undo()
        if isinstance(action, Redo):
            return self._redo()
        patch = edit(self.present, action)
        return History(present=self.present.patched(patch), done=(*self.done, patch)), patch

    def _undo(self) -> tuple[History, Patch]:
        if not self.done:
            raise ReviewError("there is nothing to undo")
        *done, patch = self.done
        back = patch.reversed()
        state = self.present.patched(back)
        return History(present=state, done=tuple(done), undone=(*self.undone, patch)), back

    def _redo(self) -> tuple[History, Patch]:
        if not self.undone:
            raise ReviewError("there is nothing to redo")
        *undone, patch = self.undone
        state = self.present.patched(patch)
        return History(present=state, done=(*self.done, patch), undone=tuple(undone)), patch
