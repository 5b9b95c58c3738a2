"""Files and folders that appear whole or not at all: written beside, flushed, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fishcount.errors import OutputError, reason_of

__all__ = [
    "HUMAN_WORK",
    "WritesFile",
    "atomic_folder",
    "check_beside_cases",
    "check_out_folder",
    "replace_file",
]

WritesFile = Callable[[Path], None]

# What makes a folder one of ours, which may be replaced.
_MARK = "summary.json"
HUMAN_WORK = ("edits.jsonl", "reviewed", "second_counts", "workup.json")
"""What people add to a case folder: it is never replaced, and no change of the result."""


def check_out_folder(out: str | Path, *, overwrite: bool) -> Path:
    """The folder to be written, after making sure that it may be; call it before long work.

    Parameters
    ----------
    out
        A folder that is absent or empty, or with `overwrite` an earlier case folder.
    overwrite
        Whether an earlier case folder may be replaced.

    Raises
    ------
    OutputError
        When it exists and may not be replaced, or cannot be written.
    """
    out = Path(out)
    if not out.name:
        raise OutputError(
            "is not a folder of its own",
            file=repr(str(out)),
            expected="a folder that is not there yet",
            remedy="give it a name",
        )
    if "\0" in str(out):
        raise OutputError("is no path", file=out, found="a NUL in it")
    try:
        old = _put_away(out)
        if old.is_dir() and not out.exists():
            old.rename(out)  # a run was killed between putting this away and the new one in place
        if out.is_symlink():
            raise OutputError("is a link", file=out, expected="a folder", remedy="name its target")
        if out.exists():
            _check_replaceable(out, overwrite)
        parent = out.absolute().parent
        while not parent.exists():
            parent = parent.parent
    except OSError as error:
        raise OutputError("cannot be reached", file=out, found=reason_of(error)) from error
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(
            "cannot be written",
            file=out,
            found=f"{parent} is {'not writable' if parent.is_dir() else 'a file'}",
            remedy="choose another folder with --out",
        )
    return out


def check_beside_cases(out: Path) -> None:
    """Raise OutputError for a folder in that of another case, with which it would be replaced.

    What a review makes of a case lies in its folder; another case does not.
    """
    for parent in out.absolute().parents:
        if (parent / _MARK).is_file() and (parent / "provenance.json").is_file():
            raise OutputError(
                "lies in the folder of another case",
                file=out,
                found=parent,
                remedy="choose a folder beside it",
            )


def _check_replaceable(out: Path, overwrite: bool) -> None:
    if not out.is_dir():
        raise OutputError("is a file", file=out, expected="a folder that is not there yet")
    inside = {entry.name for entry in out.iterdir()}
    if not inside:
        return
    if not overwrite:
        raise OutputError(
            "exists already", file=out, remedy="choose another folder, or give --overwrite"
        )
    if _MARK not in inside:
        raise OutputError(
            "is not a case folder, so it is not replaced",
            file=out,
            found=", ".join(sorted(inside)[:3]),
            remedy="choose another folder with --out",
        )
    work = [name for name in HUMAN_WORK if name in inside]
    if work:
        raise OutputError(
            "holds the work of a reader, so it is not replaced",
            file=out,
            found=", ".join(work),
            remedy="choose another folder, or move these away first",
        )


@contextmanager
def atomic_folder(
    out: str | Path, *, overwrite: bool
) -> Iterator[Callable[[str, bytes | WritesFile], Path]]:
    """Write the files of a folder; it appears under its name only when all are on the disk.

    Yields
    ------
    callable
        ``write(name, data)`` for each file; ``/`` in the name makes folders. Where a file is too
        large to be bytes in memory, `data` writes it to the path that it is given. The path at
        which the file lies for now comes back.

    Raises
    ------
    OutputError
        When anything cannot be written; what was there before is left as it was.
    """
    out = check_out_folder(out, overwrite=overwrite)
    partial = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)  # what a killed run has left
        partial.mkdir()
        yield lambda name, data: _write_flushed(partial / name, data)
        for folder in {partial, *(path for path in partial.rglob("*") if path.is_dir())}:
            _flush_folder(folder)
        _put_in_place(partial, out)
        _flush_folder(out.parent)
    except OSError as error:
        _remove(partial)
        raise OutputError(
            "cannot be written", file=out, found=reason_of(error), remedy=_remedy(error)
        ) from error
    except BaseException:
        _remove(partial)
        raise


def replace_file(path: str | Path, data: bytes) -> None:
    """Write one file whole or not at all; an earlier one stays until the new one is on the disk.

    Raises
    ------
    OutputError
        When it cannot be written; the earlier file is left as it was.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    try:
        _write_flushed(partial, data)
        partial.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError("cannot be written", file=path, found=reason_of(error)) from error


def _put_in_place(partial: Path, out: Path) -> None:
    old = _put_away(out)
    _discard(old, out)
    if out.exists() and any(out.iterdir()):
        out.rename(old)
        try:
            partial.rename(out)
        except OSError:
            old.rename(out)
            raise
        _discard(old, out)
        return
    if out.exists():
        out.rmdir()
    partial.rename(out)


def _put_away(out: Path) -> Path:
    """Where the earlier folder waits while the new one takes its place."""
    return out.with_name(f".{out.name}.old")


def _discard(folder: Path, out: Path) -> None:
    """Remove a folder that was put away, under a name from which nothing is ever taken back.

    A kill in the midst of it leaves a part of the folder, which must not pass for a result.
    """
    rest = out.with_name(f".{out.name}.removed")
    _remove(rest)
    if folder.exists():
        folder.rename(rest)
        _remove(rest)


def _write_flushed(path: Path, data: bytes | WritesFile) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(data, bytes):
        data(path)
    with path.open("ab" if callable(data) else "wb") as stream:
        if isinstance(data, bytes):
            stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return path


def _flush_folder(folder: Path) -> None:
    """Make renames durable, where the system lets a folder be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.unlink(missing_ok=True)


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "make room on the disk and run again"
    return "choose another folder with --out"
