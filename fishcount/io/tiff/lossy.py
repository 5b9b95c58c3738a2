"""Whether compressed pixels lost something: what the first bytes of a strip or tile say.

JPEG always does. JPEG 2000, JPEG XL and WebP know both ways, and say which was taken. A stream of
JPEG 2000 that was written so as to lose none, and then cut short, is not told from a whole one.
"""

from __future__ import annotations

from fishcount.io.tiff.codecs import CODECS

__all__ = ["HEADER_BYTES", "lossy_codec"]

# The headers that are looked at lie within this many bytes of a strip or tile.
HEADER_BYTES = 4096

_JXL_BOX, _JXL_STREAM = b"\x00\x00\x00\x0cJXL \r\n\x87\n", b"\xff\x0a"


def lossy_codec(compression: int, data: bytes) -> str:
    """Name of the codec where it lost something, else an empty text.

    Parameters
    ----------
    compression
        The tag of the TIFF page.
    data
        The first bytes of one of its strips or tiles; damaged ones say nothing.

    Examples
    --------
    >>> lossy_codec(7, b""), lossy_codec(8, b"")
    ('JPEG', '')
    """
    codec = CODECS.get(compression, "")
    if codec == "JPEG":
        return codec
    if codec == "WebP":
        return codec if b"VP8 " in data[:64] else ""
    try:
        loses = {"JPEG 2000": _jpeg_2000_loses, "JPEG XL": _jpeg_xl_loses}.get(codec)
        return codec if loses is not None and loses(data) else ""
    except (IndexError, ValueError):
        return ""


def _jpeg_2000_loses(data: bytes) -> bool:
    """Whether the wavelet is 9-7, which does not give back whole numbers (ISO 15444-1, A.6.1).

    The marker COD ends, but for sizes of precincts, with the kind of the wavelet: 0 or 1.
    """
    return data[data.index(b"\xff\x52\x00") + 13] == 0


def _jpeg_xl_loses(data: bytes) -> bool:
    """Whether colours are coded as XYB, as in every lossy stream (ISO 18181-1, annex D)."""
    if data.startswith(_JXL_BOX):
        data = data[data.index(_JXL_STREAM, len(_JXL_BOX)) :]
    bits = _Bits(data.removeprefix(_JXL_STREAM))
    _skip_size(bits)
    if bits.take(1):  # all by default
        return True
    if bits.take(1):  # orientation, another size to be shown at, preview, animation
        bits.take(3)
        if bits.take(1):
            _skip_size(bits)
        if bits.take(2):
            raise ValueError("a preview or an animation")
    if bits.take(1):  # floating point, with bits of the exponent
        bits.choice(0, 0, 0, 6)
        bits.take(4)
    else:
        bits.choice(0, 0, 0, 6)
    bits.take(1)
    if bits.choice(0, 0, 4, 12):
        raise ValueError("further channels")
    return bool(bits.take(1))


def _skip_size(bits: _Bits) -> None:
    """Pass over height and width: small or large, and a ratio of both or the width by itself."""
    is_small = bits.take(1)
    for is_width in (False, True):
        if is_width and bits.take(3):
            return
        if is_small:
            bits.take(5)
        else:
            bits.choice(9, 13, 18, 30)


class _Bits:
    """Bits of a stream, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data[:64], "little")

    def take(self, count: int) -> int:
        """The next bits as a number."""
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value

    def choice(self, *counts: int) -> int:
        """Two bits say how many follow; the first is 0, but for a choice with further bits."""
        which = self.take(2)
        return which if not counts[which] else 4 + self.take(counts[which])
