"""Zeiss CZI through pylibCZIrw, which fills missing tiles with zeros: here they are faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import defusedxml.ElementTree as SafeTree
import numpy as np
from numpy.typing import NDArray

from fishcount.errors import CorruptFileError, FishcountError, MetadataError
from fishcount.io.extras import require
from fishcount.io.faults import time_series_faults
from fishcount.io.optics import ChannelOptics, told_number
from fishcount.io.series import Series
from fishcount.io.vendor.source import Scene

__all__ = ["CziBackend", "read_metadata"]

_DTYPES = {"Gray8": np.uint8, "Gray16": np.uint16, "Gray32Float": np.float32}
_Rect = tuple[int, int, int, int]


class CziBackend:
    """Scenes of a CZI are its series."""

    def scenes(self, path: Path) -> tuple[Scene, ...]:
        """Describe all scenes without their pixels."""
        with _opened(path) as document:
            tiles = _tiles(document)
            return tuple(
                _scene(document, path, number, rect, tiles)
                for number, rect in enumerate(_rectangles(document).values())
            )

    def read(self, path: Path, scene: int, channels: Sequence[int]) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x)."""
        with _opened(path) as document:
            key = list(_rectangles(document))[scene]
            n_planes = _size(document, "Z")
            planes = [
                document.read(
                    plane={"C": channel, "Z": z, "T": 0},
                    scene=key if document.scenes_bounding_rectangle_no_pyramid else None,
                    roi=_rectangles(document)[key],
                )[..., 0]
                for channel in channels
                for z in range(n_planes)
            ]
        stack = np.stack(planes)
        return stack.reshape(len(channels), n_planes, *stack.shape[1:])


def _opened(path: Path) -> Any:
    czi = require("pylibCZIrw.czi", extra="vendor", kind="CZI", file=path)
    return czi.open_czi(str(path))


def _rectangles(document: Any) -> dict[int, _Rect]:
    scenes = document.scenes_bounding_rectangle_no_pyramid
    if not scenes:
        scenes = {0: document.total_bounding_rectangle_no_pyramid}
    return {key: (rect.x, rect.y, rect.w, rect.h) for key, rect in sorted(scenes.items())}


def _size(document: Any, axis: str) -> int:
    first, end = document.total_bounding_box_no_pyramid.get(axis, (0, 1))
    return int(end - first)


def _tiles(document: Any) -> dict[tuple[int, int], list[_Rect]]:
    """Rectangles of the full-resolution tiles that are stored, by channel and plane."""
    tiles: dict[tuple[int, int], list[_Rect]] = defaultdict(list)

    def note(_: int, block: Any) -> bool:
        rect, size = block.logicalRect, block.physicalSize
        if (rect.w, rect.h) == (size.w, size.h):
            where = {str(axis)[-1]: int(at) for axis, at in block.coordinate.to_dict().items()}
            tiles[where.get("C", 0), where.get("Z", 0)].append((rect.x, rect.y, rect.w, rect.h))
        return True

    document.enumerate_subblocks(note)
    return tiles


def _scene(
    document: Any,
    path: Path,
    number: int,
    rect: _Rect,
    tiles: dict[tuple[int, int], list[_Rect]],
) -> Scene:
    n_channels, n_planes = _size(document, "C"), _size(document, "Z")
    types = set(document.pixel_types.values())
    faults = [
        *_form_faults(document, path, types),
        *_gaps(path, number, rect, tiles, n_channels, n_planes),
    ]
    names, sizes_um, optics = read_metadata(document.raw_metadata, n_channels)
    source = "CZI Scaling"
    return Scene(
        series=Series(
            name=f"scene {number}",
            sizes=(n_channels, n_planes, rect[3], rect[2]),
            axes="CZYX",
            dtype=np.dtype(_DTYPES.get(next(iter(types), ""), np.uint16)),
            channel_names=names,
            pixel_size_um=sizes_um.get("X"),
            pixel_height_um=sizes_um.get("Y"),
            pixel_size_source=source if "X" in sizes_um else "",
            z_step_um=sizes_um.get("Z"),
            z_step_source=source if "Z" in sizes_um else "",
            optics=optics,
            optics_source="CZI LensNA, EmissionWavelength" if optics else "",
        ),
        faults=tuple(faults),
    )


def _form_faults(document: Any, path: Path, types: set[str]) -> list[FishcountError]:
    """What a document holds that is not a field: pixels of another type, several time points."""
    faults: list[FishcountError] = []
    if len(types) != 1 or not types <= set(_DTYPES):
        faults.append(
            MetadataError(
                "pixel type", file=path, found=", ".join(sorted(types)), expected=", ".join(_DTYPES)
            )
        )
    return [*faults, *time_series_faults(_size(document, "T"), path)]


def _gaps(
    path: Path,
    number: int,
    rect: _Rect,
    tiles: dict[tuple[int, int], list[_Rect]],
    n_channels: int,
    n_planes: int,
) -> Iterator[FishcountError]:
    """The fault of a plane that its tiles do not cover; the first is told."""
    left, top, width, height = rect
    for channel in range(n_channels):
        for z in range(n_planes):
            covered = np.zeros((height, width), np.bool_)
            for x, y, w, h in tiles.get((channel, z), ()):
                rows = slice(max(y - top, 0), max(y - top + h, 0))
                covered[rows, max(x - left, 0) : max(x - left + w, 0)] = True
            if not covered.all():
                yield CorruptFileError(
                    "tiles are missing",
                    file=path,
                    field=f"scene {number}, channel {channel}, plane {z}",
                    found=f"{covered.mean():.0%} of the plane",
                    expected="all of it; missing pixels are not read as zeros",
                    remedy="copy or export the file again",
                )
                return


def read_metadata(
    xml: str, n_channels: int
) -> tuple[tuple[str, ...], dict[str, float], tuple[ChannelOptics, ...]]:
    """Channel names, micrometres per pixel of each axis (CZI stores metres), and the optics."""
    root = SafeTree.fromstring(xml, forbid_dtd=True)
    channels = root.findall("./Metadata/Information/Image/Dimensions/Channels/Channel")
    names = tuple(channel.get("Name", "").strip() for channel in channels)
    sizes = {}
    for distance in root.findall("./Metadata/Scaling/Items/Distance"):
        value = distance.findtext("Value")
        if value and float(value) > 0:
            sizes[distance.get("Id", "")] = float(value) * 1e6
    if len(names) != n_channels:
        return ("",) * n_channels, sizes, ()
    aperture = _aperture(root)
    optics = tuple(
        ChannelOptics(aperture, told_number(channel.findtext("EmissionWavelength")))
        for channel in channels
    )
    return names, sizes, optics if any(one != ChannelOptics() for one in optics) else ()


def _aperture(root: Any) -> float | None:
    """Of the objective that the image names, or of the only one that the file knows."""
    information = "./Metadata/Information"
    objectives = {
        objective.get("Id", ""): told_number(objective.findtext("LensNA"))
        for objective in root.findall(f"{information}/Instrument/Objectives/Objective")
    }
    named = root.find(f"{information}/Image/ObjectiveSettings/ObjectiveRef")
    if named is not None:
        return objectives.get(named.get("Id", ""))
    return next(iter(objectives.values())) if len(objectives) == 1 else None
