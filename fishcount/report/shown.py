"""A case as the report reads it: summary, tables, label images, pictures where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fishcount.image import PROBES, FishImage, Window
from fishcount.nuclei import LabelRuns
from fishcount.optics import KnownOptics
from fishcount.records import category_of
from fishcount.report.overview import nuclei_to_draw
from fishcount.results import Category
from fishcount.scoring import CaseScore
from fishcount.settings import Settings
from fishcount.slide import Slide

__all__ = ["ShownCase", "ShownField", "records_of", "roles_of"]


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


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each by its columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def roles_of(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """The probes of a case, HER2 first."""
    return PROBES if summary["cep17_signals"] is not None else PROBES[:1]
