"""The case folder: what a scored case leaves on the disk, for people and other programs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray

from fishcount.errors import (
    CorruptFileError,
    FishcountError,
    InputError,
    MetadataError,
    OutputError,
)
from fishcount.io.atomic import WritesFile, atomic_folder, replace_file
from fishcount.io.files import sha256_of
from fishcount.io.label_image import LabelSource, label_bytes, write_label_tiles
from fishcount.io.text import csv_bytes, json_bytes, read_csv
from fishcount.tables import (
    NUCLEI_COLUMNS,
    NUCLEUS_FIGURES,
    SCHEMA_VERSION,
    SIGNAL_FIGURES,
    SIGNALS_COLUMNS,
)

__all__ = [
    "THUMBNAIL",
    "CaseFolder",
    "put_file",
    "put_report",
    "read_case_folder",
    "write_case_folder",
]

_REQUIRED_KEYS = (
    "schema_version",
    "case",
    "fields",
    "n_scored",
    "her2_signals",
    "cep17_signals",
    "mean_her2_per_nucleus",
    "mean_cep17_per_nucleus",
    "her2_cep17_ratio",
    "intervals_95",
    "categories",
    "flags",
    "software",
    "settings_sha256",
)
_REPORT = "report.html"
THUMBNAIL = "thumbnail.jpg"
_FILE_NAME = re.compile(r"[^\x00-\x1f\\/:*?\"<>|.][^\x00-\x1f\\/:*?\"<>|]{0,199}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseFolder:
    """A case folder that was read and found whole.

    Attributes
    ----------
    path : Path
    summary : dict
        The content of ``summary.json``.
    nuclei, signals : DataFrame
        Columns of `fishcount.tables`, and any further ones.
    labels : mapping of str to Path
        Label image of each field.
    settings_toml : str
    provenance : dict
        Empty where there is none.
    """

    path: Path
    summary: dict[str, Any]
    nuclei: pd.DataFrame
    signals: pd.DataFrame
    labels: Mapping[str, Path]
    settings_toml: str
    provenance: dict[str, Any]

    def label_image(self, field: str) -> NDArray[np.int32]:
        """Label image (y, x) of a field; its values are `nucleus` of the tables.

        Raises
        ------
        InputError
            When there is no such field.
        CorruptFileError
            When the file does not decode.
        """
        if field not in self.labels:
            raise InputError(f"no field {field!r}", file=self.path, found=", ".join(self.labels))
        path = self.labels[field]
        try:
            labels: NDArray[np.int32] = tifffile.imread(path).astype(np.int32)
        except Exception as error:
            raise CorruptFileError("does not decode", file=path, found=str(error)) from error
        return labels


def write_case_folder(
    out: str | Path,
    *,
    summary: Mapping[str, Any],
    nuclei: pd.DataFrame,
    signals: pd.DataFrame,
    labels: Mapping[str, NDArray[np.integer] | LabelSource],
    settings_toml: str,
    provenance: Mapping[str, Any],
    report_html: str | None = None,
    thumbnail_jpeg: bytes | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a case folder whole or not at all.

    Parameters
    ----------
    out
        Folder that is absent or empty; with `overwrite`, an earlier case folder.
    summary, nuclei, signals
        As `fishcount.tables` makes them. Text cells that a spreadsheet would run are made inert.
    labels
        Label image (y, x) of each field of the summary, by its name; or what paints windows
        of one, which is then written tile by tile.
    settings_toml
        The settings of the run, complete.
    provenance
        As `fishcount.io.provenance` makes it; hashes of the written files are added.
    report_html
        The report, where there is one.
    thumbnail_jpeg
        A small picture of a few nuclei, for pages of many cases.
    overwrite
        Whether an earlier case folder may be replaced. It is removed only when the new one is
        on the disk, and never when a reviewer has worked in it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        When the folder exists or cannot be written, or a name is no file name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount import Settings, score_case
    >>> from fishcount.io import provenance, read_case_folder, write_case_folder
    >>> from fishcount.synthetic import simulate_case
    >>> from fishcount.tables import nuclei_table, signals_table, summary_record
    >>> images = [image for image, truth in simulate_case("negative", seed=1, n_fields=1, size=256)]
    >>> case = score_case(images, name="example")
    >>> out = write_case_folder(
    ...     Path(tempfile.mkdtemp()) / "example", summary=summary_record(case),
    ...     nuclei=nuclei_table(case.fields), signals=signals_table(case.fields),
    ...     labels={field.image.name: field.nuclei.labels for field in case.fields},
    ...     settings_toml=Settings().to_toml(), provenance=provenance({}, Settings()))
    >>> read_case_folder(out).summary["case"]
    'example'
    """
    names = [field["name"] for field in summary.get("fields", [])]
    if sorted(names) != sorted(labels):
        raise OutputError(
            "label images and fields differ", file=out, found=", ".join(labels), expected=names
        )
    files = {
        "summary.json": json_bytes(summary),
        "nuclei.csv": csv_bytes(nuclei),
        "signals.csv": csv_bytes(signals),
        "settings.toml": settings_toml.encode(),
    }
    if report_html is not None:
        files[_REPORT] = _page_bytes(report_html)
    if thumbnail_jpeg is not None:
        files[THUMBNAIL] = thumbnail_jpeg
    label_files = {f"labels/{_safe(name, out)}.tif": labels[name] for name in names}
    with atomic_folder(out, overwrite=overwrite) as write:
        hashes = {}
        for name, data in files.items():
            write(name, data)
            hashes[name] = hashlib.sha256(data).hexdigest()
        for name, image in label_files.items():
            hashes[name] = sha256_of(write(name, _written(image)))
        write("provenance.json", json_bytes({**provenance, "outputs": hashes}))
    return Path(out)


