"""Files as such: that a path is a readable file, what kind its first bytes say, and its hash."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from fishcount.errors import FileFormatError, InputError, check_kind, reason_of

__all__ = ["check_file", "check_unchanged", "kind_of", "sha256_of"]

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"II+\x00", "TIFF"),
    (0, b"MM\x00+", "TIFF"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"ZISRAWFILE", "CZI"),
    (0, b"\xda\xce\xbe\x0a", "ND2"),
    (0, b"\x70\x00\x00\x00", "LIF"),
)
# First bytes of common things that are not images, to name them in the message.
_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"<!DOCTYPE html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "XML text"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"RIFF", "a RIFF container"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "an array of NumPy"),
)


def check_file(path: str | Path) -> Path:
    """The path, after making sure that it is a regular file that can be read.

    Raises
    ------
    InputError
        When it is missing, a directory, a pipe or a device, or may not be read.
    FileFormatError
        When it is empty.
    """
    check_kind("path", path, str, PathLike)
    path = Path(path)
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise InputError("no such file", file=path) from error
    except (OSError, ValueError) as error:
        raise InputError("cannot be reached", file=path, found=reason_of(error)) from error
    if stat.S_ISDIR(status.st_mode):
        raise InputError(
            "is a directory",
            file=path,
            expected="an image file",
            remedy="name the images in it; a folder of cases goes to fishcount batch",
        )
    if not stat.S_ISREG(status.st_mode):
        raise InputError("is a pipe or a device", file=path, expected="an image file")
    if not os.access(path, os.R_OK):
        raise InputError("may not be read", file=path, remedy="check its permissions")
    if status.st_size == 0:
        raise FileFormatError("the file is empty", file=path, remedy="was the copy interrupted?")
    return path


def kind_of(path: Path) -> str:
    """Kind of image by the first bytes: TIFF, PNG, JPEG, CZI, ND2 or LIF; never by the name.

    Raises
    ------
    FileFormatError
        When it is none of these; the message says what the file starts with.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except OSError as error:
        raise InputError("cannot be read", file=path, found=reason_of(error)) from error
    for offset, magic, kind in _MAGIC:
        if head[offset:].startswith(magic):
            return kind
    lowered = head.lstrip().lower()
    stranger = next((what for mark, what in _STRANGERS if lowered.startswith(mark.lower())), None)
    raise FileFormatError(
        "not an image of a known kind",
        file=path,
        found=f"{stranger or 'a file'} that starts with {head[:16]!r}",
        expected="TIFF, PNG, JPEG, OME-Zarr, CZI, ND2 or LIF",
        remedy="export the image as TIFF",
    )


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; of a folder, of the names and hashes in it.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if file.is_file())
        lines = [f"{file.relative_to(path).as_posix()} {sha256_of(file)}\n" for file in inside]
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        raise InputError(
            "no such file" if gone else "cannot be read",
            file=path,
            found=None if gone else reason_of(error),
        ) from error


def check_unchanged(files: Mapping[str, str]) -> None:
    """Make sure that input files still have the hashes that they were read with.

    Parameters
    ----------
    files
        Path of each file and its hash, as in `FishImage.files`.

    Raises
    ------
    InputError
        When a file has changed or gone.
    """
    for path, expected in files.items():
        if sha256_of(path) != expected:
            raise InputError(
                "changed during the run",
                file=path,
                expected=f"sha256 {expected[:12]}",
                remedy="wait until it is written and run again",
            )
