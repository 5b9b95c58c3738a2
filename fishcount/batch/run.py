"""Run a batch: cases to case folders, a state that survives a kill, a table and a page."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from fishcount.batch.cluster import process_on_cluster
from fishcount.batch.job import CaseJob
from fishcount.batch.lock import held_by_run
from fishcount.batch.process import Outcome, call_sha256
from fishcount.batch.state import STATE_FILE, State, open_state
from fishcount.batch.table import CASES_FILE, PAGE_FILE, is_table, write_page, write_table
from fishcount.batch.workers import process_all
from fishcount.errors import InputError, OutputError, check_kind, reason_of
from fishcount.io import slug_of

__all__ = ["BatchResult", "Progress", "run_batch"]

# With less free space than this, case after case would fail to be written.
_LEAST_FREE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is.

    Attributes
    ----------
    n_cases, n_scored, n_kept, n_failed : int
        All cases; those scored in this run, found finished, and failed.
    seconds : float
        Since the first case was begun.
    """

    n_cases: int
    n_scored: int = 0
    n_kept: int = 0
    n_failed: int = 0
    seconds: float = 0.0

    @property
    def n_ended(self) -> int:
        """Cases that are through."""
        return self.n_scored + self.n_kept + self.n_failed

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the cases scored so far; None before the first.

        Cases that were kept or failed take next to no time and say nothing about the others.
        """
        if not self.n_scored:
            return None
        return self.seconds / self.n_scored * (self.n_cases - self.n_ended)

    def after(self, outcome: Outcome, *, seconds: float) -> Progress:
        """One case further."""
        counter = f"n_{outcome.state}"
        return replace(self, **{counter: getattr(self, counter) + 1, "seconds": seconds})


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a batch came to.

    Attributes
    ----------
    out : Path
    progress : Progress
        Of this run.
    """

    out: Path
    progress: Progress

    @property
    def table(self) -> Path:
        """``cases.csv``."""
        return self.out / CASES_FILE

    @property
    def page(self) -> Path:
        """``index.html``."""
        return self.out / PAGE_FILE

    def to_record(self) -> dict[str, Any]:
        """The result as plain data, for JSON."""
        return {
            "out": str(self.out),
            "n_cases": self.progress.n_cases,
            "n_scored": self.progress.n_scored,
            "n_kept": self.progress.n_kept,
            "n_failed": self.progress.n_failed,
            "seconds": round(self.progress.seconds, 3),
            "table": str(self.table),
            "page": str(self.page),
        }


def run_batch(
    jobs: Sequence[CaseJob],
    out: str | Path,
    *,
    workers: int | None = None,
    again: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    start_method: str | None = None,
    scheduler: str | None = None,
) -> BatchResult:
    """Score cases into ``out/CASE/``, with ``cases.csv`` and ``index.html`` over all.

    A case that is finished is not scored again, unless its files, what was asked for, or the
    version of the software have changed. A case that cannot be scored ends as a row with the
    class and the message of its error.

    Parameters
    ----------
    jobs
        The cases, in the order of the table; from `cases_in_folder` or `read_manifest`.
    out
        Folder that is absent, empty, or of an earlier batch.
    workers
        Worker processes; one for each core where not given.
    again
        Score finished cases too.
    on_progress
        Called at the beginning and after each case.
    start_method
        How workers start: one of `START_METHODS`, the best that the system has where not given.
        A script of yours needs ``if __name__ == "__main__"``, as ever with processes.
    scheduler
        Address of the scheduler of a `dask.distributed` cluster, whose workers are used in place
        of own processes.

    Returns
    -------
    BatchResult
        Failed cases are counted, not raised.

    Raises
    ------
    InputError
        When there is no case, one is not a `CaseJob`, a name is not a name of a folder, or taken,
        or no scheduler answers.
    OutputError
        When `out` is something else, another batch is at work there, or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.batch import CaseJob, FieldJob, run_batch
    >>> from fishcount.synthetic import simulate_case, write_case
    >>> folder = Path(tempfile.mkdtemp())
    >>> files = write_case(folder / "a", simulate_case("negative", seed=1, n_fields=1, size=256))
    >>> jobs = [CaseJob(name="a", fields=(FieldJob(files=files[0]),)),
    ...         CaseJob(name="b", fields=(FieldJob(files=folder / "absent.tif"),))]
    >>> result = run_batch(jobs, folder / "out", workers=1)
    >>> result.progress.n_scored, result.progress.n_failed
    (1, 1)
    """
    check_kind("out", out, str, PathLike)
    out = _checked(Path(out), jobs)
    with held_by_run(out), open_state(out) as state:
        state.enter([(job.name, call_sha256(job)) for job in jobs], again=again)
        outcomes = (
            process_on_cluster(jobs, out, address=scheduler, again=again)
            if scheduler
            else process_all(
                jobs,
                out,
                workers=min(workers or os.cpu_count() or 1, len(jobs)),
                again=again,
                start_method=start_method,
            )
        )
        try:
            with closing(outcomes):  # no worker outlives the run
                progress = _follow(
                    outcomes, state, out=out, n_cases=len(jobs), on_progress=on_progress
                )
        except BaseException:
            with suppress(OutputError):  # what stopped the run is what has to be told
                _export(state, jobs, out)
            raise
        _export(state, jobs, out)
    return BatchResult(out, progress)


