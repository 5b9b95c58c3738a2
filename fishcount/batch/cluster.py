"""The cases of a batch on the workers of a `dask.distributed` cluster, in place of local processes.

A case travels to a worker as paths and options, and only what became of it travels back. So the
workers must see the same files under the same paths, and have the same version of fishcount.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from fishcount.batch.job import CaseJob, FieldJob
from fishcount.batch.lock import held_by_worker
from fishcount.batch.process import Outcome, call_sha256, process_case
from fishcount.errors import InputError, WorkerError, install_remedy

__all__ = ["process_on_cluster"]

_PATIENCE_S = "20s"


def process_on_cluster(
    jobs: Sequence[CaseJob], out: Path, *, address: str, again: bool = False
) -> Generator[Outcome]:
    """Process cases on a cluster; what became of each, as they finish.

    A case whose worker dies is given to another; only a case that ends several workers is failed.

    Parameters
    ----------
    jobs
        The cases.
    out
        Folder of the batch, which the workers reach under the same path.
    address
        Of the scheduler: "tcp://host:8786".
    again
        Score finished cases too.

    Yields
    ------
    Outcome
        One for each case. Leaving the loop takes back what has not begun.

    Raises
    ------
    InputError
        When the extra "scale" is not installed, or no scheduler answers.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            "no scheduler answers",
            field="--scheduler",
            found=f"{address}: {error}",
            remedy="start one with: dask scheduler",
        ) from error
    with client:
        futures = {
            client.submit(
                _process,
                _from_anywhere(job),
                out.absolute(),
                call=call_sha256(job),
                again=again,
                key=f"{out.absolute()}/{job.name}",
                pure=False,
            ): job
            for job in jobs
        }
        try:
            for future in distributed.as_completed(list(futures), loop=client.loop):
                job = futures.pop(future)
                fault = future.exception()
                yield future.result() if fault is None else _lost(job, fault)
        finally:
            client.cancel(list(futures))


def _distributed() -> ModuleType:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise InputError(
            "a cluster needs a package that is not installed",
            field="--scheduler",
            found=f"no {error.name}",
            remedy=install_remedy("scale"),
        ) from error


def _process(job: CaseJob, out: Path, *, call: str, again: bool) -> Outcome:
    """What a worker does; a later run waits until it is through."""
    with held_by_worker(out):
        return process_case(job, out, again=again, call=call)


def _from_anywhere(job: CaseJob) -> CaseJob:
    """The case with absolute paths: a worker has a working folder of its own."""
    return replace(
        job,
        fields=tuple(_absolute(field) for field in job.fields),
        scheme_files=tuple(path.absolute() for path in job.scheme_files),
    )


def _absolute(field: FieldJob) -> FieldJob:
    files: Any = field.files
    return replace(
        field,
        files={role: path.absolute() for role, path in files.items()}
        if isinstance(files, Mapping)
        else files.absolute(),
        roi=field.roi and field.roi.absolute(),
        labels=field.labels and field.labels.absolute(),
    )


def _lost(job: CaseJob, error: BaseException) -> Outcome:
    """A case that the cluster gave up: it has ended one worker after another."""
    lost = WorkerError(
        "the workers that scored this case died",
        found=" ".join(f"{type(error).__name__}: {error}".split()),
        remedy="is the memory of the workers enough?",
    )
    return Outcome(
        name=job.name, state="failed", seconds=None, error=type(lost).__name__, message=str(lost)
    )
