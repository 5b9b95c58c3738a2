"""Counts against true counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import InputError

__all__ = ["CountErrors", "count_errors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountErrors:
    """How far counts are from the truth; every figure is NaN where there is nothing to compare.

    Attributes
    ----------
    n : int
        Nuclei that were compared.
    mae : float
        Mean absolute error, in copies.
    bias : float
        Mean of counted minus true, in copies.
    rmse : float
        Root mean square error, in copies.
    relative : float
        Sum counted over sum true, minus one; NaN when the true sum is 0.
    exact : float
        Share of nuclei with exactly the true count.
    """

    n: int
    mae: float
    bias: float
    rmse: float
    relative: float
    exact: float


def count_errors(counted: ArrayLike, true: ArrayLike) -> CountErrors:
    """Errors of counts, nucleus by nucleus.

    Parameters
    ----------
    counted, true : (n,)
        Copies in the same nuclei, in the same order.

    Raises
    ------
    InputError
        When the two differ in length, or are no numbers.

    Examples
    --------
    >>> from fishcount.metrics import count_errors
    >>> errors = count_errors([2, 3, 9], [2, 2, 12])
    >>> errors.n, round(errors.mae, 3), round(errors.bias, 3), errors.relative
    (3, 1.333, -0.667, -0.125)
    >>> count_errors([], [])
    CountErrors(n=0, mae=nan, bias=nan, rmse=nan, relative=nan, exact=nan)
    """
    found, truth = _as_numbers(counted, "counted"), _as_numbers(true, "true")
    if found.shape != truth.shape:
        raise InputError("counts must be pairs", found=f"{found.size} and {truth.size}")
    if found.size == 0:
        nan = float("nan")
        return CountErrors(n=0, mae=nan, bias=nan, rmse=nan, relative=nan, exact=nan)
    error = found - truth
    total = truth.sum()
    return CountErrors(
        n=found.size,
        mae=float(np.abs(error).mean()),
        bias=float(error.mean()),
        rmse=float(np.sqrt((error**2).mean())),
        relative=float(found.sum() / total - 1) if total else float("nan"),
        exact=float((error == 0).mean()),
    )


def _as_numbers(counts: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        return np.asarray(counts, np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise InputError("counts are numbers", field=name, found=str(error)) from error
