"""TIFF pages that no OME-XML or ImageJ header explains."""

from __future__ import annotations

import json
from itertools import groupby

import numpy as np

from fishcount.errors import FishcountError, MetadataError
from fishcount.io.faults import time_series_faults
from fishcount.io.series import Series
from fishcount.io.tiff.layout import Layout, channel_names, is_colour, resolution_um
from fishcount.io.tiff.page import Page
from fishcount.io.tiff.pixels import PlaneRef
from fishcount.io.tiff.structure import Structure

__all__ = ["plain_series"]


def plain_series(
    description: str, structure: Structure
) -> tuple[tuple[Layout, ...], list[FishcountError]]:
    """Runs of pages of one size and type are the series of a plain TIFF.

    The axis of the pages is "Q", not known, unless tifffile has written the axes down.
    """
    pages = [page for page in structure.pages if not page.is_reduced] or list(structure.pages)
    runs = [list(run) for _, run in groupby(pages, key=lambda p: (p.shape, p.dtype, is_colour(p)))]
    if len(runs) == 1:
        shaped = _shaped(description)
        if shaped is not None:
            return _shaped_series(*shaped, structure, runs[0])
    return tuple(_run(run, structure) for run in runs), []


def _run(pages: list[Page], structure: Structure) -> Layout:
    first = pages[0]
    samples = first.samples
    dtype = first.dtype or np.dtype(np.uint8)
    n_pages = len(pages)
    colour = is_colour(first)
    size = resolution_um(first)
    planes: tuple[tuple[PlaneRef, ...], ...]
    refs = tuple(PlaneRef(structure.path, page.index) for page in pages)
    axes = "YX" if samples == 1 else "SYX" if first.is_planar else "YXS"
    if samples > 1:
        # Samples are the channels; several such pages can only be planes.
        planes, n_channels, n_z = (refs,), samples, n_pages
        axes = axes if n_pages == 1 else f"Z{axes}"
    else:
        planes, n_channels, n_z = tuple((ref,) for ref in refs), n_pages, 1
        axes = axes if n_pages == 1 else f"Q{axes}"
    return Layout(
        series=Series(
            name="",
            sizes=(n_channels, n_z, first.shape[1], first.shape[2]),
            axes=axes,
            dtype=dtype,
            channel_names=channel_names(first, [""] * n_channels),
            pixel_size_um=size,
            pixel_size_source="" if size is None else "TIFF resolution tags",
            colour=colour,
        ),
        planes=planes,
        samples=samples,
    )


def _shaped(description: str) -> tuple[str, tuple[int, ...], dict[str, object]] | None:
    """Axes and shape that tifffile has written into the description as JSON."""
    if not description.startswith("{"):
        return None
    try:
        found = json.loads(description)
        axes = found.get("axes")
        shape = tuple(int(n) for n in found["shape"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not isinstance(axes, str) or not set(axes) <= set("TCZYXS") or len(axes) != len(shape):
        return None
    return axes, shape, found


def _shaped_series(
    axes: str,
    shape: tuple[int, ...],
    extra: dict[str, object],
    structure: Structure,
    pages: list[Page],
) -> tuple[tuple[Layout, ...], list[FishcountError]]:
    first = pages[0]
    sizes = dict(zip(axes, shape, strict=True))
    outer = [axis for axis in axes if axis in "TCZ"]
    n_outer = int(np.prod([sizes[a] for a in outer], dtype=np.int64)) if outer else 1
    sampled = first.samples > 1 and outer and sizes[outer[-1]] == first.samples
    n_pages = n_outer // first.samples if sampled else n_outer
    faults = time_series_faults(sizes.get("T", 1), structure.path)
    if (sizes.get("Y"), sizes.get("X")) != first.shape[1:] or n_pages != len(pages):
        faults.append(_other_shape(f"{axes} {shape}", pages, structure))
    if faults:
        return (_run(pages, structure),), faults
    if first.samples > 1 and not (sampled and first.is_planar):
        return (_run(pages, structure),), []
    planes = _planes(pages, structure, outer={axis: sizes[axis] for axis in outer})
    plain = _run(pages, structure).series
    layout = Layout(
        series=Series(
            name="",
            sizes=(len(planes), len(planes[0]), *first.shape[1:]),
            axes=axes,
            dtype=plain.dtype,
            channel_names=_names(extra, len(planes)),
            pixel_size_um=plain.pixel_size_um,
            pixel_size_source=plain.pixel_size_source,
        ),
        planes=planes,
    )
    return (layout,), []


def _other_shape(found: str, pages: list[Page], structure: Structure) -> MetadataError:
    _, height, width = pages[0].shape
    return MetadataError(
        "shape in the description differs from the pages",
        file=structure.path,
        field="ImageDescription",
        found=found,
        expected=f"{len(pages)} pages of {height} x {width}",
    )


def _planes(
    pages: list[Page], structure: Structure, *, outer: dict[str, int]
) -> tuple[tuple[PlaneRef, ...], ...]:
    """Planes as ``planes[c][z]``, of pages that lie along some of T, C and Z, the slowest first.

    Of several times the first.
    """
    # tifffile writes three or four planes that nobody calls grey as the colours of one page.
    refs = [
        PlaneRef(structure.path, page.index, sample=sample if page.samples > 1 else None)
        for page in pages
        for sample in range(page.samples)
    ]
    index = np.arange(len(refs)).reshape(list(outer.values()) or [1])
    names = list(outer or ["Z"])
    for axis in "CZ":
        if axis not in names:
            index, names = index[None], [axis, *names]
    if "T" in names:
        index = np.take(index, [0], axis=names.index("T")).squeeze(names.index("T"))
        names.remove("T")
    index = index if names == ["C", "Z"] else index.T
    return tuple(tuple(refs[int(i)] for i in row) for row in index)


def _names(extra: dict[str, object], n_channels: int) -> tuple[str, ...]:
    channel = extra.get("Channel")
    found = channel.get("Name") if isinstance(channel, dict) else None
    if isinstance(found, list) and len(found) == n_channels:
        return tuple(str(name) for name in found)
    return ("",) * n_channels
