"""Outlines of masks as the paths of a drawing, with no more corners than the eye needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

__all__ = ["simplified", "svg_paths"]

Points = NDArray[np.float64]

_TOLERANCE_PX = 0.5


def svg_paths(masks: Iterable[tuple[NDArray[np.bool_], int, int]]) -> list[str]:
    """The outline of each mask (y, x) as an SVG path; empty where nothing is to be seen.

    Parameters
    ----------
    masks
        Each with the row and the column of its first pixel.
    """
    contours: list[Points] = []
    places: list[tuple[int, int]] = []
    ends = []
    for mask, top, left in masks:
        # A frame of background closes the contours of what touches the edge of the mask.
        found = find_contours(np.pad(mask, 1).astype(np.float32), 0.5)  # type: ignore[no-untyped-call]
        contours += found
        places += [(top - 1, left - 1)] * len(found)
        ends.append(len(contours))
    parts = [
        _closed(corners[:-1] + place)
        for corners, place in zip(simplified(contours, _TOLERANCE_PX), places, strict=True)
    ]
    return ["".join(parts[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def _closed(corners: Points) -> str:
    if len(corners) < 3:
        return ""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for y, x in corners.tolist()) + "Z"


def simplified(lines: Sequence[Points], tolerance_px: float) -> list[Points]:
    """Lines (n, 2) with fewer points; none that is left out lies farther than this from its line.

    Douglas & Peucker (1973), Cartographica 10:112, with all stretches of all lines halved at once:
    the same as `skimage.measure.approximate_polygon` for each line, in a tenth of the time.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.report.contours import simplified
    >>> bent = np.array([[0, 0], [0.1, 1], [0, 2], [1, 2.1], [2, 2]])
    >>> simplified([bent], 0.5)[0].tolist()
    [[0.0, 0.0], [0.0, 2.0], [2.0, 2.0]]
    """
    if not lines:
        return []
    points = np.concatenate(lines)
    stop = np.cumsum([len(line) for line in lines])
    start, end = stop - [len(line) for line in lines], stop - 1
    stays = np.zeros(len(points), np.bool_)
    stays[start] = stays[end] = True
    while len(start):
        start, end = start[end - start > 1], end[end - start > 1]
        start, far, end = _split(points, start, end, tolerance_px)
        stays[far] = True
        start, end = np.concatenate([start, far]), np.concatenate([far, end])
    return [line[kept] for line, kept in zip(lines, np.split(stays, stop[:-1]), strict=True)]


def _split(
    points: Points, start: NDArray[np.int64], end: NDArray[np.int64], tolerance_px: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Stretches that are not straight, with the point of each that lies farthest off."""
    if not len(start):
        return start, start, end
    between = end - start - 1
    first = np.cumsum(between) - between
    stretch = np.repeat(np.arange(len(start)), between)
    point = np.arange(len(stretch)) - first[stretch] + start[stretch] + 1
    distance = _distance(points[point], points[start], points[end], stretch)
    largest = np.maximum.reduceat(distance, first)
    # Of points that are equally far, the first.
    farthest = np.minimum.reduceat(
        np.where(distance == largest[stretch], point, len(points)), first
    )
    bent = largest > tolerance_px
    return start[bent], farthest[bent], end[bent]


def _distance(
    point: Points, one: Points, other: Points, stretch: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Distance (n,) of points from the stretch that each belongs to, between two others (m, 2)."""
    along = other - one
    angle = -np.arctan2(along[:, 0], along[:, 1])
    sine, cosine = np.sin(angle), np.cos(angle)
    level = one[:, 1] * sine + one[:, 0] * cosine
    y, x = point.T
    across = np.abs(y * cosine[stretch] + x * sine[stretch] - level[stretch])
    dy, dx = along[stretch].T
    y0, x0 = (point - one[stretch]).T
    y1, x1 = (point - other[stretch]).T
    beside = (y0 * dy + x0 * dx > 0) & (y1 * dy + x1 * dx < 0)
    to_end = np.sqrt(np.minimum(y0**2 + x0**2, y1**2 + x1**2))
    distance: NDArray[np.float64] = np.where(beside, across, to_end)
    return distance
