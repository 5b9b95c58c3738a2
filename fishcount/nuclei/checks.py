"""Refuse what is not a DAPI image or not a label image, with the reason."""

from __future__ import annotations

from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.measure import label

from fishcount.errors import InputError, MetadataError, PixelError
from fishcount.image.checks import as_counts, check_large, check_most_counts

__all__ = ["checked_dapi", "checked_labels", "labels_in_pieces"]


def checked_dapi(dapi: ArrayLike) -> NDArray[np.number]:
    """DAPI (y, x) or (z, y, x): whole numbers as they are stored, all else in single precision.

    A stack of one plane comes back as a plane. Raises MetadataError for what is not an image, and
    PixelError for what are not finite numbers, or more than a camera counts or float32 holds.
    """
    array = as_counts(dapi, "dapi")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise MetadataError(
            "not an image",
            field="dapi",
            found=f"shape {array.shape}",
            expected="(y, x) or (z, y, x)",
        )
    if array.ndim == 3 and array.shape[2] <= 4 and min(array.shape[:2]) > 4:
        raise MetadataError(
            "channels in place of a stack",
            field="dapi",
            found=f"shape {array.shape}",
            expected="(y, x) or (z, y, x)",
            remedy="give DAPI alone: of colours that come last, image[..., 2] for blue",
        )
    if array.dtype.kind not in "uif":
        raise PixelError("pixels are not camera counts", field="dapi", found=array.dtype)
    # What single precision cannot hold becomes infinite.
    with np.errstate(over="ignore"):
        image: NDArray[np.number] = (
            array if array.dtype.kind in "iu" else array.astype(np.float32, copy=False)
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise PixelError("NaN or infinite pixels", field="dapi")
    check_most_counts(image, role="dapi")
    check_large(array, role="dapi")
    return image[0] if image.ndim == 3 and len(image) == 1 else image


def checked_labels(labels: ArrayLike, shape: tuple[int, int]) -> NDArray[np.integer]:
    """A label image of a field of `shape`; MetadataError for anything else."""
    if isinstance(labels, str | PathLike):
        raise InputError(
            "labels are an array",
            found=repr(str(labels)),
            remedy="read a file of them with fishcount.io.read_labels",
        )
    if np.ma.is_masked(labels):
        raise MetadataError("masked labels", field="labels", remedy="give 0 for background")
    try:
        array = np.asarray(labels)
    except ValueError as error:  # Lists of unequal length.
        raise MetadataError("no label image", field="labels", found=str(error)) from error
    if array.shape != shape:
        raise MetadataError(
            "the label image has another size than the image",
            field="labels",
            found=array.shape,
            expected=shape,
        )
    if array.dtype.kind not in "iu" or (array.size and int(array.min()) < 0):
        raise MetadataError(
            "no label image", field="labels", found=array.dtype, expected="integers from 0"
        )
    if int(array.max()) > np.iinfo(np.int64).max:
        raise MetadataError(
            "labels beyond 64 bits with a sign",
            field="labels",
            found=int(array.max()),
            remedy="number them anew: skimage.segmentation.relabel_sequential",
        )
    return array


def labels_in_pieces(labels: NDArray[np.integer]) -> int:
    """How many numbers of a label image stand in several pieces that do not touch.

    Pieces that meet at a corner touch.

    Parameters
    ----------
    labels : ndarray of int, (y, x)
        Numbers of nuclei, 0 for background.

    Returns
    -------
    int
        0 where each number is one piece, and without any.

    Examples
    --------
    >>> import numpy as np
    >>> labels_in_pieces(np.array([[1, 0, 1], [2, 2, 0], [0, 0, 2]]))
    1
    """
    labels = np.asarray(labels)
    pieces = label(labels, connectivity=2)  # type: ignore[no-untyped-call]
    first = np.unique(pieces, return_index=True)[1]
    of_piece = labels.ravel()[first]
    _, n_pieces = np.unique(of_piece[of_piece > 0], return_counts=True)
    return int((n_pieces > 1).sum())
