"""How far two readers of one case agree: categories, counts, ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import CountError

__all__ = [
    "Agreement",
    "BlandAltman",
    "bland_altman",
    "cohen_kappa",
    "compare_readers",
    "count_class",
    "icc_2_1",
]

# Copies at which a class of counts begins: none, one, two, three, four and five, six and more.
# The upper ones are where ASCO/CAP 2018 changes its groups (our choice).
_CLASS_STARTS = (0, 1, 2, 3, 4, 6)
# 1.96 standard deviations hold 95 % of a normal distribution.
_Z_95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class BlandAltman:
    """Differences of two readers: first minus second.

    Attributes
    ----------
    n : int
        Pairs.
    bias : float or None
        Mean difference; None without pairs.
    sd : float or None
        Standard deviation of the differences; None with fewer than two pairs.
    limits : (low, high) or None
        95 % limits of agreement.
    """

    n: int
    bias: float | None
    sd: float | None
    limits: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of two readers on one figure of the nuclei that both scored.

    Attributes
    ----------
    figure : str
        "her2", "cep17" or "ratio".
    n : int
        Nuclei that have it from both.
    exact_share : float or None
        Share of nuclei with equal figures.
    kappa : float or None
        Cohen's kappa of the classes of counts; None for the ratio, and where it does not exist.
    icc : float or None
        Intraclass correlation ICC(2,1); None where it does not exist.
    bland_altman : BlandAltman
    """

    figure: str
    n: int
    exact_share: float | None
    kappa: float | None
    icc: float | None
    bland_altman: BlandAltman

    def record(self) -> dict[str, Any]:
        """One row of a table."""
        limits = self.bland_altman.limits or (None, None)
        return {
            "figure": self.figure,
            "n": self.n,
            "exact_share": self.exact_share,
            "kappa": self.kappa,
            "icc_2_1": self.icc,
            "bias": self.bland_altman.bias,
            "sd": self.bland_altman.sd,
            "limit_low": limits[0],
            "limit_high": limits[1],
        }


def compare_readers(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Agreement, ...]:
    """Agreement on HER2, CEP17 and their ratio.

    Parameters
    ----------
    first, second
        Tables of nuclei of the same case, as of `reviewed_nuclei`: matched by field and number,
        so nuclei that one reader merged or split are not compared.

    Returns
    -------
    tuple of Agreement
        "her2", and in dual-probe cases "cep17" and "ratio", over the nuclei that both scored.
        Without any, the figures are None.

    Examples
    --------
    >>> import pandas as pd
    >>> from fishcount.review import compare_readers
    >>> first = pd.DataFrame({"field": "a", "nucleus": [1, 2, 3], "scored": True,
    ...     "her2": [2, 4, 6], "cep17": [2, 2, 2], "ratio": [1.0, 2.0, 3.0]})
    >>> second = first.assign(her2=[2, 4, 7], ratio=[1.0, 2.0, 3.5])
    >>> [(one.figure, one.n, round(one.exact_share, 2)) for one in compare_readers(first, second)]
    [('her2', 3, 0.67), ('cep17', 3, 1.0), ('ratio', 3, 0.67)]
    """
    columns = ["field", "nucleus", "her2", "cep17", "ratio"]
    pairs = first.loc[first["scored"], columns].merge(
        second.loc[second["scored"], columns], on=["field", "nucleus"], suffixes=("_1", "_2")
    )
    found = [_agreement(pairs, "her2")]
    if not first["cep17"].isna().all():
        found += [_agreement(pairs, "cep17"), _agreement(pairs, "ratio")]
    return tuple(found)


def count_class(copies: ArrayLike) -> NDArray[np.int64]:
    """Class of counts, as the number at which it begins: 0, 1, 2, 3, 4 (to 5) or 6 (and more).

    Raises CountError for what are no counts: text, NaN, less than 0.

    Examples
    --------
    >>> from fishcount.review import count_class
    >>> count_class([0, 2, 5, 6, 40]).tolist()
    [0, 2, 4, 6, 6]
    """
    counts = _as_numbers(copies)
    if counts.size and counts.min() < 0:
        raise CountError("negative count", field="agreement", found=counts.min())
    starts = np.array(_CLASS_STARTS, np.int64)
    return starts[np.searchsorted(starts, counts.astype(np.int64), side="right") - 1]


