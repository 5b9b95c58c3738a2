"""A review at work: a case folder, its history, and the log in which every edit is durable."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from fishcount.errors import ReviewError
from fishcount.io import CaseFolder
from fishcount.review.actions import Action, Redo, Undo, parse_action
from fishcount.review.automatic import Automatic, read_automatic
from fishcount.review.history import History
from fishcount.review.log import (
    LOG_NAME,
    EditLog,
    Event,
    LogContent,
    check_belongs,
    read_log,
    standing_edits,
)
from fishcount.review.readers import named_reader
from fishcount.review.rows import NucleusRow, Patch, SignalRow
from fishcount.review.state import ReviewState

__all__ = ["Review", "check_not_reviewed", "replay", "replay_folder"]


@dataclass(slots=True)
class Review:
    """One reader at one case. Use it as a context manager, or close it.

    Attributes
    ----------
    reader : str
        Who reads; written on every line. Another reader may take the seat: name them here.
    history : History
    log : EditLog

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import AcceptNucleus, Review
    >>> folder = example_case()
    >>> with Review.open(folder, reader="A") as review:
    ...     _ = review.do(AcceptNucleus(field="field_1", nucleus=1))
    ...     review.state
    ReviewState(1 nuclei and 0 signals edited)
    """

    reader: str
    history: History
    log: EditLog = field(repr=False)

    @classmethod
    def open(cls, folder: str | Path | CaseFolder, *, reader: str) -> Self:
        """Begin a review, or go on where its log ends.

        Parameters
        ----------
        folder
            A case folder.
        reader
            Name or initials; not empty.

        Raises
        ------
        InputError, MetadataError
            When it is not a case folder.
        AlteredLogError, ReviewError
            When the log is not as it was written, belongs to another result, or is open
            elsewhere; when the folder is the ``reviewed`` of a case.
        """
        reader = named_reader(reader, of="a review")
        case = CaseFolder.of(folder)
        check_not_reviewed(case, case.path / LOG_NAME)
        automatic = read_automatic(case)
        log = EditLog.open(case.path / LOG_NAME, input_sha256=automatic.sha256)
        try:
            history = replay(automatic, log.content, path=log.path)
        except BaseException:
            log.close()
            raise
        return cls(reader, history, log)

    @property
    def state(self) -> ReviewState:
        """The case as it stands."""
        return self.history.present

    def do(self, action: Action, *, reason: str = "") -> Event:
        """Make an edit; when this returns, it is on the disk.

        Raises
        ------
        ReviewError
            When it cannot be made; nothing is written then.
        OutputError
            When it cannot be written; nothing has changed then.
        """
        reader = named_reader(self.reader, of="a review")
        history, patch = self.history.after(action)
        event = self.log.append(
            Event.of(
                action,
                reader=reader,
                input_sha256=self.state.automatic.sha256,
                changes=_changes_of(patch),
                reason=reason,
            )
        )
        self.history = history
        return event

    def undo(self) -> Event:
        """Take the last edit back."""
        return self.do(Undo())

    def redo(self) -> Event:
        """Let the edit that was taken back last stand again."""
        return self.do(Redo())

    @property
    def last_done(self) -> Event | None:
        """The edit that `undo` takes back; None where there is none."""
        standing, _ = standing_edits(self.log.content.events)
        return standing[-1] if standing else None

    @property
    def last_undone(self) -> Event | None:
        """The edit that `redo` makes again; None where there is none."""
        _, undone = standing_edits(self.log.content.events)
        return undone[-1] if undone else None

    def close(self) -> None:
        """Let others open the case."""
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def replay(automatic: Automatic, content: LogContent, *, path: Path) -> History:
    """The history that a log tells of, made anew from the automatic result.

    Raises
    ------
    ReviewError
        When an action cannot be made, or does not change what the log says that it changed.
    """
    history = History(present=ReviewState(automatic))
    for number, event in enumerate(content.events, start=1):
        try:
            history, patch = history.after(parse_action(event.action))
        except ReviewError as error:
            raise ReviewError(
                f"cannot be replayed: {error}", file=path, field=f"line {number}"
            ) from error
        logged = {"object": event.object, "old": event.old, "new": event.new}
        if _changes_of(patch) != logged:
            raise ReviewError(
                "the replay changes something else than the log says",
                file=path,
                field=f"line {number}",
                expected=event.software,
            )
    return history


def replay_folder(folder: str | Path | CaseFolder) -> tuple[ReviewState, LogContent]:
    """The reviewed state of a case folder and its log; nothing is written.

    Raises
    ------
    InputError, MetadataError, AlteredLogError, ReviewError
        As `Review.open`.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import AcceptNucleus, Review, replay_folder
    >>> folder = example_case()
    >>> with Review.open(folder, reader="A") as review:
    ...     _ = review.do(AcceptNucleus(field="field_1", nucleus=1))
    >>> state, log = replay_folder(folder)
    >>> len(log.events), state.nuclei["field_1", 1].review
    (1, 'accepted')
    """
    case = CaseFolder.of(folder)
    automatic = read_automatic(case)
    path = case.path / LOG_NAME
    content = read_log(path)
    check_belongs(content, automatic.sha256, path)
    return replay(automatic, content, path=path).present, content


def check_not_reviewed(case: CaseFolder, log: Path) -> None:
    """Check that a case is not the ``reviewed`` of one; ReviewError where it is and has no `log`.

    A log in there would keep the case from being exported again: work of people is not replaced.
    """
    above = case.path.resolve().parent
    if "review" in case.summary and (above / "summary.json").is_file() and not log.exists():
        raise ReviewError(
            "it is the reviewed result of a case",
            file=case.path,
            remedy=f"open the case itself: {above}",
        )


def _changes_of(patch: Patch) -> dict[str, Any]:
    """What a patch changes, as the log says it."""
    nuclei = {_name(key): pair for key, pair in patch.nuclei.items()}
    signals = {_name(key): pair for key, pair in patch.signals.items()}
    return {
        "object": {"nuclei": list(nuclei), "signals": list(signals)},
        "old": {
            "nuclei": {name: _record(pair[0]) for name, pair in nuclei.items()},
            "signals": {name: _record(pair[0]) for name, pair in signals.items()},
        },
        "new": {
            "nuclei": {name: _record(pair[1]) for name, pair in nuclei.items()},
            "signals": {name: _record(pair[1]) for name, pair in signals.items()},
        },
    }


def _name(key: tuple[str, int]) -> str:
    return f"{key[0]}/{key[1]}"


def _record(row: NucleusRow | SignalRow | None) -> dict[str, Any] | None:
    return None if row is None else row.record()
