"""Worker processes, one case each at a time: they get paths, and one that dies costs one case."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from fishcount.batch.job import CaseJob
from fishcount.batch.lock import held_by_worker
from fishcount.batch.process import Outcome, process_case
from fishcount.errors import WorkerError

__all__ = ["START_METHODS", "process_all"]

START_METHODS = tuple(multiprocessing.get_all_start_methods())
# Cases in parallel are quicker than threads within one case, and the memory stays bounded.
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


def process_all(
    jobs: Iterable[CaseJob],
    out: Path,
    *,
    workers: int,
    again: bool = False,
    start_method: str | None = None,
) -> Generator[Outcome]:
    """Process cases in worker processes; what became of each, as they finish.

    Parameters
    ----------
    jobs
        The cases; a worker has at most one at a time, and no more are taken from here.
    out
        Folder of the batch.
    workers
        How many processes, each with one thread.
    again
        Score finished cases too.
    start_method
        How processes start, one of `START_METHODS`; the best that the system has, where not
        given: a server that has imported everything once, or a new interpreter each.

    Yields
    ------
    Outcome
        One for each case, also for one whose worker died. Leaving the loop stops the workers.
    """
    waiting = iter(jobs)
    with ExitStack() as stack:
        pool = _Pool(_context(start_method), out, again)
        stack.callback(pool.close)
        for job in _first(waiting, workers):
            pool.start(job)
        while pool.busy:
            for worker in pool.ready():
                yield pool.outcome(worker)
                following = next(waiting, None)
                if following is None:
                    pool.stop(worker)
                else:
                    pool.give(worker, following)


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: CaseJob


class _Pool:
    """The workers that have a case."""

    def __init__(self, context: BaseContext, out: Path, again: bool) -> None:
        self._context = context
        self._out = out
        self._again = again
        self.busy: list[_Worker] = []

    def start(self, job: CaseJob) -> None:
        """Start a worker with its first case."""
        ours, theirs = self._context.Pipe()
        with _environment(_ONE_THREAD), _uninterrupted():
            process: Any = self._context.Process(  # type: ignore[attr-defined]
                target=_serve, args=(theirs, str(self._out), self._again), daemon=True
            )
            process.start()
        theirs.close()
        worker = _Worker(process, ours, job)
        self.busy.append(worker)
        self._send(worker, job)

    def ready(self) -> list[_Worker]:
        """Workers that have answered or died; waits for the first."""
        said = set(wait([worker.pipe for worker in self.busy]))
        return [worker for worker in self.busy if worker.pipe in said]

    def outcome(self, worker: _Worker) -> Outcome:
        """What became of a worker's case."""
        try:
            outcome: Outcome = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            return _died(worker)
        return outcome

    def give(self, worker: _Worker, job: CaseJob) -> None:
        """The next case for a worker, or for a new one where it has died."""
        if not worker.process.is_alive():
            self.stop(worker)
            self.start(job)
            return
        worker.job = job
        self._send(worker, job)

    def stop(self, worker: _Worker) -> None:
        """Let a worker go."""
        self.busy.remove(worker)
        self._send(worker, None)
        worker.pipe.close()
        worker.process.join()

    def close(self) -> None:
        """Stop all workers at once; a case that is not finished leaves nothing behind."""
        for worker in self.busy:
            worker.process.kill()
        for worker in list(self.busy):
            self.stop(worker)

    @staticmethod
    def _send(worker: _Worker, job: CaseJob | None) -> None:
        with suppress(OSError):  # it has died: reading from it says so
            worker.pipe.send(job)


def _serve(pipe: Connection, out: str, again: bool) -> None:
    """Process cases until nobody asks for more."""
    # An interruption from the keyboard reaches the whole group; the run decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with held_by_worker(Path(out)), suppress(EOFError, OSError):
        # A later run may have had the folder in the meantime, if the parent is gone.
        while not _parent_ended(within_s=0) and (job := pipe.recv()) is not None:
            pipe.send(process_case(job, Path(out), again=again))


def _end_with_parent() -> None:
    """A killed run cannot stop its workers, so they watch it."""
    if _parent_ended(within_s=None):
        os._exit(1)


def _parent_ended(*, within_s: float | None) -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and bool(wait([parent.sentinel], within_s))


def _died(worker: _Worker) -> Outcome:
    code = worker.process.exitcode
    error = WorkerError(
        "the process that scored this case died",
        found=f"signal {-code}" if code is not None and code < 0 else f"exit code {code}",
        remedy="is there memory enough for this many workers?",
    )
    return Outcome(
        name=worker.job.name,
        state="failed",
        seconds=None,
        error=type(error).__name__,
        message=str(error),
    )


def _first(jobs: Iterator[CaseJob], number: int) -> Iterator[CaseJob]:
    for _, job in zip(range(number), jobs, strict=False):
        yield job


def _context(start_method: str | None) -> BaseContext:
    best = "forkserver" if "forkserver" in START_METHODS else "spawn"
    context = multiprocessing.get_context(start_method or best)
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload([process_case.__module__])
    return context


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes that are started now are not interrupted by the keyboard; this one is, after.

    They, and the server that starts them, would say so with a traceback each while they import.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # What multiprocessing starts before anything else lets interruptions through when it is done.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables for processes that are started now, which read them when they start."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
