"""What a report is made from: a result in memory, or a case folder, automatic or reviewed.

Both give the same page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from fishcount.errors import FishcountError
from fishcount.image import FishImage
from fishcount.io import CaseFolder, read_scored_image
from fishcount.io.text import csv_bytes, read_csv
from fishcount.nuclei import LabelRuns
from fishcount.report.shown import ShownCase, ShownField, roles_of
from fishcount.results import CaseResult
from fishcount.scoring import CaseScore, score_counts
from fishcount.settings import ScoringSettings
from fishcount.slide import Slide
from fishcount.tables import (
    NUCLEI_COLUMNS,
    SIGNALS_COLUMNS,
    nuclei_table,
    signals_table,
    summary_record,
)

__all__ = ["show_folder", "show_result"]


def show_result(case: CaseResult, *, provenance: Mapping[str, Any] | None = None) -> ShownCase:
    """From a result in memory."""
    summary = summary_record(case)
    return ShownCase(
        summary=summary,
        fields=tuple(
            _shown_field(
                record,
                _as_written(nuclei_table([one]), NUCLEI_COLUMNS),
                _as_written(signals_table([one]), SIGNALS_COLUMNS),
                labels=one.nuclei.stored_labels,
                image=one.image,
            )
            for record, one in zip(summary["fields"], case.fields, strict=True)
        ),
        score=case.score,
        settings=case.settings,
        provenance=provenance or {},
    )


def show_folder(folder: CaseFolder) -> ShownCase:
    """From a case folder, automatic or reviewed; its images are read again where they are found."""
    settings = folder.settings()
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
