"""Pixels of TIFF pages: every strip or tile decoded, checked, and put in its place."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from fishcount.errors import CorruptFileError, FishcountError
from fishcount.image import Window
from fishcount.io.tiff.codecs import CODECS, DEFLATE
from fishcount.io.tiff.page import Page
from fishcount.io.tiff.structure import Structure

__all__ = ["PlaneRef", "read_plane", "tifffile_damage"]


@dataclass(frozen=True, slots=True)
class PlaneRef:
    """Where a plane lies: a page of a file.

    `skip` counts planes stored behind the page's own; `sample` is set where a page holds several
    planes as samples that are not colours.
    """

    path: Path
    page: int
    skip: int = 0
    sample: int | None = None


def read_plane(
    structure: Structure, plane: PlaneRef, *, window: Window | None = None
) -> NDArray[np.generic]:
    """Pixels (sample, y, x) of one plane, or of a window of it that lies inside.

    Of a window only the strips or tiles are decoded that it touches.

    Raises
    ------
    CorruptFileError
        When a strip or tile does not decode to exactly its pixels; says which.
    """
    pixels = _read_page(structure, plane, window)
    return pixels if plane.sample is None else pixels[plane.sample : plane.sample + 1]


def _read_page(structure: Structure, plane: PlaneRef, window: Window | None) -> NDArray[np.generic]:
    page = structure.pages[plane.page]
    dtype = _dtype_of(page)
    samples, high, wide = page.shape
    rows, columns = window or (slice(0, high), slice(0, wide))
    if plane.skip:
        return _contiguous(structure, page, plane.skip, rows)[..., columns]
    out = np.zeros((samples, rows.stop - rows.start, columns.stop - columns.start), dtype)
    codec = page.one("compression", 1)
    touched = _touched(page, rows, columns)
    with structure.path.open("rb") as stream:
        if codec == 1 or codec in DEFLATE:
            blocks = _own_blocks(structure, page, stream, touched, rows)
        else:
            blocks = _foreign_blocks(structure, page, touched)
        for (first, top, left), block in blocks:
            from_y, from_x = max(top, rows.start), max(left, columns.start)
            to_y = min(top + block.shape[1], rows.stop)
            to_x = min(left + block.shape[2], columns.stop)
            out[
                first : first + block.shape[0],
                from_y - rows.start : to_y - rows.start,
                from_x - columns.start : to_x - columns.start,
            ] = block[:, from_y - top : to_y - top, from_x - left : to_x - left]
    return out


def _touched(page: Page, rows: slice, columns: slice) -> list[int]:
    """Indices of the segments that share a pixel with a window, in the order of the file."""
    height, width, _ = page.segment_shape
    across, down = -(-page.one("width") // width), -(-page.one("height") // height)
    n_segments = len(page.offsets)
    n_stacks = -(-n_segments // (across * down))
    i, j = (
        np.arange(part.start // size, -(-part.stop // size))
        for part, size in ((rows, height), (columns, width))
    )
    index = np.arange(n_stacks)[:, None, None] * across * down + i[:, None] * across + j
    return [n for n in index.ravel().tolist() if n < n_segments]


_Block = tuple[tuple[int, int, int], NDArray[np.generic]]


def _own_blocks(
    structure: Structure, page: Page, stream: BinaryIO, touched: Sequence[int], rows: slice
) -> Iterator[_Block]:
    """Uncompressed and deflated segments: deflate carries a checksum, and here it is checked."""
    dtype = _dtype_of(page)
    stored = dtype.newbyteorder(structure.byteorder)
    offsets, counts = page.offsets, page.byte_counts
    # Areas that a scanner left out refer to one and the same segment.
    before: tuple[bytes, tuple[int, ...]] | None = None
    for index in touched:
        offset, count = int(offsets[index]), int(counts[index])
        first, top, left, shape = _place(page, index)
        if page.one("compression", 1) == 1 and page.one("predictor", 1) == 1:
            # A plane may be one long strip; uncompressed, only the rows of the window are read.
            start, stop = max(rows.start - top, 0), min(rows.stop - top, shape[0])
            row_bytes = shape[1] * shape[2] * dtype.itemsize
            offset, count = offset + start * row_bytes, count - start * row_bytes
            top, shape = top + start, (stop - start, shape[1], shape[2])
            count = min(count, shape[0] * row_bytes)
        stream.seek(offset)
        data = stream.read(max(count, 0))
        if before != (data, shape):
            before = data, shape
            needed = int(np.prod(shape)) * dtype.itemsize
            if page.one("compression", 1) != 1:
                data = _inflate(data, needed, structure.path, page, index)
            if len(data) < needed:
                raise _corrupt(structure.path, page, index, f"{len(data)} of {needed} bytes")
            block = np.frombuffer(data, stored, count=int(np.prod(shape))).reshape(shape)
            block = _undo_predictor(block, page.one("predictor", 1), dtype)
        yield (first, top, left), np.moveaxis(block, -1, 0)


def _place(page: Page, index: int) -> tuple[int, int, int, tuple[int, int, int]]:
    """First sample, top, left, and stored shape (y, x, sample) of a segment."""
    height, width, samples = page.segment_shape
    across = -(-page.one("width") // width)
    down = -(-page.one("height") // height)
    first, rest = divmod(index, across * down)
    top, left = rest // across * height, rest % across * width
    if not page.is_tiled:
        height = min(height, page.one("height") - top)
    return first, top, left, (height, width, samples)


def _inflate(data: bytes, needed: int, path: Path, page: Page, index: int) -> bytes:
    """Inflate exactly `needed` bytes; never more, and only with a right checksum."""
    decoder = zlib.decompressobj()
    try:
        inflated = decoder.decompress(data, needed + 1)
    except zlib.error as error:
        raise _corrupt(path, page, index, str(error)) from error
    if not decoder.eof and len(inflated) == needed:
        inflated += decoder.flush(1) if decoder.unconsumed_tail == b"" else b""
    if len(inflated) != needed or not decoder.eof:
        raise _corrupt(path, page, index, f"{len(inflated)} of {needed} bytes")
    return inflated


def _undo_predictor(
    block: NDArray[np.generic], predictor: int, dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    if predictor == 2:
        native = block.astype(dtype)
        if dtype.kind == "f":
            whole = native.view(f"u{dtype.itemsize}")
            return np.cumsum(whole, axis=1, dtype=whole.dtype).view(dtype)
        return np.cumsum(native, axis=1, dtype=dtype)
    if predictor == 3:
        decoded = imagecodecs.floatpred_decode(np.ascontiguousarray(block), axis=-2)
        return np.asarray(decoded).astype(dtype)
    return block.astype(dtype)


def _foreign_blocks(structure: Structure, page: Page, touched: Sequence[int]) -> Iterator[_Block]:
    """Segments of the other codecs, decoded by tifffile and imagecodecs."""
    path = structure.path
    index = 0
    try:
        with tifffile_damage(path), tifffile.TiffFile(path) as tif:
            tiff_page = tif.pages[page.index]
            tables = tiff_page.jpegtables
            offsets, counts = page.offsets, page.byte_counts
            for index in touched:
                tif.filehandle.seek(int(offsets[index]))
                data = tif.filehandle.read(int(counts[index]))
                options = {} if tables is None else {"jpegtables": tables}
                decoded, _, _ = tiff_page.decode(data, index, **options)
                first, top, left, shape = _place(page, index)
                if decoded is None or decoded.shape[1] < min(shape[0], page.one("height") - top):
                    raise _corrupt(path, page, index, "fewer pixels than declared")
                if decoded.dtype != page.dtype:
                    raise _corrupt(path, page, index, f"pixels of type {decoded.dtype}")
                yield (first, top, left), np.moveaxis(decoded[0], -1, 0)
    except (FishcountError, OSError, MemoryError):
        raise
    except Exception as error:  # each codec raises a class of its own
        raise _corrupt(path, page, index, str(error)) from error


def _contiguous(structure: Structure, page: Page, skip: int, rows: slice) -> NDArray[np.generic]:
    """Rows of a plane of an ImageJ stack over 4 GiB: only the first has a directory."""
    dtype = _dtype_of(page)
    samples, high, wide = page.shape
    if samples > 1:
        rows_read, kept = slice(0, high), rows
    else:
        rows_read, kept = rows, slice(None)
    row_bytes = wide * dtype.itemsize
    needed = samples * (rows_read.stop - rows_read.start) * row_bytes
    with structure.path.open("rb") as stream:
        stream.seek(int(page.offsets[0]) + skip * page.raw_bytes + rows_read.start * row_bytes)
        data = stream.read(needed)
    if len(data) < needed:
        raise _corrupt(structure.path, page, skip, f"{len(data)} of {needed} bytes")
    stored = np.frombuffer(data, dtype.newbyteorder(structure.byteorder))
    return stored.reshape(samples, -1, wide)[:, kept].astype(dtype)


def _dtype_of(page: Page) -> np.dtype[np.generic]:
    """Type of the pixels of a page that passed the checks of its structure."""
    if page.dtype is None:
        raise ValueError(f"page {page.index} has pixels of no type that numpy knows")
    return page.dtype


def _corrupt(path: Path, page: Page, index: int, found: str) -> CorruptFileError:
    return CorruptFileError(
        f"{CODECS.get(page.one('compression', 1), 'stored')} data do not decode",
        file=path,
        field=f"page {page.index}, {'tile' if page.is_tiled else 'strip'} {index}",
        found=found,
        remedy="copy the file again from its source",
    )


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def tifffile_damage(path: Path) -> Iterator[None]:
    """Turn what tifffile only logs about a damaged file into an error.

    Raises
    ------
    CorruptFileError
        With the first record of the level WARNING or above.
    """
    log = logging.getLogger("tifffile")
    records = _Records()
    log.addHandler(records)
    try:
        yield
    finally:
        log.removeHandler(records)
    if records.messages:
        raise CorruptFileError(
            "damage was reported",
            file=path,
            found=records.messages[0],
            remedy="copy the file again from its source",
        )
