"""The strict preflight of a TIFF: every directory walked, every segment inside the file.

It touches no pixels, allocates nothing that a file asks for, and reports all faults at once.
Written against the TIFF 6.0 and BigTIFF specifications, apart from tifffile, which forgives.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from fishcount.errors import FileFormatError, FishcountError, TooLargeError, TruncatedFileError
from fishcount.io.tiff.page import Page
from fishcount.settings import ReadingSettings

__all__ = ["Structure", "read_structure"]

_MAX_TAGS = 1000
_BEYOND = 2**61
_MAX_VALUE_BYTES = 64 * 2**20
_TYPES = {
    1: "B",
    2: "s",
    3: "H",
    4: "I",
    5: "II",
    6: "b",
    7: "B",
    8: "h",
    9: "i",
    10: "ii",
    11: "f",
    12: "d",
    13: "I",
    16: "Q",
    17: "q",
    18: "Q",
}
_TEXT_KINDS = (1, 2, 7)
_RATIONAL_KINDS = (5, 10)
_WHOLE_KINDS = (1, 3, 4, 8, 9, 13, 16, 17, 18)
_WANTED = {
    254: "subfile_type",
    256: "width",
    257: "height",
    258: "bits",
    259: "compression",
    262: "photometric",
    266: "fill_order",
    270: "description",
    273: "strip_offsets",
    277: "samples",
    278: "rows_per_strip",
    279: "strip_byte_counts",
    282: "x_resolution",
    283: "y_resolution",
    284: "planar",
    296: "resolution_unit",
    317: "predictor",
    322: "tile_width",
    323: "tile_height",
    324: "tile_offsets",
    325: "tile_byte_counts",
    339: "sample_format",
    530: "subsampling",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """All directories of the main chain of a file, and what is wrong with them."""

    path: Path
    file_bytes: int
    byteorder: Literal["<", ">"]
    big: bool
    pages: tuple[Page, ...]
    faults: tuple[FishcountError, ...]


def read_structure(path: Path, limits: ReadingSettings) -> Structure:
    """Walk the directories of a TIFF file's main chain.

    Parameters
    ----------
    path
        A file that starts as a TIFF does.
    limits
        How many pages and how much memory a file may ask for.

    Returns
    -------
    Structure
        The pages that could be walked, and all faults; nothing is raised for a bad file.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        walker = _Walker(stream, path, size, limits)
        walker.walk()
    return Structure(
        path=path,
        file_bytes=size,
        byteorder=walker.order,
        big=walker.big,
        pages=tuple(walker.pages),
        faults=tuple(walker.faults),
    )


