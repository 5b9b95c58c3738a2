"""The log of a second count: its entries, and the counts that they replay to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from fishcount.errors import ReviewError
from fishcount.models import faults_in_words
from fishcount.review.automatic import Automatic
from fishcount.review.entry import LogEntry, Number
from fishcount.review.log import LogContent, check_belongs, read_log
from fishcount.review.rows import Id

__all__ = [
    "SECOND_COUNTS",
    "ChooseNuclei",
    "CountAction",
    "CountNucleus",
    "FinishCount",
    "SkipNucleus",
    "UndoCount",
    "check_second_count",
    "parse_count",
    "replay_counts",
    "second_count_logs",
    "standing_counts",
]

SECOND_COUNTS = "second_counts"

Copies = Annotated[int, Field(ge=0, le=1000)]


class ChooseNuclei(LogEntry):
    """Which nuclei are to be counted, in which order; chance chose them."""

    kind: Literal["choose_nuclei"] = "choose_nuclei"
    nuclei: tuple[tuple[str, Number], ...]


class CountNucleus(LogEntry):
    """A nucleus with its copies."""

    kind: Literal["count_nucleus"] = "count_nucleus"
    field: str
    nucleus: Number
    her2: Copies
    cep17: Copies | None = None


class SkipNucleus(LogEntry):
    """A nucleus that the reader does not count."""

    kind: Literal["skip_nucleus"] = "skip_nucleus"
    field: str
    nucleus: Number


class UndoCount(LogEntry):
    """The last count or skip is taken back."""

    kind: Literal["undo"] = "undo"


class FinishCount(LogEntry):
    """The comparison with the first count is shown: whatever is counted after is not blinded."""

    kind: Literal["finish"] = "finish"


CountAction = ChooseNuclei | CountNucleus | SkipNucleus | UndoCount | FinishCount
_ACTION: TypeAdapter[CountAction] = TypeAdapter(Annotated[CountAction, Field(discriminator="kind")])


def second_count_logs(folder: str | Path) -> tuple[Path, ...]:
    """Logs of the second counts of a case folder, by name."""
    return tuple(sorted((Path(folder) / SECOND_COUNTS).glob("*.jsonl")))


def check_second_count(path: Path, automatic: Automatic) -> None:
    """Check the log of a second count; AlteredLogError or ReviewError where it is not whole."""
    content = read_log(path)
    check_belongs(content, automatic.sha256, path)
    replay_counts(content)


def parse_count(record: dict[str, Any]) -> CountAction:
    """An action from its record on a line; ReviewError where it is none."""
    try:
        return _ACTION.validate_python(record)
    except ValidationError as error:
        raise ReviewError("not a count", found=faults_in_words(error)) from error


def standing_counts(content: LogContent) -> list[CountNucleus | SkipNucleus]:
    """The counts and skips that were not taken back.

    Raises
    ------
    ReviewError
        Where there was none to take back, or something follows the end.
    """
    standing: list[CountNucleus | SkipNucleus] = []
    finished = False
    for action in _actions(content):
        if finished:
            raise ReviewError("something was counted after the comparison was seen")
        if isinstance(action, UndoCount):
            if not standing:
                raise ReviewError("there is nothing to undo")
            standing.pop()
        elif isinstance(action, FinishCount):
            finished = True
        elif not isinstance(action, ChooseNuclei):
            standing.append(action)
    return standing


def replay_counts(
    content: LogContent,
) -> tuple[tuple[Id, ...], dict[Id, tuple[int, int | None]], set[Id]]:
    """Chosen, counted and skipped nuclei, as the log tells."""
    chosen: tuple[Id, ...] = ()
    for action in _actions(content):
        if isinstance(action, ChooseNuclei):
            chosen = action.nuclei
    counted: dict[Id, tuple[int, int | None]] = {}
    skipped: set[Id] = set()
    for done in standing_counts(content):
        key = done.field, done.nucleus
        counted.pop(key, None)
        skipped.discard(key)
        if isinstance(done, CountNucleus):
            counted[key] = done.her2, done.cep17
        else:
            skipped.add(key)
    return chosen, counted, skipped


def _actions(content: LogContent) -> Iterable[CountAction]:
    return (parse_count(event.action) for event in content.events)
