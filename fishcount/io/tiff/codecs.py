"""How the pixels of a TIFF may be compressed, by the number in its tag."""

from __future__ import annotations

import tifffile

__all__ = ["CODECS", "DEFLATE", "LOSSLESS", "codec_name"]

DEFLATE = (8, 32946)
CODECS = {
    1: "none",
    5: "LZW",
    7: "JPEG",
    8: "deflate",
    32773: "PackBits",
    32946: "deflate",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34925: "LZMA",
    34926: "Zstandard",
    50000: "Zstandard",
    34927: "WebP",
    50001: "WebP",
    50002: "JPEG XL",
}
LOSSLESS = frozenset({1, 5, *DEFLATE, 32773, 34925, 34926, 50000})


def codec_name(code: int) -> str:
    """The codec in words, also where we do not read it."""
    try:
        return f"{tifffile.COMPRESSION(code).name} ({code})"
    except ValueError:
        return f"code {code}"
