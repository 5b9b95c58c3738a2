"""The channels of a field, from a file or one for each: found, checked, and not yet read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import (
    CalibrationError,
    ChannelError,
    FishcountError,
    InputError,
    MetadataError,
    raise_all,
)
from fishcount.flags import Finding
from fishcount.image import ROLES, Window
from fishcount.io.axes import OneSeries, with_axes
from fishcount.io.calibration import overruled, pixel_size, z_step
from fishcount.io.files import sha256_of
from fishcount.io.optics import ChannelOptics, settled_optics
from fishcount.io.options import ReadingOptions
from fishcount.io.pixels import as_counts
from fishcount.io.roles import assign_roles, check_roles
from fishcount.io.series import Series
from fishcount.io.source import open_source
from fishcount.optics import KnownOptics
from fishcount.settings import ReadingSettings

__all__ = ["OpenedChannels", "Paths", "label_of", "open_channels"]

Paths = str | Path | Mapping[str, str | Path]

# Index of a channel that its file stores as RGB.
_ALL_COLOURS = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedChannels:
    """The channels of a field: described, checked against each other, and not yet read.

    Attributes
    ----------
    label : str
        The file or files, for messages.
    parts : tuple of _Part
        One for each role, in the order of the roles.
    pixel_size_um : float
    z_step_um : float or None
    offset_counts : float or None
    optics : KnownOptics
        What the files say of objective and dyes.
    doubts : tuple of Finding
        What of that cannot be, and what the caller said otherwise.
    """

    label: str
    parts: tuple[_Part, ...]
    pixel_size_um: float
    z_step_um: float | None
    offset_counts: float | None
    optics: KnownOptics
    doubts: tuple[Finding, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """Role of each channel."""
        return tuple(part.role for part in self.parts)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Planes, height, width."""
        return self.parts[0].one.chosen.sizes[1:]

    @property
    def nbytes(self) -> int:
        """Bytes of the pixels of all channels."""
        n_pixels = self.sizes[0] * self.sizes[1] * self.sizes[2]
        return sum(n_pixels * part.one.chosen.dtype.itemsize for part in self.parts)

    @property
    def reads_windows(self) -> bool:
        """Whether windows of all channels are read without the rest."""
        return all(
            part.one.source.reads_windows and part.index != _ALL_COLOURS for part in self.parts
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings about the files, each once."""
        found = [finding for part in self.parts for finding in part.findings]
        return tuple(dict.fromkeys([*found, *self.doubts]))

    def hashes(self) -> dict[str, str]:
        """Hash of every file that pixels come from, in the order of the roles."""
        paths = dict.fromkeys(file for part in self.parts for file in part.one.files)
        return {str(path): sha256_of(path) for path in paths}

    def read(self, role: str, window: Window | None = None) -> NDArray[np.generic]:
        """Counts (z, y, x) of one channel, or of a window of it."""
        part = self.parts[self.roles.index(role)]
        if part.index == _ALL_COLOURS:
            colours = part.one.read(range(part.one.chosen.sizes[0]), window=window)
            pixels = _one_colour(colours, part)
        else:
            pixels = part.one.read([part.index], window=window)[0]
        return as_counts(pixels, role=role, file=self.label, offset_counts=self.offset_counts)


def open_channels(
    path: Paths, options: ReadingOptions, *, limits: ReadingSettings
) -> OpenedChannels:
    """Find the channels of a field and all that is said about it; takes what `read_image` takes.

    Raises
    ------
    InputError
        As `read_image`, but for what only pixels can show.
    """
    label = label_of(path)
    for file in path.values() if isinstance(path, Mapping) else [path]:
        if not isinstance(file, str | PathLike) or isinstance(file, bytes):
            raise InputError(
                "a field is read from its path",
                found=type(file).__name__,
                expected="a path, or a mapping of roles to paths",
                remedy="read several fields one by one; pixels that are in memory become an "
                "image by FishImage.from_array",
            )
    try:
        if isinstance(path, Mapping):
            parts = _parts_of_files(path, options, limits, label)
        else:
            parts = _parts_of_file(path, options, limits)
        _check_shapes(parts, label)
    except InputError as error:
        # A caller who has to name channels is told of a missing pixel size in the same message.
        claimed = _claimed(path, options.series, limits)
        more = _calibrated(claimed, options, label)[2] if claimed else []
        raise_all([error, *more])
        raise
    described = [part.one.chosen for part in parts]
    size, step, faults = _calibrated(described, options, label)
    raise_all(faults)
    optics, doubts = settled_optics({part.role: part.optics for part in parts})
    doubts += overruled(described, pixel_size_um=options.pixel_size_um, z_step_um=options.z_step_um)
    return OpenedChannels(
        label=label,
        parts=tuple(parts),
        pixel_size_um=size,
        z_step_um=step,
        offset_counts=options.offset_counts,
        optics=optics,
        doubts=doubts,
    )


def _calibrated(
    described: Sequence[Series], options: ReadingOptions, label: str
) -> tuple[float, float | None, list[FishcountError]]:
    """Pixel size and plane distance, and what is wrong with them."""
    size, step, faults = math.nan, None, list[FishcountError]()
    try:
        size = pixel_size(described, options.pixel_size_um, file=label)
    except CalibrationError as error:
        faults.append(error)
    try:
        step = z_step(described, options.z_step_um, file=label)
    except CalibrationError as error:
        faults.append(error)
    return size, step, faults


def _claimed(path: Paths, series: int | None, limits: ReadingSettings) -> list[Series]:
    """What files that cannot be read as they are say about themselves, as far as they do."""
    found = []
    for file in path.values() if isinstance(path, Mapping) else [path]:
        try:
            described = open_source(file, limits).series
        except InputError:
            continue
        if (len(described) == 1 or series is not None) and (series or 0) in range(len(described)):
            found.append(described[series or 0])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One channel to be read: its role, where it lies, and what was found out about it."""

    role: str
    one: OneSeries
    index: int
    findings: tuple[Finding, ...]

    @property
    def optics(self) -> ChannelOptics:
        """Optics of this channel, as its file describes them."""
        optics = self.one.chosen.optics
        return optics[self.index] if 0 <= self.index < len(optics) else ChannelOptics()


def _parts_of_file(
    path: str | Path, options: ReadingOptions, limits: ReadingSettings
) -> list[_Part]:
    channels = options.channels
    one = _opened(path, options.series, limits)
    n_named = None if channels is None else len(channels)
    one = with_axes(one, options.axes, n_channels=n_named)
    if one.chosen.axes.startswith("Q") and isinstance(channels, Mapping):
        _check_explained(one, len(channels))
    indices, guessed = assign_roles(one.chosen, channels=channels, rgb=options.rgb, file=str(path))
    return [
        _Part(role=role, one=one, index=indices[role], findings=(*one.findings, *guessed))
        for role in ROLES
        if role in indices
    ]


def _parts_of_files(
    files: Mapping[str, str | Path], options: ReadingOptions, limits: ReadingSettings, label: str
) -> list[_Part]:
    if options.channels is not None or options.rgb is not None:
        raise ChannelError("the files name the channels already", file=label)
    check_roles(files, label)
    parts = []
    for role in ROLES:
        if role not in files:
            continue
        one = _opened(files[role], options.series, limits)
        unexplained = one.chosen.axes.startswith("Q")
        one = with_axes(one, options.axes or ("ZYX" if unexplained else None), n_channels=1)
        if one.chosen.sizes[0] != 1 and not one.chosen.colour:
            raise ChannelError(
                f"several channels in the file of {role}",
                file=one.path,
                found=", ".join(one.chosen.channel_names),
                expected="one",
                remedy="read this file alone, with its channels named",
            )
        index = _ALL_COLOURS if one.chosen.colour else 0
        findings = tuple(f for f in one.findings if f.code != "COLOUR_MERGE")
        parts.append(_Part(role=role, one=one, index=index, findings=findings))
    paths = [part.one.path.resolve() for part in parts]
    if len(set(paths)) != len(paths):
        raise ChannelError("one file for two roles", file=label)
    return parts


def _opened(path: str | Path, series: int | None, limits: ReadingSettings) -> OneSeries:
    source = open_source(path, limits)
    raise_all(source.faults)
    if series is None and len(source.series) != 1:
        raise MetadataError(
            f"{len(source.series)} images in one file",
            file=path,
            found="; ".join(f"{i}: {s.axes} {s.sizes}" for i, s in enumerate(source.series)),
            expected="one",
            remedy="choose one with --series, counting from 0",
        )
    index = series or 0
    if not 0 <= index < len(source.series):
        raise MetadataError(
            "no such series",
            file=path,
            field="--series",
            found=index,
            expected=f"0 to {len(source.series) - 1}",
        )
    return OneSeries(source=source, index=index, chosen=source.series[index])


def _check_explained(one: OneSeries, n_named: int) -> None:
    """Pages of an unknown axis: channel numbers mean nothing until it is known."""
    n_pages = one.chosen.sizes[0]
    if n_pages != n_named and not any(one.chosen.channel_names):
        raise MetadataError(
            f"are its {n_pages} pages channels or planes?",
            file=one.path,
            remedy="say it with --axes CYX, ZCYX or CZYX",
        )


def _check_shapes(parts: Sequence[_Part], label: str) -> None:
    sizes = {part.role: part.one.chosen.sizes[1:] for part in parts}
    if len(set(sizes.values())) > 1:
        raise MetadataError(
            "the channels differ in shape",
            file=label,
            found=", ".join(f"{role} {size}" for role, size in sizes.items()),
            expected="the same (z, y, x)",
            remedy="export them again together",
        )


def _one_colour(pixels: NDArray[np.generic], part: _Part) -> NDArray[np.generic]:
    """The channel of a file that holds it as RGB: all colours the same, or all but one zero."""
    colours: list[NDArray[np.generic]] = list(pixels[:3])
    if np.array_equal(colours[0], colours[1]) and np.array_equal(colours[0], colours[2]):
        return colours[0]
    lit = [colour for colour in colours if colour.any()]
    if len(lit) == 1:
        return lit[0]
    raise ChannelError(
        f"a colour merge given as the file of {part.role}",
        file=part.one.path,
        expected="one grey channel",
        remedy="read the merge alone with --rgb",
    )


def label_of(path: Paths) -> str:
    """The file or files of a field, for messages."""
    if isinstance(path, Mapping):
        return "; ".join(f"{role}={file}" for role, file in path.items())
    return str(path)
