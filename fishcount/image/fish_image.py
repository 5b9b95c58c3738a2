"""A FISH field in memory: channels by role, axes, calibration, and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, NoneType
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import ChannelError, check_kind
from fishcount.flags import Finding
from fishcount.image.checks import (
    PROBES,
    as_counts,
    as_czyx,
    as_region,
    check_calibration,
    check_pixels,
    checked_roles,
)
from fishcount.optics import KnownOptics
from fishcount.read_only import ReadOnlyArrays

__all__ = ["Counts", "FishImage", "Window", "project", "window_shape"]

Window = tuple[slice, slice]
"""Rows and columns of a part of an image, both with start and stop."""

Counts = TypeVar("Counts", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FishImage(ReadOnlyArrays):
    """One field of a case.

    Build it with `FishImage.from_array` or `fishcount.read_image`, which check what they are
    given.

    Attributes
    ----------
    pixels : ndarray, (channel, z, y, x)
        Camera counts in the type they were stored in; read-only.
    channels : tuple of str
        The role of each channel: "DAPI", "HER2", "CEP17"; a single-probe case has no "CEP17".
    pixel_size_um : float
        Edge of a pixel in the sample.
    z_step_um : float or None
        Distance of planes; None for a single plane.
    name : str
        Name of the field.
    path : str or None
        The file or files it was read from.
    sha256 : str
        Hash of the file, or of the pixels when there is none.
    files : mapping of str to str
        Every file that its pixels come from, with its SHA-256.
    roi : ndarray of bool, (y, x), or None
        The region to be scored; None is everything. Read-only.
    findings : tuple of Finding
        What was noticed while reading.
    optics : KnownOptics
        Objective and dyes, as far as the file describes them.
    """

    pixels: NDArray[np.generic]
    channels: tuple[str, ...]
    pixel_size_um: float
    z_step_um: float | None = None
    name: str = "field"
    path: str | None = None
    sha256: str = ""
    roi: NDArray[np.bool_] | None = None
    findings: tuple[Finding, ...] = field(default=())
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    optics: KnownOptics = field(default_factory=KnownOptics)

    @classmethod
    def from_array(
        cls,
        array: ArrayLike,
        *,
        axes: str,
        channels: Sequence[str],
        pixel_size_um: float,
        z_step_um: float | None = None,
        name: str = "field",
        path: str | None = None,
        sha256: str | None = None,
        roi: ArrayLike | None = None,
        findings: Sequence[Finding] = (),
        files: Mapping[str, str] | None = None,
        optics: KnownOptics | None = None,
    ) -> FishImage:
        """A field from an array in memory.

        Parameters
        ----------
        array
            Camera counts as stored, one axis for each letter of `axes`; finite, not negative.
        axes
            A permutation of "YX", "CYX", "ZYX" or "ZCYX".
        channels
            Role of each channel in order: "DAPI", "HER2" and, where it was stained, "CEP17".
        pixel_size_um
            Edge of a pixel in the sample.
        z_step_um
            Distance of planes; needed when there is more than one, None for a single plane.
        name, path, sha256, roi, findings, files, optics
            See the attributes; the hash is made from the pixels when not given.

        Raises
        ------
        MetadataError, ChannelError, CalibrationError, PixelError
            When the axes do not fit the array, a role is unknown, doubled or lacking, a size is
            not plausible, a pixel is negative, NaN, infinite, beyond 1e9 or masked, or beyond 2**24
            and not exact in float32, a channel was rescaled to 0 to 1, or the region is not a mask
            of this size.
        InputError
            When another argument is of another kind.

        Examples
        --------
        >>> import numpy as np
        >>> from fishcount import FishImage
        >>> image = FishImage.from_array(
        ...     np.zeros((3, 64, 64), np.uint16), axes="CYX",
        ...     channels=["DAPI", "HER2", "CEP17"], pixel_size_um=0.1)
        >>> image.shape, image.n_planes
        ((64, 64), 1)
        >>> image.channel("HER2").dtype
        dtype('float32')
        """
        check_kind("name", name, str)
        check_kind("path", path, str, NoneType)
        check_kind("optics", optics, KnownOptics, NoneType)
        check_kind("files", files, Mapping, NoneType)
        findings = _listed(findings)
        label = path or name
        stack = as_czyx(as_counts(array, label), axes, label)
        roles = checked_roles(channels, stack.shape[0], label)
        check_pixels(stack, roles, label)
        check_calibration(pixel_size_um, z_step_um, n_planes=stack.shape[1], name=label)
        region = None if roi is None else as_region(roi, stack.shape[-2:], label)
        stack.flags.writeable = False
        return cls(
            pixels=stack,
            channels=roles,
            pixel_size_um=float(pixel_size_um),
            z_step_um=None if z_step_um is None else float(z_step_um),
            name=name,
            path=path,
            sha256=hashlib.sha256(stack.tobytes()).hexdigest() if sha256 is None else sha256,
            roi=region,
            findings=findings,
            files=MappingProxyType(dict(files or {})),
            optics=optics or KnownOptics(),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[2], self.pixels.shape[3]

    @property
    def n_planes(self) -> int:
        """Number of z planes."""
        return int(self.pixels.shape[1])

    @property
    def probes(self) -> tuple[str, ...]:
        """The probe channels that are there, HER2 before CEP17."""
        return tuple(role for role in PROBES if role in self.channels)

    def raw(self, role: str) -> NDArray[np.generic]:
        """Stored counts of a channel: (y, x), or (z, y, x) when there are several planes."""
        if role not in self.channels:
            raise ChannelError(f"no channel {role}", file=self.name, found=", ".join(self.channels))
        stack = self.pixels[self.channels.index(role)]
        plane_or_stack: NDArray[np.generic] = stack[0] if self.n_planes == 1 else stack
        return plane_or_stack

    def channel(self, role: str) -> NDArray[np.float32]:
        """Counts of a channel as float32, not rescaled; shaped as `raw`."""
        return self.raw(role).astype(np.float32)

    def counts(self, role: str, window: Window) -> NDArray[np.float32]:
        """Counts of a window of a channel as float32; shaped as `raw`."""
        return self.raw(role)[..., *window].astype(np.float32)


def _listed(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    check_kind("findings", findings, Sequence)
    for finding in findings:
        check_kind("findings", finding, Finding)
    return tuple(findings)


def window_shape(window: Window) -> tuple[int, int]:
    """Height and width of a window.

    Examples
    --------
    >>> from fishcount.image import window_shape
    >>> window_shape((slice(10, 30), slice(5, 25)))
    (20, 20)
    """
    rows, columns = window
    return rows.stop - rows.start, columns.stop - columns.start


def project(stack: NDArray[Counts]) -> NDArray[Counts]:
    """Maximum over planes of a (z, y, x) stack; a single plane (y, x) comes back as it is."""
    return stack if stack.ndim == 2 else stack.max(axis=0)
