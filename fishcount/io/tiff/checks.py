"""What the tags of TIFF pages must fulfil before their pixels are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fishcount.errors import (
    CorruptFileError,
    FileFormatError,
    FishcountError,
    PixelError,
    TooLargeError,
    TruncatedFileError,
)
from fishcount.io.faults import too_large
from fishcount.io.tiff.codecs import CODECS, codec_name
from fishcount.io.tiff.page import Page
from fishcount.settings import ReadingSettings

__all__ = ["check_pages"]

_BITS = (8, 16, 32, 64)
_MAX_SAMPLES = 64
# Camera noise hardly compresses: a large page that shrinks this far holds no image.
_BOMB_BYTES = 256 * 2**20
_BOMB_SEGMENT_BYTES = 16 * 2**20
_BOMB_RATIO = 300


def check_pages(
    pages: Sequence[Page], *, path: Path, file_bytes: int, limits: ReadingSettings
) -> list[FishcountError]:
    """All faults of the pages; at most three pages are named, to keep the message readable."""
    faults: list[FishcountError] = []
    for page in pages:
        faults += list(_form_faults(page, path)) or _storage_faults(
            _Stored(page, path, file_bytes, limits)
        )
        if len(faults) > 3:
            break
    return faults or list(_overlaps(pages, path))


def _form_faults(page: Page, path: Path) -> Iterator[FishcountError]:
    """Faults of what a page says its pixels are."""
    where = f"page {page.index}"
    for name in ("width", "height"):
        if page.one(name) < 1:
            yield _broken(path, where, f"image {name}", page.one(name), "at least 1")
    if not 1 <= page.samples <= _MAX_SAMPLES:
        yield _broken(path, where, "samples of a pixel", page.samples, f"1 to {_MAX_SAMPLES}")
    yield from _sample_faults(page, path, where)
    codec = page.one("compression", 1)
    if codec not in CODECS:
        yield FileFormatError(
            "unsupported compression",
            file=path,
            field=where,
            found=codec_name(codec),
            expected="none, deflate, LZW, Zstandard, JPEG 2000 and the like",
            remedy="export it without compression",
        )
    yield from _photometric_faults(page, path, where)
    if page.one("fill_order", 1) != 1:
        yield FileFormatError("reversed bits (FillOrder 2)", file=path, field=where)
    if page.one("predictor", 1) not in (1, 2, 3):
        yield _broken(path, where, "predictor", page.one("predictor"), "1, 2 or 3")


def _sample_faults(page: Page, path: Path, where: str) -> Iterator[FishcountError]:
    bits = page.bits
    if page.one("sample_format", 1) in (5, 6):
        yield PixelError(
            "complex pixels", file=path, field=where, remedy="a transform or a mask, not an image?"
        )
    elif bits[0] == 1:
        yield PixelError("1-bit pixels", file=path, field=where, remedy="a mask, not an image?")
    elif len(set(bits)) > 1 or bits[0] not in _BITS or page.dtype is None:
        yield _broken(
            path,
            where,
            "bits of a sample",
            f"{', '.join(map(str, sorted(set(bits))))} (format {page.one('sample_format', 1)})",
            "8, 16, 32 or 64, the same for all",
        )


def _photometric_faults(page: Page, path: Path, where: str) -> Iterator[FishcountError]:
    photometric = page.one("photometric", 1)
    if photometric in (1, 2) or (photometric == 6 and page.one("compression", 1) == 7):
        return
    names = {0: "inverted grey", 3: "a palette", 5: "CMYK", 6: "YCbCr", 8: "CIE Lab", 4: "a mask"}
    yield FileFormatError(
        "photometric interpretation",
        file=path,
        field=where,
        found=names.get(photometric, photometric),
        expected="grey with black as 0, or RGB",
        remedy="export the camera's counts as 16-bit grey",
    )


@dataclass(frozen=True, slots=True)
class _Stored:
    """A page as it lies in a file, and how much of the memory it may take."""

    page: Page
    path: Path
    file_bytes: int
    limits: ReadingSettings

    @property
    def where(self) -> str:
        return f"page {self.page.index}"

    @property
    def segment_bytes(self) -> int:
        """Size of a strip or tile that was inflated."""
        height, width, samples = self.page.segment_shape
        return height * width * samples * (self.page.bits[0] // 8)

    @property
    def stored_bytes(self) -> int:
        return int(self.page.byte_counts.sum())


def _storage_faults(stored: _Stored) -> list[FishcountError]:
    """The first fault of how a page is stored, if any: its size, and its strips or tiles.

    Each check takes for granted what those before it have seen to.
    """
    checks = (
        _too_large,
        _inflates_too_far,
        _segment_of_no_size,
        _tile_beyond_its_image,
        _segments_lacking,
        _segment_not_stored,
        _past_the_end,
        _fewer_bytes_than_pixels,
    )
    for check in checks:
        if (fault := check(stored)) is not None:
            return [fault]
    return []


def _too_large(stored: _Stored) -> FishcountError | None:
    page, limits = stored.page, stored.limits
    declared = max(page.raw_bytes, stored.segment_bytes)
    if declared <= limits.max_memory_bytes:
        return None
    height, width, _ = page.segment_shape
    return too_large(
        "too large",
        file=stored.path,
        field=stored.where,
        found=f"{page.one('width')} x {page.one('height')} pixels"
        + (f" in tiles of {width} x {height}" if page.is_tiled else "")
        + f", {declared / 2**20:.0f} MiB declared, {stored.stored_bytes} bytes stored",
        limits=limits,
    )


def _inflates_too_far(stored: _Stored) -> FishcountError | None:
    """Small segments are inflated one by one, and never beyond their size.

    A slide that was hardly scanned is many of these, and empty.
    """
    raw_bytes = stored.page.raw_bytes
    large = raw_bytes > _BOMB_BYTES and stored.segment_bytes > _BOMB_SEGMENT_BYTES
    if not large or raw_bytes <= _BOMB_RATIO * stored.stored_bytes:
        return None
    return TooLargeError(
        "inflates far beyond what an image does",
        file=stored.path,
        field=stored.where,
        found=f"{stored.stored_bytes} bytes stored, {raw_bytes / 2**20:.0f} MiB declared",
        expected=f"at most {_BOMB_RATIO} times as much",
    )


def _segment_of_no_size(stored: _Stored) -> FishcountError | None:
    height, width, _ = stored.page.segment_shape
    if height >= 1 and width >= 1:
        return None
    return _broken(
        stored.path, stored.where, "size of strips or tiles", (height, width), "at least 1 x 1"
    )


def _tile_beyond_its_image(stored: _Stored) -> FishcountError | None:
    page = stored.page
    if not page.is_tiled or stored.segment_bytes <= 16 * max(page.raw_bytes, 2**20):
        return None
    height, width, _ = page.segment_shape
    return TooLargeError(
        "a tile is much larger than its image",
        file=stored.path,
        field=stored.where,
        found=f"tile of {width} x {height}",
        expected=f"image of {page.one('width')} x {page.one('height')}",
    )


def _segments_lacking(stored: _Stored) -> FishcountError | None:
    page = stored.page
    n_offsets, n_counts = len(page.offsets), len(page.byte_counts)
    height, width, _ = page.segment_shape
    down, across = -(-page.one("height") // height), -(-page.one("width") // width)
    expected = down * across * (page.samples if page.is_planar else 1)
    if n_offsets == n_counts == expected:
        return None
    found = f"{n_offsets} offsets and {n_counts} byte counts"
    return _broken(stored.path, stored.where, "strips or tiles", found, expected)


def _segment_not_stored(stored: _Stored) -> FishcountError | None:
    missing = (stored.page.offsets <= 0) | (stored.page.byte_counts <= 0)
    if not missing.any():
        return None
    return CorruptFileError(
        "a strip or tile is not stored",
        file=stored.path,
        field=f"{stored.where}, segment {int(np.flatnonzero(missing)[0])}",
        remedy="missing pixels are not read as zeros: export it again",
    )


def _past_the_end(stored: _Stored) -> FishcountError | None:
    offsets, counts = stored.page.offsets, stored.page.byte_counts
    ends = offsets + counts
    if not (ends > stored.file_bytes).any():
        return None
    present = int(np.clip(stored.file_bytes - offsets, 0, counts).sum())
    return TruncatedFileError(
        "pixels lie past the end of the file",
        file=stored.path,
        field=stored.where,
        found=f"{present} bytes of pixels in a file of {stored.file_bytes} bytes",
        expected=f"{stored.stored_bytes} bytes, a file of at least {int(ends.max())} bytes",
        remedy="was the copy interrupted?",
    )


def _fewer_bytes_than_pixels(stored: _Stored) -> FishcountError | None:
    page = stored.page
    if page.one("compression", 1) != 1 or stored.stored_bytes >= page.raw_bytes:
        return None
    return TruncatedFileError(
        "fewer bytes than pixels",
        file=stored.path,
        field=stored.where,
        found=f"{stored.stored_bytes} bytes",
        expected=f"{page.raw_bytes} bytes",
    )


def _overlaps(pages: Sequence[Page], path: Path) -> Iterator[FishcountError]:
    """Two segments that share bytes: one of the pages shows another one's pixels."""
    offsets = np.concatenate([page.offsets for page in pages])
    counts = np.concatenate([page.byte_counts for page in pages])
    owners = np.concatenate([np.full(len(page.offsets), page.index) for page in pages])
    order = np.argsort(offsets, kind="stable")
    offsets, counts, owners = offsets[order], counts[order], owners[order]
    clash = np.flatnonzero((offsets[1:] < (offsets + counts)[:-1]) & (owners[1:] != owners[:-1]))
    if len(clash):
        yield _broken(
            path,
            f"pages {owners[clash[0]]} and {owners[clash[0] + 1]}",
            "they share the same stored pixels",
            None,
            None,
        )


def _broken(path: Path, where: str, what: str, found: object, expected: object) -> FileFormatError:
    return FileFormatError(
        f"broken structure: {what}",
        file=path,
        field=where,
        found=found,
        expected=expected,
        remedy="copy or export the file again",
    )
