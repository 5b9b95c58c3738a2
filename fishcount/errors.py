"""What can go wrong, as types: every error that a caller should expect is a `FishcountError`.

A message says five things as far as they are known: which file, which field of it, what was
found, what was expected, and what to do. The command line prints it as one line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from pathlib import Path

__all__ = [
    "AlteredLogError",
    "CalibrationError",
    "ChannelError",
    "CorruptFileError",
    "CountError",
    "FileFormatError",
    "FishcountError",
    "InputError",
    "MetadataError",
    "OutputError",
    "PixelError",
    "ReviewError",
    "SchemeError",
    "SettingsError",
    "TooLargeError",
    "TruncatedFileError",
    "UnsafeFileError",
    "ViewerError",
    "WorkerError",
    "check_kind",
    "check_positive",
    "install_remedy",
    "raise_all",
    "reason_of",
]


class FishcountError(Exception):
    """Base of all errors that fishcount raises on purpose.

    Parameters
    ----------
    problem
        What is wrong, as a short clause: ``"the file is empty"``.
    file
        The file it concerns.
    field
        The part of the file or of the call: ``"OME-XML SizeC"``, ``"--pixel-size-um"``.
    found, expected
        What was there, what should have been.
    remedy
        What a person can do about it.
    also
        Further errors of the same file, told in the same message.

    Examples
    --------
    >>> from fishcount.errors import CalibrationError
    >>> print(CalibrationError("no pixel size", file="a.tif", remedy="give --pixel-size-um"))
    a.tif: no pixel size; give --pixel-size-um
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        field: str | None = None,
        found: object = None,
        expected: object = None,
        remedy: str | None = None,
        also: Sequence[FishcountError] = (),
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.field = field
        self.found = found
        self.expected = expected
        self.remedy = remedy
        self.also = tuple(also)
        super().__init__(self._message())

    def _message(self) -> str:
        head = ": ".join(part for part in (self.file, self.field, self.problem) if part)
        facts = []
        if self.found is not None:
            facts.append(f"found {self.found}")
        if self.expected is not None:
            facts.append(f"expected {self.expected}")
        if facts:
            head += f" ({', '.join(facts)})"
        if self.remedy:
            head += f"; {self.remedy}"
        return " | also: ".join([head, *(fault.brief() for fault in self.also)])

    def brief(self) -> str:
        """The message without the name of the file, for lists of faults of one file."""
        head = f"{self.file}: " if self.file else ""
        return str(self).removeprefix(head)


class InputError(FishcountError):
    """An argument of the wrong kind, or a path to what is not a file, is locked, or has changed."""


class FileFormatError(InputError):
    """The file is not an image of a supported kind, or its structure is broken."""


class TruncatedFileError(FileFormatError):
    """The file ends before its pixels do."""


class CorruptFileError(FileFormatError):
    """A stored segment does not decode."""


class TooLargeError(InputError):
    """The file declares more than the limits allow; it is refused before it is decompressed."""


class UnsafeFileError(InputError):
    """The file asks for something that is not allowed: XML entities, files outside its folder."""


class MetadataError(InputError):
    """Metadata, of a file or of a call, that is malformed or contradicts the pixels."""


class ChannelError(MetadataError):
    """A channel is missing, unknown, or named more than once."""


class CalibrationError(MetadataError):
    """A pixel size or plane distance that is absent, or cannot be true."""


class PixelError(InputError, ValueError):
    """Pixel values that no camera writes: NaN, infinity, negative counts."""


class SettingsError(FishcountError, ValueError):
    """A setting that is unknown, or whose value is out of range."""


class CountError(FishcountError, ValueError):
    """Counts that no case can have, or that do not go together."""


class SchemeError(FishcountError, ValueError):
    """A scheme file that is malformed, leaves a gap, or overlaps."""


class OutputError(FishcountError):
    """The output folder cannot be written, or would overwrite something."""


class ReviewError(FishcountError, ValueError):
    """An edit that cannot be made, or a log that does not belong to the case."""


class AlteredLogError(ReviewError):
    """A line of the edit log is not as it was written."""


class WorkerError(FishcountError):
    """A worker process ended without a result: killed, or out of memory."""


class ViewerError(FishcountError):
    """The viewer was requested but is not installed."""


def install_remedy(extra: str) -> str:
    """The command that installs the packages of an extra, as a remedy in an error.

    Examples
    --------
    >>> from fishcount.errors import install_remedy
    >>> install_remedy("napari")
    "pip install 'fishcount[napari]', in a checkout pip install '.[napari]'"
    """
    return f"pip install 'fishcount[{extra}]', in a checkout pip install '.[{extra}]'"


def check_kind(what: str, given: object, *kinds: type, remedy: str | None = None) -> None:
    """Raise InputError for an argument that is of none of the kinds which a function takes.

    Examples
    --------
    >>> from fishcount.errors import check_kind
    >>> check_kind("ihc", "2+", str)
    >>> check_kind("ihc", 2, str)
    Traceback (most recent call last):
    ...
    fishcount.errors.InputError: ihc: is of another kind (found int, expected str)
    """
    if not isinstance(given, kinds):
        raise InputError(
            "is of another kind",
            field=what,
            found=type(given).__name__,
            expected=" or ".join(kind.__name__ for kind in kinds),
            remedy=remedy,
        )


def check_positive(**sizes: float | None) -> None:
    """Raise CalibrationError for a size that is given and is not a finite number above 0.

    Examples
    --------
    >>> from fishcount.errors import check_positive
    >>> check_positive(pixel_size_um=0.1, z_step_um=None)
    >>> check_positive(pixel_size_um=0.0)
    Traceback (most recent call last):
    ...
    fishcount.errors.CalibrationError: pixel_size_um: must be above 0 (found 0.0)
    """
    for name, size in sizes.items():
        if size is None:
            continue
        if not isinstance(size, Real) or isinstance(size, bool):
            raise CalibrationError("is not a number", field=name, found=type(size).__name__)
        if not 0 < size < math.inf:
            raise CalibrationError("must be above 0", field=name, found=size)
        try:
            float(size)
        except OverflowError as error:
            raise CalibrationError(
                "is not plausible", field=name, found="a number beyond all of 64 bits"
            ) from error


def reason_of(error: Exception) -> str:
    """Why the system refused, in its own words; the message of any other error.

    Examples
    --------
    >>> from fishcount.errors import reason_of
    >>> reason_of(OSError(13, "Permission denied", "a.tif")), reason_of(ValueError("null byte"))
    ('Permission denied', 'null byte')
    """
    return getattr(error, "strerror", None) or str(error)


def raise_all(faults: Sequence[FishcountError]) -> None:
    """Raise the first of several faults, with the others in its message; do nothing without any.

    Examples
    --------
    >>> from fishcount.errors import MetadataError, TruncatedFileError, raise_all
    >>> raise_all([])
    >>> raise_all([TruncatedFileError("too short", file="a.tif"),
    ...            MetadataError("no planes", file="a.tif")])
    Traceback (most recent call last):
    ...
    fishcount.errors.TruncatedFileError: a.tif: too short | also: no planes
    """
    if not faults:
        return
    first = faults[0]
    others = [*first.also, *faults[1:]]
    raise type(first)(
        first.problem,
        file=first.file,
        field=first.field,
        found=first.found,
        expected=first.expected,
        remedy=first.remedy,
        also=others,
    )
