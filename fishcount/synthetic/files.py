"""Phantoms on disk: the image as OME-TIFF, the truth beside it.

The layout of a case is ``CASE/FIELD.ome.tif`` with ``CASE/truth/FIELD_labels.tif``,
``FIELD_nuclei.csv`` and ``FIELD_spots.csv``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import tifffile

from fishcount.errors import InputError, OutputError, check_kind, reason_of
from fishcount.image import FishImage
from fishcount.synthetic.truth import NucleiTruth, SpotsTruth, Truth

__all__ = ["read_truth", "write_case", "write_image", "write_phantom"]

Table = TypeVar("Table", NucleiTruth, SpotsTruth)
_DECIMALS: Mapping[str, int] = {"visible": 4}
_SMALL: Mapping[str, Any] = {
    "compression": "zlib",
    "compressionargs": {"level": 9},
    "predictor": True,
}


def write_phantom(folder: str | Path, image: FishImage, *, truth: Truth) -> Path:
    """Write one field and its truth below the folder of its case.

    Parameters
    ----------
    folder
        The folder of the case; made when it is not there.
    image
        Its name names the files.
    truth
        The truth about it.

    Returns
    -------
    Path
        The image that was written.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    InputError
        When an argument is of another kind.

    Examples
    --------
    >>> import tempfile
    >>> from fishcount.synthetic import read_truth, simulate_case, write_phantom
    >>> image, truth = simulate_case("negative", seed=1, n_fields=1, size=128)[0]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_phantom(folder, image, truth=truth)
    ...     again = read_truth(path)
    >>> path.name, bool((again.labels == truth.labels).all())
    ('field_1.ome.tif', True)
    """
    check_kind("folder", folder, str, PathLike)
    check_kind("image", image, FishImage)
    check_kind("truth", truth, Truth)
    case = Path(folder)
    path = case / f"{image.name}.ome.tif"
    try:
        (case / "truth").mkdir(parents=True, exist_ok=True)
        write_image(path, image)
        tifffile.imwrite(
            _truth_path(path, "labels.tif"),
            truth.labels.astype(np.uint16),
            compression="zlib",
            metadata=None,
        )
        for part, table in (("nuclei", truth.nuclei), ("spots", truth.spots)):
            columns = {c.name: _written(table, c.name) for c in fields(table)}
            target = _truth_path(path, f"{part}.csv")
            pd.DataFrame(columns).to_csv(target, index=False, lineterminator="\n")
    except OSError as error:
        raise OutputError(f"cannot be written: {reason_of(error)}", file=case) from error
    except ValueError as error:  # A path with a NUL in it.
        raise OutputError(f"cannot be written: {error}", file=case) from error
    return path


def write_case(folder: str | Path, drawn: Iterable[tuple[FishImage, Truth]]) -> list[Path]:
    """Write all fields of a case, as `simulate_case` gives them; the images, in order.

    Parameters
    ----------
    folder
        Made where it is not there.
    drawn
        Image and truth of each field.

    Examples
    --------
    >>> import tempfile
    >>> from fishcount.synthetic import simulate_case, write_case
    >>> drawn = simulate_case("negative", seed=1, n_fields=2, size=128)
    >>> [path.name for path in write_case(tempfile.mkdtemp(), drawn)]
    ['field_1.ome.tif', 'field_2.ome.tif']
    """
    check_kind("folder", folder, str, PathLike)
    return [write_phantom(folder, image, truth=truth) for image, truth in drawn]


def write_image(path: str | Path, image: FishImage, **stored: Any) -> Path:
    """Write a drawn field as OME-TIFF; the same pixels make the same file.

    Parameters
    ----------
    path
        The file.
    image
        Channels, sizes and pixels.
    **stored
        How it is stored, as `tifffile.imwrite` takes it: ``tile=(256, 256)``; deflated, in strips,
        where nothing is said.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        When the folder is not there, or cannot be written.
    """
    stack = image.n_planes > 1
    # Channels of one plane lie together, as microscopes write them.
    pixels = image.pixels.transpose(1, 0, 2, 3) if stack else image.pixels[:, 0]
    metadata: dict[str, Any] = {
        "axes": "ZCYX" if stack else "CYX",
        # Named after the pixels, so that the same pixels make the same file.
        "UUID": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, image.sha256)}",
        "Channel": {"Name": list(image.channels)},
        "PhysicalSizeX": image.pixel_size_um,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": image.pixel_size_um,
        "PhysicalSizeYUnit": "µm",
    }
    if image.z_step_um is not None:
        metadata |= {"PhysicalSizeZ": image.z_step_um, "PhysicalSizeZUnit": "µm"}
    kind = stored or _SMALL
    tifffile.imwrite(path, pixels, ome=True, photometric="minisblack", metadata=metadata, **kind)
    return Path(path)


def read_truth(path: str | Path) -> Truth:
    """Truth of a field, from the path of its image.

    Columns that the files lack are 0: truth of other origin may not know them.

    Parameters
    ----------
    path
        ``CASE/field_1.ome.tif``; its truth is ``CASE/truth/field_1_labels.tif`` and the tables
        beside that.

    Returns
    -------
    Truth

    Raises
    ------
    InputError
        When the truth is not there or cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from fishcount.synthetic import read_truth, simulate_case, write_case
    >>> drawn = simulate_case("negative", seed=1, n_fields=1, size=128)
    >>> (file,) = write_case(tempfile.mkdtemp(), drawn)
    >>> len(read_truth(file).nuclei) == len(drawn[0][1].nuclei)
    True
    """
    check_kind("path of an image", path, str, PathLike)
    try:
        labels = tifffile.imread(_truth_path(Path(path), "labels.tif"))
        nuclei = pd.read_csv(_truth_path(Path(path), "nuclei.csv"))
        spots = pd.read_csv(_truth_path(Path(path), "spots.csv"))
        return Truth(
            labels=labels.astype(np.int32),
            nuclei=_parsed(NucleiTruth, nuclei),
            spots=_parsed(SpotsTruth, spots),
        )
    except (OSError, ValueError, tifffile.TiffFileError) as error:
        raise InputError(f"its truth cannot be read: {error}", file=path) from error


def _truth_path(image: Path, part: str) -> Path:
    name = image.name.removesuffix(".tif").removesuffix(".tiff").removesuffix(".ome")
    return image.parent / "truth" / f"{name}_{part}"


def _written(table: NucleiTruth | SpotsTruth, name: str) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = getattr(table, name)
    if values.dtype.kind == "b":
        return values.astype(np.int64)
    return values.round(_DECIMALS.get(name, 3)) if values.dtype.kind == "f" else values


def _parsed(kind: type[Table], frame: pd.DataFrame) -> Table:
    types = {column.name: str(column.type) for column in fields(kind)}
    columns = {}
    for name, annotation in types.items():
        dtype = "bool" if "bool" in annotation else "int64" if "int64" in annotation else "float64"
        values = frame[name] if name in frame else np.zeros(len(frame))
        columns[name] = np.array(values).astype(dtype)
    return kind(**columns)
