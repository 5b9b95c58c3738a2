"""OME-Zarr 0.4 and 0.5 as JSON: what the metadata claim, checked against the chunks on the disk.

A chunk that is missing would be read as zeros, and a HER2 channel of zeros as a negative case:
so every chunk must be there, also inside shards.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from fishcount.errors import (
    CorruptFileError,
    FileFormatError,
    FishcountError,
    InputError,
    MetadataError,
    TooLargeError,
    UnsafeFileError,
)
from fishcount.io.ome import to_um
from fishcount.io.series import Series
from fishcount.settings import ReadingSettings

__all__ = ["ZarrImage", "is_zarr", "zarr_images"]

_ABSENT = 2**64 - 1
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """How an array is cut into files."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[np.generic]
    prefix: str
    separator: str
    inner: tuple[int, ...] | None = None
    index_at_end: bool = True


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
        for number, multiscale in enumerate(attributes["multiscales"]):
            try:
                image = _image(group, multiscale, attributes, number, path)
                faults += _storage_faults(image, path, limits)
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
        attributes = _json(group / "zarr.json").get("attributes", {})
        ome = attributes.get("ome", attributes) if isinstance(attributes, dict) else {}
        return (ome if isinstance(ome, dict) else {}), str(ome.get("version", "0.5"))
    if (group / ".zattrs").is_file():
        return _json(group / ".zattrs"), "0.4"
    return {}, ""


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("cannot be read", file=file, found=error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise MetadataError("not JSON", file=file, found=str(error)) from error
    if not isinstance(found, dict):
        raise MetadataError("not a record", file=file, found=type(found).__name__)
    return found


def _image(
    group: Path, multiscale: dict[str, Any], attributes: dict[str, Any], number: int, path: Path
) -> ZarrImage:
    described = multiscale["axes"]
    axes = "".join(str(axis["name"] if isinstance(axis, dict) else axis) for axis in described)
    if (
        len(set(axes)) != len(axes)
        or [a for a in _AXES if a in axes] != list(axes)
        or (not axes.endswith("yx"))
    ):
        raise MetadataError("axes", file=path, found=axes, expected="tczyx, or fewer of them")
    dataset = multiscale["datasets"][0]
    array = group / str(dataset["path"])
    if not array.resolve().is_relative_to(path.resolve()):
        raise UnsafeFileError(
            "asks for an array outside its folder", file=path, found=repr(dataset["path"])
        )
    grid = _grid(array)
    if len(grid.shape) != len(axes):
        raise MetadataError(
            "axes and array differ", file=path, found=f"{axes} for shape {grid.shape}"
        )
    sizes = dict(zip(axes, grid.shape, strict=True))
    if sizes.get("t", 1) > 1:
        raise MetadataError(
            "a time series", file=path, found=f"{sizes['t']} time points", expected="one"
        )
    size = (sizes.get("c", 1), sizes.get("z", 1), sizes["y"], sizes["x"])
    scales = _scales(multiscale, dataset, described, axes)
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


def _scales(
    multiscale: dict[str, Any], dataset: dict[str, Any], described: list[Any], axes: str
) -> dict[str, float]:
    """Micrometres per pixel of each axis that has a unit of length."""
    factors = np.ones(len(axes))
    transformations = [
        *dataset.get("coordinateTransformations", ()),
        *multiscale.get("coordinateTransformations", ()),
    ]
    for transformation in transformations:
        if transformation["type"] == "scale":
            factors = factors * np.asarray(transformation["scale"], float)
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


def _grid(array: Path) -> _Grid:
    if (array / "zarr.json").is_file():
        return _grid_v3(_json(array / "zarr.json"))
    if (array / ".zarray").is_file():
        record = _json(array / ".zarray")
        return _Grid(
            shape=_whole(record["shape"]),
            chunks=_whole(record["chunks"]),
            dtype=np.dtype(str(record["dtype"])),
            prefix="",
            separator=str(record.get("dimension_separator", ".")),
        )
    raise MetadataError("an array is missing", file=array, remedy="copy the whole folder again")


def _grid_v3(record: dict[str, Any]) -> _Grid:
    keys = record.get("chunk_key_encoding", {"name": "default"})
    default = keys["name"] == "default"
    separator = keys.get("configuration", {}).get("separator", "/" if default else ".")
    sharding = next((c for c in record["codecs"] if c["name"] == "sharding_indexed"), None)
    options = sharding["configuration"] if sharding else {}
    return _Grid(
        shape=_whole(record["shape"]),
        chunks=_whole(record["chunk_grid"]["configuration"]["chunk_shape"]),
        dtype=np.dtype(str(record["data_type"])),
        prefix="c" if default else "",
        separator=str(separator),
        inner=_whole(options["chunk_shape"]) if sharding else None,
        index_at_end=options.get("index_location", "end") == "end",
    )


def _whole(values: Any) -> tuple[int, ...]:
    numbers = tuple(int(value) for value in values)
    if not numbers or min(numbers) < 1:
        raise ValueError(f"sizes must be 1 or more; got {numbers}")
    return numbers


def _storage_faults(
    image: ZarrImage, path: Path, limits: ReadingSettings
) -> Iterator[FishcountError]:
    grid = _grid(image.array)
    chunk_bytes = math.prod(grid.chunks) * grid.dtype.itemsize
    n_chunks = math.prod(-(-n // c) for n, c in zip(grid.shape, grid.chunks, strict=True))
    if max(image.series.nbytes, chunk_bytes) > limits.max_memory_bytes or n_chunks > 10**6:
        yield TooLargeError(
            "too large",
            file=path,
            found=f"{image.series.nbytes / 2**20:.0f} MiB in {n_chunks} chunks "
            f"of {chunk_bytes / 2**20:.1f} MiB",
            expected=f"at most {limits.max_memory_mib} MiB",
            remedy="raise it with --set reading.max_memory_mib=...",
        )
        return
    missing = list(_missing(image.array, grid))
    if missing:
        yield CorruptFileError(
            "chunks are missing",
            file=path,
            found=f"{len(missing)} of {n_chunks} without data, the first {missing[0]}",
            expected="every chunk; missing ones are not read as zeros",
            remedy="copy the whole folder again, or write it with write_empty_chunks=True",
        )


def _missing(array: Path, grid: _Grid) -> Iterator[str]:
    counts = [-(-n // c) for n, c in zip(grid.shape, grid.chunks, strict=True)]
    for position in product(*(range(count) for count in counts)):
        parts = [grid.prefix] if grid.prefix else []
        key = grid.separator.join([*parts, *map(str, position)])
        file = array / key
        if not file.is_file() or file.stat().st_size == 0:
            yield key
        elif grid.inner is not None and not _shard_is_full(file, position, grid):
            yield f"{key} (inside the shard)"


def _shard_is_full(file: Path, position: tuple[int, ...], grid: _Grid) -> bool:
    """Whether the index of a shard points to data for every inner chunk within the array."""
    inner = grid.inner or grid.chunks
    per_shard = [c // i for c, i in zip(grid.chunks, inner, strict=True)]
    n_bytes = 16 * math.prod(per_shard)
    with file.open("rb") as stream:
        if grid.index_at_end:
            stream.seek(max(file.stat().st_size - n_bytes - 4, 0))
        raw = stream.read(n_bytes)
    if len(raw) < n_bytes:
        return False
    index = np.frombuffer(raw, "<u8").reshape(*per_shard, 2)
    # A shard at the edge reaches beyond the array; what lies there may be absent.
    inside = tuple(
        slice(0, min(p, -(-(n - at * c) // i)))
        for p, n, at, c, i in zip(per_shard, grid.shape, position, grid.chunks, inner, strict=True)
    )
    return not (index[inside] == _ABSENT).any()


def _malformed(path: Path, what: str) -> MetadataError:
    return MetadataError("malformed", file=path, field="OME-Zarr metadata", found=what)
