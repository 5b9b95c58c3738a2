"""What is drawn over the picture of a field as vectors: contours of nuclei, signals, clusters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fishcount.image import PROBES
from fishcount.report.contours import svg_paths
from fishcount.report.shown import ShownField, records_of
from fishcount.report.wording import flag_name, number

__all__ = ["ClusterMark", "Mark", "Outline", "mark_clusters", "mark_signals", "outline_nuclei"]


@dataclass(frozen=True, slots=True)
class Outline:
    """The contour of one nucleus as an SVG path, in pixel coordinates."""

    label: int
    path: str
    y_px: float
    x_px: float
    scored: bool
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One candidate signal: where it lies and what became of it."""

    role: str
    status: str
    nucleus: int
    y_px: float
    x_px: float
    title: str


@dataclass(frozen=True, slots=True)
class ClusterMark:
    """Copies of a cluster for which one signal stands, written beside it.

    On the far side of the middle of its nucleus, where the number of the nucleus stands: on the
    `left` or the right of the signal, and `above` or below it.
    """

    role: str
    nucleus: int
    y_px: float
    x_px: float
    text: str
    left: bool
    above: bool


def outline_nuclei(field: ShownField) -> tuple[Outline, ...]:
    """The contour of every nucleus that is drawn, scored or not."""
    table = field.nuclei.iloc[field.drawn]
    numbers, boxes = table["nucleus"].tolist(), field.boxes_px[field.drawn].tolist()
    paths = svg_paths(
        (field.labels_in((slice(top, bottom), slice(left, right))) == number, top, left)
        for number, (top, left, bottom, right) in zip(numbers, boxes, strict=True)
    )
    return tuple(
        Outline(
            label=number,
            path=path,
            y_px=round(y, 1),
            x_px=round(x, 1),
            scored=scored,
            title=f"Nucleus {number}, "
            + ("scored" if scored else f"not scored: {flag_name(reason)}"),
        )
        for number, path, y, x, scored, reason in zip(
            numbers,
            paths,
            table["y_px"].tolist(),
            table["x_px"].tolist(),
            table["scored"].tolist(),
            table["reject_reason"].tolist(),
            strict=True,
        )
    )


def mark_signals(field: ShownField) -> tuple[Mark, ...]:
    """Every candidate with its fate: of the field, or of the nuclei that are drawn."""
    return tuple(
        Mark(
            role=row["channel"],
            status=row["status"],
            nucleus=row["nucleus"],
            y_px=round(row["y_px"], 1),
            x_px=round(row["x_px"], 1),
            title=_signal_title(row),
        )
        for row in records_of(_of_drawn(field))
    )


def mark_clusters(field: ShownField) -> tuple[ClusterMark, ...]:
    """The signals that stand for several copies; none where there is none.

    A number after ≈ was estimated from light, one after × is what a reader has counted.
    """
    nuclei = field.nuclei
    estimated = {
        (role, number)
        for number, flags in zip(nuclei["nucleus"].tolist(), nuclei["flags"], strict=True)
        for role in PROBES
        if f"{role}_ESTIMATED" in flags.split(";")
    }
    middles = nuclei.set_index("nucleus")[["y_px", "x_px"]].add_prefix("middle_")
    rows = records_of(_of_drawn(field).query("copies > 1").join(middles, "nucleus"))
    return tuple(
        ClusterMark(
            role=row["channel"],
            nucleus=row["nucleus"],
            y_px=round(row["y_px"], 1),
            x_px=round(row["x_px"], 1),
            text=f"{_about(row, estimated)}{row['copies']:.0f}",
            left=row["x_px"] < row["middle_x_px"],
            above=row["y_px"] <= row["middle_y_px"],
        )
        for row in rows
    )


def _about(row: Mapping[str, Any], estimated: Collection[tuple[str, int]]) -> str:
    return "≈" if (row["channel"], row["nucleus"]) in estimated else "×"


def _of_drawn(field: ShownField) -> pd.DataFrame:
    """The signals, but for those of nuclei that are not drawn where there are very many."""
    drawn = field.nuclei["nucleus"].iloc[field.drawn]
    if len(drawn) == len(field.nuclei):
        return field.signals
    return field.signals[field.signals["nucleus"].isin(drawn)]


def _signal_title(row: Mapping[str, Any]) -> str:
    status, reason, copies, snr = (row[name] for name in ("status", "reason", "copies", "snr"))
    parts = [row["channel"], status if not reason else f"{status}: {flag_name(reason)}"]
    if copies > 1:
        parts.append(f"{copies:.0f} copies")
    if snr == snr:
        parts.append(f"SNR {number(snr, decimals=1)}")
    return ", ".join(parts)