def cohen_kappa(first: ArrayLike, second: ArrayLike) -> float | None:
    """Cohen's kappa: agreement of two readers on categories, beyond chance.

    Parameters
    ----------
    first, second : array_like, (n,)
        Category of each object by each reader; anything that can be compared.

    Returns
    -------
    float or None
        1 for full agreement, 0 for what chance would give. None without objects, and where both
        readers used one and the same category only: there is nothing to tell apart.

    Raises
    ------
    CountError
        When the readers differ in length, or an object has no category: None, NaN.

    Notes
    -----
    Cohen 1960, Educ Psychol Meas 20:37-46; unweighted.

    Examples
    --------
    >>> from fishcount.review import cohen_kappa
    >>> cohen_kappa(["yes", "yes", "no", "no"], ["yes", "no", "no", "no"])
    0.5
    """
    one, other = _as_categories(first), _as_categories(second)
    _check_pairs(one, other)
    if not one.size:
        return None
    try:
        names, number = np.unique(np.concatenate([one, other]), return_inverse=True)
    except TypeError as error:
        raise CountError(
            "categories cannot be compared", field="agreement", found=str(error)
        ) from error
    if len(names) == 1:
        return None
    readers = number.reshape(2, -1)
    shares = np.array([np.bincount(reader, minlength=len(names)) for reader in readers]) / one.size
    by_chance = float((shares[0] * shares[1]).sum())
    return (float((readers[0] == readers[1]).mean()) - by_chance) / (1 - by_chance)


def icc_2_1(ratings: ArrayLike) -> float | None:
    """Intraclass correlation of single ratings for absolute agreement, readers as a sample.

    Parameters
    ----------
    ratings : array_like, (objects, readers)

    Returns
    -------
    float or None
        None with fewer than two objects or readers, or where all ratings are equal.

    Raises
    ------
    CountError
        When ratings are no finite numbers.

    Notes
    -----
    ICC(2,1) of Shrout & Fleiss 1979, Psychol Bull 86:420-428: two-way random effects.

    Examples
    --------
    >>> from fishcount.review import icc_2_1
    >>> round(icc_2_1([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8],
    ...                [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]), 2)
    0.29
    """
    x = _as_numbers(ratings)
    if x.ndim != 2 or min(x.shape) < 2:
        return None
    n, k = x.shape
    of_objects, of_readers = x.mean(axis=1), x.mean(axis=0)
    between = k * ((of_objects - x.mean()) ** 2).sum() / (n - 1)
    readers = n * ((of_readers - x.mean()) ** 2).sum() / (k - 1)
    rest = ((x - of_objects[:, None] - of_readers + x.mean()) ** 2).sum() / ((n - 1) * (k - 1))
    whole = between + (k - 1) * rest + k * (readers - rest) / n
    return float((between - rest) / whole) if whole > 0 else None


def bland_altman(first: ArrayLike, second: ArrayLike) -> BlandAltman:
    """Bias and 95 % limits of agreement of two readers.

    Parameters
    ----------
    first, second : array_like, (n,)

    Returns
    -------
    BlandAltman
        For the plot: the differences are first - second, over the means of both.

    Raises
    ------
    CountError
        When the readers differ in length, or values are no finite numbers.

    Notes
    -----
    Bland & Altman 1986, Lancet 327:307-310.

    Examples
    --------
    >>> from fishcount.review import bland_altman
    >>> bland_altman([2, 4, 6], [1, 4, 8]).bias
    -0.3333333333333333
    """
    one, other = _as_numbers(first), _as_numbers(second)
    _check_pairs(one, other)
    difference = one - other
    n = len(difference)
    bias = float(difference.mean()) if n else None
    sd = float(difference.std(ddof=1)) if n > 1 else None
    limits = None if bias is None or sd is None else (bias - _Z_95 * sd, bias + _Z_95 * sd)
    return BlandAltman(n=n, bias=bias, sd=sd, limits=limits)


def _agreement(pairs: pd.DataFrame, figure: str) -> Agreement:
    columns = pairs[[f"{figure}_1", f"{figure}_2"]].dropna()
    one, other = (columns[name].to_numpy(np.float64) for name in columns.columns)
    classes = figure != "ratio"
    return Agreement(
        figure=figure,
        n=len(columns),
        exact_share=float((one == other).mean()) if len(columns) else None,
        kappa=cohen_kappa(count_class(one), count_class(other)) if classes else None,
        icc=icc_2_1(np.column_stack([one, other])),
        bland_altman=bland_altman(one, other),
    )


def _as_categories(values: ArrayLike) -> NDArray[Any]:
    """As they are: of text and NaN, an array would make text."""
    categories = np.asarray(values, object)
    if np.ma.is_masked(values) or pd.isna(categories).any():
        raise CountError(
            "an object without a category", field="agreement", remedy="leave it out for both"
        )
    return categories


def _as_numbers(values: ArrayLike) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise CountError("values are numbers", field="agreement", found=str(error)) from error
    if np.ma.is_masked(values) or not np.isfinite(numbers).all():
        raise CountError(
            "values must be finite",
            field="agreement",
            found="NaN, infinity, or what is masked",
            remedy="leave out objects without a value for both",
        )
    return numbers


def _check_pairs(one: NDArray[Any], other: NDArray[Any]) -> None:
    if one.ndim != 1 or one.shape != other.shape:
        raise CountError(
            "one value of each reader for each object",
            field="agreement",
            found=f"{one.shape} and {other.shape}",
        )
