"""PNG and JPEG: one grey channel in a file, or a colour merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from fishcount.errors import (
    CorruptFileError,
    FileFormatError,
    FishcountError,
    TruncatedFileError,
)
from fishcount.flags import Finding
from fishcount.image import Window
from fishcount.io.faults import too_large
from fishcount.io.roles import COLOURS
from fishcount.io.series import Series
from fishcount.settings import ReadingSettings

__all__ = ["PhotoSource", "open_photo"]

# Height, width, samples of a pixel, bits of a sample, and whether colour has half the resolution.
_Header = tuple[int, int, int, int, bool]
# Markers of a frame's header; the three left out define tables, or are reserved.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSource:
    """A PNG or JPEG file; see `fishcount.io.series.Source`."""

    path: Path
    format: str
    series: tuple[Series, ...]
    findings: tuple[Finding, ...]
    faults: tuple[FishcountError, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    @property
    def reads_windows(self) -> bool:
        """A picture is decoded as a whole."""
        return False

    def read(
        self, series: int, *, channels: Sequence[int], window: Window | None = None
    ) -> NDArray[np.generic]:
        """Pixels (channel, 1, y, x)."""
        decode = imagecodecs.png_decode if self.format == "PNG" else imagecodecs.jpeg8_decode
        try:
            pixels = np.asarray(decode(self.path.read_bytes()))
        except OSError:
            raise
        except Exception as error:  # imagecodecs raises a class of its own for each codec
            raise CorruptFileError(
                "does not decode", file=self.path, found=str(error), remedy="copy the file again"
            ) from error
        expected = self.series[series].sizes
        if pixels.shape[:2] != expected[2:]:
            raise CorruptFileError(
                "size", file=self.path, found=pixels.shape[:2], expected=expected[2:]
            )
        planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
        chosen = planes[list(channels), None]
        return chosen if window is None else chosen[:, :, *window]


def open_photo(path: Path, *, kind: str, limits: ReadingSettings) -> PhotoSource:
    """Describe a PNG or JPEG from its header.

    Raises
    ------
    FileFormatError, TruncatedFileError, TooLargeError
        When the header is broken, the file ends early, or the image is too large.
    """
    data = path.read_bytes()
    header = _png_header(data, path) if kind == "PNG" else _jpeg_header(data, path)
    height, width, samples, bits, halved = header
    colour = samples >= 3
    n_channels = 3 if colour else 1
    series = Series(
        name="",
        sizes=(n_channels, 1, height, width),
        axes="YXS" if colour else "YX",
        dtype=np.dtype(np.uint8 if bits <= 8 else np.uint16),
        channel_names=COLOURS if colour else ("",),
        colour=colour,
    )
    if series.nbytes > limits.max_memory_bytes:
        raise too_large(
            "too large",
            file=path,
            found=f"{width} x {height} pixels in {len(data)} bytes",
            limits=limits,
        )
    findings = []
    if colour:
        findings.append(Finding("COLOUR_MERGE"))
    if kind == "JPEG":
        findings.append(Finding("LOSSY_COMPRESSION", detail="8-bit JPEG"))
    if colour and halved:
        findings.append(Finding("LOSSY_COLOUR", detail="JPEG with halved colour"))
    return PhotoSource(path=path, format=kind, series=(series,), findings=tuple(findings))


def _png_header(data: bytes, path: Path) -> _Header:
    if len(data) < 33:
        raise TruncatedFileError(
            "ends in its header",
            file=path,
            found=f"{len(data)} bytes",
            remedy="was the copy interrupted?",
        )
    width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
    bits, colour_type = data[24], data[25]
    if data[12:16] != b"IHDR" or not width or not height:
        raise FileFormatError("the PNG header is broken", file=path)
    if colour_type == 3:
        raise FileFormatError(
            "a palette image",
            file=path,
            field="PNG colour type",
            expected="grey or RGB",
            remedy="export it as 16-bit grey",
        )
    if bits < 8:
        raise FileFormatError(
            f"{bits}-bit pixels", file=path, expected="8 or 16 bits", remedy="a mask, not an image?"
        )
    if b"IEND" not in data[-16:]:
        raise TruncatedFileError(
            "ends before its last chunk",
            file=path,
            found=f"{len(data)} bytes",
            remedy="was the copy interrupted?",
        )
    # Grey with transparency (4) counts as grey.
    samples = {0: 1, 2: 3, 4: 1, 6: 4}.get(colour_type)
    if samples is None:
        raise FileFormatError("unknown PNG colour type", file=path, found=colour_type)
    return height, width, samples, bits, False


def _jpeg_header(data: bytes, path: Path) -> _Header:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _JPEG_FRAMES:
            return _jpeg_frame(data, at, path)
        if length < 2:
            break
        at += 2 + length
    raise TruncatedFileError(
        "no frame header was found",
        file=path,
        found=f"{len(data)} bytes",
        remedy="was the copy interrupted?",
    )


def _jpeg_frame(data: bytes, at: int, path: Path) -> _Header:
    bits = data[at + 4]
    height, width = (int.from_bytes(data[i : i + 2], "big") for i in (at + 5, at + 7))
    samples = data[at + 9] if at + 9 < len(data) else 0
    if len(data) < at + 10 + 3 * samples or b"\xff\xd9" not in data[-64:]:
        raise TruncatedFileError(
            "ends before its end marker",
            file=path,
            found=f"{len(data)} bytes",
            remedy="was the copy interrupted?",
        )
    if samples not in (1, 3) or not height or not width:
        raise FileFormatError(
            "JPEG components",
            file=path,
            found=samples,
            expected="1 or 3",
            remedy="export it as RGB, not in the colours of a printer",
        )
    factors = {data[at + 11 + 3 * i] for i in range(samples)}
    return height, width, samples, bits, samples == 3 and len(factors) > 1
