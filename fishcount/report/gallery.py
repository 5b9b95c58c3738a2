"""One card for each nucleus: crops of its channels, its counts, and why it was left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.image import PROBES
from fishcount.report.fields import FieldPicture
from fishcount.report.marks import Mark, Outline
from fishcount.report.pixels import encode_jpeg, encode_strip, merge, shrink_square, strip_quality
from fishcount.report.shown import ShownField, records_of
from fishcount.report.wording import flag_name, flag_sentence
from fishcount.signals import Status

__all__ = ["Card", "draw_cards", "draw_thumbnail"]

_MERGED = "merged"
_MARGIN_PX = 4
# A thumbnail: scored nuclei at these places in the order of their HER2 copies, side by side.
_PLACES = (0.1, 0.3, 0.5, 0.7, 0.9)
_THUMBNAIL_PX = 56
_THUMBNAIL_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Card:
    """All that the gallery shows of one nucleus; counts are text, with the range if estimated."""

    key: str
    field_key: str
    field: str
    label: int
    scored: bool
    reason: str
    reason_name: str
    reason_sentence: str
    counts: dict[str, str]
    sort_counts: dict[str, int]
    ratio: float | None
    area_um2: float
    flags: tuple[tuple[str, str], ...]
    review: str
    note: str
    strip: str
    panels: tuple[str, ...]
    window_px: tuple[float, float, float, float]
    outline: Outline
    marks: tuple[Mark, ...]

    @property
    def alt(self) -> str:
        """The crops in words."""
        counts = ", ".join(f"{role} {text}" for role, text in self.counts.items())
        fate = "scored" if self.scored else f"not scored, {self.reason_name}"
        return f"Nucleus {self.label} of {self.field}, {fate}: {counts}."


def draw_cards(fields: Sequence[ShownField], pictures: Sequence[FieldPicture]) -> tuple[Card, ...]:
    """A card for every nucleus that is drawn, in the order of fields and labels."""
    quality, crop_px = strip_quality(sum(len(picture.outlines) for picture in pictures))
    return tuple(
        card
        for field, picture in zip(fields, pictures, strict=True)
        for card in _cards_of(field, picture, quality=quality, crop_px=crop_px)
    )


def draw_thumbnail(fields: Sequence[ShownField], pictures: Sequence[FieldPicture]) -> bytes | None:
    """A few scored nuclei of a case in one row, from few to many HER2 copies, as JPEG.

    None where nothing was scored, or no image is there.
    """
    seen = [
        (field, picture)
        for field, picture in zip(fields, pictures, strict=True)
        if picture.layers and field.scored.any()
    ]
    if not seen:
        return None
    copies = np.concatenate([field.copies("HER2")[field.scored] for field, _ in seen])
    row = np.concatenate([np.flatnonzero(field.scored) for field, _ in seen])
    owner = np.repeat(np.arange(len(seen)), [int(field.scored.sum()) for field, _ in seen])
    order = np.argsort(copies, kind="stable")
    crops = []
    for at in order[[int(place * len(order)) for place in _PLACES]].tolist():
        field, picture = seen[owner[at]]
        top, left, side = _window(field.boxes_px[row[at]], _crop_side_px(field.boxes_px))
        crop = _panels(picture, top, left, side, side)[_MERGED]
        crops.append(shrink_square(crop, _THUMBNAIL_PX))
    return encode_jpeg(np.concatenate(crops, axis=1), quality=_THUMBNAIL_QUALITY)


def _cards_of(
    field: ShownField, picture: FieldPicture, *, quality: int, crop_px: int
) -> list[Card]:
    side_px = _crop_side_px(field.boxes_px)
    roles = [role for role in PROBES if not field.nuclei[role.lower()].isna().all()]
    marks: dict[int, list[Mark]] = defaultdict(list)
    for mark in picture.marks:
        if mark.nucleus and mark.status in (Status.KEPT, Status.MERGED):
            marks[mark.nucleus].append(mark)
    cards = []
    for row, nucleus, outline in zip(
        field.drawn.tolist(),
        records_of(field.nuclei.iloc[field.drawn]),
        picture.outlines,
        strict=True,
    ):
        top, left, side = _window(field.boxes_px[row], side_px)
        panels = _panels(picture, top, left, side, crop_px)
        cards.append(
            Card(
                key=f"{picture.key}-nucleus-{outline.label}",
                field_key=picture.key,
                field=picture.name,
                label=outline.label,
                scored=outline.scored,
                strip=encode_strip(list(panels.values()), quality=quality),
                panels=tuple(panels),
                window_px=(left - 0.5, top - 0.5, side, side),
                outline=outline,
                marks=tuple(marks[outline.label]),
                **_said_of(nucleus, roles=roles),
            )
        )
    return cards


def _said_of(nucleus: Mapping[str, Any], *, roles: Sequence[str]) -> dict[str, Any]:
    """What the table of nuclei says of one, as fields of its card."""
    reason = nucleus["reject_reason"]
    codes = [code for code in nucleus["flags"].split(";") if code not in ("", reason)]
    return {
        "reason": reason,
        "reason_name": flag_name(reason) if reason else "",
        "reason_sentence": flag_sentence(reason) if reason else "",
        "counts": {role: _copies_text(nucleus, role) for role in roles},
        "sort_counts": {role: int(nucleus[role.lower()]) for role in roles},
        "ratio": nucleus["ratio"] if nucleus["ratio"] == nucleus["ratio"] else None,
        "area_um2": nucleus["area_um2"],
        "flags": tuple((code, flag_name(code)) for code in codes),
        "review": nucleus.get("review", ""),
        "note": nucleus.get("note", ""),
    }


def _copies_text(nucleus: Mapping[str, Any], role: str) -> str:
    """Copies of one nucleus for people: "4", or "18 (14 to 23)" where they are estimated."""
    best, low, high = (nucleus[role.lower() + suffix] for suffix in ("", "_low", "_high"))
    return f"{best} ({low} to {high})" if low != high else str(best)


def _crop_side_px(bbox_px: NDArray[np.int64]) -> int:
    """One side for all crops of a field, so that sizes can be compared between cards."""
    if not len(bbox_px):
        return 0
    sides = np.maximum(bbox_px[:, 2] - bbox_px[:, 0], bbox_px[:, 3] - bbox_px[:, 1])
    return int(np.quantile(sides, 0.9)) + 2 * _MARGIN_PX


def _window(box: NDArray[np.int64], side_px: int) -> tuple[int, int, int]:
    top, left, bottom, right = (int(edge) for edge in box)
    side = max(side_px, bottom - top + 2 * _MARGIN_PX, right - left + 2 * _MARGIN_PX)
    return (top + bottom - side) // 2, (left + right - side) // 2, side


def _panels(
    picture: FieldPicture, top: int, left: int, side: int, longest_px: int
) -> dict[str, NDArray[np.uint8]]:
    """Squares of the merge and of each channel, black beyond the field's edge."""
    y0, y1 = max(top, 0), min(top + side, picture.height_px)
    x0, x1 = max(left, 0), min(left + side, picture.width_px)
    greys = picture.grey_of((slice(y0, y1), slice(x0, x1)))
    coloured = {role: np.repeat(grey[..., None], 3, axis=-1) for role, grey in greys.items()}
    panels = {}
    for name, part in {_MERGED: merge(greys, shape=(y1 - y0, x1 - x0)), **coloured}.items():
        square = np.zeros((side, side, 3), np.uint8)
        square[y0 - top : y1 - top, x0 - left : x1 - left] = part
        panels[name] = _thinned(square, longest_px)
    return panels


def _thinned(crop: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """A square crop with at most `longest_px` along a side."""
    side = len(crop)
    step = -(-side // longest_px)
    # The brightest of each block, so that thinning loses no signal.
    edge = (-side) % step
    padded = np.pad(crop, ((0, edge), (0, edge), (0, 0)))
    n = len(padded) // step
    thin: NDArray[np.uint8] = padded.reshape(n, step, n, step, -1).max(axis=(1, 3))
    return thin
