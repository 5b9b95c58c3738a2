"""TIFF files of every dialect: preflight, interpretation, and reading plane by plane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import FileFormatError, FishcountError
from fishcount.flags import Finding
from fishcount.image import Window
from fishcount.io.faults import too_large
from fishcount.io.series import Series
from fishcount.io.tiff.checks import check_pages
from fishcount.io.tiff.codecs import LOSSLESS
from fishcount.io.tiff.imagej import imagej_series
from fishcount.io.tiff.layout import Layout
from fishcount.io.tiff.lossy import HEADER_BYTES, lossy_codec
from fishcount.io.tiff.ome import ome_series
from fishcount.io.tiff.page import Page
from fishcount.io.tiff.pixels import read_plane
from fishcount.io.tiff.plain import plain_series
from fishcount.io.tiff.structure import Structure, read_structure
from fishcount.settings import ReadingSettings

__all__ = ["TiffSource", "open_tiff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffSource:
    """A TIFF file that went through the preflight; see `fishcount.io.series.Source`."""

    path: Path
    format: str
    layouts: tuple[Layout, ...]
    structures: dict[Path, Structure]
    faults: tuple[FishcountError, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @property
    def series(self) -> tuple[Series, ...]:
        """The images in it."""
        return tuple(layout.series for layout in self.layouts)

    @property
    def files(self) -> tuple[Path, ...]:
        """The file itself first, then its companions."""
        used = {plane.path for layout in self.layouts for row in layout.planes for plane in row}
        return (self.path, *sorted(used - {self.path}))

    @property
    def reads_windows(self) -> bool:
        """Only the strips or tiles of a window are decoded."""
        return True

    def read(
        self, series: int, *, channels: Sequence[int], window: Window | None = None
    ) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x) of some channels, plane by plane."""
        layout = self.layouts[series]
        _, n_planes, height, width = layout.series.sizes
        if window is not None:
            height, width = (part.stop - part.start for part in window)
        out = np.empty((len(channels), n_planes, height, width), layout.series.dtype)
        for z in range(n_planes):
            # A page with several samples holds several channels: decode it once.
            for row in sorted({channel // layout.samples for channel in channels}):
                plane = layout.planes[row][z]
                samples = read_plane(self.structures[plane.path], plane, window=window)
                for position, channel in enumerate(channels):
                    if channel // layout.samples == row:
                        out[position, z] = samples[channel % layout.samples]
        return out


def open_tiff(path: Path, *, limits: ReadingSettings) -> TiffSource:
    """Describe a TIFF file without touching a pixel; all that is wrong is in its `faults`."""
    structure = read_structure(path, limits)
    structures = {path: structure}
    faults = list(structure.faults)
    if structure.pages:
        faults += check_pages(
            structure.pages, path=path, file_bytes=structure.file_bytes, limits=limits
        )
    layouts: tuple[Layout, ...] = ()
    name = "BigTIFF" if structure.big else "TIFF"
    if structure.pages and all(page.one("width") for page in structure.pages):
        description = structure.pages[0].description
        try:
            if _is_ome(description):
                name = f"OME-{name}"
                layouts, more = ome_series(description, structure, structures, limits=limits)
            elif description.startswith("ImageJ="):
                name = f"ImageJ {name}"
                layouts, more = imagej_series(description, structure)
            else:
                layouts, more = plain_series(description, structure)
            faults += more
        except FishcountError as error:
            faults.append(error)
    faults += [fault for layout in layouts for fault in _size_faults(layout, path, limits)]
    faults += [fault for layout in layouts for fault in _mixed_faults(layout, structures)]
    return TiffSource(
        path=path,
        format=name,
        layouts=layouts,
        structures=structures,
        faults=tuple(faults),
        findings=_findings(structure, layouts),
    )


def _is_ome(description: str) -> bool:
    head = description.lstrip()[:200].lower()
    return "<ome" in head or (head.startswith(("<?xml", "<!")) and "ome" in description.lower())


def _size_faults(layout: Layout, path: Path, limits: ReadingSettings) -> list[FishcountError]:
    series = layout.series
    if not layout.planes or series.nbytes <= limits.max_memory_bytes:
        return []
    return [
        too_large(
            "too large to read at once",
            file=path,
            found=f"{series.nbytes / 2**20:.0f} MiB in {series.sizes} (C, Z, Y, X)",
            limits=limits,
        )
    ]


def _mixed_faults(layout: Layout, structures: dict[Path, Structure]) -> list[FishcountError]:
    """Planes of one image are stored alike; one that is not has lost or gained a tag."""
    planes = [plane for row in layout.planes for plane in row]
    pages = [structures[plane.path].pages[plane.page] for plane in planes]
    ways = {(page.shape, str(page.dtype), page.one("predictor", 1)) for page in pages}
    if len(ways) <= 1:
        return []
    return [
        FileFormatError(
            "broken structure: planes of one image differ",
            file=planes[0].path,
            found="; ".join(f"{shape} {dtype}, predictor {n}" for shape, dtype, n in sorted(ways)),
            expected="one shape (samples, y, x), type and predictor",
            remedy="copy or export the file again",
        )
    ]


def _findings(structure: Structure, layouts: Sequence[Layout]) -> tuple[Finding, ...]:
    findings = []
    if any(layout.series.colour for layout in layouts):
        findings.append(Finding("COLOUR_MERGE"))
    lossy = dict.fromkeys(_lossy_codecs(structure))
    findings += [Finding("LOSSY_COMPRESSION", detail=f"{codec} in TIFF") for codec in lossy]
    if any(_halves_colour(page) for page in structure.pages):
        findings.append(Finding("LOSSY_COLOUR", detail="JPEG with halved colour"))
    return tuple(findings)


def _lossy_codecs(structure: Structure) -> Iterator[str]:
    """Names of codecs that lost something; one strip or tile of a page speaks for the page."""
    try:
        with structure.path.open("rb") as stream:
            for page in structure.pages:
                data = b""
                if page.one("compression", 1) not in LOSSLESS and len(page.offsets):
                    stream.seek(max(int(page.offsets[0]), 0))
                    data = stream.read(HEADER_BYTES)
                if codec := lossy_codec(page.one("compression", 1), data):
                    yield codec
    except OSError:
        return  # the pixels will say so


def _halves_colour(page: Page) -> bool:
    subsampling = tuple(page.tags.get("subsampling", (2, 2)))
    return page.one("photometric", 1) == 6 and subsampling != (1, 1)
