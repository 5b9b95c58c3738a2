"""`inspect_file`: what a file says about itself, and what is wrong with it, without its pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from fishcount.errors import ChannelError, FishcountError, check_kind
from fishcount.flags import FLAGS, Finding
from fishcount.io.calibration import pixel_size, z_step
from fishcount.io.optics import settled_optics
from fishcount.io.roles import assign_roles, guess_role
from fishcount.io.series import Series
from fishcount.io.source import foreign_errors_as_ours, open_source
from fishcount.optics import KnownOptics
from fishcount.settings import ReadingSettings

__all__ = ["FileReport", "inspect_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What `inspect_file` found.

    Attributes
    ----------
    path : str
    format : str
        Empty when the file is of no known kind.
    series : tuple of Series
        The images, as far as they could be made out.
    faults : tuple of FishcountError
        Why the file cannot be read as it is: structure, metadata, calibration.
    notes : tuple of str
        What the caller will have to say to read it: channels, pixel size.
    findings : tuple of Finding
        What is doubtful about it.
    """

    path: str
    format: str
    series: tuple[Series, ...]
    faults: tuple[FishcountError, ...]
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """2 when something is wrong with the file, else 0."""
        return 2 if self.faults else 0

    def to_record(self) -> dict[str, Any]:
        """The report as plain data, for JSON."""
        return {
            "path": self.path,
            "format": self.format,
            "series": [_series_record(series) for series in self.series],
            "faults": [
                {"kind": type(fault).__name__, "message": fault.brief()} for fault in self.faults
            ],
            "notes": list(self.notes),
            "findings": [
                {"code": finding.code, "detail": finding.detail} for finding in self.findings
            ],
        }

    def to_text(self) -> str:
        """The report for a person, one fact in a line."""
        return "\n".join([self.path, *(f"  {name:<11} {text}" for name, text in self._lines())])

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self.format:
            yield "format", self.format
        for number, series in enumerate(self.series):
            if len(self.series) > 1:
                yield "series", f"{number} {series.name}".rstrip()
            yield from _series_lines(series)
        for finding in self.findings:
            yield "finding", f"{FLAGS[finding.code].sentence} {finding.detail}".rstrip()
        for note in self.notes:
            yield "note", note
        for fault in self.faults:
            yield "FAULT", fault.brief()


def inspect_file(path: str | Path, *, settings: ReadingSettings | None = None) -> FileReport:
    """Describe a file: axes, channels, calibration and where each came from, series and faults.

    Parameters
    ----------
    path
        Any file; one that cannot be read is a report with a fault, not an error.
    settings
        Limits of memory and pages.

    Returns
    -------
    FileReport

    Raises
    ------
    InputError
        When `path` is none.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.io import inspect_file
    >>> empty = Path(tempfile.mkdtemp()) / "empty.tif"
    >>> empty.touch()
    >>> report = inspect_file(empty)
    >>> report.exit_code, report.faults[0].problem
    (2, 'the file is empty')
    """
    check_kind("path", path, str, PathLike)
    name = ""
    series: tuple[Series, ...] = ()
    findings: tuple[Finding, ...] = ()
    faults: list[FishcountError] = []
    notes: list[str] = []
    try:
        with foreign_errors_as_ours(str(path)):
            source = open_source(path, ReadingSettings.of(settings))
            name, series, findings = source.format, source.series, source.findings
            faults += source.faults
    except FishcountError as error:
        faults.append(error)
    readable = not faults
    for one in series:
        _check_calibration(one, str(path), faults, notes)
        findings += _optics_of(one)[1]
        if readable:
            _note_roles(one, str(path), notes)
    if len(series) > 1:
        notes.append(f"{len(series)} images: choose one with --series, counting from 0")
    return FileReport(
        path=str(path),
        format=name,
        series=series,
        faults=tuple(faults),
        notes=tuple(dict.fromkeys(notes)),
        findings=tuple(dict.fromkeys(findings)),
    )


def _check_calibration(
    series: Series, path: str, faults: list[FishcountError], notes: list[str]
) -> None:
    """Calibration that is wrong is a fault; what is only missing is a note."""
    for settle, known in ((pixel_size, series.pixel_size_um), (z_step, series.z_step_um)):
        try:
            settle([series], None, file=path)
        except FishcountError as error:
            if known is None:
                notes.append(error.brief())
            else:
                faults.append(error)


def _note_roles(series: Series, path: str, notes: list[str]) -> None:
    """What the caller will have to say about the channels."""
    try:
        assign_roles(series, channels=None, rgb=None, file=path)
    except ChannelError as error:
        notes.append(error.brief())


def _series_lines(series: Series) -> Iterator[tuple[str, str]]:
    n_channels, n_planes, height, width = series.sizes
    yield "axes", f"{series.axes}{' (Q: channels or planes?)' if 'Q' in series.axes else ''}"
    yield (
        "size",
        f"{_number(n_channels, 'channel')}, {_number(n_planes, 'plane')}, "
        f"{height} x {width} pixels (y, x), {series.dtype}",
    )
    optics, _ = _optics_of(series)
    for index, name in enumerate(series.channel_names[:20]):
        role, emission_nm = guess_role(name), optics.emission_nm.get(_label(index, name))
        guessed = f" -> {role} by its name" if role else ""
        emits = f", emits {emission_nm:g} nm" if emission_nm else ""
        yield "channel", f"{index} {name or '(no name)'}{guessed}{emits}"
    yield "pixel size", _sourced(series.pixel_size_um, series.pixel_size_source)
    if n_planes > 1:
        yield "z step", _sourced(series.z_step_um, series.z_step_source)
    if optics.numerical_aperture:
        yield "objective", f"NA {optics.numerical_aperture:g}, from {series.optics_source}"


def _optics_of(series: Series) -> tuple[KnownOptics, tuple[Finding, ...]]:
    """What the file says of the optics of an image, and what of it cannot be."""
    return settled_optics(
        {
            _label(index, name): optics
            for index, (name, optics) in enumerate(
                zip(series.channel_names, series.optics, strict=False)
            )
        }
    )


def _label(index: int, name: str) -> str:
    """What a channel is called, with its number, as names may stand twice."""
    return f"{name} (channel {index})".lstrip()


def _series_record(series: Series) -> dict[str, Any]:
    optics, _ = _optics_of(series)
    return {
        "name": series.name,
        "axes": series.axes,
        "n_channels": series.sizes[0],
        "n_planes": series.sizes[1],
        "height": series.sizes[2],
        "width": series.sizes[3],
        "dtype": str(series.dtype),
        "channels": [
            {
                "index": index,
                "name": name or None,
                "role_guessed": guess_role(name),
                "emission_nm": optics.emission_nm.get(_label(index, name)),
            }
            for index, name in enumerate(series.channel_names)
        ],
        "colour": series.colour,
        "pixel_size_um": _finite(series.pixel_size_um),
        "pixel_size_source": series.pixel_size_source or None,
        "z_step_um": _finite(series.z_step_um),
        "z_step_source": series.z_step_source or None,
        "numerical_aperture": optics.numerical_aperture,
        "optics_source": (series.optics_source or None) if series.optics else None,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _sourced(value: float | None, source: str) -> str:
    return "not known" if _finite(value) is None else f"{value:g} um, from {source}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
