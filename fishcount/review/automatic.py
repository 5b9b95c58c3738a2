"""The automatic result of a case as a review needs it: arrays, never changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from fishcount.errors import MetadataError
from fishcount.flags import FLAGS, Subject, mask_of
from fishcount.image import PROBES
from fishcount.io import CaseFolder, check_as_written, sha256_of
from fishcount.review.columns import SignalColumns, read_signals
from fishcount.review.keys import field_of, indices_of, keys_of, number_of
from fishcount.review.outline import Box, Outline
from fishcount.review.rows import Id, SignalRow
from fishcount.settings import Settings

__all__ = ["Automatic", "read_automatic"]

# Files that a review starts from; report and provenance only follow from them.
_FILES = ("summary.json", "nuclei.csv", "signals.csv", "settings.toml")


@dataclass(frozen=True, slots=True)
class _LabelField:
    labels: NDArray[np.int32]
    slices: list[tuple[slice, slice] | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Automatic:
    """A case folder as it was scored. Two are the same result when `sha256` is the same.

    Attributes
    ----------
    folder : CaseFolder
    settings : Settings
        Those of the run.
    sha256 : str
        Hash over summary, tables, label images and settings.
    fields, probes : tuple of str
    pixel_size_um : tuple of float
        Of each field.
    signals : SignalColumns
        In the order of ``signals.csv``.
    nucleus_at, signal_at : dict
        Row in the tables of each (field, number).
    nucleus_key : ndarray of int64, (n,)
        Field and number of each nucleus as one integer, in the order of ``nuclei.csv``.
    nucleus_flags : ndarray of uint32, (n,)
        Its flags as a bit mask.
    """

    folder: CaseFolder
    settings: Settings
    sha256: str
    fields: tuple[str, ...]
    probes: tuple[str, ...]
    pixel_size_um: tuple[float, ...]
    signals: SignalColumns
    nucleus_at: dict[Id, int]
    signal_at: dict[Id, int]
    nucleus_key: NDArray[np.int64]
    nucleus_flags: NDArray[np.uint32]
    _labels: dict[str, _LabelField] = field(default_factory=dict, repr=False)

    def field_index(self, name: str) -> int:
        """Place of a field in `fields`."""
        return self.fields.index(name)

    @property
    def pixel_sizes(self) -> dict[str, float]:
        """`pixel_size_um` of each field by its name."""
        return dict(zip(self.fields, self.pixel_size_um, strict=True))

    def pixel_size_of(self, name: str) -> float:
        """Edge of a pixel of a field, in micrometres."""
        return self.pixel_size_um[self.field_index(name)]

    def labels(self, name: str) -> NDArray[np.int32]:
        """Label image of a field (y, x), read once; read-only."""
        return self._label_field(name).labels

    def outline(self, nucleus: Id) -> Outline:
        """Pixels of a nucleus; empty where its label has none."""
        found = self._label_field(nucleus[0])
        rows_columns = found.slices[nucleus[1] - 1] if nucleus[1] <= len(found.slices) else None
        if rows_columns is None:
            return Outline.from_mask(np.zeros((0, 0), np.bool_))
        rows, columns = rows_columns
        return Outline.from_mask(
            found.labels[rows_columns] == nucleus[1], y0=rows.start, x0=columns.start
        )

    def box(self, nucleus: Id) -> Box | None:
        """Bounding box of a nucleus without looking at its pixels; None where it has none."""
        slices = self._label_field(nucleus[0]).slices
        found = slices[nucleus[1] - 1] if nucleus[1] <= len(slices) else None
        if found is None:
            return None
        rows, columns = found
        return rows.start, columns.start, rows.stop, columns.stop

    def highest_nucleus(self, name: str) -> int:
        """The highest number that a nucleus of the field has, in its label image or the table."""
        own = field_of(self.nucleus_key) == self.field_index(name)
        in_table = int(number_of(self.nucleus_key[own]).max(initial=0))
        return max(in_table, len(self._label_field(name).slices))

    def highest_signal(self, name: str) -> int:
        """The highest number that a signal of the field has; 0 without signals."""
        own = self.signals.field == self.field_index(name)
        return int(self.signals.number[own].max(initial=0))

    def signal(self, signal: Id) -> SignalRow:
        """A signal as a row; KeyError where there is none."""
        at = self.signal_at[signal]
        row, columns = self.folder.signals.iloc[at], self.signals
        status, into = str(row["status"]), row["merged_into"]
        return SignalRow(
            channel=str(row["channel"]),
            nucleus=int(columns.nucleus[at]),
            z_px=float(row["z_px"]),
            y_px=float(row["y_px"]),
            x_px=float(row["x_px"]),
            copies=int(columns.copies[at]) if status == "kept" else 1,
            verdict="kept" if status in ("kept", "outside") else status,
            reason="" if status in ("kept", "outside") else str(row["reason"]),
            estimate=(int(columns.below[at]), int(columns.above[at]))
            if columns.estimated[at]
            else None,
            merged_into=0 if pd.isna(into) else int(into),
        )

    def _label_field(self, name: str) -> _LabelField:
        if name not in self._labels:
            labels = self.folder.label_image(name)
            labels.flags.writeable = False
            self._labels[name] = _LabelField(labels, ndimage.find_objects(labels))
        return self._labels[name]


def read_automatic(folder: CaseFolder) -> Automatic:
    """The automatic result of a case folder.

    Raises
    ------
    MetadataError
        When the result is not as it was written, a pixel size is missing, a number occurs twice,
        or the copies of the signals do not add up to the counts of their nuclei.
    SettingsError
        When its settings cannot be read.
    """
    check_as_written(folder)
    names = [str(record["name"]) for record in folder.summary["fields"]]
    index = {name: i for i, name in enumerate(names)}
    dual = folder.summary["cep17_signals"] is not None
    probes = PROBES if dual else PROBES[:1]
    nuclei, signals = folder.nuclei, folder.signals
    nucleus_flags = _masks(nuclei["flags"])
    nucleus_key = keys_of(indices_of(nuclei["field"], index), nuclei["nucleus"].to_numpy(np.int64))
    columns = read_signals(
        folder, index, probes=probes, nucleus_key=nucleus_key, nucleus_flags=nucleus_flags
    )
    return Automatic(
        folder=folder,
        settings=folder.settings(),
        sha256=_hash(folder),
        fields=tuple(names),
        probes=probes,
        pixel_size_um=tuple(_pixel_size(folder, record) for record in folder.summary["fields"]),
        signals=columns,
        nucleus_at=_places(folder, nuclei, "nucleus"),
        signal_at=_places(folder, signals, "signal"),
        nucleus_key=nucleus_key,
        nucleus_flags=nucleus_flags,
    )


def _hash(folder: CaseFolder) -> str:
    files = [folder.path / name for name in _FILES] + list(folder.labels.values())
    hashes = {file.relative_to(folder.path).as_posix(): sha256_of(file) for file in files}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _pixel_size(folder: CaseFolder, record: dict[str, Any]) -> float:
    size = record.get("pixel_size_um") or folder.summary.get("pixel_size_um")
    if not isinstance(size, int | float):
        raise MetadataError(
            "no pixel size", file=folder.path / "summary.json", field=record["name"]
        )
    return float(size)


def _places(folder: CaseFolder, table: pd.DataFrame, column: str) -> dict[Id, int]:
    ids = zip(table["field"].tolist(), table[column].tolist(), strict=True)
    places = {(str(name), int(number)): row for row, (name, number) in enumerate(ids)}
    if len(places) < len(table):
        raise MetadataError("a number occurs twice", file=folder.path, field=column)
    return places


def _masks(flags: pd.Series[Any]) -> NDArray[np.uint32]:
    """Codes joined by semicolons to bit masks; codes of later versions are passed over."""
    known = {code for code, flag in FLAGS.items() if flag.subject is Subject.NUCLEUS}
    masks = {
        text: mask_of(code for code in str(text).split(";") if code in known)
        for text in flags.unique()
    }
    return flags.map(masks).to_numpy(np.uint32) if len(flags) else np.zeros(0, np.uint32)
