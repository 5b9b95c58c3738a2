"""One file for each plane: a path with ``{c}`` and ``{z}`` in the places of channel and plane."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import FishcountError, InputError, MetadataError, reason_of
from fishcount.flags import Finding
from fishcount.image import Window
from fishcount.io.series import Series, Source

__all__ = ["PatternSource", "is_pattern", "open_pattern"]

_PLACES = {"{c}": r"(?P<c>[A-Za-z0-9 -]+?)", "{z}": r"(?P<z>[0-9]+)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSource:
    """Files of one plane each, as one image; see `fishcount.io.series.Source`.

    Attributes
    ----------
    planes : tuple of tuple of Source
        ``planes[c][z]``.
    """

    path: Path
    format: str
    series: tuple[Series, ...]
    planes: tuple[tuple[Source, ...], ...]
    faults: tuple[FishcountError, ...]
    findings: tuple[Finding, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """All of the files, channel by channel."""
        return tuple(file for row in self.planes for source in row for file in source.files)

    @property
    def reads_windows(self) -> bool:
        """Where its files do."""
        return all(source.reads_windows for row in self.planes for source in row)

    def read(
        self, series: int, *, channels: Sequence[int], window: Window | None = None
    ) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x) of some channels."""
        return np.stack(
            [
                np.stack(
                    [
                        source.read(0, channels=[0], window=window)[0, 0]
                        for source in self.planes[channel]
                    ]
                )
                for channel in channels
            ]
        )


def is_pattern(path: str | Path) -> bool:
    """Whether a path has a place for the channel or the plane, and is not a file itself."""
    name = Path(path).name
    return any(place in name for place in _PLACES) and not Path(path).exists()


def open_pattern(path: Path, *, open_file: Callable[[Path], Source]) -> PatternSource:
    """Find the files of a pattern and describe them as one image.

    Parameters
    ----------
    path
        ``folder/field_c{c}_z{z}.tif``; what stands at ``{c}`` names the channel, ``{z}`` is a
        number. Planes are in the order of their numbers.
    open_file
        How one file is opened.

    Raises
    ------
    InputError
        When no file fits.
    MetadataError
        When a plane is missing, or a file holds more than one.
    """
    found = _files(path)
    channels = sorted({c for c, _ in found}, key=_natural)
    numbers = sorted({z for _, z in found})
    _check_complete(found, channels, numbers, path)
    planes = tuple(
        tuple(open_file(found[channel, number]) for number in numbers) for channel in channels
    )
    sources = [source for row in planes for source in row]
    faults = [fault for source in sources for fault in source.faults]
    faults = faults or _mixed(sources, path)
    findings = dict.fromkeys(finding for source in sources for finding in source.findings)
    described: tuple[Series, ...] = ()
    if not faults:
        first = sources[0].series[0]
        series = replace(
            first,
            sizes=(len(channels), len(numbers), *first.sizes[2:]),
            axes="CZYX",
            channel_names=tuple("" if name.isdecimal() else name for name in channels),
        )
        described = (series,)
    return PatternSource(
        path=path,
        format=f"{sources[0].format}, a file for each plane",
        series=described,
        planes=planes,
        faults=tuple(faults),
        findings=tuple(findings),
    )


def _files(path: Path) -> dict[tuple[str, int], Path]:
    """File of each channel and plane number."""
    if any(path.name.count(place) > 1 for place in _PLACES):
        raise InputError(
            "a place is there twice",
            file=path,
            remedy="write {c} and {z} once each",
        )
    parts = re.split(r"(\{[cz]\})", path.name)
    regex = re.compile("".join(_PLACES.get(part, re.escape(part)) for part in parts))
    try:
        names = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    except OSError as error:
        raise InputError("cannot be read", file=path.parent, found=reason_of(error)) from error
    found: dict[tuple[str, int], Path] = {}
    for name in names:
        match = regex.fullmatch(name)
        if match is None:
            continue
        places = match.groupdict()
        key = (places.get("c", "0"), int(places.get("z", 0)))
        if key in found:
            raise MetadataError(
                "two files for one plane",
                file=path,
                found=f"{found[key].name}, {name}",
                remedy="give a pattern that fits only one of them",
            )
        found[key] = path.parent / name
    if not found:
        raise InputError(
            "no file fits this pattern",
            file=path,
            remedy="{c} stands for the channel and {z} for the plane",
        )
    return found


def _check_complete(
    found: dict[tuple[str, int], Path], channels: list[str], numbers: list[int], path: Path
) -> None:
    expected = range(numbers[0], numbers[-1] + 1)
    missing = [(c, z) for c in channels for z in expected if (c, z) not in found]
    if missing:
        raise MetadataError(
            "a plane is missing",
            file=path,
            found=f"{len(found)} files, none for c={missing[0][0]}, z={missing[0][1]}",
            expected=f"{len(channels)} channels of {len(expected)} planes",
            remedy="copy all files of the field",
        )


def _mixed(sources: Sequence[Source], path: Path) -> list[FishcountError]:
    """Files that hold more than a plane, or differ in what they hold."""
    for source in sources:
        if len(source.series) != 1 or source.series[0].sizes[:2] != (1, 1):
            return [MetadataError("more than one plane in a file", file=source.path)]
    kinds = {
        (one.sizes, one.dtype, one.pixel_size_um, one.colour)
        for source in sources
        for one in source.series
    }
    if len(kinds) == 1:
        return []
    return [
        MetadataError(
            "the files differ",
            file=path,
            found="; ".join(
                f"{sizes[2]} x {sizes[3]} {dtype}, {size or 'no'} um"
                for sizes, dtype, size, _ in sorted(kinds, key=str)[:3]
            ),
            expected="the same size, type and pixel size",
        )
    ]


def _natural(name: str) -> tuple[int, str]:
    return (int(name), name) if name.isdecimal() else (0, name)
