"""`open_slide`: a field of any size, described and checked as `read_image` does, and not read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.image import FishImage, Window
from fishcount.image.checks import check_calibration
from fishcount.io.channels import OpenedChannels, Paths, label_of, open_channels
from fishcount.io.faults import too_large
from fishcount.io.options import ReadingOptions
from fishcount.io.read import combined_sha256, image_of, name_of
from fishcount.io.roi import read_region
from fishcount.io.source import foreign_errors_as_ours
from fishcount.settings import ReadingSettings
from fishcount.slide import Slide

__all__ = ["open_slide", "read_field"]

# More than any slide has: its pixels are never in memory together.
_ANY_SIZE_MIB = 2**40


def open_slide(
    path: Paths,
    *,
    roi: str | Path | None = None,
    name: str | None = None,
    settings: ReadingSettings | None = None,
    **options: Any,
) -> Slide:
    """Describe a field that is read window by window: TIFF, OME-TIFF or OME-Zarr of any size.

    Of a pyramid it is the full resolution. Other formats are read as a whole by their packages, so
    they may be as large as `read_image` allows. Pixels are checked as they are read.

    Parameters
    ----------
    path, roi, name, settings
        As for `fishcount.read_image`.
    options
        What the file does not say: `channels`, `axes`, `pixel_size_um`, `z_step_um`, `rgb`,
        `series`, `offset_counts`, as for `fishcount.read_image`.

    Returns
    -------
    Slide

    Raises
    ------
    InputError
        As `fishcount.read_image`.

    Examples
    --------
    >>> import numpy as np, tempfile, tifffile
    >>> from pathlib import Path
    >>> from fishcount.io import open_slide
    >>> file = Path(tempfile.mkdtemp()) / "slide.ome.tif"
    >>> tifffile.imwrite(
    ...     file, np.ones((3, 512, 640), np.uint16), photometric="minisblack", tile=(128, 128),
    ...     metadata={"axes": "CYX", "Channel": {"Name": ["DAPI", "HER2", "CEP17"]},
    ...               "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1})
    >>> slide = open_slide(file)
    >>> slide.shape, slide.counts("HER2", (slice(500, 512), slice(0, 4))).shape
    ((512, 640), (12, 4))
    """
    reading, limits = ReadingOptions(**options), ReadingSettings.of(settings)
    with foreign_errors_as_ours(label_of(path)):
        opened = open_channels(path, reading, limits=_for_any_size(limits))
        if not opened.reads_windows:
            _check_memory(opened, limits)
        return _slide_of(opened, roi=roi, name=name)


def read_field(
    path: Paths,
    *,
    roi: str | Path | None = None,
    name: str | None = None,
    whole: bool = False,
    settings: ReadingSettings | None = None,
    **options: Any,
) -> FishImage | Slide:
    """Read a field, or open it as a slide where it is larger than `tiles_above_px`.

    Parameters
    ----------
    path, roi, name, settings
        As for `fishcount.read_image`.
    whole
        Read it whatever its size.
    options
        What the file does not say, as for `open_slide`.

    Raises
    ------
    InputError
        As `fishcount.read_image`; TooLargeError only where it has to be read whole.
    """
    reading, limits = ReadingOptions(**options), ReadingSettings.of(settings)
    with foreign_errors_as_ours(label_of(path)):
        opened = open_channels(path, reading, limits=_for_any_size(limits))
        large = max(opened.sizes[1:]) > limits.tiles_above_px
        if large and opened.reads_windows and not whole:
            return _slide_of(opened, roi=roi, name=name)
        _check_memory(opened, limits)
        return image_of(opened, roi=roi, name=name)


def _for_any_size(limits: ReadingSettings) -> ReadingSettings:
    return limits.model_copy(update={"max_memory_mib": _ANY_SIZE_MIB})


def _check_memory(opened: OpenedChannels, limits: ReadingSettings) -> None:
    if opened.nbytes > limits.max_memory_bytes:
        raise too_large(
            "too large to read at once",
            file=opened.label,
            found=f"{opened.nbytes / 2**20:.0f} MiB in {opened.sizes} (Z, Y, X)",
            limits=limits,
        )


def _slide_of(opened: OpenedChannels, *, roi: str | Path | None, name: str | None) -> Slide:
    n_planes, height, width = opened.sizes
    check_calibration(
        opened.pixel_size_um, opened.z_step_um, n_planes=n_planes, name=name or opened.label
    )
    files = opened.hashes()
    region = None if roi is None else read_region(roi, shape=(height, width))
    return Slide(
        shape=(height, width),
        n_planes=n_planes,
        channels=opened.roles,
        read=_WindowReader(opened),
        pixel_size_um=opened.pixel_size_um,
        z_step_um=opened.z_step_um,
        name=name or name_of(files),
        path=opened.label,
        sha256=combined_sha256(files),
        files=files,
        findings=opened.findings,
        optics=opened.optics,
        roi=None if region is None else region.mask,
    )


# A class and not a closure, so that a slide goes to other processes.
@dataclass(frozen=True, slots=True, eq=False)
class _WindowReader:
    """Reads the windows of a field, with errors that name its file."""

    opened: OpenedChannels

    def __call__(self, role: str, window: Window) -> NDArray[np.generic]:
        with foreign_errors_as_ours(self.opened.label):
            return self.opened.read(role, window)