def put_report(path: str | Path, report_html: str) -> Path:
    """Put a report into a case folder, as `put_file` does."""
    return put_file(path, _REPORT, data=_page_bytes(report_html))


def put_file(path: str | Path, name: str, *, data: bytes) -> Path:
    """Put a file into a case folder, in the place of an earlier one, and note its hash.

    Parameters
    ----------
    path
        The case folder.
    name
        The file, right in it.
    data
        What it holds.

    Raises
    ------
    InputError, MetadataError
        When there is no readable ``provenance.json``.
    OutputError
        When it cannot be written.
    """
    file, provenance_file = Path(path) / name, Path(path) / "provenance.json"
    record = _json(provenance_file)
    outputs = {**(record.get("outputs") or {}), name: hashlib.sha256(data).hexdigest()}
    replace_file(file, data)
    replace_file(provenance_file, json_bytes({**record, "outputs": outputs}))
    return file


def _written(labels: NDArray[np.integer] | LabelSource) -> bytes | WritesFile:
    """The bytes of a label image, or what writes them to a file."""
    if isinstance(labels, np.ndarray):
        return label_bytes(labels)
    source = labels
    return lambda path: write_label_tiles(path, source)


def read_case_folder(path: str | Path) -> CaseFolder:
    """Read a case folder and check that it keeps the contract.

    Raises
    ------
    InputError
        When it is no folder, or a file of it is missing.
    MetadataError
        When a file is malformed, a key or column is missing, or the tables name other fields
        than the summary.
    """
    path = Path(path)
    if not path.is_dir():
        raise InputError("no such case folder", file=path)
    summary = _json(path / "summary.json")
    _check_summary(summary, path / "summary.json")
    names = [field["name"] for field in summary["fields"]]
    labels = {name: path / "labels" / f"{name}.tif" for name in names}
    for file in labels.values():
        if not file.is_file():
            raise InputError("a label image is missing", file=file)
    nuclei = _table(path / "nuclei.csv", NUCLEI_COLUMNS, names, optional=NUCLEUS_FIGURES)
    signals = _table(path / "signals.csv", SIGNALS_COLUMNS, names, optional=SIGNAL_FIGURES)
    provenance_file = path / "provenance.json"
    return CaseFolder(
        path=path,
        summary=summary,
        nuclei=nuclei,
        signals=signals,
        labels=labels,
        settings_toml=_bytes(path / "settings.toml").decode("utf-8", "replace"),
        provenance=_json(provenance_file) if provenance_file.exists() else {},
    )


def _safe(name: str, out: str | Path) -> str:
    if not _FILE_NAME.fullmatch(name) or name != name.strip():
        raise OutputError(
            "the name of a field is no file name",
            file=out,
            found=repr(name),
            remedy="name fields with fishcount.io.slug_of",
        )
    return name


def _page_bytes(html: str) -> bytes:
    return html.encode("utf-8", "backslashreplace")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            "cannot be read",
            file=path,
            found=error.strerror or str(error),
            remedy="is this a case folder of fishcount score?",
        ) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(path))
    except (ValueError, RecursionError) as error:
        raise MetadataError("not JSON", file=path, found=str(error)) from error
    if not isinstance(found, dict):
        raise MetadataError("not a record", file=path, found=type(found).__name__)
    return found


def _check_summary(summary: dict[str, Any], path: Path) -> None:
    missing = [key for key in _REQUIRED_KEYS if key not in summary]
    if missing:
        raise MetadataError("keys are missing", file=path, found=", ".join(missing))
    if summary["schema_version"] != SCHEMA_VERSION:
        raise MetadataError(
            "another version of the contract",
            file=path,
            field="schema_version",
            found=summary["schema_version"],
            expected=SCHEMA_VERSION,
        )
    fields = summary["fields"]
    if not isinstance(fields, list) or not all(
        isinstance(field, dict) and isinstance(field.get("name"), str) for field in fields
    ):
        raise MetadataError("no list of named fields", file=path, field="fields")
    for field in fields:
        if not _FILE_NAME.fullmatch(field["name"]):
            raise MetadataError(
                "the name of a field is no file name", file=path, found=repr(field["name"])
            )


def _table(
    path: Path, schema: Mapping[str, str], names: list[str], *, optional: tuple[str, ...]
) -> pd.DataFrame:
    data = _bytes(path)
    try:
        table = read_csv(data, schema=schema, optional=optional)
    except FishcountError:
        raise
    except Exception as error:  # pandas raises classes of its own
        raise MetadataError(
            "not the table that it should be", file=path, found=str(error)
        ) from error
    strangers = sorted(set(table["field"]) - set(names))
    if strangers:
        raise MetadataError(
            "fields that the summary does not have", file=path, found=", ".join(strangers[:3])
        )
    return table
