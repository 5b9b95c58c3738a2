"""ImageJ stacks and hyperstacks: a header of key=value lines in the first page."""

from __future__ import annotations

import re

import numpy as np
import tifffile

from fishcount.errors import FishcountError, MetadataError
from fishcount.io.faults import time_series_faults
from fishcount.io.ome import to_um
from fishcount.io.series import Series
from fishcount.io.tiff.layout import Layout, channel_names, is_colour, resolution_um
from fishcount.io.tiff.pixels import PlaneRef, tifffile_damage
from fishcount.io.tiff.structure import Structure

__all__ = ["imagej_series"]

# Of a faulty file no more channels are listed, whatever its header claims.
_MOST_CLAIMED = 64


def imagej_series(
    description: str, structure: Structure
) -> tuple[tuple[Layout, ...], list[FishcountError]]:
    """The one image of an ImageJ file; faults where its counts differ from the pages."""
    keys = dict(line.partition("=")[::2] for line in description.splitlines() if "=" in line)
    first = structure.pages[0]
    counts, faults = _counts(keys, structure)
    n_channels, n_z, n_times = counts
    faults += time_series_faults(n_times, structure.path)
    faults += _page_faults(keys, counts, structure)
    size, z_step, z_source, more = _calibration(keys, structure)
    faults += more
    colour = is_colour(first)
    samples = first.samples
    hyper = n_channels > 1 or "hyperstack" in keys
    axes = ("Z" if n_z > 1 else "") + ("C" if n_channels > 1 else "") + "YX"
    if n_z > 1 and not hyper and samples == 1:
        # A plain "slices" stack is as often three channels as three planes.
        n_channels, n_z, axes = n_z, 1, "QYX"
    planes: tuple[tuple[PlaneRef, ...], ...] = ()
    names = ("",) * min(n_channels, _MOST_CLAIMED)
    if not faults:
        names = _labels(structure, n_channels)
        refs = _refs(structure, n_channels, n_z)
        planes = tuple(tuple(refs[z][c] for z in range(n_z)) for c in range(n_channels))
    return (
        Layout(
            series=Series(
                name=keys.get("title", ""),
                sizes=(n_channels * samples, n_z, first.shape[1], first.shape[2]),
                axes=axes if samples == 1 else f"{axes}S",
                dtype=first.dtype or np.dtype(np.uint8),
                channel_names=channel_names(first, names * samples),
                pixel_size_um=size,
                pixel_size_source="" if size is None else "ImageJ unit and resolution tags",
                z_step_um=z_step,
                z_step_source=z_source,
                colour=colour,
            ),
            planes=planes,
            samples=samples,
        ),
    ), faults


def _counts(
    keys: dict[str, str], structure: Structure
) -> tuple[tuple[int, int, int], list[FishcountError]]:
    values = []
    for key in ("channels", "slices", "frames"):
        text = keys.get(key, "1")
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= 10**6:
            fault = MetadataError(
                "no such number", file=structure.path, field=f"ImageJ {key}", found=repr(text)
            )
            return (1, 1, 1), [fault]
        values.append(int(text))
    return (values[0], values[1], values[2]), []


def _page_faults(
    keys: dict[str, str], counts: tuple[int, int, int], structure: Structure
) -> list[FishcountError]:
    planes = counts[0] * counts[1] * counts[2]
    images = int(keys["images"]) if keys.get("images", "").isdecimal() else 1
    n_pages = len(structure.pages)
    first = structure.pages[0]
    behind = n_pages == 1 and planes > 1 and first.one("compression", 1) == 1
    if (
        behind
        and len(first.offsets)
        and (int(first.offsets[0]) + planes * first.raw_bytes <= structure.file_bytes)
        and first.raw_bytes * planes > 2**31
    ):
        n_pages = planes  # ImageJ writes one directory for a stack over 4 GiB
    if planes == n_pages and images == n_pages:
        return []
    found = " x ".join(
        f"{n} {key}" for n, key in zip(counts, ("channels", "slices", "frames"), strict=True)
    )
    return [
        MetadataError(
            "the header and the pages differ",
            file=structure.path,
            field="ImageJ images, channels, slices, frames",
            found=f"{images} images, {found}",
            expected=f"{n_pages} pages",
            remedy="export the file again",
        )
    ]


def _refs(structure: Structure, n_channels: int, n_z: int) -> list[list[PlaneRef]]:
    """Planes as ``refs[z][c]``: in ImageJ's order the channel runs fastest."""
    single = len(structure.pages) == 1
    return [
        [
            PlaneRef(structure.path, 0, skip=z * n_channels + c)
            if single
            else PlaneRef(structure.path, z * n_channels + c)
            for c in range(n_channels)
        ]
        for z in range(n_z)
    ]


def _calibration(
    keys: dict[str, str], structure: Structure
) -> tuple[float | None, float | None, str, list[FishcountError]]:
    unit = keys.get("unit", "").replace("\\u00B5", "µ").strip()
    per_unit = to_um(1.0, unit) if unit else None
    size = None if per_unit is None else resolution_um(structure.pages[0], per_unit)
    z_step = None
    try:
        if per_unit is not None and "spacing" in keys:
            z_step = abs(float(keys["spacing"])) * per_unit
    except ValueError:
        fault = MetadataError(
            "not a number", file=structure.path, field="ImageJ spacing", found=keys["spacing"]
        )
        return size, None, "", [fault]
    return size, z_step, "" if z_step is None else "ImageJ spacing", []


def _labels(structure: Structure, n_channels: int) -> tuple[str, ...]:
    """Slice labels of the first plane of each channel, as far as they are names."""
    empty = ("",) * n_channels
    try:
        with tifffile_damage(structure.path), tifffile.TiffFile(structure.path) as tif:
            metadata = tif.imagej_metadata or {}
        labels = metadata.get("Labels")
    except Exception:  # labels are a convenience: the channels can be named by the caller
        return empty
    if not isinstance(labels, list) or len(labels) < n_channels:
        return empty
    return tuple(_cleaned(str(label)) for label in labels[:n_channels])


def _cleaned(label: str) -> str:
    """ImageJ writes "c:1/3 z:2/9 - DAPI": keep the name."""
    return re.sub(r"^([czt]:\d+/\d+ ?)+-? ?", "", label.splitlines()[0] if label else "").strip()
