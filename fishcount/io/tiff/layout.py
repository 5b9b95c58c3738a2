"""Where the planes of one image lie in TIFF files, and the helpers that every dialect shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fishcount.image.checks import PLAUSIBLE_PIXEL_UM
from fishcount.io.roles import COLOURS
from fishcount.io.series import Series
from fishcount.io.tiff.page import Page
from fishcount.io.tiff.pixels import PlaneRef

__all__ = ["Layout", "channel_names", "is_colour", "resolution_um"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A series and the page of each of its planes.

    Attributes
    ----------
    series : Series
    planes : tuple of tuple of PlaneRef
        ``planes[c][z]``; a page holds `samples` channels. None where the file is faulty, and the
        series is only what it claims to be.
    samples : int
        Channels in each page.
    """

    series: Series
    planes: tuple[tuple[PlaneRef, ...], ...]
    samples: int = 1


def is_colour(page: Page) -> bool:
    """The page is a colour merge: RGB, or JPEG's YCbCr."""
    return page.one("photometric", 1) in (2, 6) and page.samples >= 3


def channel_names(page: Page, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the channels: the colours for a merge, else as given."""
    if is_colour(page):
        return (*COLOURS, *(f"extra {i}" for i in range(page.samples - 3)))
    return tuple(names)


def resolution_um(page: Page, um_per_unit: float | None = None) -> float | None:
    """Pixel size from the resolution tags, when they can be trusted.

    Their unit is the inch or the centimetre, or what ImageJ says. Most programs write 72 or 96
    dots per inch for want of anything better; only a size that a microscope can have is believed.
    """
    x, y = page.tags.get("x_resolution"), page.tags.get("y_resolution")
    unit = um_per_unit or {2: 25400.0, 3: 10000.0}.get(page.one("resolution_unit", 2))
    if not unit or x is None or y is None or len(x) != 2 or len(y) != 2:
        return None
    if 0 in (*x, *y):
        return None
    size_x, size_y = (unit * float(r[1]) / float(r[0]) for r in (x, y))
    low, high = PLAUSIBLE_PIXEL_UM
    square = np.isclose(size_x, size_y, rtol=0.01)
    believed = um_per_unit is not None or low <= size_x <= high
    return size_x if square and believed else None
