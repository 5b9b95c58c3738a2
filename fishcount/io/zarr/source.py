"""OME-Zarr: the full-resolution array of an image, read only when all its chunks are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import CorruptFileError, FishcountError
from fishcount.flags import Finding
from fishcount.image import Window
from fishcount.io.extras import require
from fishcount.io.series import Series
from fishcount.io.zarr.metadata import ZarrImage, zarr_images
from fishcount.settings import ReadingSettings

__all__ = ["ZarrSource", "open_zarr"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZarrSource:
    """An OME-Zarr folder; see `fishcount.io.series.Source`."""

    path: Path
    format: str
    images: tuple[ZarrImage, ...]
    faults: tuple[FishcountError, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def series(self) -> tuple[Series, ...]:
        """The images in it."""
        return tuple(image.series for image in self.images)

    @property
    def files(self) -> tuple[Path, ...]:
        """The folder."""
        return (self.path,)

    @property
    def reads_windows(self) -> bool:
        """Only the chunks of a window are decoded."""
        return True

    def read(
        self, series: int, *, channels: Sequence[int], window: Window | None = None
    ) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x) of some channels."""
        image = self.images[series]
        zarr = require("zarr", extra="scale", kind="OME-Zarr", file=self.path)
        try:
            array = zarr.open_array(str(image.array), mode="r")
            planes = [self._channel(array, image, channel, window) for channel in channels]
        except (OSError, MemoryError):
            raise
        except Exception as error:  # every codec raises classes of its own
            raise CorruptFileError(
                "a chunk does not decode",
                file=self.path,
                found=f"{type(error).__name__}: {error}",
                remedy="copy the whole folder again",
            ) from error
        return np.stack(planes)

    @staticmethod
    def _channel(
        array: Any, image: ZarrImage, channel: int, window: Window | None
    ) -> NDArray[np.generic]:
        at = {"t": 0, "c": channel} | (dict(zip("yx", window, strict=True)) if window else {})
        position = tuple(at.get(axis, slice(None)) for axis in image.axes)
        pixels = np.asarray(array[position])
        return pixels if "z" in image.axes else pixels[None]


def open_zarr(path: Path, *, limits: ReadingSettings) -> ZarrSource:
    """Describe an OME-Zarr folder from its JSON and its chunks; faults are in the source."""
    images, faults, version = zarr_images(path, limits=limits)
    return ZarrSource(
        path=path, format=f"OME-Zarr {version}".strip(), images=images, faults=tuple(faults)
    )
