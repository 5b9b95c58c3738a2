"""A person's own segmentation: a label image, or the outlines that QuPath exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from fishcount.errors import FileFormatError, MetadataError
from fishcount.io.files import check_file
from fishcount.io.roi import polygons_of
from fishcount.io.source import open_source
from fishcount.settings import ReadingSettings

__all__ = ["read_labels"]


def read_labels(
    path: str | Path, *, shape: tuple[int, int], settings: ReadingSettings | None = None
) -> NDArray[np.int64]:
    """Read the nuclei of another program, such as Cellpose, StarDist, InstanSeg or QuPath.

    Parameters
    ----------
    path
        A TIFF or PNG whose pixels are numbers of nuclei, 0 for background; or GeoJSON with a
        polygon for each nucleus, in pixels whose outer corner is (0, 0), as QuPath exports it.
        Where cells have a nucleus of their own, the nucleus is taken.
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
        When it has another size than the image, is no single plane of integers, or holds no
        nucleus.

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
    source = open_source(path, settings or ReadingSettings())
    if source.faults:
        raise source.faults[0]
    image = source.series[0]
    if len(source.series) != 1 or image.sizes[:2] != (1, 1) or image.dtype.kind not in "ui":
        raise MetadataError(
            "not a label image",
            file=path,
            found=f"{len(source.series)} images of {image.sizes} (CZYX) {image.dtype}",
            expected="one plane of integers",
        )
    labels: NDArray[np.int64] = source.read(0, channels=[0])[0, 0].astype(np.int64)
    return labels


def _outlines(path: Path, shape: tuple[int, int]) -> NDArray[np.int64]:
    labels = np.zeros(shape, np.int64)
    try:
        tree = json.loads(path.read_text(encoding="utf-8-sig"))
        features = tree.get("features", [tree]) if isinstance(tree, dict) else tree
        for number, feature in enumerate(features, start=1):
            _draw(labels, number, feature)
    except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise FileFormatError(
            "not GeoJSON", file=path, found=str(error), remedy="export the nuclei again"
        ) from error
    return labels


def _draw(labels: NDArray[np.int64], number: int, feature: Any) -> None:
    """Number the pixels of one outline; its holes are parts of other objects, so they stay."""
    for outer, *_ in polygons_of(feature.get("nucleusGeometry") or feature):
        x, y = np.asarray(outer, float)[:, :2].T - 0.5
        rows, columns = polygon(y, x, labels.shape)  # type: ignore[no-untyped-call]
        labels[rows, columns] = number
