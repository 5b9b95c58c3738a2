"""The edit log: one durable line for each action, each chained to the one before.

A line is JSON in one fixed spelling. It ends with the SHA-256 of itself and holds that of the
line before; the first holds the hash of the automatic result. So an altered, missing, added or
moved line is found. That lines were cut off at the end is not seen in the log alone: what
`fishcount.review.write_reviewed` leaves notes how long the log was.

A process that is killed while it writes leaves at most one line without its end, which counts as
not written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

import fishcount
from fishcount.errors import AlteredLogError, InputError, OutputError, ReviewError, reason_of

__all__ = [
    "LOG_NAME",
    "EditLog",
    "Event",
    "LogContent",
    "check_belongs",
    "read_log",
    "standing_edits",
]

LOG_NAME = "edits.jsonl"


class Event(BaseModel):
    """One line of the log.

    Attributes
    ----------
    time : str
        UTC, ISO 8601.
    reader : str
    action : dict
        See `fishcount.review.parse_action`.
    object : dict
        ``{"nuclei": ["field/number", ...], "signals": [...]}``: what it changed.
    old, new : dict
        What these were and became; null for what no reader had touched.
    reason : str
        Why, in the reader's words.
    software : str
    input_sha256 : str
        Hash of the automatic result.
    previous, sha256 : str
        Hash of the line before, and of this one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    time: str
    reader: str
    action: dict[str, Any]
    object: dict[str, Any]
    old: dict[str, Any]
    new: dict[str, Any]
    reason: str
    software: str
    input_sha256: str
    previous: str
    sha256: str = ""

    @classmethod
    def of(
        cls,
        action: BaseModel,
        *,
        reader: str,
        input_sha256: str,
        changes: Mapping[str, Any],
        reason: str = "",
    ) -> Event:
        """An event of this moment, not yet in a log.

        Parameters
        ----------
        action
            An action, as `fishcount.review.parse_action` gives it.
        reader, input_sha256, reason
            As in the attributes.
        changes
            ``object``, ``old`` and ``new``.
        """
        return cls(
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            reader=reader,
            action=action.model_dump(mode="json"),
            reason=reason,
            software=f"fishcount {fishcount.__version__}",
            input_sha256=input_sha256,
            previous="",
            **changes,
        )

    def sealed(self) -> Event:
        """The event with its own hash."""
        return self.model_copy(update={"sha256": _hash(self.model_dump())})

    def line(self) -> bytes:
        """Its line in the log."""
        return _text(self.model_dump()) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogContent:
    """What a log holds.

    Attributes
    ----------
    events : tuple of Event
    size : int
        Bytes of the lines that are whole.
    torn : int
        Bytes after them: a line whose writing was cut short.
    """

    events: tuple[Event, ...] = ()
    size: int = 0
    torn: int = 0


def standing_edits(events: Iterable[Event]) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Edits that stand after all undoing and redoing, and those that a redo would bring back.

    Returns
    -------
    standing, undone : tuple of Event
        In the order in which they were made and taken back: undo concerns the last that stands,
        redo the last that was undone. Both are empty for an empty log.
    """
    standing: list[Event] = []
    undone: list[Event] = []
    for event in events:
        kind = event.action["kind"]
        if kind == "undo":
            undone.append(standing.pop())
        elif kind == "redo":
            standing.append(undone.pop())
        else:
            standing.append(event)
            undone.clear()
    return tuple(standing), tuple(undone)


def read_log(path: str | Path) -> LogContent:
    """Read a log and check its chain; a log that is not there is empty.

    Raises
    ------
    AlteredLogError
        When a line is not as it was written.
    InputError
        When the file cannot be read.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return LogContent()
    except OSError as error:
        raise InputError("cannot be read", file=path, found=reason_of(error)) from error
    *lines, tail = data.split(b"\n")
    whole = len(data) - len(tail)
    if tail and not _is_torn(tail):
        # The record is whole: only its line end is missing, or was replaced.
        lines.append(tail)
        whole, tail = len(data), b""
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        events.append(_checked(line, events[-1] if events else None, path, number))
    return LogContent(events=tuple(events), size=whole, torn=len(tail))


