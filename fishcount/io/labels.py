"""Nuclei segmented by another program: a label image, or the outlines that QuPath exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from fishcount.errors import FileFormatError, MetadataError
from fishcount.filters import connected_parts
from fishcount.io.files import check_file, kind_of
from fishcount.io.roi import polygons_of, ring_of
from fishcount.io.source import open_source
from fishcount.settings import ReadingSettings

__all__ = ["read_labels"]

# What QuPath says of objects that may be nuclei; the second pair is that of version 0.2. What else
# is exported with them (the annotation that they were found in, tiles, cores) is not one.
_MAY_BE_NUCLEI = frozenset({"cell", "detection", "PathCellObject", "PathDetectionObject"})


def read_labels(
    path: str | Path, *, shape: tuple[int, int], settings: ReadingSettings | None = None
) -> NDArray[np.int64]:
    """Read the nuclei of another program, such as Cellpose, StarDist, InstanSeg or QuPath.

    Parameters
    ----------
    path
        A TIFF or PNG whose pixels are numbers of nuclei, 0 for background; or GeoJSON with a
        polygon for each nucleus, in pixels whose outer corner is (0, 0), as QuPath exports it.
        Where cells have a nucleus of their own, the nucleus is taken; where there are detections
        or cells of QuPath, its annotations are left out. A hole in a polygon stays a hole, as it
        is one in the label image of the same nuclei.
    shape
        Height and width of the image that it belongs to.
    settings
        Limits of memory and pages.

    Returns
    -------
    ndarray of int64, (y, x)
        Where outlines overlap, the later one wins.

    Raises
    ------
    FileFormatError
        When it is neither.
    MetadataError
        When it has another size than the image, is not a single plane of whole numbers, is a mask
        without a number for each nucleus, or holds no nucleus.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import tifffile
    >>> from fishcount.io import read_labels
    >>> file = Path(tempfile.mkdtemp()) / "masks.tif"
    >>> tifffile.imwrite(file, np.pad(np.full((2, 2), 7, np.uint16), 1))
    >>> read_labels(file, shape=(4, 4))[1]
    array([0, 7, 7, 0])
    """
    path = check_file(path)
    with path.open("rb") as stream:
        is_text = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    labels = _outlines(path, shape) if is_text else _label_image(path, settings)
    if labels.shape != shape:
        raise MetadataError(
            "the labels have another size than the image",
            file=path,
            found=labels.shape,
            expected=shape,
        )
    if not labels.any():
        raise MetadataError(
            "the labels hold no nucleus",
            file=path,
            remedy="is this the label image, and of this field?",
        )
    return labels


def _label_image(path: Path, settings: ReadingSettings | None) -> NDArray[np.int64]:
    _check_kind(path)
    source = open_source(path, ReadingSettings.of(settings))
    if source.faults:
        raise source.faults[0]
    image = source.series[0]
    n_channels, n_planes = image.sizes[:2]
    if len(source.series) != 1 or n_channels * n_planes != 1:
        found = f"{len(source.series)} images of {n_channels} channels and {n_planes} planes"
        raise _no_label_image(
            path, found, "save one plane; of a stack of labels, its maximum: labels.max(axis=0)"
        )
    values = source.read(0, channels=[0])[0, 0]
    # Fiji and PyTorch hold labels as floating point, in which they are whole numbers all the same.
    if not _are_whole(values):
        raise _no_label_image(path, str(values.dtype), "are these probabilities, or a picture?")
    if values.min() < 0:
        raise _no_label_image(
            path,
            f"numbers from {values.min()}",
            "more than 32,767 nuclei do not fit into int16: save them as uint16",
        )
    labels: NDArray[np.int64] = values.astype(np.int64)
    if _is_picture(labels):
        raise _no_label_image(
            path,
            f"{len(np.unique(labels))} different numbers, mostly another one in the next pixel",
            "is this the image in place of its labels?",
        )
    n_parts = connected_parts(labels > 0)[1]
    if n_parts > 1 and labels.max() == labels[labels > 0].min():
        raise MetadataError(
            "a mask of all nuclei, without a number for each",
            file=path,
            found=f"{labels.max()} in all of {n_parts} parts",
            remedy="number them: skimage.measure.label(mask)",
        )
    return labels


def _is_picture(labels: NDArray[np.int64]) -> bool:
    """Whether neighbouring pixels mostly differ: in a picture they do, within nuclei never."""
    left, right = labels[:, :-1], labels[:, 1:]
    both = (left > 0) & (right > 0)
    differ = np.count_nonzero(both & (left != right))
    return bool(differ > 0.5 * np.count_nonzero(both))


def _check_kind(path: Path) -> None:
    """Only what keeps numbers as they are: JPEG does not, a pickle of NumPy is not opened."""
    try:
        found = kind_of(path)
    except FileFormatError as error:
        found = str(error.found)
    if found not in ("TIFF", "PNG"):
        raise FileFormatError(
            "neither a label image nor outlines",
            file=path,
            found=found,
            expected="TIFF, PNG or GeoJSON",
            remedy="save the label image as TIFF, or export GeoJSON without compression",
        )


def _are_whole(values: NDArray[np.generic]) -> bool:
    if values.dtype.kind == "f":
        return bool((np.isfinite(values) & (np.rint(values) == values)).all())
    return values.dtype.kind in "ui"


def _no_label_image(path: Path, found: str, remedy: str) -> MetadataError:
    return MetadataError(
        "not a label image",
        file=path,
        found=found,
        expected="one plane of whole numbers from 0",
        remedy=remedy,
    )


def _outlines(path: Path, shape: tuple[int, int]) -> NDArray[np.int64]:
    labels = np.zeros(shape, np.int64)
    try:
        tree = json.loads(path.read_text(encoding="utf-8-sig"))
        features = tree.get("features", [tree]) if isinstance(tree, dict) else tree
        for number, feature in enumerate(_nuclei(features), start=1):
            _draw(labels, number, feature)
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
    ) as error:
        raise FileFormatError(
            "not GeoJSON", file=path, found=str(error), remedy="export the nuclei again"
        ) from error
    return labels


def _nuclei(features: list[Any]) -> list[Any]:
    """What may be nuclei among objects of QuPath; of other programs all."""
    objects = [feature for feature in features if _kind(feature) in _MAY_BE_NUCLEI]
    return objects or features


def _kind(feature: Any) -> Any:
    about = feature.get("properties") or {}
    return about.get("objectType") or about.get("object_type") or feature.get("id")


def _draw(labels: NDArray[np.int64], number: int, feature: Any) -> None:
    """Number the pixels of one object; those in its holes keep the number that they have."""
    for outer, *holes in polygons_of(feature.get("nucleusGeometry") or feature):
        pixels = _pixels_in(outer, labels.shape)
        for hole in holes:
            pixels = np.setdiff1d(pixels, _pixels_in(hole, labels.shape), assume_unique=True)
        labels.reshape(-1)[pixels] = number


def _pixels_in(ring: Any, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Flat indices of the pixels of an image whose centres a ring of GeoJSON encloses."""
    y, x = ring_of(ring).T
    rows, columns = polygon(y, x, shape)  # type: ignore[no-untyped-call]
    return np.asarray(rows * shape[1] + columns, np.int64)
