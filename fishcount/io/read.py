"""`read_image`: from a file, or one file for each channel, to a `FishImage`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fishcount.image import FishImage
from fishcount.io.channels import OpenedChannels, Paths, label_of, open_channels
from fishcount.io.names import slug_of, stem_of
from fishcount.io.options import ReadingOptions
from fishcount.io.roi import read_roi
from fishcount.io.source import foreign_errors_as_ours
from fishcount.settings import ReadingSettings

__all__ = ["combined_sha256", "image_of", "name_of", "read_image"]


def read_image(
    path: Paths,
    *,
    channels: Mapping[str, str | int] | Sequence[str] | None = None,
    axes: str | None = None,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    rgb: Mapping[str, str] | None = None,
    series: int | None = None,
    roi: str | Path | None = None,
    name: str | None = None,
    offset_counts: float | None = None,
    settings: ReadingSettings | None = None,
) -> FishImage:
    """Read one field: DAPI and the probes, in camera counts, with its calibration.

    Formats are told apart by content: TIFF, OME-TIFF, ImageJ, PNG, JPEG, OME-Zarr (extra
    "scale"), CZI, ND2 and LIF (extra "vendor"). Everything a file says is checked against what
    it stores, and nothing that is missing is filled in.

    Parameters
    ----------
    path
        The file; or a pattern such as ``field_c{c}_z{z}.tif`` for one file for each plane; or
        role -> file (or pattern) with one grey channel in each.
    channels
        Role -> name or index of the channel in the file, or the role of each channel in order,
        "-" for one to leave out. Without it, roles are guessed from usual names, and findings
        say so.
    axes
        Order of the stored axes, where the file does not say or is wrong: "CYX", "ZCYX".
    pixel_size_um, z_step_um
        Calibration; they win over the file's.
    rgb
        Colour -> role for a colour merge: ``{"red": "HER2", "green": "CEP17", "blue": "DAPI"}``.
    series
        Which image, counting from 0, of a file that holds several.
    roi
        File with the region to be scored; see `read_roi`.
    name
        Name of the field; by default the file name without extensions.
    offset_counts
        Counts to add to signed pixels, so that none is negative.
    settings
        Limits of memory and pages.

    Returns
    -------
    FishImage

    Raises
    ------
    InputError
        Or one of its children: what is wrong with the file, its metadata, channels, calibration
        or pixels, and which option settles it.

    Examples
    --------
    >>> import numpy as np, tempfile, tifffile
    >>> from pathlib import Path
    >>> from fishcount import read_image
    >>> file = Path(tempfile.mkdtemp()) / "field.ome.tif"
    >>> tifffile.imwrite(
    ...     file, np.ones((3, 64, 80), np.uint16), photometric="minisblack", metadata={
    ...         "axes": "CYX", "Channel": {"Name": ["DAPI", "HER2", "CEP17"]},
    ...         "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1})
    >>> image = read_image(file)
    >>> image.name, image.channels, image.shape, image.pixel_size_um
    ('field', ('DAPI', 'HER2', 'CEP17'), (64, 80), 0.1)
    """
    options = ReadingOptions(
        channels=channels,
        rgb=rgb,
        axes=axes,
        series=series,
        pixel_size_um=pixel_size_um,
        z_step_um=z_step_um,
        offset_counts=offset_counts,
    )
    limits = ReadingSettings.of(settings)
    with foreign_errors_as_ours(label_of(path)):
        opened = open_channels(path, options, limits=limits)
        return image_of(opened, roi=roi, name=name)


def image_of(
    opened: OpenedChannels, *, roi: str | Path | None = None, name: str | None = None
) -> FishImage:
    """Read opened channels whole, and the region to be scored."""
    files = opened.hashes()
    pixels = np.stack([opened.read(role) for role in opened.roles])
    mask = None if roi is None else read_roi(roi, shape=opened.sizes[1:])
    return FishImage.from_array(
        pixels,
        axes="CZYX",
        channels=opened.roles,
        pixel_size_um=opened.pixel_size_um,
        z_step_um=opened.z_step_um,
        name=name or name_of(files),
        path=opened.label,
        sha256=combined_sha256(files),
        files=files,
        roi=mask,
        findings=opened.findings,
        optics=opened.optics,
    )


def name_of(files: Mapping[str, str]) -> str:
    """Name of a field after the first of its files."""
    return slug_of(stem_of(next(iter(files))))


def combined_sha256(files: Mapping[str, str]) -> str:
    """The hash of the one file; of several, the hash of their hashes in order."""
    if len(files) == 1:
        return next(iter(files.values()))
    return hashlib.sha256("\n".join(files.values()).encode()).hexdigest()
