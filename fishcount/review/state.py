"""The state of a review: the automatic result, and the rows that readers changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import ReviewError
from fishcount.review.automatic import Automatic
from fishcount.review.columns import SignalColumns
from fishcount.review.counts import NucleusColumns, count_nuclei
from fishcount.review.outline import Box, Outline
from fishcount.review.rows import Id, NucleusRow, Patch, SignalRow

__all__ = ["ReviewState"]

Row = TypeVar("Row")


@dataclass(frozen=True, eq=False, repr=False)
class ReviewState:
    """A case as readers see it. Never changed: an edit gives the next state.

    Two states are equal when they rest on the same automatic result and the same rows.

    Attributes
    ----------
    automatic : Automatic
    nuclei, signals : mapping of (field, number) to row
        What readers touched; everything else is as in `automatic`.
    """

    automatic: Automatic
    nuclei: Mapping[Id, NucleusRow] = field(default_factory=lambda: MappingProxyType({}))
    signals: Mapping[Id, SignalRow] = field(default_factory=lambda: MappingProxyType({}))

    def patched(self, patch: Patch) -> ReviewState:
        """The state with the rows after the patch."""
        return ReviewState(
            self.automatic,
            nuclei=_patched(self.nuclei, patch.nuclei),
            signals=_patched(self.signals, patch.signals),
        )

    def nucleus(self, nucleus: Id, *, removed: bool = False) -> NucleusRow:
        """The row of a nucleus.

        Raises
        ------
        ReviewError
            When there is none, or it was removed and `removed` is not set.
        """
        row = self.nuclei.get(nucleus)
        if row is None and nucleus in self.automatic.nucleus_at:
            row = NucleusRow()
        if row is None or (row.removed and not removed):
            raise ReviewError("no such nucleus", field=nucleus[0], found=nucleus[1])
        return row

    def signal(self, signal: Id) -> SignalRow:
        """The row of a signal; ReviewError when there is none."""
        row = self.signals.get(signal)
        if row is not None:
            return row
        if signal not in self.automatic.signal_at:
            raise ReviewError("no such signal", field=signal[0], found=signal[1])
        return self.automatic.signal(signal)

    def outline(self, nucleus: Id) -> Outline:
        """The pixels of a nucleus, also of one that was removed."""
        row = self.nucleus(nucleus, removed=True)
        return self.automatic.outline(nucleus) if row.outline is None else row.outline

    def shape(self, name: str) -> tuple[int, int]:
        """Height and width of a field; ReviewError when there is none of this name."""
        if name not in self.automatic.fields:
            raise ReviewError("no such field", found=name)
        height, width = self.automatic.labels(name).shape
        return height, width

    def labels(self, name: str) -> NDArray[np.int32]:
        """The label image of a field (y, x) with the outlines of the readers; a copy."""
        height, width = self.shape(name)
        return self.crop(name, (0, 0, height, width))

    def crop(self, name: str, box: Box) -> NDArray[np.int32]:
        """A part of the label image of a field; `box` lies within it."""
        y0, x0, y1, x1 = box
        labels = self.automatic.labels(name)[y0:y1, x0:x1].copy()
        changed = [
            (key, row)
            for key, row in self.nuclei.items()
            if key[0] == name and (row.removed or row.outline is not None)
        ]
        for key, _ in changed:
            _erase(labels, key[1], self.automatic.box(key), box)
        for key, row in changed:
            if row.outline is not None and not row.removed:
                row.outline.draw(labels, key[1], y0=y0, x0=x0)
        return labels

    @cached_property
    def columns(self) -> SignalColumns:
        """All signals as they stand; those that readers added come last."""
        base, at = self.automatic.signals, self.automatic.signal_at
        ids = list(self.signals)
        added = [key for key in ids if key not in at]
        place = {key: len(base.number) + i for i, key in enumerate(added)}
        rows = np.array([at.get(key, place.get(key, -1)) for key in ids], np.int64)
        return replace(base, **_edited(self, base, ids, rows, n=len(base.number) + len(added)))

    @cached_property
    def counts(self) -> NucleusColumns:
        """Copies, flags and scored of every nucleus as it stands."""
        return count_nuclei(self.automatic, self.nuclei, self.columns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReviewState):
            return NotImplemented
        return (
            self.automatic.sha256 == other.automatic.sha256
            and dict(self.nuclei) == dict(other.nuclei)
            and dict(self.signals) == dict(other.signals)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ReviewState({len(self.nuclei)} nuclei and {len(self.signals)} signals edited)"


def _patched(
    rows: Mapping[Id, Row], changes: Mapping[Id, tuple[Row | None, Row | None]]
) -> Mapping[Id, Row]:
    if not changes:
        return rows
    new = dict(rows)
    for key, (_, after) in changes.items():
        if after is None:
            new.pop(key, None)
        else:
            new[key] = after
    return MappingProxyType(new)


def _erase(labels: NDArray[np.int32], number: int, old: Box | None, box: Box) -> None:
    """Take an automatic nucleus out of a crop."""
    if old is None:
        return
    top, left = max(old[0], box[0]) - box[0], max(old[1], box[1]) - box[1]
    bottom, right = min(old[2], box[2]) - box[0], min(old[3], box[3]) - box[1]
    if top < bottom and left < right:
        part = labels[top:bottom, left:right]
        part[part == number] = 0


def _edited(
    state: ReviewState, base: SignalColumns, ids: list[Id], at: NDArray[np.int64], *, n: int
) -> dict[str, Any]:
    """The columns with the edited rows put in."""
    fields = {name: i for i, name in enumerate(state.automatic.fields)}
    probes = {name: i for i, name in enumerate(state.automatic.probes)}
    rows = [state.signals[key] for key in ids]
    values: dict[str, list[float]] = {
        "field": [fields[key[0]] for key in ids],
        "number": [key[1] for key in ids],
        "nucleus": [row.nucleus for row in rows],
        "probe": [probes[row.channel] for row in rows],
        "y_px": [row.y_px for row in rows],
        "x_px": [row.x_px for row in rows],
        "copies": [row.counted for row in rows],
        "estimated": [row.estimate is not None for row in rows],
        "below": [row.estimate[0] if row.estimate else 0 for row in rows],
        "above": [row.estimate[1] if row.estimate else 0 for row in rows],
        "edited": [True] * len(rows),
    }
    columns = {}
    for name, column in values.items():
        old = getattr(base, name)
        new = np.zeros(n, old.dtype)
        new[: len(old)] = old
        new[at] = column
        columns[name] = new
    return columns
