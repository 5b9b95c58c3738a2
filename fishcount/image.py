"""A FISH field in memory: channels by role, axes, calibration, and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import CalibrationError, ChannelError, MetadataError, PixelError
from fishcount.flags import Finding
from fishcount.optics import KnownOptics

__all__ = ["DAPI", "PROBES", "ROLES", "FishImage", "Window", "check_calibration", "project"]

DAPI = "DAPI"
PROBES = ("HER2", "CEP17")
ROLES = (DAPI, *PROBES)

Window = tuple[slice, slice]
"""Rows and columns of a part of an image, both with start and stop."""

Counts = TypeVar("Counts", bound=np.generic)

# Finer than under a 100x objective to the overview of a slide scanner; others have a wrong unit.
PLAUSIBLE_PIXEL_UM = (0.01, 5.0)
PLAUSIBLE_STEP_UM = (0.01, 50.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FishImage:
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
        The region to be scored; None is everything.
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
        roi: NDArray[np.bool_] | None = None,
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
            Role of each channel in order: "DAPI" and at least one of "HER2" and "CEP17".
        pixel_size_um
            Edge of a pixel in the sample.
        z_step_um
            Distance of planes; needed when there is more than one.
        name, path, sha256, roi, findings, files, optics
            See the attributes; the hash is made from the pixels when not given.

        Raises
        ------
        MetadataError, ChannelError, CalibrationError, PixelError
            When the axes do not fit the array, a role is unknown, doubled or lacking, a size is
            not plausible, a pixel is negative, NaN, infinite or masked, or a channel was
            rescaled to 0 to 1.

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
        if np.ma.is_masked(array):
            raise PixelError(
                "masked pixels",
                file=name,
                remedy="give all pixels, and what is to be scored as roi",
            )
        stack = _as_czyx(np.asarray(array), axes, name)
        roles = _checked_roles(channels, stack.shape[0], name)
        _check_pixels(stack, roles, name)
        check_calibration(pixel_size_um, z_step_um, n_planes=stack.shape[1], name=name)
        if roi is not None and roi.shape != stack.shape[-2:]:
            raise MetadataError(
                "the region has another size than the image",
                file=name,
                found=roi.shape,
                expected=stack.shape[-2:],
            )
        stack.flags.writeable = False
        return cls(
            pixels=stack,
            channels=roles,
            pixel_size_um=float(pixel_size_um),
            z_step_um=None if z_step_um is None else float(z_step_um),
            name=name,
            path=path,
            sha256=hashlib.sha256(stack.tobytes()).hexdigest() if sha256 is None else sha256,
            roi=roi,
            findings=tuple(findings),
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


def project(stack: NDArray[Counts]) -> NDArray[Counts]:
    """Maximum over planes of a (z, y, x) stack; a single plane (y, x) comes back as it is."""
    return stack if stack.ndim == 2 else stack.max(axis=0)


def check_calibration(
    pixel_size_um: float | None, z_step_um: float | None, *, n_planes: int, name: str
) -> None:
    """Raise CalibrationError where a size that is needed is lacking or not plausible."""
    _check_size("pixel size", pixel_size_um, PLAUSIBLE_PIXEL_UM, name, "--pixel-size-um")
    if n_planes > 1:
        _check_size("plane distance", z_step_um, PLAUSIBLE_STEP_UM, name, "--z-step-um")


def _as_czyx(array: NDArray[np.generic], axes: str, name: str) -> NDArray[np.generic]:
    axes = axes.upper()
    if len(set(axes)) != len(axes) or not {"Y", "X"} <= set(axes) <= set("CZYX"):
        raise MetadataError(
            "axes", file=name, found=repr(axes), expected="a permutation of YX, CYX, ZYX or ZCYX"
        )
    if len(axes) != array.ndim:
        raise MetadataError(
            "axes do not fit the array", file=name, found=f"{axes} for shape {array.shape}"
        )
    if 0 in array.shape:
        raise MetadataError("the image has no pixels", file=name, found=array.shape)
    order = [axes.index(axis) for axis in "CZYX" if axis in axes]
    stack = array.transpose(order)
    for position, axis in enumerate("CZ"):
        if axis not in axes:
            stack = np.expand_dims(stack, position)
    return np.array(stack, copy=True, order="C")


def _checked_roles(channels: Sequence[str], n_channels: int, name: str) -> tuple[str, ...]:
    roles = tuple(channels)
    if len(roles) != n_channels:
        raise ChannelError(
            "number of channel roles", file=name, found=len(roles), expected=n_channels
        )
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise ChannelError(
            f"unknown channel {unknown[0]!r}", file=name, expected=" or ".join(ROLES)
        )
    if len(set(roles)) != len(roles):
        raise ChannelError("a role is named twice", file=name, found=", ".join(roles))
    if DAPI not in roles or "HER2" not in roles:
        lacking = DAPI if DAPI not in roles else "HER2"
        raise ChannelError(
            f"no {lacking} channel",
            file=name,
            found=", ".join(roles),
            remedy=f"name it with --channel {lacking}=NAME",
        )
    return roles


def _check_pixels(stack: NDArray[np.generic], roles: tuple[str, ...], name: str) -> None:
    if stack.dtype.kind not in "uif":
        raise PixelError(
            "pixels are no camera counts", file=name, found=stack.dtype, expected="numbers"
        )
    for role, channel in zip(roles, stack, strict=True):
        if channel.dtype.kind == "f" and not np.isfinite(channel).all():
            bad = ~np.isfinite(channel)
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            raise PixelError(
                "NaN or infinite pixels",
                file=name,
                field=role,
                found=f"{int(bad.sum())}, the first at (z, y, x) = {first}",
            )
        if channel.dtype.kind == "f" and 0 < channel.max() <= 1:
            raise PixelError(
                "pixels from 0 to 1 are no camera counts",
                file=name,
                field=role,
                found=f"maximum {channel.max():.6g}",
                remedy="give the counts as they were stored, not rescaled",
            )
        if channel.dtype.kind in "if" and channel.min() < 0:
            raise PixelError(
                "negative pixels", file=name, field=role, found=f"minimum {channel.min()}"
            )


def _check_size(
    what: str, value: float | None, plausible: tuple[float, float], name: str, option: str
) -> None:
    low, high = plausible
    if value is None:
        raise CalibrationError(f"no {what}", file=name, remedy=f"give it with {option}")
    if not low <= value <= high:
        raise CalibrationError(
            f"{what} is not plausible",
            file=name,
            found=f"{value} um",
            expected=f"{low} to {high} um",
            remedy=f"give it with {option}",
        )