def _follow(
    outcomes: Iterable[Outcome],
    state: State,
    *,
    out: Path,
    n_cases: int,
    on_progress: Callable[[Progress], None],
) -> Progress:
    """Note every outcome in the state before the next is waited for."""
    progress = Progress(n_cases)
    on_progress(progress)
    start = time.perf_counter()
    for outcome in outcomes:
        state.finish(outcome)
        progress = progress.after(outcome, seconds=time.perf_counter() - start)
        on_progress(progress)
        _check_room(outcome, out)
    return progress


def _export(state: State, jobs: Sequence[CaseJob], out: Path) -> None:
    headline = [scheme for job in jobs for scheme in job.settings.scoring.headline]
    write_table(state.rows(), out, schemes=headline)
    write_page(state.rows(), out)


def _checked(out: Path, jobs: Sequence[CaseJob]) -> Path:
    if not jobs:
        raise InputError("no cases", remedy="name a folder of case folders, or a manifest")
    _check_names(jobs)
    try:
        out.mkdir(parents=True, exist_ok=True)
        inside = {entry.name for entry in out.iterdir() if not entry.name.startswith(".")}
    except OSError as error:
        raise OutputError("cannot be written", file=out, found=reason_of(error)) from error
    except ValueError as error:  # A path with a NUL in it.
        raise OutputError("cannot be written", file=out, found=str(error)) from error
    # A table without a state is that of a batch whose state was removed to begin anew.
    if inside and STATE_FILE not in inside and not is_table(out / CASES_FILE):
        raise OutputError(
            "is not a folder of a batch",
            file=out,
            found=", ".join(sorted(inside)[:3]),
            remedy="choose another folder with --out",
        )
    return out


def _check_names(jobs: Sequence[CaseJob]) -> None:
    """A name is a folder, on systems too that do not tell upper from lower case."""
    taken = {CASES_FILE, PAGE_FILE, STATE_FILE}
    for job in jobs:
        check_kind(
            "cases", job, CaseJob, remedy="cases_in_folder and read_manifest give what there is"
        )
        if slug_of(job.name) != job.name:
            raise InputError(
                "is not a plain name of a folder",
                field="case",
                found=repr(job.name),
                remedy="use the letters A to Z, digits, _, - and .",
            )
        if job.name.lower() in taken:
            raise InputError(
                "a name that is taken",
                field="case",
                found=job.name,
                remedy="give the case a name of its own",
            )
        taken.add(job.name.lower())


def _check_room(outcome: Outcome, out: Path) -> None:
    full = outcome.error == OutputError.__name__
    if full and shutil.disk_usage(out).free < _LEAST_FREE_BYTES:
        raise OutputError(
            "the disk is full",
            file=out,
            remedy="make room and run the same command again: finished cases are kept",
        )
