"""Which nuclei and which fields decide: the category when one of them is left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import check_kind
from fishcount.guidelines.counts import checked_ihc
from fishcount.guidelines.evaluate import Setting, categorise, decide
from fishcount.guidelines.scheme import UNKNOWN_IHC, Scheme
from fishcount.guidelines.tally import Tally
from fishcount.read_only import ReadOnlyArrays
from fishcount.scoring.whole import named_fields, whole_counts
from fishcount.settings import ScoringSettings

__all__ = ["Stability", "leave_one_out"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stability(ReadOnlyArrays):
    """How a category stands when single nuclei or fields are left out.

    Attributes
    ----------
    scheme, category : str
        The scheme, and its category with all nuclei, whatever the minimum.
    without_nucleus : ndarray of str, (n,)
        The category without each nucleus.
    fields : ndarray, (f,)
        Names of the fields, sorted.
    without_field : ndarray of str, (f,)
        The category without each field.
    """

    scheme: str
    category: str
    without_nucleus: NDArray[np.str_]
    fields: NDArray[np.generic]
    without_field: NDArray[np.str_]

    @property
    def deciding_nuclei(self) -> NDArray[np.bool_]:
        """Nuclei each of which alone holds the category."""
        result: NDArray[np.bool_] = self.without_nucleus != self.category
        return result

    @property
    def deciding_fields(self) -> NDArray[np.bool_]:
        """Fields each of which alone holds the category."""
        result: NDArray[np.bool_] = self.without_field != self.category
        return result

    @property
    def stable(self) -> bool:
        """No single nucleus and no single field holds the category."""
        return not (self.deciding_nuclei.any() or self.deciding_fields.any())


def leave_one_out(
    her2: ArrayLike,
    cep17: ArrayLike | None = None,
    *,
    field: ArrayLike,
    scheme: Scheme,
    ihc: str | None = None,
    settings: ScoringSettings | None = None,
) -> Stability:
    """The category of a case without each nucleus and without each field in turn.

    Parameters
    ----------
    her2, cep17 : array_like of int, (n,)
        Copies of each scored nucleus; no `cep17` means a single-probe assay.
    field : array_like, (n,)
        Field of each nucleus, as numbers or names.
    scheme
        A scheme that reads sums.
    ihc, settings
        As for `classify`.

    Returns
    -------
    Stability
        For no nuclei: NOT_EVALUABLE, and nothing that decides.

    Raises
    ------
    CountError
        For negative or fractional counts, an unknown IHC score, or columns that differ in length.
    InputError
        When `scheme` is no scheme, such as its identifier.

    Examples
    --------
    >>> from fishcount.guidelines import find_scheme, leave_one_out
    >>> seed = find_scheme("seed-copies")
    >>> found = leave_one_out([4] * 19 + [6], field=[0] * 10 + [1] * 10, scheme=seed)
    >>> found.category, int(found.deciding_nuclei.sum()), found.deciding_fields.tolist()
    ('POSITIVE', 1, [False, True])
    """
    settings = ScoringSettings.of(settings)
    check_kind("scheme", scheme, Scheme, remedy="find_scheme gives one by its identifier")
    copies = [whole_counts("HER2", her2)]
    if cep17 is not None:
        copies.append(whole_counts("CEP17", cep17, n=len(copies[0])))
    names, index = named_fields(field, n=len(copies[0]))
    ihc = checked_ihc(ihc, faint_staining=False)
    setting = Setting(ihc=ihc or UNKNOWN_IHC, variant=scheme.variant(settings))
    ones = np.ones(len(index), np.int64)
    columns = [ones, *copies]
    totals = [int(column.sum()) for column in columns]
    per_field = [
        np.bincount(index, column, minlength=len(names)).astype(np.int64) for column in columns
    ]

    def without(parts: list[NDArray[np.int64]]) -> NDArray[np.str_]:
        rest = [total - part for total, part in zip(totals, parts, strict=True)]
        return categorise(scheme, _tally(rest), setting=setting)

    return Stability(
        scheme=scheme.id,
        category=decide(scheme, _tally(totals), setting=setting).category,
        without_nucleus=without(columns),
        fields=names,
        without_field=without(per_field),
    )


def _tally(columns: list[int] | list[NDArray[np.int64]]) -> Tally:
    return Tally(n=columns[0], her2=columns[1], cep17=columns[2] if len(columns) > 2 else None)
