"""Nuclei of an image of any size, block by block on the image's own grid.

Each block (`fishcount.slide`) is searched with a margin around it, and gives the nuclei whose
centroid lies in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.background import is_constant
from fishcount.flags import has_flag
from fishcount.image import Window
from fishcount.nuclei.figures.flags import flag_nuclei
from fishcount.nuclei.figures.measure import measure_found
from fishcount.nuclei.focus import BLOCK_PX as FOCUS_PX
from fishcount.nuclei.focus import best_focus
from fishcount.nuclei.geometry.label_runs import LabelRuns
from fishcount.nuclei.geometry.runs import Runs
from fishcount.nuclei.result import NucleiTable, OutlinedNuclei
from fishcount.nuclei.search.plane import FieldScale, search_part
from fishcount.settings import NucleiSettings
from fishcount.slide import Block, blocks_of

__all__ = ["search_blocks"]

# The margin around a block in nuclear diameters.
_MARGIN_DIAMETERS = 3.0
# Two nuclei of different blocks that share this much of the smaller are the same; the later goes.
_SAME_NUCLEUS = 0.3

Read = Callable[[Window], NDArray[np.number]]


def search_blocks(
    read: Read,
    *,
    shape: tuple[int, int],
    field: FieldScale,
    limit_counts: float,
    z_step_um: float | None,
    roi: Callable[[Window], NDArray[np.bool_]] | None,
    settings: NucleiSettings,
) -> OutlinedNuclei:
    """Nuclei of an image that is read block by block.

    Parameters
    ----------
    read
        DAPI of a window: (y, x), or (z, y, x) of a stack.
    shape
        Height and width of the image.
    field
        From `measure_field` of its sample.
    limit_counts
        Counts at which the camera is full.
    z_step_um
        Distance of planes, where it is known.
    roi
        The region to be scored in a window (y, x); None is everything.
    settings
        See `fishcount.settings.NucleiSettings`.
    """
    margin = math.ceil(_MARGIN_DIAMETERS * field.diameter_px * field.factor)
    blocks = [
        found
        for block in blocks_of(shape, margin_px=margin, step_px=math.lcm(field.factor, FOCUS_PX))
        if (
            found := _search_block(
                read,
                block,
                field=field,
                limit_counts=limit_counts,
                z_step_um=z_step_um,
                roi=roi,
                settings=settings,
            )
        )
        is not None
    ]
    if not blocks:
        return OutlinedNuclei.empty(shape)
    table, runs = _without_doubles(_joined(blocks), [len(runs) for _, runs in blocks])
    return OutlinedNuclei(
        **_flagged(table, shape, settings).figures(),
        outlines=LabelRuns.of(runs, shape),
    )


def _search_block(
    read: Read,
    block: Block,
    *,
    field: FieldScale,
    limit_counts: float,
    z_step_um: float | None,
    roi: Callable[[Window], NDArray[np.bool_]] | None,
    settings: NucleiSettings,
) -> tuple[NucleiTable, Runs] | None:
    """Nuclei whose centroid lies in a block, in pixels of the image; None where there are none."""
    window = block.window
    stack = read(window)
    if is_constant(stack):
        return None
    focus = best_focus(stack)
    found = search_part(focus[0], field=field)
    if found is None:
        return None
    nuclei, runs = measure_found(
        found,
        stack,
        focus=focus,
        limit_counts=limit_counts,
        z_step_um=z_step_um,
        roi=None if roi is None else roi(window),
        settings=settings,
    )
    rows, columns = window
    runs = runs.moved(rows.start, columns.start)
    owned = np.flatnonzero(_centroids_in(block.core, runs))
    if not len(owned):
        return None
    table = NucleiTable(**nuclei.figures())
    at = np.array([rows.start, columns.start, rows.start, columns.start])
    table = replace(
        table,
        y_px=table.y_px + rows.start,
        x_px=table.x_px + columns.start,
        bbox_px=table.bbox_px + at,
    )
    return _rows(table, owned), runs.take(owned)


def _centroids_in(core: Window, runs: Runs) -> NDArray[np.bool_]:
    """Which labels have their centroid in a block: whole numbers only, so that no two say yes."""
    length = runs.length
    area = runs.total(length)
    # Twice the sums, as a run's middle may lie between two pixels.
    twice_y = 2 * runs.total(length * runs.y)
    twice_x = runs.total(length * (runs.x0 + runs.x1 - 1))
    inside = np.ones(len(runs), bool)
    for part, twice in zip(core, (twice_y, twice_x), strict=True):
        inside &= ((2 * part.start - 1) * area <= twice) & (twice < (2 * part.stop - 1) * area)
    return inside


def _rows(table: NucleiTable, rows: NDArray[np.int64]) -> NucleiTable:
    columns: dict[str, Any] = {
        name: column[rows]
        for name, column in table.figures().items()
        if isinstance(column, np.ndarray)
    }
    return replace(table, **columns)


def _joined(blocks: Sequence[tuple[NucleiTable, Runs]]) -> tuple[NucleiTable, Runs]:
    """The rows of all blocks, one after the other."""
    tables = [table for table, _ in blocks]
    figures = [table.figures() for table in tables]
    columns: dict[str, Any] = {
        name: np.concatenate([own[name] for own in figures])
        for name, column in figures[0].items()
        if isinstance(column, np.ndarray)
    }
    # Typical thresholds differ between blocks; their median stands for the image.
    threshold = float(np.median([table.threshold_counts for table in tables]))
    joined = replace(tables[0], **columns, threshold_counts=threshold)
    return joined, Runs.concatenate([runs for _, runs in blocks])


def _without_doubles(
    found: tuple[NucleiTable, Runs], n_of_block: Sequence[int]
) -> tuple[NucleiTable, Runs]:
    """In the order of centroids; where two blocks disagree on a clump, nothing is there twice."""
    table, runs = found
    block = np.repeat(np.arange(len(n_of_block)), n_of_block)
    one, other, shared = runs.overlaps()
    apart = block[one] != block[other]
    smaller = np.minimum(table.area_px[one], table.area_px[other])
    same = apart & (shared >= _SAME_NUCLEUS * smaller)
    kept = np.ones(len(table), bool)
    kept[np.maximum(one[same], other[same])] = False
    order = np.lexsort((table.x_px.round(6), table.y_px.round(6)))
    order = order[kept[order]]
    return _rows(table, order), runs.take(order)


def _flagged(table: NucleiTable, shape: tuple[int, int], settings: NucleiSettings) -> NucleiTable:
    """With the flags of nuclei among all of the image, not only those of their block."""
    inside_roi = ~has_flag(table.flags, "OUTSIDE_ROI")
    flags = flag_nuclei(table, inside_roi=inside_roi, shape_px=shape, settings=settings)
    return replace(table, flags=flags)
