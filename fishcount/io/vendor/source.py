"""What the readers of CZI, ND2 and LIF share: strict sizes, scenes as series, our own errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import CorruptFileError, FishcountError
from fishcount.flags import Finding
from fishcount.image import Window
from fishcount.io.faults import too_large
from fishcount.io.series import Series
from fishcount.settings import ReadingSettings

__all__ = ["Backend", "Scene", "VendorSource", "open_vendor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One image of a file, and what is wrong with it."""

    series: Series
    faults: tuple[FishcountError, ...] = ()


class Backend(Protocol):
    """A maker's format: how its scenes are described, and how one is read."""

    def scenes(self, path: Path) -> tuple[Scene, ...]:
        """Describe all scenes without their pixels."""

    def read(self, path: Path, scene: int, channels: Sequence[int]) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSource:
    """A CZI, ND2 or LIF file; see `fishcount.io.series.Source`."""

    path: Path
    format: str
    series: tuple[Series, ...]
    faults: tuple[FishcountError, ...]
    backend: Backend
    findings: tuple[Finding, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    @property
    def reads_windows(self) -> bool:
        """The packages read whole planes."""
        return False

    def read(
        self, series: int, *, channels: Sequence[int], window: Window | None = None
    ) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x) of some channels."""
        try:
            pixels = self.backend.read(self.path, series, channels)
        except (FishcountError, OSError, MemoryError):
            raise
        except Exception as error:  # each package raises classes of its own
            raise _corrupt(self.path, error) from error
        expected = self.series[series]
        if pixels.shape != (len(channels), *expected.sizes[1:]) or pixels.dtype != expected.dtype:
            raise CorruptFileError(
                "other pixels than declared",
                file=self.path,
                found=f"{pixels.shape} {pixels.dtype}",
                expected=f"{(len(channels), *expected.sizes[1:])} {expected.dtype}",
            )
        return pixels if window is None else pixels[:, :, *window]


def open_vendor(path: Path, *, kind: str, limits: ReadingSettings) -> VendorSource:
    """Describe a file of a microscope maker; what is wrong with it is in its `faults`.

    Raises
    ------
    FileFormatError
        When the package for this format is not installed.
    CorruptFileError
        When the file cannot be opened.
    """
    backend = _backend(kind)
    try:
        scenes = backend.scenes(path)
    except (FishcountError, OSError, MemoryError):
        raise
    except Exception as error:
        raise _corrupt(path, error) from error
    faults = [fault for scene in scenes for fault in scene.faults]
    faults += [
        too_large(
            "too large to read at once",
            file=path,
            found=f"{scene.series.nbytes / 2**20:.0f} MiB in {scene.series.sizes} (C, Z, Y, X)",
            limits=limits,
        )
        for scene in scenes
        if scene.series.nbytes > limits.max_memory_bytes
    ]
    return VendorSource(
        path=path,
        format=kind,
        series=tuple(scene.series for scene in scenes),
        faults=tuple(faults),
        backend=backend,
    )


def _backend(kind: str) -> Backend:
    if kind == "CZI":
        from fishcount.io.vendor.czi import CziBackend

        return CziBackend()
    if kind == "ND2":
        from fishcount.io.vendor.nd2 import Nd2Backend

        return Nd2Backend()
    from fishcount.io.vendor.lif import LifBackend

    return LifBackend()


def _corrupt(path: Path, error: Exception) -> CorruptFileError:
    return CorruptFileError(
        "cannot be read",
        file=path,
        found=" ".join(f"{type(error).__name__}: {error}".split()),
        remedy="copy the file again from its source",
    )
