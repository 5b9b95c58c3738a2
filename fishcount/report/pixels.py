"""Camera counts to small pictures for the eye: display range, size, encoding.

Nothing here measures anything. The display range is the same for every nucleus of a field, and
written under each picture.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fishcount.image import DAPI, FishImage, project
from fishcount.robust import robust_sigma

__all__ = [
    "DisplayRange",
    "Encoded",
    "as_grey",
    "data_uri",
    "display_range",
    "displayed",
    "encode_jpeg",
    "encode_strip",
    "encode_within",
    "merge",
    "shrink_square",
    "strip_quality",
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
# Pictures that are tried first (the channels of one field): a rung of the ladder is skipped where
# they need more than their share of the budget by this factor.
_SAMPLE = 3
_SAMPLE_SLACK = 1.1
# Beyond this, twice the time saves a few per cent of the bytes.
_WEBP_EFFORT = 2
# (most nuclei, JPEG quality, longest side of a crop): many nuclei make do with less each.
_STRIPS = ((250, 85, 160), (600, 70, 96), (1500, 55, 64))
_STRIPS_BEYOND = (40, 48)
_DAPI_GAMMA = 0.6
# Merged picture: DAPI dimmed to grey, HER2 magenta, CEP17 green; told apart without red or blue.
_TINTS = {DAPI: (0.55, 0.55, 0.55), "HER2": (1.0, 0.25, 1.0), "CEP17": (0.1, 1.0, 0.25)}
# Channels that are flat but for their noise must look flat: never stretch fewer sigmas than this.
_LEAST_SPAN_SIGMAS = 12.0


@dataclass(frozen=True, slots=True)
class DisplayRange:
    """Camera counts that are shown as black and as white, and the exponent between them."""

    black_counts: float
    white_counts: float
    gamma: float = 1.0

    @property
    def words(self) -> str:
        """As it stands under a picture: "34 to 105 (gamma 0.6)"."""
        gamma = "" if self.gamma == 1 else f" (gamma {self.gamma:g})"
        return f"{self.black_counts:.0f} to {self.white_counts:.0f}{gamma}"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A grey picture as a data URI, and the quality it was stored with."""

    uri: str
    size_px: tuple[int, int]
    quality: int


def display_range(
    pixels: NDArray[np.float32],
    *,
    role: str,
    inside: NDArray[np.bool_],
    at_signals: NDArray[np.float32],
) -> DisplayRange:
    """The counts to show as black and white for one channel of one field.

    DAPI goes from the level between the nuclei to the brightest percents of them, whatever
    debris lies beside them; an exponent below 1 shows dim nuclei beside bright ones. A probe
    goes from the darker quarter of the nuclei, so that noise and haze stay dark, to the median
    of its signals, so that single signals are seen beside bright clusters.

    Parameters
    ----------
    pixels : (y, x)
    role
        "DAPI" or a probe.
    inside : (y, x)
        Where nuclei are; may be empty or full.
    at_signals : (n,)
        Pixels at the kept signals of this channel; may be empty.
    """
    between = pixels[~inside] if not inside.all() else pixels
    level = float(np.median(between))
    sigma = robust_sigma(between, centre=level)
    if role == DAPI:
        black = level
        white = float(np.quantile(pixels[inside] if inside.any() else pixels, 0.98))
    else:
        haze = float(np.quantile(pixels[inside], 0.25)) if inside.any() else level
        black = max(haze, level + sigma)
        white = float(np.median(at_signals) if len(at_signals) else np.quantile(pixels, 0.9995))
    white = max(white, black + _LEAST_SPAN_SIGMAS * sigma, black + 1.0)
    return DisplayRange(black, white, _DAPI_GAMMA if role == DAPI else 1.0)


def to_display(pixels: NDArray[np.float32], shown: DisplayRange) -> NDArray[np.uint8]:
    """Counts as grey levels between black and white."""
    span = shown.white_counts - shown.black_counts
    scaled = (pixels - np.float32(shown.black_counts)) / np.float32(span)
    return as_grey(scaled if shown.gamma == 1 else np.maximum(scaled, 0) ** np.float32(shown.gamma))


