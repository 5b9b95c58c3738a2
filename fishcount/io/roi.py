"""Regions to be scored: polygons of QuPath or shapes of napari, drawn into a mask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from fishcount.errors import FileFormatError, MetadataError
from fishcount.image import Window, window_shape
from fishcount.io.files import check_file
from fishcount.io.shapes import is_shapes, rings_of_shapes

__all__ = ["Region", "polygons_of", "read_region", "read_roi", "ring_of"]

_MAX_BYTES = 64 * 2**20
# Annotations of this class of QuPath say what is to be left out.
_IGNORED = "Ignore*"


def read_roi(path: str | Path, *, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Mask (y, x) of the polygons in a file; holes are left out.

    Parameters
    ----------
    path
        GeoJSON: a Feature, FeatureCollection or geometry with Polygon and MultiPolygon, x before y,
        in pixels whose outer corner is (0, 0), as QuPath writes them; objects of its class
        ``Ignore*`` are left out, all others are one region. Or the CSV file that napari
        writes of a Shapes layer, in pixels: rectangles, ellipses and polygons.
    shape
        Height and width of the image.

    Raises
    ------
    FileFormatError
        When the file is neither.
    MetadataError
        When it holds no polygon, or none of them touches the image.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.io import read_roi
    >>> file = Path(tempfile.mkdtemp()) / "tumour.geojson"
    >>> _ = file.write_text(
    ...     '{"type": "Polygon", "coordinates": [[[1, 0], [3, 0], [3, 2], [1, 2], [1, 0]]]}')
    >>> read_roi(file, shape=(3, 4)).astype(int)
    array([[0, 1, 1, 0],
           [0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    region = read_region(path)
    mask = region.mask((slice(0, shape[0]), slice(0, shape[1])))
    if not mask.any():
        raise _outside(path, region, shape)
    return mask


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Polygons of an image, each an outer ring and its holes, from which windows are drawn.

    Attributes
    ----------
    polygons : tuple of tuple of ndarray of float64, (n, 2)
        Rings as (y, x), the origin at the centre of the first pixel.
    """

    polygons: tuple[tuple[NDArray[np.float64], ...], ...]

    def mask(self, window: Window) -> NDArray[np.bool_]:
        """Mask (y, x) of a window; holes are left out."""
        corner = np.array([part.start for part in window])
        shape = window_shape(window)
        mask = np.zeros(shape, np.bool_)
        for polygon in self.polygons:
            outer, *holes = (ring - corner for ring in polygon)
            if not _meets(outer, shape):
                continue
            region = _drawn(outer, shape)
            for hole in holes:
                region &= ~_drawn(hole, shape)
            mask |= region
        return mask


def read_region(path: str | Path, *, shape: tuple[int, int] | None = None) -> Region:
    """The polygons in a file, as for `read_roi`, without drawing them.

    Parameters
    ----------
    path
        As for `read_roi`.
    shape
        Height and width of an image that at least one of them must meet; not checked without.
    """
    path = check_file(path)
    if path.stat().st_size > _MAX_BYTES:
        raise FileFormatError("too large for regions", file=path, expected="at most 64 MiB")
    try:
        region = _parsed(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise FileFormatError(
            "neither GeoJSON nor shapes of napari",
            file=path,
            found=str(error),
            remedy="export the region from QuPath or napari again",
        ) from error
    if shape is not None and not any(_meets(outer, shape) for outer, *_ in region.polygons):
        raise _outside(path, region, shape)
    return region


def _parsed(text: str) -> Region:
    if is_shapes(text):
        return Region(tuple((_checked(ring),) for ring in rings_of_shapes(text)))
    polygons = polygons_of(json.loads(text))
    return Region(tuple(tuple(ring_of(ring) for ring in polygon) for polygon in polygons))


def _outside(path: str | Path, region: Region, shape: tuple[int, int]) -> MetadataError:
    return MetadataError(
        "the region holds no pixel of the image",
        file=path,
        found=f"{len(region.polygons)} polygons",
        expected=f"some inside {shape[1]} x {shape[0]} pixels",
        remedy="was it drawn on another image, or in micrometres?",
    )


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
        if tree["geometry"] is not None and _class_of(tree) != _IGNORED:
            yield from polygons_of(tree["geometry"])
    elif kind == "GeometryCollection":
        yield from polygons_of(tree["geometries"])
    elif kind == "Polygon":
        yield tree["coordinates"]
    elif kind == "MultiPolygon":
        yield from tree["coordinates"]


def _class_of(feature: Any) -> Any:
    """What QuPath calls an object; None where it has no class."""
    classification = (feature.get("properties") or {}).get("classification") or {}
    return classification.get("name") if isinstance(classification, dict) else None


def ring_of(points: Any) -> NDArray[np.float64]:
    """A ring of GeoJSON: corner coordinates to pixel centres, x y to y x."""
    return _checked(np.asarray(points, float)[:, 1::-1] - 0.5)


def _checked(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    if ring.ndim != 2 or len(ring) < 3 or not np.isfinite(ring).all():
        raise ValueError("a ring of fewer than three points, or not of numbers")
    return ring


def _meets(ring: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Whether the box of a ring and an image have anything in common."""
    return bool((ring.max(axis=0) >= -0.5).all() and (ring.min(axis=0) < shape).all())


def _drawn(ring: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = polygon2mask(shape, ring)  # type: ignore[no-untyped-call]
    return mask
