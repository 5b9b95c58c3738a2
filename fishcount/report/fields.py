"""Pictures of whole fields: channels as images, contours and signals as vectors over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from fishcount.report.wording import flag_name, number
from fishcount.results import FieldResult
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
    """Copies that were estimated for one cluster, written beside its signals."""

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


def field_pictures(fields: Sequence[FieldResult], *, budget_bytes: int) -> tuple[FieldPicture, ...]:
    """Pictures of all fields; together their pixels take at most about `budget_bytes`."""
    ranges = [_ranges(field) for field in fields]
    shown = [displayed(field.image, own) for field, own in zip(fields, ranges, strict=True)]
    encoded = iter(
        encode_within(
            [picture for own in shown for picture in own.values()], budget_bytes=budget_bytes
        )
    )
    pictures = []
    for index, (field, own, grey) in enumerate(zip(fields, ranges, shown, strict=True), start=1):
        image = field.image
        height, width = image.shape
        pictures.append(
            FieldPicture(
                key=f"field-{index}",
                name=image.name,
                height_px=height,
                width_px=width,
                pixel_size_um=image.pixel_size_um,
                n_planes=image.n_planes,
                n_scored=int(field.scored.sum()),
                layers=tuple(Layer(role, next(encoded), own[role]) for role in grey),
                outlines=outline_nuclei(field),
                marks=mark_signals(field),
                clusters=mark_clusters(field),
                roi_path="" if image.roi is None else _path(image.roi, 0, 0),
                shown=grey,
            )
        )
    return tuple(pictures)


def _ranges(field: FieldResult) -> dict[str, DisplayRange]:
    image: FishImage = field.image
    # Scored nuclei set the range of DAPI; without any, all nuclei do.
    chosen = field.scored if field.scored.any() else np.ones_like(field.scored)
    inside = np.concatenate([[False], chosen])[field.nuclei.labels]
    signals = field.counts.signals
    ranges = {}
    for role in image.channels:
        shown = project(image.channel(role))
        rows = (signals.status == Status.KEPT) & (signals.channel == role)
        y, x = (
            np.clip(np.rint(place[rows]).astype(int), 0, side - 1)
            for place, side in zip((signals.y_px, signals.x_px), shown.shape, strict=True)
        )
        ranges[role] = display_range(shown, role=role, inside=inside, at_signals=shown[y, x])
    return ranges


def outline_nuclei(field: FieldResult) -> tuple[Outline, ...]:
    """The contour of every nucleus, scored or not; none for a field without nuclei."""
    nuclei = field.nuclei
    outlines = []
    for row, (top, left, bottom, right) in enumerate(nuclei.bbox_px.tolist()):
        mask = nuclei.labels[top:bottom, left:right] == row + 1
        scored = bool(field.scored[row])
        fate = "scored" if scored else f"not scored: {flag_name(str(field.reject_reason[row]))}"
        outlines.append(
            Outline(
                label=row + 1,
                path=_path(mask, top, left),
                y_px=round(float(nuclei.y_px[row]), 1),
                x_px=round(float(nuclei.x_px[row]), 1),
                scored=scored,
                title=f"Nucleus {row + 1}, {fate}",
            )
        )
    return tuple(outlines)


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


def mark_signals(field: FieldResult) -> tuple[Mark, ...]:
    """Every candidate with its fate; none for a field without candidates."""
    signals = field.counts.signals
    return tuple(
        Mark(
            role=str(role),
            status=str(status),
            nucleus=nucleus,
            y_px=round(y, 1),
            x_px=round(x, 1),
            title=_signal_title(str(role), str(status), str(reason), snr, copies),
        )
        for role, status, reason, nucleus, y, x, snr, copies in zip(
            signals.channel,
            signals.status,
            signals.reason,
            signals.nucleus.tolist(),
            signals.y_px.tolist(),
            signals.x_px.tolist(),
            signals.snr.tolist(),
            signals.copies.tolist(),
            strict=True,
        )
    )


def mark_clusters(field: FieldResult) -> tuple[ClusterMark, ...]:
    """The estimate of every cluster at its middle; none where nothing was estimated."""
    clusters = field.counts.clusters
    return tuple(
        ClusterMark(str(role), nucleus, round(y, 1), round(x, 1), f"≈{best}")
        for role, nucleus, y, x, best in zip(
            clusters.channel,
            clusters.nucleus.tolist(),
            clusters.y_px.tolist(),
            clusters.x_px.tolist(),
            clusters.best.tolist(),
            strict=True,
        )
    )


def _signal_title(role: str, status: str, reason: str, snr: float, copies: float) -> str:
    parts = [role, status if not reason else f"{status}: {flag_name(reason)}"]
    if copies > 1:
        parts.append(f"{copies:.1f} copies")
    if snr == snr:
        parts.append(f"SNR {number(snr, decimals=1)}")
    return ", ".join(parts)