def as_grey(brightness: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Brightness from 0 to 1 as grey levels; what lies beyond is cut."""
    grey: NDArray[np.uint8] = np.rint(255 * np.clip(brightness, 0, 1)).astype(np.uint8)
    return grey


def displayed(image: FishImage, ranges: Mapping[str, DisplayRange]) -> dict[str, NDArray[np.uint8]]:
    """Each channel of a field as grey levels; a stack as its maximum over planes."""
    return {role: to_display(project(image.channel(role)), ranges[role]) for role in image.channels}


def merge(shown: Mapping[str, NDArray[np.uint8]], *, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Channels in their colours over each other, (y, x, 3); black where there is none."""
    # Screen blending: light adds up and never overflows.
    dark = np.ones((*shape, 3), np.float32)
    for role, grey in shown.items():
        dark *= 1 - grey[..., None].astype(np.float32) / 255 * np.array(_TINTS[role], np.float32)
    return as_grey(1 - dark)


def encode_within(
    pictures: Sequence[NDArray[np.uint8]], *, budget_bytes: int
) -> tuple[Encoded, ...]:
    """Grey pictures as WebP, all with the best size and quality that fit the budget together.

    The last rung of the ladder is used when none fits.
    """
    # A few pictures tell which rungs are not worth trying on all.
    sample = pictures[:_SAMPLE]
    share = sum(p.size for p in sample) / max(sum(p.size for p in pictures), 1)
    encoded: tuple[Encoded, ...] = ()
    for longest_px, quality in _LADDER:
        last = (longest_px, quality) == _LADDER[-1]
        tried = _encode_all(sample, longest_px, quality)
        if not last and _n_bytes(tried) > _SAMPLE_SLACK * share * budget_bytes:
            continue
        encoded = (*tried, *_encode_all(pictures[_SAMPLE:], longest_px, quality))
        if _n_bytes(encoded) <= budget_bytes:
            break
    return encoded


def _encode_all(
    pictures: Sequence[NDArray[np.uint8]], longest_px: int, quality: int
) -> tuple[Encoded, ...]:
    return tuple(_encode(picture, longest_px, quality) for picture in pictures)


def _n_bytes(encoded: Sequence[Encoded]) -> int:
    return sum(len(picture.uri) for picture in encoded)


def _encode(picture: NDArray[np.uint8], longest_px: int, quality: int) -> Encoded:
    scale = longest_px / max(picture.shape)
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in picture.shape)
        picture = _shrink(picture, height, width)
    grey = np.repeat(picture[..., None], 3, axis=-1)
    data = imagecodecs.webp_encode(
        np.ascontiguousarray(grey), level=quality, lossless=False, method=_WEBP_EFFORT
    )
    return Encoded(data_uri(data, "image/webp"), (picture.shape[0], picture.shape[1]), quality)


def _shrink(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """A smaller picture, each of its pixels the mean over the area that it covers."""
    rows = _overlaps(picture.shape[0], height)
    columns = _overlaps(picture.shape[1], width)
    mean = (columns @ (rows @ picture.astype(np.float32)).T).T
    small: NDArray[np.uint8] = np.rint(mean).astype(np.uint8)
    return small


def shrink_square(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square colour picture (y, x, 3) of another size; larger ones are made smaller by area."""
    channels = [_shrink(picture[..., c], side, side) for c in range(picture.shape[2])]
    return np.stack(channels, axis=-1)


def _overlaps(n_from: int, n_to: int) -> csr_array:
    """Share of each of `n_from` pixels in each of `n_to` larger ones along one axis."""
    edges = np.linspace(0, n_from, n_to + 1)
    pixel = np.arange(n_from)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return csr_array((np.clip(overlap, 0, None) * (n_to / n_from)).astype(np.float32))


def strip_quality(n_nuclei: int) -> tuple[int, int]:
    """JPEG quality and longest side in pixels of the crops, on a page of `n_nuclei`."""
    fitting = ((quality, side) for most, quality, side in _STRIPS if n_nuclei <= most)
    return next(fitting, _STRIPS_BEYOND)


def encode_strip(panels: Sequence[NDArray[np.uint8]], *, quality: int) -> str:
    """Panels (y, x, 3) of equal size, side by side, as a JPEG data URI.

    Halved colour would smear signals, so it is kept whole.
    """
    return data_uri(
        encode_jpeg(np.concatenate(list(panels), axis=1), quality=quality), "image/jpeg"
    )


def encode_jpeg(picture: NDArray[np.uint8], *, quality: int) -> bytes:
    """A colour picture (y, x, 3) as JPEG, its colour at full resolution."""
    return bytes(
        imagecodecs.jpeg8_encode(np.ascontiguousarray(picture), level=quality, subsampling="444")
    )


def data_uri(data: bytes | bytearray, mime: str) -> str:
    """Bytes as an address that a page can hold."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
