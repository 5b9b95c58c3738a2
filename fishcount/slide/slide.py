"""A field that is read window by window, because the whole need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import InputError
from fishcount.flags import Finding
from fishcount.image import DAPI, PROBES, FishImage, Window, project
from fishcount.optics import KnownOptics
from fishcount.read_only import ReadOnlyArrays
from fishcount.slide.sample import mosaic, sample_windows

__all__ = ["Slide"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slide(ReadOnlyArrays):
    """What is known of a field without its pixels, and how a window of it is read.

    `fishcount.io.open_slide` makes one from files, `Slide.of` from an image in memory.

    Attributes
    ----------
    shape : tuple of int
        Height and width in pixels.
    n_planes : int
    channels : tuple of str
        Roles, as in `FishImage`.
    read : callable
        Role and window (rows, columns) to stored counts (z, y, x).
    pixel_size_um, z_step_um, name, path, sha256, files, findings, optics
        As in `FishImage`.
    roi : callable, or None
        Window to the region to be scored in it (y, x); None is everything.
    image : FishImage or None
        What is read, where that is an image in memory.
    """

    shape: tuple[int, int]
    n_planes: int
    channels: tuple[str, ...]
    read: Callable[[str, Window], NDArray[np.generic]]
    pixel_size_um: float
    z_step_um: float | None = None
    name: str = "field"
    path: str | None = None
    sha256: str = ""
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Finding, ...] = ()
    roi: Callable[[Window], NDArray[np.bool_]] | None = None
    image: FishImage | None = None
    optics: KnownOptics = field(default_factory=KnownOptics)

    @classmethod
    def of(cls, image: FishImage | Slide) -> Slide:
        """An image in memory, to be read by windows; a slide comes back as it is.

        Examples
        --------
        >>> import numpy as np
        >>> from fishcount import FishImage
        >>> from fishcount.slide import Slide
        >>> image = FishImage.from_array(
        ...     np.arange(48, dtype=np.uint16).reshape(2, 4, 6), axes="CYX",
        ...     channels=["DAPI", "HER2"], pixel_size_um=0.1)
        >>> Slide.of(image).counts("HER2", (slice(1, 3), slice(2, 4)))
        array([[32., 33.],
               [38., 39.]], dtype=float32)
        """
        if isinstance(image, Slide):
            return image
        if not isinstance(image, FishImage):
            raise InputError(
                "a field is an image with its channels and pixel size",
                found=type(image).__name__,
                expected="FishImage",
                remedy="read a file with fishcount.read_image, make one of an array with "
                "FishImage.from_array",
            )
        return cls(
            shape=image.shape,
            n_planes=image.n_planes,
            channels=image.channels,
            read=_StoredCounts(image),
            pixel_size_um=image.pixel_size_um,
            z_step_um=image.z_step_um,
            name=image.name,
            path=image.path,
            sha256=image.sha256,
            files=image.files,
            findings=image.findings,
            roi=None if image.roi is None else _StoredRegion(image.roi),
            image=image,
            optics=image.optics,
        )

    @property
    def probes(self) -> tuple[str, ...]:
        """The probe channels that are there, HER2 before CEP17."""
        return tuple(role for role in PROBES if role in self.channels)

    @property
    def whole(self) -> Window:
        """All rows and columns."""
        return slice(0, self.shape[0]), slice(0, self.shape[1])

    def counts(self, role: str, window: Window) -> NDArray[np.float32]:
        """Counts of a window as float32: (y, x), or (z, y, x) when there are several planes."""
        stack = self.read(role, window).astype(np.float32)
        return stack[0] if self.n_planes == 1 else stack

    def channel(self, role: str) -> NDArray[np.float32]:
        """Counts of a whole channel as float32: only where it fits into memory."""
        return self.counts(role, self.whole)

    def sample_windows(self) -> tuple[Window, ...]:
        """Windows that stand for the slide, of bounded size: all of it where it is small."""
        return sample_windows(
            self.shape, lambda window: project(self.counts(DAPI, window)), inside=self.roi
        )

    def sample(self, windows: Sequence[Window]) -> FishImage:
        """The mosaic of `sample_windows`, as an image; an image in memory that is all of it."""
        if self.image is not None and windows == (self.whole,):
            return self.image
        stacks = [mosaic([self.read(role, window) for window in windows]) for role in self.channels]
        return FishImage(
            pixels=np.stack(stacks),
            channels=self.channels,
            pixel_size_um=self.pixel_size_um,
            z_step_um=self.z_step_um,
            name=self.name,
            path=self.path,
            sha256=self.sha256,
            files=self.files,
            findings=self.findings,
            optics=self.optics,
        )


# Classes and not closures, so that a slide goes to other processes.
@dataclass(frozen=True, slots=True, eq=False)
class _StoredCounts:
    """Reads the windows of an image in memory."""

    image: FishImage

    def __call__(self, role: str, window: Window) -> NDArray[np.generic]:
        stack: NDArray[np.generic] = self.image.pixels[self.image.channels.index(role)]
        return stack[:, *window]


@dataclass(frozen=True, slots=True, eq=False)
class _StoredRegion:
    """Reads the windows of a mask in memory."""

    mask: NDArray[np.bool_]

    def __call__(self, window: Window) -> NDArray[np.bool_]:
        return self.mask[window]
