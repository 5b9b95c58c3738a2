"""The case folder, read: what a scored case leaves on the disk, for people and other programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
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
    check_kind,
    reason_of,
)
from fishcount.io.text import read_csv, read_json
from fishcount.records import CASE_FIGURES
from fishcount.settings import Settings, parse_settings
from fishcount.tables import (
    NUCLEI_COLUMNS,
    NUCLEUS_FIGURES,
    SCHEMA_VERSION,
    SIGNAL_FIGURES,
    SIGNALS_COLUMNS,
)

__all__ = ["REPORT", "THUMBNAIL", "CaseFolder", "is_field_name", "read_case_folder"]

_REQUIRED_KEYS = (
    "schema_version",
    "case",
    "fields",
    *CASE_FIGURES,
    "intervals_95",
    "categories",
    "flags",
    "software",
    "settings_sha256",
)
# What a reviewed table says beside the columns of every table.
_REVIEW_WORDS = ("review", "note")
_REMEDY = "is this a case folder of fishcount score?"
REPORT = "report.html"
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

    @classmethod
    def of(cls, folder: str | Path | CaseFolder) -> CaseFolder:
        """A case folder that lies at a path; one that was read already comes back as it is.

        Raises
        ------
        InputError, MetadataError
            As `read_case_folder`.
        """
        return folder if isinstance(folder, CaseFolder) else read_case_folder(folder)

    def settings(self) -> Settings:
        """The settings of the run, from ``settings.toml``.

        Raises
        ------
        SettingsError
            When they cannot be read.
        """
        return parse_settings(self.settings_toml, source=str(self.path / "settings.toml"))

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


def read_case_folder(path: str | Path) -> CaseFolder:
    """Read a case folder and check that it keeps the contract.

    Raises
    ------
    InputError
        When it is not a folder, or a file of it is missing.
    MetadataError
        When a file is malformed, a key or column is missing, or the tables name other fields
        than the summary.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.io import read_case_folder
    >>> folder = example_case()
    >>> case = read_case_folder(folder)
    >>> int(case.label_image("field_1").max()) == len(case.nuclei)
    True
    """
    check_kind("path of a case folder", path, str, PathLike)
    path = Path(path)
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise InputError(
            "no such case folder",
            file=path,
            found=found,
            remedy="name the folder that fishcount score --out wrote",
        )
    summary = read_json(path / "summary.json", remedy=_REMEDY)
    _check_summary(summary, path / "summary.json")
    names = [field["name"] for field in summary["fields"]]
    labels = {name: path / "labels" / f"{name}.tif" for name in names}
    for file in labels.values():
        if not file.is_file():
            raise InputError(
                "a label image is missing",
                file=file,
                remedy="copy the whole folder again, or score the case anew",
            )
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
        provenance=read_json(provenance_file) if provenance_file.exists() else {},
    )


def is_field_name(name: str) -> bool:
    """Whether a name can be that of a file on any system, and of nothing outside its folder."""
    return _FILE_NAME.fullmatch(name) is not None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            "cannot be read",
            file=path,
            found=reason_of(error),
            remedy=_REMEDY,
        ) from error


def _check_summary(summary: dict[str, Any], path: Path) -> None:
    missing = [key for key in _REQUIRED_KEYS if key not in summary]
    if missing:
        raise MetadataError(
            "keys are missing",
            file=path,
            found=", ".join(missing),
            remedy="copy the whole folder again, or score the case anew",
        )
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
        if not is_field_name(field["name"]):
            raise MetadataError(
                "the name of a field is not a file name", file=path, found=repr(field["name"])
            )


def _table(
    path: Path, schema: Mapping[str, str], names: list[str], *, optional: tuple[str, ...]
) -> pd.DataFrame:
    data = _bytes(path)
    try:
        table = read_csv(data, schema=schema, optional=optional, words=_REVIEW_WORDS)
    except FishcountError:
        raise
    except Exception as error:  # pandas raises classes of its own
        raise MetadataError(
            "not the table that it should be",
            file=path,
            found=str(error),
            remedy="put back the file as it was written, or score the case anew",
        ) from error
    strangers = sorted(set(table["field"]) - set(names))
    if strangers:
        raise MetadataError(
            "fields that the summary does not have", file=path, found=", ".join(strangers[:3])
        )
    return table
