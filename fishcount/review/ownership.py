"""Which nucleus signals belong to when outlines change, by the rule of the pipeline."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fishcount.review.draft import Draft
from fishcount.review.outline import Box, Outline
from fishcount.review.state import ReviewState
from fishcount.signals import assign_to_nuclei

__all__ = ["nucleus_at", "pass_signals_on"]


def nucleus_at(state: ReviewState, name: str, yx_px: tuple[float, float]) -> int:
    """Number of the nucleus at a place, or nearly at it; 0 for none."""
    pad = math.ceil(_tolerance_px(state, name)) + 1
    y, x = (math.floor(value + 0.5) for value in yx_px)
    box = _padded((y, x, y + 1, x + 1), pad, state.shape(name))
    at = np.array([yx_px]) - box[:2]
    found = assign_to_nuclei(at, state.crop(name, box), tolerance_px=_tolerance_px(state, name))
    return int(found[0])


def pass_signals_on(
    draft: Draft,
    name: str,
    former: Collection[int],
    *,
    outlines: Mapping[int, Outline],
    keep: bool,
) -> None:
    """Give the signals of `former` nuclei, and those without one, to new outlines.

    Parameters
    ----------
    draft
        Takes the rows of the signals whose nucleus changes.
    name
        The field.
    former
        Nuclei whose outlines are no longer what they were.
    outlines
        What is there instead, by number; none where a nucleus is deleted.
    keep
        Whether signals of `former` that lie in no outline go to the nearest one, because the
        same nuclear area is only divided anew; else they are outside.
    """
    state = draft.state
    columns = state.columns
    here = columns.field == state.automatic.field_index(name)
    owned = here & np.isin(columns.nucleus, list(former))
    box, labels = _label_crop(outlines, state, name)
    yx = np.column_stack([columns.y_px, columns.x_px]) - box[:2]
    near = here & (columns.nucleus == 0) & np.all((yx > -1) & (yx < labels.shape), axis=1)
    rows = np.flatnonzero(owned | near)
    new = assign_to_nuclei(yx[rows], labels, tolerance_px=_tolerance_px(state, name))
    if keep:
        lost = (new == 0) & owned[rows]
        new[lost] = _nearest(yx[rows[lost]], labels)
    for row, nucleus in zip(rows.tolist(), new.tolist(), strict=True):
        if nucleus != columns.nucleus[row]:
            key = name, int(columns.number[row])
            draft.signals[key] = replace(state.signal(key), nucleus=nucleus)


def _label_crop(
    outlines: Mapping[int, Outline], state: ReviewState, name: str
) -> tuple[Box, NDArray[np.int32]]:
    """The outlines alone, with room around them for the signals at their rims."""
    boxes = np.array([outline.box for outline in outlines.values()] or [(0, 0, 1, 1)])
    whole = (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
    pad = math.ceil(_tolerance_px(state, name)) + 1
    y0, x0, y1, x1 = box = _padded(whole, pad, state.shape(name))
    labels = np.zeros((y1 - y0, x1 - x0), np.int32)
    for number, outline in outlines.items():
        outline.draw(labels, number, y0=y0, x0=x0)
    return box, labels


def _nearest(yx_px: NDArray[np.float64], labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Label of the nearest labelled pixel of a crop, from wherever it is seen."""
    _, (rows, columns) = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    last = np.array(labels.shape) - 1
    y, x = np.clip(np.floor(yx_px + 0.5).astype(np.int64), 0, last).T
    nearest: NDArray[np.int64] = labels[rows[y, x], columns[y, x]].astype(np.int64)
    return nearest


def _tolerance_px(state: ReviewState, name: str) -> float:
    pixel_size_um = state.automatic.pixel_size_of(name)
    return state.automatic.settings.signals.border_tolerance_um / pixel_size_um


def _padded(box: tuple[int, ...], pad: int, shape: tuple[int, int]) -> Box:
    y0, x0, y1, x1 = box
    return (
        max(y0 - pad, 0),
        max(x0 - pad, 0),
        min(y1 + pad, shape[0]),
        min(x1 + pad, shape[1]),
    )
