"""The state of a batch in an SQLite file, which survives a kill at any moment."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fishcount.batch.process import Outcome
from fishcount.errors import OutputError

__all__ = ["STATE_FILE", "CaseState", "State", "open_state"]

STATE_FILE = "batch.sqlite"
_VERSION = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS cases (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    call_sha256 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    seconds REAL,
    summary TEXT,
    error TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT ''
)
"""
_ENTER = """
INSERT INTO cases (name, position, call_sha256, state) VALUES (?1, ?2, ?3, 'waiting')
ON CONFLICT (name) DO UPDATE SET position = ?2
"""
_OUTDATE = """
UPDATE cases SET call_sha256 = ?2, state = 'waiting', seconds = NULL, summary = NULL,
    error = '', message = ''
WHERE name = ?1 AND (call_sha256 <> ?2 OR ?3)
"""
_FINISH = """
UPDATE cases SET state = ?2, seconds = coalesce(?3, seconds), summary = ?4, error = ?5, message = ?6
WHERE name = ?1
"""
_ROWS = "SELECT name, state, seconds, summary, error, message FROM cases ORDER BY position"


@dataclass(frozen=True, slots=True)
class CaseState:
    """One case in the state of a batch; `summary` is None unless it is done."""

    name: str
    state: str
    seconds: float | None
    summary: dict[str, Any] | None
    error: str
    message: str


class State:
    """The open state of a batch; see `open_state`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def enter(self, cases: Sequence[tuple[str, str]], *, again: bool = False) -> None:
        """Take over the cases of this run, in order, each with the hash of its call.

        Cases that are not among them are dropped; what another call has left is outdated.
        """
        with self._writing() as connection:
            listed = {name for name, _ in cases}
            known = [name for (name,) in connection.execute("SELECT name FROM cases")]
            gone = [(name,) for name in known if name not in listed]
            connection.executemany("DELETE FROM cases WHERE name = ?", gone)
            rows = [(name, position, call) for position, (name, call) in enumerate(cases)]
            connection.executemany(_ENTER, rows)
            connection.executemany(_OUTDATE, [(name, call, again) for name, call in cases])

    def finish(self, outcome: Outcome) -> None:
        """Write down what became of a case; it is on the disk when this returns."""
        summary = None if outcome.summary is None else json.dumps(outcome.summary)
        state = "failed" if outcome.state == "failed" else "done"
        with self._writing() as connection:
            connection.execute(
                _FINISH,
                (outcome.name, state, outcome.seconds, summary, outcome.error, outcome.message),
            )

    def rows(self) -> Iterator[CaseState]:
        """All cases, in the order of the manifest, one at a time."""
        for name, state, seconds, summary, error, message in self._connection.execute(_ROWS):
            record = None if summary is None else json.loads(summary)
            yield CaseState(name, state, seconds, record, error, message)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._connection:
                yield self._connection
        except sqlite3.Error as error:
            raise _cannot_be_written(self._path, error) from error


def _cannot_be_written(path: Path, error: sqlite3.Error) -> OutputError:
    return OutputError(
        "the state of the batch cannot be written",
        file=path,
        found=str(error),
        remedy="make room and run the same command again: finished cases are kept",
    )


@contextmanager
def open_state(out: Path) -> Iterator[State]:
    """The state of the batch in a folder; made when it is not there.

    Raises
    ------
    OutputError
        When it cannot be opened or written, or was written by another version.
    """
    path = out / STATE_FILE
    try:
        connection = sqlite3.connect(path)
        try:
            _prepare(connection, path)
            yield State(connection, path)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise _cannot_be_written(path, error) from error
    except sqlite3.Error as error:
        raise OutputError(
            "is not a state of a batch",
            file=path,
            found=str(error),
            remedy="choose another folder with --out, or remove the file to begin anew",
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # A run has its folder to itself, so its database is locked for others: then the log needs no
    # shared memory, which network drives do not offer.
    pragmas: Iterable[str] = (
        "locking_mode = EXCLUSIVE",
        "journal_mode = WAL",
        "synchronous = FULL",
    )
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _VERSION):
        raise OutputError("written by another version", file=path, found=version, expected=_VERSION)
    connection.execute(_TABLE)
    connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.commit()
