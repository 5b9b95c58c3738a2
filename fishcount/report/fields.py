"""Pictures of whole fields: channels as images, contours and signals as vectors over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import approximate_polygon, find_contours

from fishcount.image import PROBES, FishImage, project
from fishcount.report.pixels import (
    DisplayRange,
    Encoded,
    display_range,
    displayed,
    encode_within,
)
from fishcount.report.shown import ShownField, records_of
from fishcount.report.wording import flag_name, number
from fishcount.signals import Status

__all__ = [
    "ClusterMark",
    "FieldPicture",
    "Mark",
    "Outline",
    "field_pictures",
    "mark_signals",
    "outline_nuclei",
]

_TOLERANCE_PX = 0.5
_SCALES_UM = (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2)


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
    """Copies of a cluster for which one signal stands, written beside it."""

    role: str
    nucleus: int
    y_px: float
    x_px: float
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One channel of a field as a picture."""

    role: str
    picture: Encoded
    shown: DisplayRange


@dataclass(frozen=True, slots=True)
class FieldPicture:
    """All that the page draws of one field."""

    key: str
    name: str
    height_px: int
    width_px: int
    pixel_size_um: float
    n_planes: int
    n_scored: int
    layers: tuple[Layer, ...]
    outlines: tuple[Outline, ...]
    marks: tuple[Mark, ...]
    clusters: tuple[ClusterMark, ...]
    roi_path: str
    shown: dict[str, NDArray[np.uint8]]

    @property
    def scale_um(self) -> float:
        """A round length that fits five times into the width, for the scale bar."""
        width_um = self.width_px * self.pixel_size_um
        return next((length for length in _SCALES_UM if length <= width_um / 5), _SCALES_UM[-1])

    @property
    def alt(self) -> str:
        """The picture in words."""
        n = len(self.outlines)
        kept = [mark for mark in self.marks if mark.status == Status.KEPT]
        signals = ", ".join(
            f"{sum(mark.role == role for mark in kept)} {role} signals"
            for role in PROBES
            if any(layer.role == role for layer in self.layers)
        )
        return (
            f"Field {self.name}: {n} nuclei outlined, {self.n_scored} of them scored; "
            f"{signals} marked."
        )


def field_pictures(fields: Sequence[ShownField], *, budget_bytes: int) -> tuple[FieldPicture, ...]:
    """Pictures of all fields; together their pixels take at most about `budget_bytes`."""
    ranges = [_ranges(field) for field in fields]
    shown = [
        displayed(field.image, own) if field.image else {}
        for field, own in zip(fields, ranges, strict=True)
    ]
    encoded = iter(
        encode_within(
            [picture for own in shown for picture in own.values()], budget_bytes=budget_bytes
        )
    )
    return tuple(
        FieldPicture(
            key=f"field-{index}",
            name=field.name,
            height_px=field.labels.shape[0],
            width_px=field.labels.shape[1],
            pixel_size_um=field.pixel_size_um,
            n_planes=int(field.record.get("n_planes") or 1),
            n_scored=int(field.scored.sum()),
            layers=tuple(Layer(role, next(encoded), own[role]) for role in grey),
            outlines=outline_nuclei(field),
            marks=mark_signals(field),
            clusters=mark_clusters(field),
            roi_path=_roi_path(field.image),
            shown=grey,
        )
        for index, (field, own, grey) in enumerate(zip(fields, ranges, shown, strict=True), start=1)
    )


def _ranges(field: ShownField) -> dict[str, DisplayRange]:
    image, signals = field.image, field.signals
    if image is None:
        return {}
    # Scored nuclei set the range of DAPI; without any, all nuclei do.
    chosen = field.scored if field.scored.any() else np.ones_like(field.scored)
    shows = np.zeros(int(field.labels.max(initial=0)) + 1, np.bool_)
    shows[field.nuclei["nucleus"].to_numpy(np.int64)[chosen]] = True
    inside = shows[field.labels]
    ranges = {}
    for role in image.channels:
        shown = project(image.channel(role))
        kept = signals[(signals["status"] == Status.KEPT) & (signals["channel"] == role)]
        y, x = (
            np.clip(np.rint(kept[axis].to_numpy(np.float64)).astype(int), 0, side - 1)
            for axis, side in zip(("y_px", "x_px"), shown.shape, strict=True)
        )
        ranges[role] = display_range(shown, role=role, inside=inside, at_signals=shown[y, x])
    return ranges


def outline_nuclei(field: ShownField) -> tuple[Outline, ...]:
    """The contour of every nucleus, scored or not; none for a field without nuclei."""
    table = field.nuclei
    return tuple(
        Outline(
            label=number,
            path=_path(field.labels[top:bottom, left:right] == number, top, left),
            y_px=round(y, 1),
            x_px=round(x, 1),
            scored=scored,
            title=f"Nucleus {number}, "
            + ("scored" if scored else f"not scored: {flag_name(reason)}"),
        )
        for number, y, x, scored, reason, (top, left, bottom, right) in zip(
            table["nucleus"].tolist(),
            table["y_px"].tolist(),
            table["x_px"].tolist(),
            table["scored"].tolist(),
            table["reject_reason"].tolist(),
            field.boxes_px.tolist(),
            strict=True,
        )
    )


def _roi_path(image: FishImage | None) -> str:
    return "" if image is None or image.roi is None else _path(image.roi, 0, 0)


def _path(mask: NDArray[np.bool_], top: int, left: int) -> str:
    # A frame of background closes the contours of what touches the edge of the mask.
    contours = find_contours(np.pad(mask, 1).astype(np.float32), 0.5)  # type: ignore[no-untyped-call]
    parts = []
    for contour in contours:
        simple = approximate_polygon(contour, _TOLERANCE_PX)  # type: ignore[no-untyped-call]
        corners = simple[:-1] + np.array((top - 1, left - 1))
        if len(corners) >= 3:
            parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for y, x in corners.tolist()) + "Z")
    return "".join(parts)


def mark_signals(field: ShownField) -> tuple[Mark, ...]:
    """Every candidate with its fate; none for a field without candidates."""
    return tuple(
        Mark(
            role=row["channel"],
            status=row["status"],
            nucleus=row["nucleus"],
            y_px=round(row["y_px"], 1),
            x_px=round(row["x_px"], 1),
            title=_signal_title(row),
        )
        for row in records_of(field.signals)
    )


def mark_clusters(field: ShownField) -> tuple[ClusterMark, ...]:
    """The signals that stand for several copies; none where nothing was estimated."""
    return tuple(
        ClusterMark(
            role=row["channel"],
            nucleus=row["nucleus"],
            y_px=round(row["y_px"], 1),
            x_px=round(row["x_px"], 1),
            text=f"≈{row['copies']:.0f}",
        )
        for row in records_of(field.signals[field.signals["copies"] > 1])
    )


def _signal_title(row: Mapping[str, Any]) -> str:
    status, reason, copies, snr = (row[name] for name in ("status", "reason", "copies", "snr"))
    parts = [row["channel"], status if not reason else f"{status}: {flag_name(reason)}"]
    if copies > 1:
        parts.append(f"{copies:.0f} copies")
    if snr == snr:
        parts.append(f"SNR {number(snr, decimals=1)}")
    return ", ".join(parts)
