"""What a reader can do, in one table: buttons, keys and the page of keys are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from fishcount.flags import Subject, flags_of

__all__ = ["ACTIONS", "GROUPS", "REASONS", "ReviewAction", "action"]

# What is wrong with the nucleus itself, not with its counts.
_OF_COUNTS = ("HER2_ESTIMATED", "CEP17_ESTIMATED", "ESTIMATES_DISAGREE", "FIELD_NOT_EVALUABLE")
# Codes of the reasons for which a reader can reject a nucleus; the first is the one with no more.
REASONS = tuple(
    flag.code
    for flag in sorted(flags_of(Subject.NUCLEUS), key=lambda flag: flag.code != "READER_REJECTED")
    if flag.code not in _OF_COUNTS
)
_LOOKING = ("next", "previous", "next_unreviewed", "next_signal", "previous_signal")
GROUPS = ("Go", "Nucleus", "Signal", "Edits", "View", "Drawing")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAction:
    """Something a reader can do.

    Attributes
    ----------
    name : str
        Method of `Station` or of the dock that does it.
    title : str
        On its button.
    keys : tuple of str
        As Qt spells them; the first is shown.
    group : str
        One of `GROUPS`.
    tip : str
        One sentence.
    arguments : tuple
        What the method is called with.
    repeats : bool
        Whether a key that is held down does it again and again: where one only looks, never where
        something is decided.
    while_drawing : bool
        Whether it works only while something is being drawn; the others do not work then, so
        that the keys of napari's brush are free.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    group: str
    tip: str
    arguments: tuple[int, ...] = ()
    repeats: bool = False
    while_drawing: bool = False


# Group, name, title, keys and tip of each.
_ROWS = (
    ("Go", "next", "Next", "J", "The next nucleus of the list."),
    ("Go", "previous", "Previous", "K", "The nucleus before it in the list."),
    ("Go", "next_unreviewed", "Next unreviewed", "N", "The next that nobody has reviewed."),
    ("Go", "next_signal", "Next signal", ".", "Pick the next signal of the nucleus."),
    ("Go", "previous_signal", "Previous signal", ",", "Pick the signal before."),
    ("Go", "next_case", "Next case", "Shift+N", "The next case of the queue."),
    ("Nucleus", "accept", "Accept", "D", "It is right as it is; go on to the next."),
    ("Nucleus", "reject", "Reject", "W", "Leave it out for the reason that is set; go on."),
    ("Nucleus", "reject_because", "Reject because ...", "Shift+W", "Choose a reason first."),
    ("Nucleus", "restore", "Score it", "R", "Score it, whatever speaks against it."),
    ("Nucleus", "delete_nucleus", "Delete", "Shift+D", "It is not a nucleus."),
    ("Nucleus", "merge_nuclei", "Merge", "M", "One nucleus with that under the pointer."),
    ("Nucleus", "split_nucleus", "Split", "S", "Cut it in two: along a line, or at its waist."),
    ("Nucleus", "redraw_nucleus", "Redraw", "O", "Paint its outline anew."),
    ("Nucleus", "draw_nucleus", "Draw new", "Shift+O", "Paint a nucleus that was missed."),
    ("Nucleus", "write_note", "Note", "E", "Write a note on it."),
    ("Signal", "add_her2", "Add HER2", "H", "A HER2 signal at the pointer."),
    ("Signal", "add_cep17", "Add CEP17", "C", "A CEP17 signal at the pointer."),
    ("Signal", "delete_signal", "Delete", "X Delete", "The picked signal is none."),
    ("Signal", "assign_signal", "Assign", "A", "To the nucleus under the pointer."),
    ("Signal", "merge_signals", "Merge", "G", "One with the nearest of its colour."),
    ("Signal", "split_signal", "Split", "T", "Two signals side by side."),
    ("Signal", "ask_copies", "Copies ...", "0", "Copies of the picked signal: a number."),
    ("Edits", "undo", "Undo", "U Ctrl+Z", "Take the last edit back."),
    ("Edits", "redo", "Redo", "Shift+U Ctrl+Shift+Z", "Let it stand again."),
    ("Edits", "export", "Export", "Shift+E", "Write reviewed/, its tables and its report."),
    ("View", "whole_field", "Field", "V", "All of the field; again, all of the next field."),
    ("View", "next_channel", "Channels", "I", "All channels, or one alone."),
    ("View", "only_this_nucleus", "This only", "F", "This nucleus without the others."),
    ("View", "toggle_marks", "Marks", "B", "The bare image, or its marks."),
    ("View", "toggle_left_out", "Left out", "L", "Candidates that were left out."),
    ("View", "toggle_projection", "Projection", "Y", "All planes of a stack, or one."),
    ("Drawing", "finish", "Take it", "Return Enter", "Make the edit that was drawn."),
    ("Drawing", "cancel", "Cancel", "Escape", "Put the tool down."),
)


def _copies_action(n: int) -> ReviewAction:
    return ReviewAction(
        name="set_copies",
        title=f"{n} {'copy' if n == 1 else 'copies'}",
        keys=(str(n),),
        group="Signal",
        tip=f"The picked signal stands for {n}.",
        arguments=(n,),
    )


ACTIONS = (
    *(
        ReviewAction(
            name=name,
            title=title,
            keys=tuple(keys.split()),
            group=group,
            tip=tip,
            repeats=name in _LOOKING,
            while_drawing=group == "Drawing",
        )
        for group, name, title, keys, tip in _ROWS
    ),
    *(_copies_action(n) for n in range(1, 10)),
)


def action(name: str) -> ReviewAction:
    """The first action of this name; KeyError where there is none."""
    for one in ACTIONS:
        if one.name == name:
            return one
    raise KeyError(name)
