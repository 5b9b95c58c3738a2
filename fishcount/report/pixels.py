"""Camera counts to small pictures for the eye: display range, size, encoding.

Nothing here measures anything. The display range is linear, the same for every nucleus of a
field, and written under each picture.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from skimage.transform import resize

from fishcount.image import DAPI, FishImage, project

__all__ = [
    "DisplayRange",
    "Encoded",
    "as_grey",
    "display_range",
    "displayed",
    "encode_strip",
    "encode_within",
    "to_display",
]

# (longest side in pixels, WebP quality), from the best: the first that fits the budget is used.
_LADDER = (
    (2048, 80),
    (1600, 75),
    (1400, 65),
    (1200, 55),
    (1000, 50),
    (800, 45),
    (600, 40),
    (400, 35),
    (256, 30),
)
_STRIP_QUALITY = 85
# Channels that are flat but for their noise must look flat: never stretch fewer sigmas than this.
_LEAST_SPAN_SIGMAS = 12.0


@dataclass(frozen=True, slots=True)
class DisplayRange:
    """Camera counts that are shown as black and as white."""

    black_counts: float
    white_counts: float


@dataclass(frozen=True, slots=True)
class Encoded:
    """A grey picture as a data URI, and the quality it was stored with."""

    uri: str
    size_px: tuple[int, int]
    quality: int


def display_range(
    pixels: NDArray[np.float32], *, role: str, peaks_counts: NDArray[np.float64]
) -> DisplayRange:
    """The counts to show as black and white for one channel of one field.

    Black lies one noise sigma above the median, so that camera noise stays dark. White lies at
    the brightest percent of the nuclei for DAPI, and at the upper tenth of the signals for a
    probe, so that single signals are seen beside bright clusters.

    Parameters
    ----------
    pixels : (y, x)
    role
        "DAPI" or a probe.
    peaks_counts
        Peak height of each scored signal, background included; may be empty.
    """
    median = float(np.median(pixels))
    sigma = 1.4826 * float(np.median(np.abs(pixels - median)))
    black = median if role == DAPI else median + sigma
    if role != DAPI and len(peaks_counts):
        white = float(np.quantile(peaks_counts, 0.9))
    else:
        white = float(np.quantile(pixels, 0.995 if role == DAPI else 0.9995))
    return DisplayRange(black, max(white, black + _LEAST_SPAN_SIGMAS * sigma, black + 1.0))


def to_display(pixels: NDArray[np.float32], shown: DisplayRange) -> NDArray[np.uint8]:
    """Counts as grey levels, linear between black and white."""
    span = shown.white_counts - shown.black_counts
    scaled = (pixels - np.float32(shown.black_counts)) / np.float32(span)
    return as_grey(scaled)


def as_grey(brightness: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Brightness from 0 to 1 as grey levels; what lies beyond is cut."""
    grey: NDArray[np.uint8] = np.rint(255 * np.clip(brightness, 0, 1)).astype(np.uint8)
    return grey


def displayed(image: FishImage, ranges: Mapping[str, DisplayRange]) -> dict[str, NDArray[np.uint8]]:
    """Each channel of a field as grey levels; a stack as its maximum over planes."""
    return {role: to_display(project(image.channel(role)), ranges[role]) for role in image.channels}


def encode_within(
    pictures: Sequence[NDArray[np.uint8]], *, budget_bytes: int
) -> tuple[Encoded, ...]:
    """Grey pictures as WebP, all with the best size and quality that fit the budget together.

    The last rung of the ladder is used when none fits.
    """
    encoded: tuple[Encoded, ...] = ()
    for longest_px, quality in _LADDER:
        encoded = tuple(_encode(picture, longest_px, quality) for picture in pictures)
        if sum(len(picture.uri) for picture in encoded) <= budget_bytes:
            break
    return encoded


def _encode(picture: NDArray[np.uint8], longest_px: int, quality: int) -> Encoded:
    scale = longest_px / max(picture.shape)
    if scale < 1:
        shape = tuple(max(1, round(side * scale)) for side in picture.shape)
        fine = picture.astype(np.float32) / 255
        picture = as_grey(resize(fine, shape, order=1, anti_aliasing=True))  # type: ignore[no-untyped-call]
    grey = np.repeat(picture[..., None], 3, axis=-1)
    data = imagecodecs.webp_encode(np.ascontiguousarray(grey), level=quality, lossless=False)
    return Encoded(_data_uri(data, "image/webp"), (picture.shape[0], picture.shape[1]), quality)


def encode_strip(panels: Sequence[NDArray[np.uint8]]) -> str:
    """Panels (y, x, 3) of equal size, side by side, as a JPEG data URI.

    Colour is stored at full resolution: halved colour would smear signals.
    """
    strip = np.ascontiguousarray(np.concatenate(list(panels), axis=1))
    data = imagecodecs.jpeg8_encode(strip, level=_STRIP_QUALITY, subsampling="444")
    return _data_uri(data, "image/jpeg")


def _data_uri(data: bytes | bytearray, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