@dataclass(slots=True)
class EditLog:
    """A log that is open for appending; use it as a context manager or close it.

    Attributes
    ----------
    path : Path
    input_sha256 : str
        Hash of the automatic result that it belongs to.
    content : LogContent
        What it holds.
    """

    path: Path
    input_sha256: str
    content: LogContent
    _file: int = field(default=-1, repr=False)

    @classmethod
    def open(cls, path: str | Path, *, input_sha256: str) -> Self:
        """Open or begin a log, in a folder of its own too; a torn line at its end is taken off.

        Raises
        ------
        AlteredLogError
            When a line is not as it was written.
        ReviewError
            When it belongs to another automatic result, or another program writes to it.
        OutputError
            When it cannot be written.
        """
        path = Path(path)
        content = read_log(path)
        check_belongs(content, input_sha256, path)
        try:
            path.parent.mkdir(exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise OutputError(
                "cannot be written",
                file=path,
                found=reason_of(error),
                remedy="copy the case to a folder that you may write to",
            ) from error
        log = cls(path, input_sha256, content, file)
        try:
            _lock(file, path)
            log._settle()
        except BaseException:
            log.close()
            raise
        return log

    def append(self, event: Event) -> Event:
        """Write one event so that it is on the disk when this returns; it comes back sealed.

        Raises
        ------
        ReviewError
            When the file is no longer as this program left it.
        OutputError
            When it cannot be written; the log is left as it was.
        """
        if os.fstat(self._file).st_size != self.content.size:
            raise ReviewError(
                "another program has written to the log",
                file=self.path,
                remedy="close that program and open the case again",
            )
        last = self.content.events[-1].sha256 if self.content.events else self.input_sha256
        sealed = event.model_copy(update={"previous": last}).sealed()
        line = sealed.line()
        try:
            if os.write(self._file, line) < len(line):
                raise OSError("the disk is full")
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self.content.size)
            raise OutputError(
                "the edit was not written", file=self.path, found=reason_of(error)
            ) from error
        self.content = LogContent(
            events=(*self.content.events, sealed), size=self.content.size + len(line)
        )
        return sealed

    def close(self) -> None:
        """Close the file; nothing is lost, because every event is on the disk already."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settle(self) -> None:
        """Take off what a kill has left of a line, or give a whole line its end."""
        try:
            if self.content.torn:
                os.ftruncate(self._file, self.content.size)
            elif self.content.size and os.pread(self._file, 1, self.content.size - 1) != b"\n":
                os.write(self._file, b"\n")
                self.content = LogContent(events=self.content.events, size=self.content.size + 1)
            os.fsync(self._file)
        except OSError as error:
            raise OutputError(
                "cannot be written", file=self.path, found=reason_of(error)
            ) from error
        self.content = LogContent(events=self.content.events, size=self.content.size)


def check_belongs(content: LogContent, input_sha256: str, path: Path) -> None:
    """Check that a log was written on this automatic result; ReviewError when it was not."""
    for number, event in enumerate(content.events, start=1):
        first_wrong = number == 1 and event.previous != input_sha256
        if event.input_sha256 != input_sha256 or first_wrong:
            raise ReviewError(
                "the log belongs to another automatic result",
                file=path,
                field=f"line {number}",
                found=event.input_sha256,
                expected=input_sha256,
                remedy="put the case folder back as it was when it was reviewed",
            )


def _text(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii")


def _hash(record: dict[str, Any]) -> str:
    return hashlib.sha256(_text({**record, "sha256": ""})).hexdigest()


def _is_torn(tail: bytes) -> bool:
    """Whether the end of a log is the beginning of a line; not so when a whole record is there."""
    try:
        json.JSONDecoder().raw_decode(tail.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return True
    return False


def _checked(line: bytes, before: Event | None, path: Path, number: int) -> Event:
    try:
        record = json.loads(line)
        event = Event.model_validate(record)
        found = "another hash than its own" if event.sha256 != _hash(event.model_dump()) else ""
        if event.line() != line + b"\n":
            found = "another spelling"
        if before is not None and event.previous != before.sha256:
            found = "another line before it"
    except (ValueError, RecursionError) as error:
        kind = "no event" if isinstance(error, ValidationError) else "no JSON"
        raise _altered(path, number, kind) from error
    if found:
        raise _altered(path, number, found)
    return event


def _altered(path: Path, number: int, found: str) -> AlteredLogError:
    return AlteredLogError(
        "the line is not as it was written", file=path, field=f"line {number}", found=found
    )


def _lock(file: int, path: Path) -> None:
    """Keep other programs from the log as long as it is open, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows: the size is still checked before every line
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ReviewError(
            "the case is open in another review", file=path, remedy="close it there first"
        ) from error
