"""What every reader reports before a pixel is read: the series of a file, and its faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import FishcountError
from fishcount.flags import Finding
from fishcount.image import Window
from fishcount.io.optics import ChannelOptics

__all__ = ["Series", "Source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One image of a file, described without its pixels.

    Attributes
    ----------
    name : str
        Its name in the file; empty where there is none.
    sizes : tuple of int
        Channels, planes, height, width.
    axes : str
        How it is stored, slowest first: "ZCYX"; "Q" is an axis that the file does not explain.
    dtype : dtype
    channel_names : tuple of str
        As the file says; empty strings where it does not.
    pixel_size_um, z_step_um : float or None
        Not-a-number where the file says something that is not a length.
    pixel_height_um : float or None
        Where the file tells height and width of a pixel apart.
    pixel_size_source, z_step_source : str
        Where they came from: "OME-XML PhysicalSizeX"; empty where they are unknown.
    colour : bool
        The channels are the colours of a merge: red, green, blue.
    optics : tuple of ChannelOptics
        Of each channel; empty where the file says nothing of any.
    optics_source : str
        Where they came from: "OME-XML LensNA, EmissionWavelength".
    """

    name: str
    sizes: tuple[int, int, int, int]
    axes: str
    dtype: np.dtype[np.generic]
    channel_names: tuple[str, ...]
    pixel_size_um: float | None = None
    pixel_size_source: str = ""
    pixel_height_um: float | None = None
    z_step_um: float | None = None
    z_step_source: str = ""
    colour: bool = False
    optics: tuple[ChannelOptics, ...] = ()
    optics_source: str = ""

    @property
    def nbytes(self) -> int:
        """Bytes of all its pixels in memory."""
        return int(np.prod([int(size) for size in self.sizes], dtype=object)) * self.dtype.itemsize


class Source(Protocol):
    """An opened file of any format; readers differ only behind this."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def format(self) -> str:
        """Name of the format: "OME-TIFF"."""

    @property
    def series(self) -> tuple[Series, ...]:
        """The images in it."""

    @property
    def faults(self) -> tuple[FishcountError, ...]:
        """Everything that is wrong with the file; it is not read while there is any."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is doubtful about the file, but no reason to refuse it."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that its pixels come from."""

    @property
    def reads_windows(self) -> bool:
        """Whether a window is read without the rest of the image."""

    def read(
        self, series: int, *, channels: Sequence[int], window: Window | None = None
    ) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x) of some channels, or a window of them, in the stored type."""
