"""A case as the report reads it: summary, tables, label images, pictures where there are any.

It comes from a result in memory or from a case folder, automatic or reviewed, and both give the
same page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from fishcount.errors import FishcountError
from fishcount.flags import FLAGS, Finding
from fishcount.image import PROBES, FishImage, Window
from fishcount.io import CaseFolder, read_scored_image
from fishcount.io.text import csv_bytes, read_csv
from fishcount.nuclei import LabelRuns, Nuclei
from fishcount.optics import KnownOptics
from fishcount.report.overview import nuclei_to_draw
from fishcount.results import CaseResult, Category
from fishcount.scoring import CaseScore, score_counts
from fishcount.settings import ScoringSettings, Settings, parse_settings
from fishcount.slide import Slide
from fishcount.tables import (
    NUCLEI_COLUMNS,
    SIGNALS_COLUMNS,
    nuclei_table,
    signals_table,
    summary_record,
)

__all__ = [
    "ShownCase",
    "ShownField",
    "category_of",
    "findings_of",
    "roles_of",
    "show_folder",
    "show_result",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownField:
    """One field.

    Attributes
    ----------
    record : mapping
        Its entry in the summary.
    nuclei, signals : DataFrame
        Its rows of the tables, numbered from 0.
    labels : ndarray of int, (y, x), or LabelRuns
        Label image; its values are `nucleus` of the tables.
    boxes_px : ndarray of int64, (n, 4)
        For each row of `nuclei`: first row, first column, last row + 1, last column + 1.
    image : FishImage, Slide or None
        None where the image is not there any more.
    """

    record: Mapping[str, Any]
    nuclei: pd.DataFrame
    signals: pd.DataFrame
    labels: NDArray[np.integer] | LabelRuns
    boxes_px: NDArray[np.int64]
    image: FishImage | Slide | None

    @property
    def name(self) -> str:
        """Name of the field, as in the tables."""
        return str(self.record["name"])

    @property
    def pixel_size_um(self) -> float:
        """Edge of a pixel in the sample."""
        return float(self.record["pixel_size_um"])

    @property
    def optics(self) -> KnownOptics:
        """What the image said of objective and dyes."""
        return KnownOptics(
            numerical_aperture=self.record.get("numerical_aperture"),
            emission_nm=self.record.get("emission_nm") or {},
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.labels.shape[0], self.labels.shape[1]

    def labels_in(self, window: Window) -> NDArray[np.integer]:
        """Label image (y, x) of a window."""
        if isinstance(self.labels, LabelRuns):
            return self.labels.window(window)
        return self.labels[window]

    @property
    def drawn(self) -> NDArray[np.int64]:
        """Rows of the nuclei that the page draws: all, or some of very many, evenly spread."""
        return nuclei_to_draw(self.scored)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Whether each nucleus is scored, (n,)."""
        return self.nuclei["scored"].to_numpy(np.bool_)

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """Path and hash of every file it was read from."""
        if self.image is not None and self.image.files:
            return tuple(self.image.files.items())
        return ((self.record["path"] or "from memory", self.record["sha256"]),)

    def copies(self, role: str, suffix: str = "") -> NDArray[np.int64]:
        """Copies of a probe in each nucleus, (n,): best, or `suffix` "_low" or "_high"."""
        return self.nuclei[role.lower() + suffix].to_numpy(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownCase:
    """One case.

    Attributes
    ----------
    summary : mapping
        The content of ``summary.json``.
    fields : tuple of ShownField
    score : CaseScore
    settings : Settings
    provenance : mapping
    missing_images : mapping of str to str
        Why the image of a field is not shown, by the name of the field.
    """

    summary: Mapping[str, Any]
    fields: tuple[ShownField, ...]
    score: CaseScore
    settings: Settings
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    missing_images: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def name(self) -> str:
        """Name of the case."""
        return str(self.summary["case"])

    @property
    def roles(self) -> tuple[str, ...]:
        """The probes, HER2 first."""
        return roles_of(self.summary)

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories of the summary."""
        return tuple(category_of(record) for record in self.summary["categories"])

    @property
    def n_found(self) -> int:
        """Nuclei that were found in all fields."""
        return sum(len(one.nuclei) for one in self.fields)

    def scored_copies(self, role: str) -> NDArray[np.int64]:
        """Copies of a probe in each scored nucleus of all fields."""
        parts = [one.copies(role)[one.scored] for one in self.fields]
        return np.concatenate([*parts, np.zeros(0, np.int64)])


def show_result(case: CaseResult, *, provenance: Mapping[str, Any] | None = None) -> ShownCase:
    """A result that was just made."""
    summary = summary_record(case)
    return ShownCase(
        summary=summary,
        fields=tuple(
            _shown_field(
                record,
                _as_written(nuclei_table([one]), NUCLEI_COLUMNS),
                _as_written(signals_table([one]), SIGNALS_COLUMNS),
                labels=one.nuclei.labels if isinstance(one.nuclei, Nuclei) else one.nuclei.outlines,
                image=one.image,
            )
            for record, one in zip(summary["fields"], case.fields, strict=True)
        ),
        score=case.score,
        settings=case.settings,
        provenance=provenance or {},
    )


def show_folder(folder: CaseFolder) -> ShownCase:
    """A case folder, automatic or reviewed; its images are read again where they are there."""
    settings = parse_settings(folder.settings_toml, source=str(folder.path / "settings.toml"))
    shown, missing = [], {}
    for record in folder.summary["fields"]:
        name = record["name"]
        try:
            image = read_scored_image(folder, name)
        except FishcountError as error:
            image, missing[name] = None, error.brief()
        shown.append(
            _shown_field(
                record,
                folder.nuclei[folder.nuclei["field"] == name],
                folder.signals[folder.signals["field"] == name],
                labels=folder.label_image(name),
                image=image,
            )
        )
    return ShownCase(
        summary=folder.summary,
        fields=tuple(shown),
        score=_score(shown, roles_of(folder.summary), settings.scoring),
        settings=settings,
        provenance=folder.provenance,
        missing_images=missing,
    )


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each by its columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def roles_of(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """The probes of a case, HER2 first."""
    return PROBES if summary["cep17_signals"] is not None else PROBES[:1]


def category_of(record: Mapping[str, Any]) -> Category:
    """A category from its record in a summary; keys that it lacks are empty."""
    known = {one.name for one in fields(Category)}
    blank = {"scheme": "", "edition": "", "category": ""}
    found: dict[str, Any] = {
        **blank,
        **{key: value for key, value in record.items() if key in known},
    }
    for key, value in found.items():
        found[key] = tuple(value) if isinstance(value, list) else value
    return Category(**found)


def findings_of(record: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Findings of a summary, or of one of its fields; codes of later versions are passed over."""
    return tuple(
        Finding(one["code"], figure=one.get("figure"), detail=one.get("detail") or "")
        for one in record.get("findings", ())
        if one["code"] in FLAGS
    )


def _shown_field(
    record: Mapping[str, Any],
    nuclei: pd.DataFrame,
    signals: pd.DataFrame,
    *,
    labels: NDArray[np.integer] | LabelRuns,
    image: FishImage | Slide | None,
) -> ShownField:
    nuclei = nuclei.reset_index(drop=True)
    return ShownField(
        record=record,
        nuclei=nuclei,
        signals=signals.reset_index(drop=True),
        labels=labels,
        boxes_px=_boxes(labels, nuclei["nucleus"].to_numpy(np.int64)),
        image=image,
    )


def _as_written(table: pd.DataFrame, schema: Mapping[str, str]) -> pd.DataFrame:
    """A table with the digits that its file has: the report made from it later is the same."""
    return read_csv(csv_bytes(table), schema=schema)


def _boxes(
    labels: NDArray[np.integer] | LabelRuns, numbers: NDArray[np.int64]
) -> NDArray[np.int64]:
    if isinstance(labels, LabelRuns):
        return labels.boxes(numbers)
    slices = ndimage.find_objects(labels)
    found = [slices[number - 1] if number <= len(slices) else None for number in numbers.tolist()]
    boxes = [(0, 0, 0, 0) if s is None else _corners(*s) for s in found]
    return np.array(boxes, np.int64).reshape(-1, 4)


def _corners(rows: slice, columns: slice) -> tuple[int, int, int, int]:
    return rows.start, columns.start, rows.stop, columns.stop


def _score(shown: list[ShownField], roles: tuple[str, ...], settings: ScoringSettings) -> CaseScore:
    """The score of the tables: it draws the same replicates as the run did."""
    columns: dict[str, Any] = {
        role.lower() + suffix: np.concatenate(
            [one.copies(role, suffix)[one.scored] for one in shown] or [np.zeros(0, np.int64)]
        )
        for role in roles
        for suffix in ("", "_low", "_high")
    }
    which = np.repeat(np.arange(len(shown)), [int(one.scored.sum()) for one in shown])
    return score_counts(
        **columns, field=which, detected=not _read_by_a_person(shown), settings=settings
    )


def _read_by_a_person(shown: list[ShownField]) -> bool:
    """A reader has seen every scored nucleus, so that the counts are no longer the program's."""
    return all(
        "review" in one.nuclei and (one.nuclei["review"][one.scored] != "unreviewed").all()
        for one in shown
    )
