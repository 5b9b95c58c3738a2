"""Everything that a reader can do to a case, as frozen models: what the edit log is made of.

One that is given values that do not hold raises ReviewError.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from fishcount.errors import ReviewError
from fishcount.flags import FLAGS, Subject
from fishcount.models import faults_in_words
from fishcount.review.entry import LogEntry, Number
from fishcount.review.outline import Outline, Run

__all__ = [
    "AcceptNucleus",
    "Action",
    "AddSignal",
    "DeleteNucleus",
    "DeleteSignal",
    "DrawNucleus",
    "Edit",
    "MergeNuclei",
    "MergeSignals",
    "NoteNucleus",
    "ReassignSignal",
    "Redo",
    "RedrawNucleus",
    "RejectNucleus",
    "RestoreNucleus",
    "SetCopies",
    "SplitNucleus",
    "SplitSignal",
    "Undo",
    "parse_action",
]

Point = tuple[FiniteFloat, FiniteFloat]


class _OfNucleus(LogEntry):
    field: str
    nucleus: Number


class _OfSignal(LogEntry):
    field: str
    signal: Number


class _Shape(LogEntry):
    """Pixels that a reader drew: a polygon, or a mask as runs; exactly one of them."""

    polygon_yx_px: Annotated[tuple[Point, ...], Field(min_length=3)] | None = None
    runs_px: Annotated[tuple[Run, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.polygon_yx_px is None) == (self.runs_px is None):
            raise ValueError("give polygon_yx_px or runs_px, one of them")
        return self

    def outline(self, shape: tuple[int, int]) -> Outline:
        """Its pixels in a field of `shape`."""
        if self.polygon_yx_px is not None:
            return Outline.from_polygon(self.polygon_yx_px, shape=shape)
        return Outline.from_runs(self.runs_px or (), shape=shape)


class AcceptNucleus(_OfNucleus):
    """What the program says of this nucleus is right, scored or not."""

    kind: Literal["accept_nucleus"] = "accept_nucleus"


class RejectNucleus(_OfNucleus):
    """A nucleus is not scored; `reject_reason` is the code of a flag of nuclei."""

    kind: Literal["reject_nucleus"] = "reject_nucleus"
    reject_reason: str = "READER_REJECTED"

    @field_validator("reject_reason")
    @classmethod
    def _registered(cls, code: str) -> str:
        flag = FLAGS.get(code)
        if flag is None or flag.subject is not Subject.NUCLEUS:
            raise ValueError(f"not the code of a flag of nuclei: {code!r}")
        return code


class RestoreNucleus(_OfNucleus):
    """A nucleus is scored, whatever speaks against it; one that was deleted comes back."""

    kind: Literal["restore_nucleus"] = "restore_nucleus"


class DeleteNucleus(_OfNucleus):
    """There is no nucleus here; its signals lie outside of nuclei."""

    kind: Literal["delete_nucleus"] = "delete_nucleus"


class MergeNuclei(LogEntry):
    """These are one nucleus, which gets a number of its own and all their signals."""

    kind: Literal["merge_nuclei"] = "merge_nuclei"
    field: str
    nuclei: Annotated[tuple[Number, ...], Field(min_length=2)]

    @field_validator("nuclei")
    @classmethod
    def _each_once(cls, nuclei: tuple[int, ...]) -> tuple[int, ...]:
        return _distinct(nuclei)


class SplitNucleus(_OfNucleus):
    """These are two nuclei, parted by the straight line through two points (y, x)."""

    kind: Literal["split_nucleus"] = "split_nucleus"
    cut_yx_px: tuple[Point, Point]

    @field_validator("cut_yx_px")
    @classmethod
    def _a_line(cls, cut: tuple[Point, Point]) -> tuple[Point, Point]:
        if cut[0] == cut[1]:
            raise ValueError("two different points make a line")
        return cut


class RedrawNucleus(_OfNucleus, _Shape):
    """The outline of this nucleus is another one."""

    kind: Literal["redraw_nucleus"] = "redraw_nucleus"


class DrawNucleus(_Shape):
    """Here is a nucleus that was not found."""

    kind: Literal["draw_nucleus"] = "draw_nucleus"
    field: str


class NoteNucleus(_OfNucleus):
    """What a reader has to say of this nucleus; an empty text takes it away."""

    kind: Literal["note_nucleus"] = "note_nucleus"
    text: Annotated[str, Field(max_length=1000)]


class AddSignal(LogEntry):
    """Here is a signal that was not found; without `nucleus`, its place decides."""

    kind: Literal["add_signal"] = "add_signal"
    field: str
    channel: str
    y_px: FiniteFloat
    x_px: FiniteFloat
    z_px: FiniteFloat = 0.0
    nucleus: Annotated[int, Field(ge=0)] | None = None


class DeleteSignal(_OfSignal):
    """There is no signal here."""

    kind: Literal["delete_signal"] = "delete_signal"


class ReassignSignal(_OfSignal):
    """A signal belongs to another nucleus; 0 is none."""

    kind: Literal["reassign_signal"] = "reassign_signal"
    nucleus: Annotated[int, Field(ge=0)]


class SetCopies(_OfSignal):
    """A candidate stands for this many copies; one that was not counted now is."""

    kind: Literal["set_copies"] = "set_copies"
    copies: Annotated[int, Field(ge=1, le=1000)]


class MergeSignals(LogEntry):
    """These count as the first of them alone: parts of a split signal."""

    kind: Literal["merge_signals"] = "merge_signals"
    field: str
    signals: Annotated[tuple[Number, ...], Field(min_length=2)]

    @field_validator("signals")
    @classmethod
    def _each_once(cls, signals: tuple[int, ...]) -> tuple[int, ...]:
        return _distinct(signals)


class SplitSignal(_OfSignal):
    """In place of this signal there are several, at these points (y, x)."""

    kind: Literal["split_signal"] = "split_signal"
    into_yx_px: Annotated[tuple[Point, ...], Field(min_length=2)]


class Undo(LogEntry):
    """The last edit that stands is taken back."""

    kind: Literal["undo"] = "undo"


class Redo(LogEntry):
    """The last edit that was taken back stands again."""

    kind: Literal["redo"] = "redo"


Edit = (
    AcceptNucleus
    | RejectNucleus
    | RestoreNucleus
    | DeleteNucleus
    | MergeNuclei
    | SplitNucleus
    | RedrawNucleus
    | DrawNucleus
    | NoteNucleus
    | AddSignal
    | DeleteSignal
    | ReassignSignal
    | SetCopies
    | MergeSignals
    | SplitSignal
)
Action = Edit | Undo | Redo

_ACTION: TypeAdapter[Action] = TypeAdapter(Annotated[Action, Field(discriminator="kind")])


def parse_action(record: Any) -> Action:
    """The action that a record of the log tells of.

    Raises
    ------
    ReviewError
        When it is none.

    Examples
    --------
    >>> from fishcount.review import parse_action
    >>> parse_action({"kind": "accept_nucleus", "field": "field_1", "nucleus": 3})
    AcceptNucleus(field='field_1', nucleus=3, kind='accept_nucleus')
    """
    try:
        return _ACTION.validate_python(record)
    except ValidationError as error:
        raise ReviewError("not an action", found=faults_in_words(error)) from error


def _distinct(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(numbers)) < len(numbers):
        raise ValueError("name each of them once")
    return numbers
