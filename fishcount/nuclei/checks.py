"""Refuse what is not a DAPI image or not a label image, with the reason."""

from __future__ import annotations

from os import PathLike

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.measure import label

from fishcount.errors import InputError, MetadataError, PixelError

__all__ = ["checked_dapi", "checked_labels", "labels_in_pieces"]


def checked_dapi(dapi: ArrayLike, roi: NDArray[np.bool_] | None) -> NDArray[np.number]:
    """DAPI (y, x) or (z, y, x): whole numbers as they are stored, all else in single precision.

    A stack of one plane comes back as a plane. Raises MetadataError for what is not an image, or a
    region to be scored of another size, and PixelError for what are not finite numbers.
    """
    array = np.asarray(dapi)
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
    if array.dtype.kind not in "buif":
        raise PixelError("pixels are not camera counts", field="dapi", found=array.dtype)
    # What single precision cannot hold becomes infinite.
    with np.errstate(over="ignore"):
        image: NDArray[np.number] = (
            array if array.dtype.kind in "iu" else array.astype(np.float32, copy=False)
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise PixelError("NaN or infinite pixels", field="dapi")
    if roi is not None and np.shape(roi) != array.shape[-2:]:
        raise MetadataError(
            "the region has another size than the image",
            field="roi",
            found=np.shape(roi),
            expected=array.shape[-2:],
        )
    return image[0] if image.ndim == 3 and len(image) == 1 else image


def checked_labels(labels: ArrayLike, shape: tuple[int, int]) -> NDArray[np.integer]:
    """A label image of a field of `shape`; MetadataError for anything else."""
    if isinstance(labels, str | PathLike):
        raise InputError(
            "labels are an array",
            found=repr(str(labels)),
            remedy="read a file of them with fishcount.io.read_labels",
        )
    array = np.asarray(labels)
    if array.shape != shape:
        raise MetadataError(
            "the label image has another size than the image",
            found=array.shape,
            expected=shape,
        )
    if array.dtype.kind not in "iu" or (array.size and int(array.min()) < 0):
        raise MetadataError("no label image", found=array.dtype, expected="integers from 0")
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
    pieces = label(labels, connectivity=2)  # type: ignore[no-untyped-call]
    first = np.unique(pieces, return_index=True)[1]
    of_piece = labels.ravel()[first]
    _, n_pieces = np.unique(of_piece[of_piece > 0], return_counts=True)
    return int((n_pieces > 1).sum())
