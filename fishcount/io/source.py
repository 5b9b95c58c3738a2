"""One file to its description by the reader for its content, and foreign errors to ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fishcount.errors import CorruptFileError, FishcountError, InputError, TooLargeError, reason_of
from fishcount.io.files import check_file, kind_of
from fishcount.io.pattern import is_pattern, open_pattern
from fishcount.io.photo import open_photo
from fishcount.io.series import Source
from fishcount.io.tiff import open_tiff
from fishcount.io.vendor import open_vendor
from fishcount.io.zarr import is_zarr, open_zarr
from fishcount.settings import ReadingSettings

logger = logging.getLogger(__name__)

__all__ = ["foreign_errors_as_ours", "open_source"]


def open_source(path: str | Path, limits: ReadingSettings) -> Source:
    """Describe a file by the reader for its content; faults are in the source, not raised.

    Raises
    ------
    InputError
        When the path is not a readable file, or not an image of a known kind.
    """
    if Path(path).is_dir() and is_zarr(Path(path)):
        return open_zarr(Path(path), limits=limits)
    if is_pattern(path):
        return open_pattern(Path(path), open_file=lambda file: open_source(file, limits))
    file = check_file(path)
    kind = kind_of(file)
    if kind == "TIFF":
        return open_tiff(file, limits=limits)
    if kind in ("PNG", "JPEG"):
        return open_photo(file, kind=kind, limits=limits)
    return open_vendor(file, kind=kind, limits=limits)


@contextmanager
def foreign_errors_as_ours(label: str) -> Iterator[None]:
    """Turn any other error of a reader into one of ours that names the file."""
    try:
        yield
    except FishcountError:
        raise
    except MemoryError as error:
        raise TooLargeError("does not fit into memory", file=label) from error
    except OSError as error:
        raise InputError("cannot be read", file=label, found=reason_of(error)) from error
    except Exception as error:
        logger.debug("unexpected error of a reader", exc_info=True)
        raise CorruptFileError(
            "cannot be read",
            file=label,
            found=f"{type(error).__name__}: {error}",
            remedy="copy or export the file again",
        ) from error
