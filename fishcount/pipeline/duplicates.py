"""Refuse a case that holds the same field twice, whose nuclei would be counted twice."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fishcount.errors import InputError
from fishcount.flags import VOID_FIELD
from fishcount.image import FishImage
from fishcount.results import FieldResult
from fishcount.slide import Slide

__all__ = ["check_different"]

# Fields are first compared by a strip of this many pixels, and only then as a whole.
_STRIP_PX = 512


def check_different(results: Iterable[FieldResult]) -> None:
    """Raise InputError where two fields of a case that count are the same image.

    Neither names nor files tell: a file may be copied, or read for each file of an OME-TIFF set.
    """
    seen: dict[object, list[FieldResult]] = {}
    for result in results:
        if any(finding.code in VOID_FIELD for finding in result.findings):
            continue  # Empty images are alike, and count for nothing.
        alike = seen.setdefault(_strip(result.image), [])
        for other in alike:
            if _same_pixels(result.image, other.image):
                raise InputError(
                    "two fields are the same image",
                    file=result.image.path or result.image.name,
                    found=f"the pixels of {other.image.path or other.image.name}",
                    remedy="name each field once",
                )
        alike.append(result)


def _strip(image: FishImage | Slide) -> tuple[object, ...]:
    """Size, channels and some pixels in the middle; noise makes those of each field its own."""
    slide = Slide.of(image)
    height, width = slide.shape
    left = width // 4
    strip = (slice(height // 2, height // 2 + 1), slice(left, min(left + _STRIP_PX, width)))
    pixels = [np.asarray(slide.read(role, strip), np.float32).tobytes() for role in slide.channels]
    return slide.shape, slide.n_planes, slide.channels, *pixels


def _same_pixels(one: FishImage | Slide, other: FishImage | Slide) -> bool:
    """Of two images whose strips are alike: all pixels, or the file where these are not at hand."""
    if isinstance(one, Slide) or isinstance(other, Slide):
        return one.sha256 == other.sha256
    return np.array_equal(one.pixels, other.pixels)
