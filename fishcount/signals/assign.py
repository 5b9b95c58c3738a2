"""Which nucleus a spot lies in."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import InputError

__all__ = ["Labels", "assign_to_nuclei"]

# Positions whose neighbourhoods are looked at together: bounds the memory of large fields.
_AT_ONCE = 2**15
# Farther than any image reaches.
_FAR_PX = 2.0**40


class Labels(Protocol):
    """A label image that is looked up pixel by pixel, without being in memory as a whole."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""

    def label_at(self, y_px: NDArray[np.int64], x_px: NDArray[np.int64]) -> NDArray[np.int64]:
        """Label of pixels; 0 for none."""


def assign_to_nuclei(
    yx_px: ArrayLike, labels: NDArray[np.int32] | Labels, *, tolerance_px: float = 0.0
) -> NDArray[np.int64]:
    """Label of the nucleus that each position lies in, or nearly lies in.

    A position belongs to the label of the pixel that it falls into. One that falls on
    background belongs to the nearest labelled pixel centre within `tolerance_px`, because
    signals at the rim of a nucleus fall outside an outline that is a little tight; of two
    equally near nuclei it is the one with the lower label.

    Parameters
    ----------
    yx_px : array_like, (n, 2)
        Positions; the origin is the centre of the first pixel.
    labels : ndarray of int, (y, x)
        Label image, 0 is background; or what knows the label of every pixel.
    tolerance_px
        How far outside an outline a position may lie.

    Returns
    -------
    ndarray of int64, (n,)
        0 where there is no nucleus, also outside the image.

    Raises
    ------
    InputError
        When positions are no pairs of finite numbers, or the tolerance is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.signals import assign_to_nuclei
    >>> labels = np.zeros((9, 9), np.int32)
    >>> labels[2:5, 2:5] = 1
    >>> assign_to_nuclei([[3.2, 4.4], [3.0, 5.9], [8.0, 8.0]], labels, tolerance_px=2)
    array([1, 1, 0])
    """
    yx = _as_positions(yx_px)
    if not (np.isfinite(tolerance_px) and tolerance_px >= 0):
        raise InputError("must be 0 or more", field="tolerance_px", found=tolerance_px)
    # What lies beyond any image would wrap around as a whole number.
    centre = np.floor(np.clip(yx, -_FAR_PX, _FAR_PX) + 0.5).astype(np.int64)
    nucleus = _label_at(centre, labels)
    loose = np.flatnonzero(nucleus == 0)
    if tolerance_px > 0 and 0 not in labels.shape:
        for start in range(0, len(loose), _AT_ONCE):
            some = loose[start : start + _AT_ONCE]
            nucleus[some] = _nearest_label(yx[some], centre[some], labels, tolerance_px)
    return nucleus


def _as_positions(yx_px: ArrayLike) -> NDArray[np.float64]:
    try:
        yx = np.asarray(yx_px, np.float64).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise InputError(
            "positions are pairs of numbers", field="yx_px", found=str(error)
        ) from error
    if not np.isfinite(yx).all():
        raise InputError("positions must be finite", field="yx_px", found="NaN or infinity")
    return yx


def _label_at(pixel: NDArray[np.int64], labels: NDArray[np.int32] | Labels) -> NDArray[np.int64]:
    """Label of pixels of shape (..., 2); 0 outside the image."""
    if 0 in labels.shape:
        return np.zeros(pixel.shape[:-1], np.int64)
    inside = np.all((pixel >= 0) & (pixel < labels.shape), axis=-1)
    y, x = np.moveaxis(np.clip(pixel, 0, np.array(labels.shape) - 1), -1, 0)
    found = labels[y, x] if isinstance(labels, np.ndarray) else labels.label_at(y, x)
    return np.where(inside, found, 0).astype(np.int64)


def _nearest_label(
    yx: NDArray[np.float64],
    centre: NDArray[np.int64],
    labels: NDArray[np.int32] | Labels,
    tolerance_px: float,
) -> NDArray[np.int64]:
    """Label of the nearest labelled pixel centre within the tolerance, all spots at once."""
    reach = int(np.ceil(tolerance_px))
    steps = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    pixel = centre[:, None, :] + steps
    label = _label_at(pixel, labels)
    distance = np.hypot(*np.moveaxis(pixel - yx[:, None, :], -1, 0))
    distance = np.where((label > 0) & (distance <= tolerance_px), distance, np.inf)
    nearest = distance.min(axis=1, keepdims=True)
    candidates = np.where(distance <= nearest, label, np.iinfo(np.int64).max)
    return np.where(np.isfinite(nearest[:, 0]), candidates.min(axis=1), 0)
