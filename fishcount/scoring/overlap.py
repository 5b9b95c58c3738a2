"""Whether two fields of a case show the same nuclei, which would be counted twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import Finding

__all__ = ["overlap_findings"]

# Shifts between nuclei are alike within this many pixels: outlines of a stack and of its projection
# differ a little.
_ALIKE_PX = 4
# By chance, a few of all pairs have the same shift. So many nuclei at least, and such a share of
# those of the field with fewer, do not.
_LEAST_SHARED, _LEAST_SHARE = 6, 0.1
# Of larger fields, the nuclei at the top are enough.
_MOST_NUCLEI = 1000


def overlap_findings(
    fields: Sequence[str], field: NDArray[np.int64], yx_px: NDArray[np.float64]
) -> tuple[Finding, ...]:
    """FIELDS_OVERLAP for each pair of fields whose scored nuclei are the same up to a shift.

    A stack beside its projection, a crop, or tiles of a scan that overlap: their pixels differ, but
    many of their nuclei lie in the same places to one another. A turned or mirrored copy does not
    show.

    Parameters
    ----------
    fields
        Names of the fields of a case.
    field : ndarray of int64, (n,)
        Number of the field of each scored nucleus, from 0.
    yx_px : ndarray of float64, (n, 2)
        Where it lies in that field; a nucleus whose place is NaN is left out, such as one that a
        reader drew.

    Returns
    -------
    tuple of Finding
        With the number of nuclei that two fields share, and their names; empty where none do.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.scoring import overlap_findings
    >>> places = np.random.default_rng(1).uniform(0, 900, (20, 2))
    >>> overlap_findings(
    ...     ["a", "b"], np.repeat([0, 1], 20), np.concatenate([places, places + 31]))[0].detail
    '20 nuclei in a and b'
    """
    known = np.isfinite(yx_px).all(axis=1)
    places = [yx_px[known & (field == number)][:_MOST_NUCLEI] for number in range(len(fields))]
    findings = []
    for (one, here), (other, there) in combinations(zip(fields, places, strict=True), 2):
        shared = _most_alike(here, there)
        fewer = min(len(here), len(there))
        if shared >= max(_LEAST_SHARED, _LEAST_SHARE * fewer):
            words = f"{shared} nuclei in {one} and {other}"
            findings.append(Finding("FIELDS_OVERLAP", shared, words))
    return tuple(findings)


def _most_alike(here: NDArray[np.float64], there: NDArray[np.float64]) -> int:
    """How many nuclei of two fields differ by the same shift, at the shift of most of them."""
    if min(len(here), len(there)) < _LEAST_SHARED:
        return 0
    shift = (here[:, None] - there[None]).reshape(-1, 2)
    most = 0
    # Shifts on the edge of a bin are in the middle of one of another grid.
    for start in product((0.0, _ALIKE_PX / 2), repeat=2):
        y, x = np.floor((shift + start) / _ALIKE_PX).astype(np.int64).T
        _, n_alike = np.unique(y * 2**32 + x, return_counts=True)
        most = max(most, int(n_alike.max()))
    return most
