"""A manifest of cases: a CSV table with one row for each field, checked before anything runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any

from fishcount.batch.cells import NUMBERS, PARSERS
from fishcount.batch.job import CaseJob, FieldJob
from fishcount.errors import (
    FishcountError,
    InputError,
    MetadataError,
    SettingsError,
    check_kind,
    raise_all,
    reason_of,
)
from fishcount.guidelines import IHC_SCORES
from fishcount.image import ROLES
from fishcount.io import slug_of
from fishcount.settings import Settings, read_settings

__all__ = ["MANIFEST_COLUMNS", "read_manifest"]

MANIFEST_COLUMNS: Mapping[str, str] = {
    "case": "Name of the case and of its folder; rows of the same name are its fields.",
    "field": "Image of the field, or a pattern with {c} and {z}; from the manifest's folder.",
    "dapi": "In place of `field`: the grey file of DAPI.",
    "her2": "The grey file of HER2.",
    "cep17": "The grey file of CEP17, where there is one.",
    "channels": "Which channel of the image is what: DAPI=0;HER2=2;CEP17=1, numbers or names.",
    "rgb": "What the colours of a merge show: red=HER2;green=CEP17;blue=DAPI.",
    "pixel_size_um": "Edge of a pixel, where the file does not say.",
    "z_step_um": "Distance of planes, where the file does not say.",
    "axes": "Order of the axes, where the file does not say.",
    "series": "Which image of a file that holds several, from 0.",
    "offset_counts": "Added to signed pixels.",
    "roi": "Region to be scored: GeoJSON, or shapes of napari.",
    "labels": "Your own segmentation.",
    "ihc": "IHC score of the case: 0, 1+, 2+ or 3+.",
    "faint_staining": "yes or no: IHC 0 with faint membranes in at most 10 % of cells.",
    "settings": "Settings of the case as TOML, in place of those of the batch.",
}
"""Columns that a manifest may have; ``case`` and an image it must have."""

_ROLE_COLUMNS = {role.lower(): role for role in ROLES}
_CASE_COLUMNS = ("ihc", "faint_staining", "settings")
# Other names under which people write the image of a row.
_OTHER_NAMES = dict.fromkeys(("image", "file", "path", "filename", "bild", "datei"), "field")
# With such a line a table tells a spreadsheet which character separates its cells.
_SEPARATOR_LINE = re.compile(r"\"?sep=[,;\t]\"?")
_YES_NO = {"yes": True, "no": False}


@dataclass(slots=True)
class _Case:
    """A case while its rows are read."""

    name: str
    fields: list[FieldJob] = field(default_factory=list)
    told: dict[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    """What has been seen so far, and every fault: a person wants to mend all at once."""

    path: Path
    cases: dict[str, _Case] = field(default_factory=dict)
    seen: dict[tuple[Path, int | None], int] = field(default_factory=dict)
    faults: list[FishcountError] = field(default_factory=list)

    def fault(self, problem: str, line: int, column: str = "", **facts: Any) -> None:
        """Note a fault of a line."""
        place = f"line {line}, {column}" if column else f"line {line}"
        self.faults.append(MetadataError(problem, file=self.path, field=place, **facts))


def read_manifest(
    path: str | Path,
    *,
    like: FieldJob | None = None,
    settings: Settings | None = None,
) -> tuple[CaseJob, ...]:
    r"""The cases of a manifest, in the order in which they first appear.

    Parameters
    ----------
    path
        CSV in UTF-8 with a header; one row for each field, columns of `MANIFEST_COLUMNS`. Cells
        are parted by commas, or by semicolons or tabs; then numbers may have a decimal comma.
        Paths start from its folder. An empty cell is as if the column were not there. What
        concerns the case (``ihc``, ``faint_staining``, ``settings``) may stand in one of its
        rows or in all.
    like
        What is true of every image that the row does not say.
    settings
        Settings of cases that have none of their own; the defaults where not given.

    Returns
    -------
    tuple of CaseJob

    Raises
    ------
    InputError
        When it cannot be read.
    MetadataError
        Every fault with its line: unknown columns, cells that hold a wrong value, a field that
        is there twice, rows of a case that contradict each other.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.batch import read_manifest
    >>> manifest = Path(tempfile.mkdtemp()) / "cases.csv"
    >>> _ = manifest.write_text("case,field,ihc\na,a1.tif,2+\na,a2.tif,\nb,b1.tif,\n")
    >>> [(job.name, len(job.fields), job.ihc) for job in read_manifest(manifest)]
    [('a', 2, '2+'), ('b', 1, None)]
    """
    check_kind("path of a manifest", path, str, PathLike)
    path = Path(path)
    reading = _Reading(path)
    for line, cells in _rows(path):
        _take(reading, line, cells, like)
    jobs = [_job(reading, case, Settings.of(settings)) for case in reading.cases.values()]
    raise_all(reading.faults)
    if not jobs:
        raise MetadataError(
            "no cases in it",
            file=path,
            remedy="write one row for each field",
        )
    return tuple(jobs)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells that are not empty, row by row."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError("cannot be read", file=path, found=reason_of(error)) from error
    except UnicodeDecodeError as error:
        raise MetadataError(
            "is not a manifest: it is not UTF-8",
            file=path,
            found=str(error),
            remedy="save a table as CSV UTF-8; the images of one case go to fishcount score",
        ) from error
    except ValueError as error:  # A path with a NUL in it.
        raise InputError("cannot be read", file=path, found=str(error)) from error
    first, _, rest = text.partition("\n")
    if _SEPARATOR_LINE.fullmatch(first.strip("\r ")):
        # An empty line in its place, so that lines keep their numbers.
        text, first = "\n" + rest, rest.partition("\n")[0]
    mark = _separator(first)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
    try:
        header = [name.strip() for name in next((row for row in reader if row), [])]
        _check_header(header, path)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise MetadataError(
                    "another number of cells than the header",
                    file=path,
                    field=f"line {reader.line_num}",
                    found=len(cells),
                    expected=len(header),
                    remedy="put a cell that holds the separator in double quotes",
                )
            named = {
                name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()
            }
            if mark != ",":
                named |= {name: named[name].replace(",", ".") for name in NUMBERS & named.keys()}
            yield reader.line_num, named
    except csv.Error as error:
        raise MetadataError(
            "is not CSV", file=path, field=f"line {reader.line_num}", found=str(error)
        ) from error


def _separator(header: str) -> str:
    """What parts the cells; spreadsheets of many countries write semicolons, and decimal commas."""
    return next((mark for mark in ",;\t" if mark in header), ",")


def _check_header(header: list[str], path: Path) -> None:
    unknown = [name for name in header if name not in MANIFEST_COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    if unknown:
        raise MetadataError(
            "unknown columns",
            file=path,
            field="line 1",
            found=", ".join(map(repr, unknown)),
            expected=", ".join(MANIFEST_COLUMNS),
            remedy=_meant(unknown),
        )
    if twice:
        raise MetadataError(
            "a column is there twice",
            file=path,
            field="line 1",
            found=twice[0],
            remedy="name each column once",
        )
    if "case" not in header or not {"field", "dapi"} & set(header):
        raise MetadataError(
            "columns are missing",
            file=path,
            field="line 1",
            found=", ".join(header) or "an empty file",
            expected="case, and field or dapi and her2",
        )


def _meant(unknown: list[str]) -> str | None:
    """Which columns were meant, where names are close to theirs."""
    close = {
        name: [_OTHER_NAMES[name.lower()]]
        if name.lower() in _OTHER_NAMES
        else get_close_matches(name.lower(), MANIFEST_COLUMNS, n=1)
        for name in unknown
    }
    meant = [f"{found[0]} for {name!r}" for name, found in close.items() if found]
    return f"write {', '.join(meant)}" if meant else None


def _take(reading: _Reading, line: int, cells: dict[str, str], like: FieldJob | None) -> None:
    case = _case(reading, line, cells.get("case", ""))
    described = _field(reading, line, cells, like)
    if case is None or described is None:
        return
    case.fields.append(described)
    for column in _CASE_COLUMNS:
        if column not in cells:
            continue
        value, first = case.told.setdefault(column, (cells[column], line))
        if value != cells[column]:
            reading.fault(
                "rows of a case contradict each other",
                line,
                column,
                found=cells[column],
                expected=f"{value}, as in line {first}",
            )


def _case(reading: _Reading, line: int, name: str) -> _Case | None:
    if not name:
        reading.fault("no name of a case", line, "case")
        return None
    if slug_of(name) != name:
        reading.fault(
            "is not a plain name of a folder",
            line,
            "case",
            found=repr(name),
            remedy="use the letters A to Z, digits, _, - and .",
        )
        return None
    case = reading.cases.setdefault(name.lower(), _Case(name))
    if case.name != name:
        reading.fault(
            "names of cases differ in case only", line, "case", found=name, expected=case.name
        )
        return None
    return case


def _field(
    reading: _Reading, line: int, cells: dict[str, str], like: FieldJob | None
) -> FieldJob | None:
    files = _files(reading, line, cells)
    if files is None:
        return None
    values: dict[str, Any] = {"files": files}
    if not isinstance(files, Path):  # a grey file needs no word on its channels
        values |= {"channels": None, "rgb": None}
    for column, parse in PARSERS.items():
        if column in cells:
            try:
                values[column] = parse(cells[column])
            except ValueError as error:
                reading.fault(str(error), line, column, found=repr(cells[column]))
    for column in ("roi", "labels"):
        if column in cells:
            values[column] = reading.path.parent / cells[column]
    described = replace(like or FieldJob(files=files), **values)
    for path in described.paths:
        first = reading.seen.setdefault((path.absolute(), described.series), line)
        if first != line:
            reading.fault(f"the same field as in line {first}", line, found=path)
            return None
    return described


def _files(reading: _Reading, line: int, cells: dict[str, str]) -> Path | dict[str, Path] | None:
    folder = reading.path.parent
    roles = {role: folder / cells[name] for name, role in _ROLE_COLUMNS.items() if name in cells}
    if "field" in cells and not roles:
        return folder / cells["field"]
    if {"DAPI", "HER2"} <= set(roles) and "field" not in cells:
        return roles
    reading.fault(
        "one image is needed, or grey files of DAPI and HER2",
        line,
        found=", ".join(name for name in ("field", *_ROLE_COLUMNS) if name in cells) or "neither",
    )
    return None


def _job(reading: _Reading, case: _Case, settings: Settings) -> CaseJob:
    told = case.told
    values: dict[str, Any] = {}
    if "ihc" in told:
        value, line = told["ihc"]
        values["ihc"] = value
        if value not in IHC_SCORES:
            reading.fault("no IHC score", line, "ihc", found=value, expected=", ".join(IHC_SCORES))
    if "faint_staining" in told:
        value, line = told["faint_staining"]
        values["faint_staining"] = _YES_NO.get(value.lower())
        if value.lower() not in _YES_NO:
            reading.fault("neither yes nor no", line, "faint_staining", found=value)
    if "settings" in told:
        value, line = told["settings"]
        try:
            settings = read_settings(reading.path.parent / value)
        except SettingsError as error:
            reading.fault(str(error), line, "settings")
    return CaseJob(name=case.name, fields=tuple(case.fields), settings=settings, **values)
