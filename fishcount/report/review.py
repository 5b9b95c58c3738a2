"""What readers did to a case: who, what, how often; the automatic beside the reviewed result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fishcount.io import CaseFolder, read_case_folder
from fishcount.records import CASE_FIGURES, category_of
from fishcount.report.content import CategoryRow, category_rows
from fishcount.report.wording import figure, interval
from fishcount.review import (
    LOG_NAME,
    Event,
    edit_details,
    edit_words,
    objects_words,
    read_log,
    standing_edits,
)
from fishcount.review.write import REVIEWED_FOLDER

__all__ = [
    "EditRow",
    "FigurePair",
    "ReaderRow",
    "ReviewNote",
    "VerdictPair",
    "review_note",
    "unwritten_lines",
]


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """One reader: when, and how many edits of which kind."""

    name: str
    first: str
    last: str
    n_edits: int
    kinds: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class EditRow:
    """One line of the log in words."""

    time: str
    reader: str
    what: str
    on: str
    reason: str
    stands: bool


@dataclass(frozen=True, slots=True)
class FigurePair:
    """One figure of both results, with its 95 % interval."""

    name: str
    automatic: str
    reviewed: str
    automatic_interval: str
    reviewed_interval: str

    @property
    def differs(self) -> bool:
        """Whether the review changed it."""
        return self.automatic != self.reviewed


@dataclass(frozen=True, slots=True)
class VerdictPair:
    """One scheme's category in both results; None where one lacks it."""

    name: str
    automatic: CategoryRow | None
    reviewed: CategoryRow

    @property
    def differs(self) -> bool:
        """Whether the review changed it."""
        before = self.automatic
        return before is None or (before.code, before.group) != (
            self.reviewed.code,
            self.reviewed.group,
        )


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """The review of a case.

    Attributes
    ----------
    shows_reviewed : bool
        Whether the page is that of the reviewed result.
    n_nuclei, n_reviewed : int
        Nuclei that stand, and those that a reader has dealt with.
    progress : tuple of (str, int)
        Accepted, rejected, edited.
    n_after : int
        Lines that the log got after the reviewed result was written.
    """

    shows_reviewed: bool
    n_nuclei: int
    n_reviewed: int
    progress: tuple[tuple[str, int], ...]
    readers: tuple[ReaderRow, ...]
    edits: tuple[EditRow, ...]
    figures: tuple[FigurePair, ...]
    verdicts: tuple[VerdictPair, ...]
    log_sha256: str
    n_after: int

    @property
    def n_standing(self) -> int:
        """Edits that stand, those that were taken back not among them."""
        return sum(edit.stands for edit in self.edits)


def review_note(folder: CaseFolder) -> ReviewNote | None:
    """The review of a case folder, or of the ``reviewed`` in one; None where there is none.

    Raises
    ------
    AlteredLogError
        When a line of the log is not as it was written.
    """
    shows_reviewed = "review" in folder.summary
    if shows_reviewed:
        reviewed, log_path = folder.summary, folder.path.resolve().parent / LOG_NAME
    elif (folder.path / REVIEWED_FOLDER).is_dir():
        reviewed = read_case_folder(folder.path / REVIEWED_FOLDER).summary
        log_path = folder.path / LOG_NAME
    else:
        return None
    return _note(reviewed, shows_reviewed=shows_reviewed, log_path=log_path)


def unwritten_lines(folder: CaseFolder) -> int:
    """Lines of the log of a case that has no reviewed result; 0 where it has one."""
    if "review" in folder.summary or (folder.path / REVIEWED_FOLDER).is_dir():
        return 0
    return len(read_log(folder.path / LOG_NAME).events)


def _note(reviewed: Mapping[str, Any], *, shows_reviewed: bool, log_path: Path) -> ReviewNote:
    review = reviewed["review"]
    automatic = review["automatic"]
    n_events = int(review.get("n_events", 0))
    events = read_log(log_path).events
    replayed = events[:n_events]
    progress = tuple((word, int(review[word])) for word in ("accepted", "rejected", "edited"))
    n_reviewed = sum(n for _, n in progress)
    return ReviewNote(
        shows_reviewed=shows_reviewed,
        n_nuclei=n_reviewed + int(review["unreviewed"]),
        n_reviewed=n_reviewed,
        progress=progress,
        readers=_readers(replayed),
        edits=_edits(replayed),
        figures=tuple(
            FigurePair(
                name,
                figure(automatic.get(key)),
                figure(reviewed.get(key)),
                interval((automatic.get("intervals_95") or {}).get(key)),
                interval((reviewed.get("intervals_95") or {}).get(key)),
            )
            for key, name in CASE_FIGURES.items()
            if reviewed.get(key) is not None or automatic.get(key) is not None
        ),
        verdicts=_verdicts(automatic["categories"], reviewed["categories"]),
        log_sha256=str(review.get("log_sha256", "")),
        n_after=len(events) - len(replayed),
    )


def _readers(events: Iterable[Event]) -> tuple[ReaderRow, ...]:
    own: dict[str, list[Event]] = {}
    for event in events:
        own.setdefault(event.reader, []).append(event)
    return tuple(
        ReaderRow(
            name=name,
            first=_minute(mine[0].time),
            last=_minute(mine[-1].time),
            n_edits=len(mine),
            kinds=tuple(Counter(edit_words(event.action) for event in mine).most_common()),
        )
        for name, mine in own.items()
    )


def _edits(events: tuple[Event, ...]) -> tuple[EditRow, ...]:
    standing = {id(event) for event in standing_edits(events)[0]}
    return tuple(
        EditRow(
            time=_minute(event.time),
            reader=event.reader,
            what=edit_words(event.action),
            on=objects_words(event),
            reason="; ".join(filter(None, (edit_details(event.action), event.reason))),
            stands=id(event) in standing,
        )
        for event in events
    )


def _verdicts(
    automatic: Iterable[Mapping[str, Any]], reviewed: Iterable[Mapping[str, Any]]
) -> tuple[VerdictPair, ...]:
    before = {row.scheme: row for row in category_rows(map(category_of, automatic))}
    return tuple(
        VerdictPair(row.name, before.get(row.scheme), row)
        for row in category_rows(map(category_of, reviewed))
    )


def _minute(time: str) -> str:
    """UTC to the minute, for people."""
    return time[:16].replace("T", " ")
