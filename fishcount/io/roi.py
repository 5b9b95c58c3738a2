"""Regions to be scored: GeoJSON polygons, as QuPath exports them, drawn into a mask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from fishcount.errors import FileFormatError, MetadataError
from fishcount.io.files import check_file

__all__ = ["polygons_of", "read_roi"]

_MAX_BYTES = 64 * 2**20


def read_roi(path: str | Path, *, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Mask (y, x) of the polygons in a GeoJSON file; holes are left out.

    Parameters
    ----------
    path
        A Feature, FeatureCollection or geometry with Polygon and MultiPolygon, x before y, in
        pixels whose outer corner is (0, 0), as QuPath writes them.
    shape
        Height and width of the image.

    Raises
    ------
    FileFormatError
        When the file is no GeoJSON.
    MetadataError
        When it holds no polygon, or none of them touches the image.
    """
    path = check_file(path)
    if path.stat().st_size > _MAX_BYTES:
        raise FileFormatError("too large for regions", file=path, expected="at most 64 MiB")
    try:
        tree = json.loads(path.read_text(encoding="utf-8-sig"))
        polygons = list(polygons_of(tree))
        rings = [[np.asarray(ring, float)[:, :2] for ring in polygon] for polygon in polygons]
    except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise FileFormatError(
            "not GeoJSON", file=path, found=str(error), remedy="export the region from QuPath again"
        ) from error
    mask = np.zeros(shape, np.bool_)
    for outer, *holes in rings:
        region = _drawn(outer, shape)
        for hole in holes:
            region &= ~_drawn(hole, shape)
        mask |= region
    if not mask.any():
        raise MetadataError(
            "the region holds no pixel of the image",
            file=path,
            found=f"{len(rings)} polygons",
            expected=f"some inside {shape[1]} x {shape[0]} pixels",
            remedy="was it drawn on another image, or in micrometres?",
        )
    return mask


def polygons_of(tree: Any) -> Iterator[Any]:
    """Coordinates of every polygon, whatever it is wrapped in."""
    if isinstance(tree, list):
        for item in tree:
            yield from polygons_of(item)
        return
    kind = tree["type"]
    if kind == "FeatureCollection":
        yield from polygons_of(tree["features"])
    elif kind == "Feature":
        if tree["geometry"] is not None:
            yield from polygons_of(tree["geometry"])
    elif kind == "GeometryCollection":
        yield from polygons_of(tree["geometries"])
    elif kind == "Polygon":
        yield tree["coordinates"]
    elif kind == "MultiPolygon":
        yield from tree["coordinates"]


def _drawn(ring: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    if ring.ndim != 2 or len(ring) < 3 or not np.isfinite(ring).all():
        raise ValueError("a ring of fewer than three points, or not of numbers")
    # Corner coordinates to pixel centres, x y to y x.
    mask: NDArray[np.bool_] = polygon2mask(shape, ring[:, ::-1] - 0.5)  # type: ignore[no-untyped-call]
    return mask
