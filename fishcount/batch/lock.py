"""A lock: one batch at a time in a folder, and none while workers of a killed one still run.

A killed run cannot stop its workers; they notice within moments, but may be writing a case
folder until then. So the lock is shared by a run and its workers, and a new run waits for all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fishcount.errors import OutputError, reason_of

try:
    import fcntl
except ImportError:  # Windows has no shared locks of this kind: there the folder is not guarded
    fcntl = None  # type: ignore[assignment]

__all__ = ["held_by_run", "held_by_worker"]

_NAME = ".batch.lock"
_PATIENCE_S = 15.0


@contextmanager
def held_by_run(out: Path) -> Iterator[None]:
    """Keep other runs out of `out`; waits for what a killed run has left.

    Raises
    ------
    OutputError
        When another run is at work there.
    """
    with _opened(out) as stream:
        if fcntl is not None:
            _wait_until_alone(stream, out)
            fcntl.flock(stream, fcntl.LOCK_SH)
        yield


@contextmanager
def held_by_worker(out: Path) -> Iterator[None]:
    """Tell later runs that this process may still be writing into `out`."""
    with (out / _NAME).open("a") as stream:
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_SH)
        yield


def _opened(out: Path) -> IO[str]:
    try:
        return (out / _NAME).open("a")
    except OSError as error:
        raise OutputError("cannot be written", file=out, found=reason_of(error)) from error


def _wait_until_alone(stream: IO[str], out: Path) -> None:
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() > end:
                raise OutputError(
                    "another batch is at work here",
                    file=out,
                    remedy="wait for it, or choose another folder with --out",
                ) from error
            time.sleep(0.05)
        else:
            return