class _Walker:
    """Follows the chain of directories; collects pages and faults, and never loops."""

    def __init__(self, stream: BinaryIO, path: Path, size: int, limits: ReadingSettings) -> None:
        self.stream = stream
        self.path = path
        self.size = size
        self.limits = limits
        self.pages: list[Page] = []
        self.faults: list[FishcountError] = []
        self.order: Literal["<", ">"] = "<"
        self.big = False

    def walk(self) -> None:
        head = self._bytes(0, min(16, self.size))
        self.order = "<" if head[:2] == b"II" else ">"
        self.big = len(head) > 3 and struct.unpack_from(f"{self.order}H", head, 2)[0] == 43
        if len(head) < (16 if self.big else 8):
            self._truncated("the header")
            return
        field = "Q" if self.big else "I"
        offset = struct.unpack_from(self.order + field, head, 8 if self.big else 4)[0]
        if offset == 0 or (offset >= self.size and self.size <= 16):
            self._truncated("the header; it holds no page")
            return
        self._follow(offset)

    def _follow(self, offset: int) -> None:
        """Walk the chain first, which is cheap; read the tags when its length is bearable."""
        count_size, entry_size, link_size = (8, 20, 8) if self.big else (2, 12, 4)
        chain: dict[int, bytes] = {}
        while offset:
            if offset in chain:
                self._broken(f"directory {len(chain)}", "points back to an earlier one")
                break
            if len(chain) >= self.limits.max_planes:
                self.faults.append(
                    TooLargeError(
                        "too many pages",
                        file=self.path,
                        found=f"more than {self.limits.max_planes}",
                        remedy="raise it with --set reading.max_planes=...",
                    )
                )
                return
            if offset + count_size > self.size:
                self._truncated(_so_far(len(chain)), offset + count_size)
                break
            head = self._bytes(offset, count_size)
            n_tags = struct.unpack(self.order + ("Q" if self.big else "H"), head)[0]
            if not 0 < n_tags <= _MAX_TAGS:
                self._broken(
                    f"directory {len(chain)}", "number of tags", n_tags, f"1 to {_MAX_TAGS}"
                )
                break
            start = offset + count_size
            end = start + n_tags * entry_size + link_size
            if end > self.size:
                self._truncated(_so_far(len(chain)), end)
                break
            chain[offset] = self._bytes(start, end - start)
            link = struct.unpack_from(
                self.order + ("Q" if self.big else "I"), chain[offset], n_tags * entry_size
            )
            offset = link[0]
        for index, (offset, raw) in enumerate(chain.items()):
            tags: dict[str, Any] = {}
            for at in range(0, len(raw) - link_size, entry_size):
                self._entry(raw, at, offset + count_size + at, tags, f"directory {index}")
            self.pages.append(Page(index, tags))

    def _entry(self, raw: bytes, at: int, position: int, tags: dict[str, Any], where: str) -> None:
        layout = "HHQ" if self.big else "HHI"
        code, kind, count = struct.unpack_from(self.order + layout, raw, at)
        name = _WANTED.get(code)
        if name is None:
            return
        if name in tags:
            self._broken(where, f"tag {name} is there twice")
            return
        if kind not in _kinds_of(name):
            self._broken(where, f"tag {name}: type", kind, ", ".join(map(str, _kinds_of(name))))
            return
        item = "s" if name == "description" else _TYPES[kind]
        width = struct.calcsize(f"={item}")
        n_bytes = width * count
        inline = 8 if self.big else 4
        if n_bytes > min(self.size, _MAX_VALUE_BYTES) or not count:
            self._broken(
                where, f"tag {name}: number of values", count, f"what fits {self.size} bytes"
            )
            return
        offset = position + (12 if self.big else 8)
        if n_bytes > inline:
            field = "Q" if self.big else "I"
            offset = struct.unpack_from(self.order + field, raw, at + (12 if self.big else 8))[0]
            if offset + n_bytes > self.size:
                self._broken(where, f"tag {name}: offset", offset, f"less than {self.size} bytes")
                return
        tags[name] = _values(self._bytes(offset, n_bytes), item, self.order)

    def _bytes(self, offset: int, count: int) -> bytes:
        self.stream.seek(offset)
        return self.stream.read(count)

    def _broken(self, where: str, what: str, found: object = None, expected: object = None) -> None:
        self.faults.append(
            FileFormatError(
                f"broken structure: {what}",
                file=self.path,
                field=where,
                found=found,
                expected=expected,
                remedy="copy or export the file again",
            )
        )

    def _truncated(self, what: str, needed: int | None = None) -> None:
        self.faults.append(
            TruncatedFileError(
                f"the file ends after {what}",
                file=self.path,
                found=f"{self.size} bytes",
                expected=None if needed is None else f"{needed} bytes or more",
                remedy="was the copy interrupted?",
            )
        )


def _kinds_of(name: str) -> tuple[int, ...]:
    """Types that a tag may have."""
    if name == "description":
        return _TEXT_KINDS
    return _RATIONAL_KINDS if name in ("x_resolution", "y_resolution") else _WHOLE_KINDS


def _so_far(n_pages: int) -> str:
    return f"{n_pages} page{'' if n_pages == 1 else 's'}, and there are more"


def _values(raw: bytes, item: str, order: Literal["<", ">"]) -> Any:
    if item == "s":
        return raw
    values = np.frombuffer(raw, dtype=np.dtype(item[0]).newbyteorder(order))
    if values.dtype.kind == "u" and values.dtype.itemsize == 8:
        # Larger than any file; what is clipped here lies past the end of the file either way.
        values = np.minimum(values, np.uint64(_BEYOND))
    return tuple(values.tolist()) if len(values) <= 8 else values.astype(np.int64)
