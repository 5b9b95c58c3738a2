"""Counts and fields of nuclei as callers give them, checked once so that they can be trusted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import CountError

__all__ = ["named_fields", "whole_counts"]

# No nucleus holds that many, and sums over nuclei stay within 64 bits.
_MOST_COPIES = 10**9


def whole_counts(name: str, values: ArrayLike, *, n: int | None = None) -> NDArray[np.int64]:
    """Counts as int64, (n,); `name` is what errors call them.

    Raises
    ------
    CountError
        For counts that are fractional, negative, masked or text, and for another number of them.

    Examples
    --------
    >>> from fishcount.scoring.whole import whole_counts
    >>> whole_counts("HER2", [2, 3]).tolist()
    [2, 3]
    >>> whole_counts("HER2", [2.5, 3.0])
    Traceback (most recent call last):
    ...
    fishcount.errors.CountError: HER2: counts must be whole numbers (found float64)
    """
    if np.ma.is_masked(values):
        raise CountError("masked counts", field=name, remedy="leave out nuclei without a count")
    array = _as_array(name, values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise CountError("counts must be whole numbers", field=name, found=array.dtype)
    if array.ndim != 1 or (n is not None and len(array) != n):
        raise CountError(
            "one count for each nucleus", field=name, found=f"shape {array.shape}", expected=n
        )
    if len(array) and array.min() < 0:
        raise CountError("negative count", field=name, found=int(array.min()))
    if len(array) and array.max() > _MOST_COPIES:
        raise CountError(
            "more copies than a nucleus holds",
            field=name,
            found=int(array.max()),
            expected=f"at most {_MOST_COPIES}",
        )
    return array.astype(np.int64)


def named_fields(
    field: ArrayLike, *, n: int, what: str = "field"
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Names of the fields, sorted, and the field of each nucleus as a number from 0, (n,).

    Raises CountError where there is not one field for each nucleus.
    """
    array = _as_array(what, field)
    if array.shape != (n,):
        raise CountError(
            "one field for each nucleus", field=what, found=f"shape {array.shape}", expected=n
        )
    try:
        names, index = np.unique(array, return_inverse=True)
    except TypeError as error:
        raise CountError(
            "fields are numbers or names", field=what, found="values that have no order"
        ) from error
    return names, index.astype(np.int64)


def _as_array(name: str, values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:  # Lists of unequal length.
        raise CountError("no column of values", field=name, found=str(error)) from error
