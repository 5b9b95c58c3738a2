"""One page of a TIFF: what its tags say of its pixels, as stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Page"]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One directory of a TIFF: its tags by name, as stored."""

    index: int
    tags: dict[str, Any]

    def one(self, name: str, default: int = 0) -> int:
        """First value of a tag that holds whole numbers."""
        value = self.tags.get(name, default)
        return int(value[0]) if isinstance(value, tuple | np.ndarray) else int(value)

    @property
    def is_reduced(self) -> bool:
        """A thumbnail or a level of a pyramid, not an image of its own."""
        return bool(self.one("subfile_type") & 1)

    @property
    def is_tiled(self) -> bool:
        """Stored in tiles, not in strips."""
        return "tile_offsets" in self.tags

    @property
    def samples(self) -> int:
        """Samples of each pixel."""
        return self.one("samples", 1)

    @property
    def bits(self) -> tuple[int, ...]:
        """Bits of each sample."""
        value = self.tags.get("bits", (1,))
        return tuple(int(bit) for bit in value)

    @property
    def segment_shape(self) -> tuple[int, int, int]:
        """Height, width and samples of a full strip or tile."""
        samples = 1 if self.is_planar else self.samples
        if self.is_tiled:
            return self.one("tile_height"), self.one("tile_width"), samples
        rows = min(self.one("rows_per_strip", 2**32 - 1), self.one("height"))
        return rows, self.one("width"), samples

    @property
    def is_planar(self) -> bool:
        """Samples lie in planes of their own, not beside each other."""
        return self.one("planar", 1) == 2 and self.samples > 1

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where the segments start in the file."""
        name = "tile_offsets" if self.is_tiled else "strip_offsets"
        return np.asarray(self.tags.get(name, ()), np.int64)

    @property
    def byte_counts(self) -> NDArray[np.int64]:
        """Stored bytes of the segments."""
        name = "tile_byte_counts" if self.is_tiled else "strip_byte_counts"
        return np.asarray(self.tags.get(name, ()), np.int64)

    @property
    def dtype(self) -> np.dtype[np.generic] | None:
        """Type of the pixels; None when numpy has none for it."""
        kind = {1: "u", 2: "i", 3: "f", 4: "u", 5: "i", 6: "c"}.get(self.one("sample_format", 1))
        bits = self.bits[0]
        if kind is None or bits % 8 or len(set(self.bits)) > 1:
            return None
        try:
            return np.dtype(f"{kind}{bits // 8}")
        except TypeError:
            return None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Samples, height, width."""
        return self.samples, self.one("height"), self.one("width")

    @property
    def raw_bytes(self) -> int:
        """Bytes of the pixels once decoded."""
        return self.samples * self.one("height") * self.one("width") * max(self.bits[0] // 8, 1)

    @property
    def description(self) -> str:
        """The ImageDescription, as text."""
        raw = self.tags.get("description", b"")
        text = raw.rstrip(b"\x00")
        try:
            return str(text.decode("utf-8"))
        except UnicodeDecodeError:
            return str(text.decode("latin-1"))
