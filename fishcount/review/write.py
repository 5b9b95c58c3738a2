"""`reviewed/`: the reviewed result in the form of a case folder, beside the automatic one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fishcount.errors import AlteredLogError, FishcountError, ReviewError
from fishcount.guidelines import Scheme
from fishcount.io import (
    CaseFolder,
    Check,
    provenance,
    read_case_folder,
    verify_case_folder,
    write_case_folder,
)
from fishcount.io.scored_image import READING
from fishcount.review.automatic import read_automatic
from fishcount.review.log import LOG_NAME, LogContent
from fishcount.review.result import (
    Reviewed,
    reviewed_summary,
    score_review,
)
from fishcount.review.second_count_log import check_second_count, second_count_logs
from fishcount.review.session import replay_folder
from fishcount.review.tables import reviewed_nuclei, reviewed_signals

__all__ = ["REVIEWED_FOLDER", "reviewed_lines", "verify_review", "write_reviewed"]

REVIEWED_FOLDER = "reviewed"


def write_reviewed(
    folder: str | Path | CaseFolder,
    *,
    ihc: str | None = None,
    schemes: Iterable[str | Scheme] | None = None,
    again: bool = False,
) -> Reviewed:
    """Replay the log of a case folder and write what comes of it into its ``reviewed/``.

    The files are those of a case folder, without a report; an earlier ``reviewed/`` is replaced
    when the new one is on the disk. The automatic result is only read.

    Parameters
    ----------
    folder
        The case folder.
    ihc, schemes
        As for `score_review`.
    again
        Take the log as it is, where ``reviewed/`` was made from more lines of it, or from others.

    Returns
    -------
    Reviewed

    Raises
    ------
    ReviewError
        When there is no log, or it cannot be replayed.
    AlteredLogError
        When a line of the log is not as it was written, or lines are gone from which ``reviewed/``
        was made: then that is what is left of them.
    OutputError
        When it cannot be written.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import RejectNucleus, Review, write_reviewed
    >>> folder = example_case()
    >>> with Review.open(folder, reader="A") as review:
    ...     _ = review.do(RejectNucleus(field="field_1", nucleus=1))
    >>> write_reviewed(folder).n_reviewed, (folder / "reviewed" / "summary.json").is_file()
    (1, True)
    """
    case = CaseFolder.of(folder)
    state, content = replay_folder(case)
    if not content.events:
        raise ReviewError(
            "no edit was made",
            file=case.path / LOG_NAME,
            remedy="review the case first: fishcount review DIR",
        )
    if not again:
        _check_length(case.path, content)
    schemes = None if schemes is None else tuple(schemes)
    reviewed = score_review(state, ihc=ihc, schemes=schemes)
    summary = reviewed_summary(state, reviewed, schemes=schemes)
    summary["review"] |= _log_record(content)
    inputs = {str(item["path"]): str(item["sha256"]) for item in case.provenance.get("inputs", [])}
    record = provenance(inputs, state.automatic.settings, command=sys.argv)
    # So the images of the reviewed result are found like those of the automatic one.
    if READING in case.provenance:
        record[READING] = case.provenance[READING]
    write_case_folder(
        case.path / REVIEWED_FOLDER,
        summary=summary,
        nuclei=reviewed_nuclei(state),
        signals=reviewed_signals(state),
        labels={name: state.labels(name) for name in state.automatic.fields},
        settings_toml=case.settings_toml,
        provenance={**record, "review": _log_record(content)},
        overwrite=True,
    )
    return reviewed


def reviewed_lines(case: CaseFolder) -> int:
    """How many lines of the log of a case its ``reviewed/`` was made from.

    0 where there is none, or what is there is no case folder: then it is to be written anew.
    """
    try:
        summary = read_case_folder(case.path / REVIEWED_FOLDER).summary
    except FishcountError:
        return 0
    return int((summary.get("review") or {}).get("n_events", 0))


def verify_review(path: str | Path) -> tuple[Check, ...]:
    """Check the log of a case folder, its ``reviewed/``, and the logs of second counts.

    Returns
    -------
    tuple of Check
        None where there is no review. The log is "changed" where a line is not as it was
        written, where lines are missing that ``reviewed/`` was made from, or where it belongs to
        another automatic result; the name says which line.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import AcceptNucleus, Review, verify_review
    >>> folder = example_case()
    >>> with Review.open(folder, reader="A") as review:
    ...     _ = review.do(AcceptNucleus(field="field_1", nucleus=1))
    >>> [(check.name, check.status) for check in verify_review(folder)]
    [('edits.jsonl', 'unchanged')]
    """
    path = Path(path)
    checks = []
    if (path / LOG_NAME).exists():
        checks.append(_check_log(path))
    elif (path / REVIEWED_FOLDER).is_dir():
        checks.append(Check("review", LOG_NAME, "missing"))
    if (path / REVIEWED_FOLDER).is_dir():
        checks += _check_reviewed(path)
    return (*checks, *_check_second_counts(path))


def _check_reviewed(path: Path) -> list[Check]:
    try:
        checks = verify_case_folder(path / REVIEWED_FOLDER).checks
    except FishcountError as error:
        return [_changed(REVIEWED_FOLDER, error)]
    return [
        Check("review", f"{REVIEWED_FOLDER}/{check.name}", check.status)
        for check in checks
        if check.what != "input"
    ]


def _changed(name: str, error: FishcountError) -> Check:
    """A log or a folder that cannot be read as it should: where, of which file, and why."""
    where = f", {error.field}" if error.field else ""
    other = Path(error.file).name if error.file else name
    where += f", {other}" if other != Path(name).name else ""
    return Check("review", f"{name}{where}: {error.problem}", "changed")


def _check_second_counts(path: Path) -> Iterator[Check]:
    for log in second_count_logs(path):
        name = log.relative_to(path).as_posix()
        try:
            check_second_count(log, read_automatic(read_case_folder(path)))
        except FishcountError as error:
            yield _changed(name, error)
        else:
            yield Check("review", name, "unchanged")


def _check_log(path: Path) -> Check:
    try:
        _, content = replay_folder(path)
        _check_length(path, content)
    except FishcountError as error:
        return _changed(LOG_NAME, error)
    return Check("review", LOG_NAME, "unchanged")


def _check_length(path: Path, content: LogContent) -> None:
    """A chain does not show that its end was cut off; what was written from it does."""
    summary = path / REVIEWED_FOLDER / "summary.json"
    if not summary.exists():
        return
    try:
        known: Any = read_case_folder(path / REVIEWED_FOLDER).summary.get("review", {})
    except FishcountError:
        return  # Nothing whole was made from the log, so nothing tells how long it was.
    n_events = int(known.get("n_events", 0))
    if len(content.events) < n_events:
        raise AlteredLogError(
            f"it had {n_events} lines when the reviewed result was written",
            file=path / LOG_NAME,
            found=len(content.events),
        )
    if n_events and content.events[n_events - 1].sha256 != known.get("log_sha256"):
        raise AlteredLogError(
            "the reviewed result was written from another log", file=path / LOG_NAME
        )


def _log_record(content: LogContent) -> dict[str, Any]:
    return {
        "readers": sorted({event.reader for event in content.events}),
        "n_events": len(content.events),
        "log_sha256": content.events[-1].sha256,
    }
