"""Pictures of whole fields: channels as images, with the marks that lie over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.image import PROBES, FishImage, Window, project
from fishcount.report.contours import svg_paths
from fishcount.report.marks import (
    ClusterMark,
    Mark,
    Outline,
    mark_clusters,
    mark_signals,
    outline_nuclei,
)
from fishcount.report.overview import overview
from fishcount.report.pixels import (
    DisplayRange,
    Encoded,
    display_range,
    displayed,
    encode_within,
    to_display,
)
from fishcount.report.shown import ShownField
from fishcount.signals import Status
from fishcount.slide import Slide

__all__ = ["FieldPicture", "Layer", "field_pictures"]

_ENOUGH_PIXELS = 2**20
_SCALES_UM = (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2)


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
    n_nuclei: int
    n_scored: int
    layers: tuple[Layer, ...]
    outlines: tuple[Outline, ...]
    marks: tuple[Mark, ...]
    clusters: tuple[ClusterMark, ...]
    roi_path: str
    grey_of: Callable[[Window], dict[str, NDArray[np.uint8]]]

    @property
    def scale_um(self) -> float:
        """A round length that fits five times into the width, for the scale bar."""
        width_um = self.width_px * self.pixel_size_um
        return next((length for length in _SCALES_UM if length <= width_um / 5), _SCALES_UM[-1])

    @property
    def alt(self) -> str:
        """The picture in words."""
        n = len(self.outlines)
        outlined = f"{n} of {self.n_nuclei}" if n < self.n_nuclei else f"{n}"
        n_scored = sum(outline.scored for outline in self.outlines)
        kept = [mark for mark in self.marks if mark.status == Status.KEPT]
        signals = ", ".join(
            f"{sum(mark.role == role for mark in kept)} {role} signals"
            for role in PROBES
            if any(layer.role == role for layer in self.layers)
        )
        return (
            f"Field {self.name}: {outlined} nuclei outlined, {n_scored} of them scored; "
            f"{signals} marked."
        )


def field_pictures(fields: Sequence[ShownField], *, budget_bytes: int) -> tuple[FieldPicture, ...]:
    """Pictures of all fields; together their pixels take at most about `budget_bytes`."""
    ranges = [_ranges(field) for field in fields]
    shown = [_small_pictures(field.image, own) for field, own in zip(fields, ranges, strict=True)]
    encoded = iter(
        encode_within(
            [picture for own in shown for picture in own.values()], budget_bytes=budget_bytes
        )
    )
    return tuple(
        FieldPicture(
            key=f"field-{index}",
            name=field.name,
            height_px=field.shape[0],
            width_px=field.shape[1],
            pixel_size_um=field.pixel_size_um,
            n_planes=int(field.record.get("n_planes") or 1),
            n_nuclei=len(field.nuclei),
            n_scored=int(field.scored.sum()),
            layers=tuple(Layer(role, next(encoded), own[role]) for role in grey),
            outlines=outline_nuclei(field),
            marks=mark_signals(field),
            clusters=mark_clusters(field),
            roi_path=_roi_path(field.image),
            grey_of=_GreyWindows(field.image, own, grey),
        )
        for index, (field, own, grey) in enumerate(zip(fields, ranges, shown, strict=True), start=1)
    )


@dataclass(frozen=True, slots=True)
class _GreyWindows:
    """Windows of the channels of a field as grey levels, at full resolution."""

    image: FishImage | Slide | None
    ranges: Mapping[str, DisplayRange]
    whole: Mapping[str, NDArray[np.uint8]]

    def __call__(self, window: Window) -> dict[str, NDArray[np.uint8]]:
        if not isinstance(self.image, Slide):
            return {role: grey[window] for role, grey in self.whole.items()}
        return {
            role: to_display(project(self.image.counts(role, window)), shown)
            for role, shown in self.ranges.items()
        }


def _small_pictures(
    image: FishImage | Slide | None, ranges: Mapping[str, DisplayRange]
) -> dict[str, NDArray[np.uint8]]:
    """The channels as grey levels: at full size where they are in memory anyway."""
    if image is None:
        return {}
    if isinstance(image, FishImage):
        return displayed(image, ranges)
    return {role: to_display(overview(image, role), shown) for role, shown in ranges.items()}


def _ranges(field: ShownField) -> dict[str, DisplayRange]:
    image = field.image
    if image is None:
        return {}
    whole = (slice(0, field.shape[0]), slice(0, field.shape[1]))
    windows = image.sample_windows() if isinstance(image, Slide) else (whole,)
    # Of a large field a quarter of the pixels is enough to choose black and white.
    large = math.prod(field.shape) > _ENOUGH_PIXELS
    thin = slice(None, None, 2 if large else 1)
    # Scored nuclei set the range of DAPI; without any, all nuclei do.
    chosen = field.scored if field.scored.any() else np.ones_like(field.scored)
    labels = [field.labels_in(window) for window in windows]
    numbers = field.nuclei["nucleus"].to_numpy(np.int64)
    highest = max(int(part.max(initial=0)) for part in labels)
    shows = np.zeros(max(highest, int(numbers.max(initial=0))) + 1, np.bool_)
    shows[numbers[chosen]] = True
    inside = np.concatenate([shows[part[thin, thin]] for part in labels])
    ranges = {}
    for role in image.channels:
        planes = [project(image.counts(role, window)) for window in windows]
        at = [_at_signals(plane, field, role, w) for plane, w in zip(planes, windows, strict=True)]
        shown = np.concatenate([plane[thin, thin] for plane in planes])
        ranges[role] = display_range(shown, role=role, inside=inside, at_signals=np.concatenate(at))
    return ranges


def _at_signals(
    plane: NDArray[np.float32], field: ShownField, role: str, window: Window
) -> NDArray[np.float32]:
    """Pixels at the kept signals of a channel that lie in a window."""
    signals = field.signals
    kept = signals[(signals["status"] == Status.KEPT) & (signals["channel"] == role)]
    y, x = (
        np.clip(np.rint(kept[axis].to_numpy(np.float64)).astype(int), 0, side - 1) - part.start
        for axis, side, part in zip(("y_px", "x_px"), field.shape, window, strict=True)
    )
    here = (y >= 0) & (y < plane.shape[0]) & (x >= 0) & (x < plane.shape[1])
    values: NDArray[np.float32] = plane[y[here], x[here]]
    return values


def _roi_path(image: FishImage | Slide | None) -> str:
    """The region to be scored; that of a slide is not drawn."""
    if isinstance(image, FishImage) and image.roi is not None:
        return svg_paths([(image.roi, 0, 0)])[0]
    return ""
