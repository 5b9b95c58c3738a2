"""Regions drawn in napari: the CSV file that it writes of a Shapes layer."""

from __future__ import annotations

import csv
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_shapes", "rings_of_shapes"]

_HEADER = ("index", "shape-type", "vertex-index")
# Lines and paths enclose nothing, as in GeoJSON.
_WITH_AREA = frozenset({"rectangle", "polygon", "ellipse"})
_ELLIPSE_POINTS = 180


def is_shapes(text: str) -> bool:
    """Whether a text begins as napari begins its file of shapes."""
    return text.startswith(",".join(_HEADER))


def rings_of_shapes(text: str) -> list[NDArray[np.float64]]:
    r"""Outlines (n, 2) of the shapes that have an area: y, x from the centre of the first pixel.

    Parameters
    ----------
    text
        The file. Of more than two axes, as shapes on a stack have, the last two count.

    Raises
    ------
    ValueError
        When it is not such a table.

    Examples
    --------
    >>> from fishcount.io.shapes import rings_of_shapes
    >>> head = "index,shape-type,vertex-index,axis-0,axis-1"
    >>> rows = ["0,polygon,0,1,2", "0,polygon,1,1,8", "0,polygon,2,5,8"]
    >>> rings_of_shapes("\n".join([head, *rows]))[0].tolist()
    [[1.0, 2.0], [1.0, 8.0], [5.0, 8.0]]
    """
    try:
        header, *rows = (row for row in csv.reader(text.splitlines()) if row)
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if len(header) < len(_HEADER) + 2 or any(len(row) != len(header) for row in rows):
        raise ValueError("rows of another length than the header")
    rings = []
    for (_, kind), own in groupby(rows, key=lambda row: (row[0], row[1])):
        if kind not in _WITH_AREA:
            continue
        corners = np.array([[float(cell) for cell in row[-2:]] for row in own])
        rings.append(_ellipse(corners) if kind == "ellipse" else corners)
    return rings


def _ellipse(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ellipse in a box, which may be turned: its corners in order."""
    if len(corners) != 4:
        raise ValueError(f"an ellipse of {len(corners)} corners in place of 4")
    angle = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)[:, None]
    one, other = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    return np.asarray(corners.mean(axis=0) + np.cos(angle) * one + np.sin(angle) * other)
