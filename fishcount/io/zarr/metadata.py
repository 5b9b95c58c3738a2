"""OME-Zarr 0.4 and 0.5 as JSON: images, axes, channels and calibration as the metadata claim."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fishcount.errors import (
    FileFormatError,
    FishcountError,
    MetadataError,
    UnsafeFileError,
    raise_all,
)
from fishcount.io.faults import time_series_faults
from fishcount.io.ome import to_um
from fishcount.io.series import Series
from fishcount.io.text import read_json
from fishcount.io.zarr.chunks import chunk_grid, storage_faults
from fishcount.settings import ReadingSettings

__all__ = ["ZarrImage", "is_zarr", "zarr_images"]

_AXES = "tczyx"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZarrImage:
    """One multiscale image of an OME-Zarr: its full-resolution array.

    Attributes
    ----------
    series : Series
    array : Path
        Folder of the array.
    axes : str
        As stored: "tczyx" or fewer.
    """

    series: Series
    array: Path
    axes: str


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr group or array."""
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zattrs"))


def zarr_images(
    path: Path, *, limits: ReadingSettings
) -> tuple[tuple[ZarrImage, ...], list[FishcountError], str]:
    """Images of an OME-Zarr, what is wrong with them, and the version of the format.

    Raises
    ------
    FileFormatError
        When there is no multiscale image in it.
    """
    images, faults, version = [], list[FishcountError](), ""
    for group in _image_groups(path):
        attributes, version = _attributes(group)
        for multiscale in attributes["multiscales"]:
            try:
                image = _image(group, multiscale, attributes, path)
                faults += storage_faults(
                    image.array, path, n_bytes=image.series.nbytes, limits=limits
                )
                images.append(image)
            except FishcountError as error:
                faults.append(error)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                faults.append(_malformed(path, f"{type(error).__name__}: {error}"))
    if not images and not faults:
        raise FileFormatError(
            "holds no multiscale image", file=path, expected="OME-Zarr 0.4 or 0.5"
        )
    return tuple(images), faults, version


def _image_groups(path: Path) -> list[Path]:
    """The group itself, or its numbered children, as converters write several series."""
    if "multiscales" in _attributes(path)[0]:
        return [path]
    children = sorted(
        (child for child in path.iterdir() if child.is_dir() and child.name.isdecimal()),
        key=lambda child: int(child.name),
    )
    return [child for child in children if "multiscales" in _attributes(child)[0]]


def _attributes(group: Path) -> tuple[dict[str, Any], str]:
    if (group / "zarr.json").is_file():
        attributes = read_json(group / "zarr.json").get("attributes", {})
        ome = attributes.get("ome", attributes) if isinstance(attributes, dict) else {}
        return (ome if isinstance(ome, dict) else {}), str(ome.get("version", "0.5"))
    if (group / ".zattrs").is_file():
        return read_json(group / ".zattrs"), "0.4"
    return {}, ""


def _image(
    group: Path, multiscale: dict[str, Any], attributes: dict[str, Any], path: Path
) -> ZarrImage:
    axes = _axes(multiscale["axes"], path)
    dataset = multiscale["datasets"][0]
    array = group / str(dataset["path"])
    if not array.resolve().is_relative_to(path.resolve()):
        raise UnsafeFileError(
            "asks for an array outside its folder", file=path, found=repr(dataset["path"])
        )
    grid = chunk_grid(array)
    if len(grid.shape) != len(axes):
        raise MetadataError(
            "axes and array differ", file=path, found=f"{axes} for shape {grid.shape}"
        )
    sizes = dict(zip(axes, grid.shape, strict=True))
    raise_all(time_series_faults(sizes.get("t", 1), path))
    size = (sizes.get("c", 1), sizes.get("z", 1), sizes["y"], sizes["x"])
    scales = _scales(multiscale, dataset, multiscale["axes"], axes)
    return ZarrImage(
        series=Series(
            name=str(multiscale.get("name", "") or (group.name if group != path else "")),
            sizes=size,
            axes="".join(a for a in axes if a != "t").upper(),
            dtype=grid.dtype,
            channel_names=_names(attributes, size[0], path),
            pixel_size_um=scales.get("x"),
            pixel_height_um=scales.get("y"),
            pixel_size_source="OME-Zarr coordinateTransformations" if "x" in scales else "",
            z_step_um=scales.get("z"),
            z_step_source="OME-Zarr coordinateTransformations" if "z" in scales else "",
        ),
        array=array,
        axes=axes,
    )


def _axes(described: list[Any], path: Path) -> str:
    """The axes of an array, such as "czyx"."""
    axes = "".join(str(axis["name"] if isinstance(axis, dict) else axis) for axis in described)
    in_order = [axis for axis in _AXES if axis in axes] == list(axes)
    if len(set(axes)) != len(axes) or not in_order or not axes.endswith("yx"):
        raise MetadataError("axes", file=path, found=axes, expected="tczyx, or fewer of them")
    return axes


def _scales(
    multiscale: dict[str, Any], dataset: dict[str, Any], described: list[Any], axes: str
) -> dict[str, float]:
    """Micrometres per pixel of each axis that has a unit of length; none where no scale is told."""
    factors = np.ones(len(axes))
    transformations = [
        *dataset.get("coordinateTransformations", ()),
        *multiscale.get("coordinateTransformations", ()),
    ]
    scales = [told["scale"] for told in transformations if told["type"] == "scale"]
    if not scales:
        # A unit alone says nothing: one micrometre for each pixel would be made up.
        return {}
    for scale in scales:
        factors = factors * np.asarray(scale, float)
    units = [axis.get("unit") if isinstance(axis, dict) else None for axis in described]
    found = {}
    for axis, unit, factor in zip(axes, units, factors, strict=True):
        size = to_um(float(factor), str(unit)) if unit and axis in "zyx" else None
        if size is not None:
            found[axis] = size
    return found


def _names(attributes: dict[str, Any], n_channels: int, path: Path) -> tuple[str, ...]:
    channels = attributes.get("omero", {}).get("channels")
    if not channels:
        return ("",) * n_channels
    if len(channels) != n_channels:
        raise MetadataError(
            "number of channels",
            file=path,
            field="omero",
            found=len(channels),
            expected=n_channels,
        )
    return tuple(str(channel.get("label", "")).strip() for channel in channels)


def _malformed(path: Path, what: str) -> MetadataError:
    return MetadataError("malformed", file=path, field="OME-Zarr metadata", found=what)
