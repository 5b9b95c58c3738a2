"""Pixels of TIFF pages: every strip or tile decoded, checked, and put in its place."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from fishcount.errors import CorruptFileError, FishcountError
from fishcount.io.tiff_checks import CODECS, DEFLATE
from fishcount.io.tiff_structure import Page, Structure

__all__ = ["PlaneRef", "read_plane", "tifffile_damage"]


@dataclass(frozen=True, slots=True)
class PlaneRef:
    """Where a plane lies: a page of a file.

    `skip` counts planes stored behind the page's own; `sample` is set where a page holds several
    planes as samples that are no colours.
    """

    path: Path
    page: int
    skip: int = 0
    sample: int | None = None


def read_plane(structure: Structure, plane: PlaneRef) -> NDArray[np.generic]:
    """Pixels (sample, y, x) of one plane.

    Raises
    ------
    CorruptFileError
        When a strip or tile does not decode to exactly its pixels; says which.
    """
    pixels = _read_page(structure, plane)
    return pixels if plane.sample is None else pixels[plane.sample : plane.sample + 1]


def _read_page(structure: Structure, plane: PlaneRef) -> NDArray[np.generic]:
    page = structure.pages[plane.page]
    dtype = page.dtype
    assert dtype is not None
    out = np.zeros(page.shape, dtype)
    if plane.skip:
        return _contiguous(structure, page, plane.skip)
    codec = page.one("compression", 1)
    with structure.path.open("rb") as stream:
        if codec == 1 or codec in DEFLATE:
            blocks = _own_blocks(structure, page, stream)
        else:
            blocks = _foreign_blocks(structure, page)
        for (first, top, left), block in blocks:
            height = min(block.shape[1], out.shape[1] - top)
            width = min(block.shape[2], out.shape[2] - left)
            out[first : first + block.shape[0], top : top + height, left : left + width] = block[
                :, :height, :width
            ]
    return out


_Block = tuple[tuple[int, int, int], NDArray[np.generic]]


def _own_blocks(structure: Structure, page: Page, stream: object) -> Iterator[_Block]:
    """Uncompressed and deflated segments: deflate carries a checksum, and here it is checked."""
    dtype = page.dtype
    assert dtype is not None
    stored = dtype.newbyteorder(structure.byteorder)
    for index, (offset, count) in enumerate(zip(page.offsets, page.byte_counts, strict=True)):
        first, top, left, shape = _place(page, index)
        stream.seek(offset)  # type: ignore[attr-defined]
        data = stream.read(count)  # type: ignore[attr-defined]
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


def _foreign_blocks(structure: Structure, page: Page) -> Iterator[_Block]:
    """Segments of the other codecs, decoded by tifffile and imagecodecs."""
    path = structure.path
    index = 0
    try:
        with tifffile_damage(path), tifffile.TiffFile(path) as tif:
            tiff_page = tif.pages[page.index]
            tables = tiff_page.jpegtables
            for index, (offset, count) in enumerate(
                zip(page.offsets, page.byte_counts, strict=True)
            ):
                tif.filehandle.seek(int(offset))
                data = tif.filehandle.read(int(count))
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


def _contiguous(structure: Structure, page: Page, skip: int) -> NDArray[np.generic]:
    """A plane of an ImageJ stack over 4 GiB: only the first has a directory."""
    dtype = page.dtype
    assert dtype is not None
    count = page.raw_bytes // dtype.itemsize
    with structure.path.open("rb") as stream:
        stream.seek(int(page.offsets[0]) + skip * page.raw_bytes)
        data = stream.read(page.raw_bytes)
    if len(data) < page.raw_bytes:
        raise _corrupt(structure.path, page, skip, f"{len(data)} of {page.raw_bytes} bytes")
    stored = np.frombuffer(data, dtype.newbyteorder(structure.byteorder), count=count)
    return stored.reshape(page.shape).astype(dtype)


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
