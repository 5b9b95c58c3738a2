"""OME-TIFF: every plane that the XML declares must be stored, and every stored page declared.

Planes are never filled with zeros: a missing HER2 plane must not become a negative case.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fishcount.errors import FishcountError, MetadataError, UnsafeFileError
from fishcount.io.faults import time_series_faults
from fishcount.io.files import check_file
from fishcount.io.ome import MetadataElsewhere, OmeImage, TiffData, parse_ome
from fishcount.io.series import Series
from fishcount.io.tiff.checks import check_pages
from fishcount.io.tiff.layout import Layout, channel_names, is_colour
from fishcount.io.tiff.pixels import PlaneRef
from fishcount.io.tiff.structure import Structure, read_structure
from fishcount.settings import ReadingSettings

__all__ = ["ome_series"]

_MAX_XML_BYTES = 64 * 2**20
_Planes = dict[tuple[int, int, int], PlaneRef]


def ome_series(
    description: str,
    structure: Structure,
    structures: dict[Path, Structure],
    *,
    limits: ReadingSettings,
) -> tuple[tuple[Layout, ...], list[FishcountError]]:
    """Images of the OME-XML with the page of each plane; adds companions to `structures`.

    Raises
    ------
    MetadataError, UnsafeFileError
        When the XML itself cannot be used.
    """
    file = str(structure.path)
    try:
        images = parse_ome(description, file=file)
    except MetadataElsewhere as detour:
        images = _from_companion(detour, structure.path)
    layouts, used, faults = [], set[PlaneRef](), list[FishcountError]()
    for image in images:
        more = list(image.faults)
        planes: _Planes = {}
        if not more:
            planes, more = _planes(image, structure, structures, limits)
            more += time_series_faults(image.size["T"], file)
            more += _match_faults(image, planes, structures, file)
        used |= set(planes.values())
        faults += more
        layouts.append(_layout(image, {} if more else planes, structures))
    if not faults:
        faults += _unused_faults(structure, used)
    return tuple(layouts), faults


def _from_companion(detour: MetadataElsewhere, own: Path) -> tuple[OmeImage, ...]:
    """Images of a set whose metadata are in a file of their own; it must lie beside this one."""
    fault = _outside(detour.file_name, own)
    if fault is not None:
        raise fault
    path = own.parent / detour.file_name
    try:
        data = check_file(path).read_bytes()
        if path.resolve().parent != own.resolve().parent or len(data) > _MAX_XML_BYTES:
            raise UnsafeFileError("a link to another folder, or too large", file=path)
        text = data.decode("utf-8-sig") if data[:1] in (b"<", b"\xef") else ""
        if not text:
            with_pixels = read_structure(path, ReadingSettings())
            text = with_pixels.pages[0].description if with_pixels.pages else ""
        images = parse_ome(text, file=str(path))
    except (UnsafeFileError, MetadataError):
        raise
    except (FishcountError, MetadataElsewhere, UnicodeDecodeError) as error:
        raise MetadataError(
            "the file with the metadata is missing or cannot be used",
            file=own,
            field="OME-XML BinaryOnly",
            expected=detour.file_name,
            remedy="copy all files of the set into one folder",
        ) from error
    # The set knows the file that was opened by its UUID, whatever its name is now.
    return tuple(replace(image, file_uuid=detour.uuid) for image in images)


def _outside(name: str, own: Path) -> UnsafeFileError | None:
    """The error of a name that leads out of the folder."""
    if Path(name).name == name and "\\" not in name and name not in (".", "..", ""):
        return None
    return UnsafeFileError(
        "asks for a file outside its folder",
        file=own,
        field="OME-XML",
        found=repr(name),
        expected="a file name without folders",
        remedy="do not trust this file: export it again from its source",
    )


def _planes(
    image: OmeImage,
    structure: Structure,
    structures: dict[Path, Structure],
    limits: ReadingSettings,
) -> tuple[_Planes, list[FishcountError]]:
    """Page of each declared plane (c, z, t), and what is wrong with the declaration."""
    sizes = image.page_sizes
    n_planes = sizes["C"] * sizes["Z"] * sizes["T"]
    file = str(structure.path)
    if n_planes > limits.max_planes:
        return {}, [_planes_fault(file, n_planes, len(structure.pages))]
    # Slowest axis first, as flat indices count.
    axes = tuple(axis for axis in reversed(image.order) if axis in "CZT")
    planes: _Planes = {}
    faults: list[FishcountError] = []
    for item in image.tiff_data or (TiffData(0, {"C": 0, "Z": 0, "T": 0}, None, None, None),):
        path, fault = _companion(item, image.file_uuid, structure, structures, limits)
        if fault is None:
            run = _run_of(item, axes, sizes)
            n_pages = len(structures[path].pages)
            fault = _run_fault(item, run, sizes, n_pages=n_pages, file=file, path=path)
        if fault is not None:
            faults.append(fault)
            continue
        for page, plane in enumerate(run, start=item.ifd):
            at = dict(zip(axes, np.unravel_index(plane, [sizes[a] for a in axes]), strict=True))
            key = (int(at["C"]), int(at["Z"]), int(at["T"]))
            if key in planes:
                faults.append(_fault(file, "TiffData", f"plane {key} twice", "each plane once"))
            planes[key] = PlaneRef(path, page)
    if not faults and len(planes) < n_planes:
        faults.append(_planes_fault(file, n_planes, len(planes)))
    return planes, faults


def _run_of(item: TiffData, axes: Sequence[str], sizes: Mapping[str, int]) -> range:
    """Flat indices of the planes that a TiffData declares; empty where its first is none."""
    if any(item.first[axis] >= sizes[axis] for axis in axes):
        return range(0)
    size = [sizes[axis] for axis in axes]
    start = int(np.ravel_multi_index([item.first[axis] for axis in axes], size))
    return range(start, start + (math.prod(size) if item.count is None else item.count))


def _run_fault(
    item: TiffData, run: range, sizes: Mapping[str, int], *, n_pages: int, file: str, path: Path
) -> FishcountError | None:
    """What is wrong with the planes that a TiffData declares, and the pages that they need."""
    if any(item.first[axis] >= sizes[axis] for axis in sizes):
        return _fault(file, "TiffData First", item.first, f"less than {sizes}")
    n_planes = math.prod(sizes.values())
    if run.stop > n_planes:
        return _fault(file, "TiffData PlaneCount", len(run), f"{n_planes - run.start}")
    if item.ifd + len(run) > n_pages:
        return _planes_fault(str(path), item.ifd + len(run), n_pages)
    return None


def _companion(
    item: TiffData,
    own_uuid: str,
    structure: Structure,
    structures: dict[Path, Structure],
    limits: ReadingSettings,
) -> tuple[Path, FishcountError | None]:
    """The file that a TiffData points to: this one, or one beside it."""
    own = structure.path
    name = item.file_name
    if name is None or name == own.name:
        return own, None
    fault = _outside(name, own)
    if fault is not None:
        return own, fault
    if item.uuid and item.uuid == own_uuid:
        return own, None  # the file was renamed after it was written
    path = own.parent / name
    if path in structures:
        return path, None
    try:
        check_file(path)
        if path.resolve().parent != own.resolve().parent:
            return own, UnsafeFileError(
                "a companion is a link to another folder", file=own, found=repr(name)
            )
        companion = read_structure(path, limits)
    except FishcountError:
        return own, MetadataError(
            "a companion file is missing",
            file=own,
            field="OME-XML UUID FileName",
            found="nothing that can be read",
            expected=name,
            remedy="copy all files of the set into one folder",
        )
    faults = companion.faults or tuple(
        check_pages(companion.pages, path=path, file_bytes=companion.file_bytes, limits=limits)
    )
    structures[path] = companion
    return path, faults[0] if faults else None


def _match_faults(
    image: OmeImage, planes: _Planes, structures: dict[Path, Structure], file: str
) -> list[FishcountError]:
    """Sizes and types of the pages must be those of the XML; the first page of each fault."""
    expected = (image.samples, image.size["Y"], image.size["X"])
    faults: dict[str, FishcountError] = {}
    for key, plane in planes.items():
        page = structures[plane.path].pages[plane.page]
        differing = {}
        if page.shape != expected:
            differing["size"] = f"OME {expected}", f"TIFF {page.shape} (samples, y, x)"
        if page.dtype is not None and page.dtype.name != image.dtype:
            differing["type"] = f"OME {image.dtype}", f"TIFF {page.dtype.name}"
        for what, (found, stored) in differing.items():
            fault = MetadataError(
                f"{what} differs from the stored page",
                file=file,
                field=f"OME-XML, plane {key} (c, z, t)",
                found=found,
                expected=stored,
                remedy="export the file again",
            )
            faults.setdefault(what, fault)
    return list(faults.values())


def _unused_faults(structure: Structure, used: set[PlaneRef]) -> list[FishcountError]:
    stored = {
        PlaneRef(structure.path, page.index) for page in structure.pages if not page.is_reduced
    }
    own = {plane for plane in used if plane.path == structure.path}
    if own and stored - own:
        return [_planes_fault(str(structure.path), len(own), len(stored))]
    return []


def _layout(image: OmeImage, planes: _Planes, structures: dict[Path, Structure]) -> Layout:
    """The image with its planes; as it claims to be, without any, where it is faulty."""
    sizes = image.page_sizes
    first = planes.get((0, 0, 0))
    page = None if first is None else structures[first.path].pages[first.page]
    size_x, size_y = image.pixel_um
    size = size_x if size_x is not None else size_y
    names = [name for name, _ in image.channels] * image.samples
    axes = "".join(a for a in reversed(image.order) if a in "CZ" and sizes[a] > 1) + "YX"
    return Layout(
        series=Series(
            name=image.name,
            sizes=(image.size["C"], sizes["Z"], image.size["Y"], image.size["X"]),
            axes=axes if image.samples == 1 else f"{axes}S",
            dtype=np.dtype(image.dtype),
            channel_names=tuple(names) if page is None else channel_names(page, names),
            pixel_size_um=size,
            pixel_size_source="" if size is None else "OME-XML PhysicalSizeX",
            pixel_height_um=size if size_y is None else size_y,
            z_step_um=image.z_step_um,
            z_step_source="" if image.z_step_um is None else "OME-XML PhysicalSizeZ",
            colour=page is not None and is_colour(page),
            # The colours of a merge are not dyes.
            optics=image.optics if image.samples == 1 else (),
            optics_source="OME-XML LensNA, EmissionWavelength" if image.optics else "",
        ),
        planes=tuple(tuple(planes[c, z, 0] for z in range(sizes["Z"])) for c in range(sizes["C"]))
        if planes
        else (),
        samples=image.samples,
    )


def _planes_fault(file: str, declared: int, stored: int) -> MetadataError:
    return MetadataError(
        "declared and stored planes differ",
        file=file,
        field="OME-XML TiffData",
        found=f"{declared} planes declared",
        expected=f"{stored} stored",
        remedy="missing planes are never filled with zeros: export the file again",
    )


def _fault(file: str, name: str, found: object, expected: object) -> MetadataError:
    return MetadataError(
        "contradicts itself", file=file, field=f"OME-XML {name}", found=found, expected=expected
    )
