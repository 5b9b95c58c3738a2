"""Edits in words, for the window and the report."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fishcount.flags import FLAGS
from fishcount.review.log import Event

__all__ = ["edit_details", "edit_words", "objects_words"]

_WORDS = MappingProxyType(
    {
        "accept_nucleus": "nucleus accepted",
        "reject_nucleus": "nucleus left out",
        "restore_nucleus": "nucleus scored after all",
        "delete_nucleus": "nucleus deleted",
        "merge_nuclei": "nuclei merged",
        "split_nucleus": "nucleus split",
        "redraw_nucleus": "outline drawn anew",
        "draw_nucleus": "nucleus added",
        "note_nucleus": "note on a nucleus",
        "add_signal": "signal added",
        "delete_signal": "signal deleted",
        "reassign_signal": "signal given to another nucleus",
        "set_copies": "copies set",
        "merge_signals": "signals merged",
        "split_signal": "signal split",
        "undo": "edit taken back",
        "redo": "edit made again",
    }
)


def edit_words(action: Mapping[str, Any]) -> str:
    """What an action is called, from its record in a log."""
    kind = str(action["kind"])
    return _WORDS.get(kind, kind.replace("_", " "))


def edit_details(action: Mapping[str, Any]) -> str:
    """What an action says beside what it is done to: the reason, the note, channel or copies.

    Empty where it says no more.

    Examples
    --------
    >>> from fishcount.review.words import edit_details
    >>> edit_details({"kind": "set_copies", "copies": 3})
    '3 copies'
    """
    kind = action["kind"]
    if kind == "reject_nucleus":
        return FLAGS[str(action["reject_reason"])].name
    if kind == "note_nucleus":
        return f"“{action['text']}”"
    if kind == "set_copies":
        return f"{action['copies']} {'copy' if action['copies'] == 1 else 'copies'}"
    return str(action["channel"]) if kind == "add_signal" else ""


def objects_words(event: Event, *, most_signals: int | None = None) -> str:
    """The nuclei and signals that an event has changed, by field and number.

    Where there are more signals than `most_signals`, their number stands for them: a merged nucleus
    takes all of its signals with it.
    """
    signals = event.object.get("signals", ())
    words = [f"nucleus {name}" for name in event.object.get("nuclei", ())]
    if most_signals is not None and len(signals) > most_signals:
        words.append(f"{len(signals)} signals")
    else:
        words += [f"signal {name}" for name in signals]
    return ", ".join(words)
