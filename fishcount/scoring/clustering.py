"""Whether nuclei of one kind lie together on the slide or scattered among the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["LIE_TOGETHER", "Clustering", "clustering_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Number of nearest nuclei that count as neighbours: about as many as touch one in tissue.
_NEIGHBOURS = 5
# From this many standard deviations they lie together; chance alone gets there once in 200 cases.
LIE_TOGETHER = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """How often the neighbours of nuclei of one kind are of that kind, too.

    Attributes
    ----------
    share : float
        Of the neighbours of nuclei of this kind, those of the same kind.
    expected : float
        That share were the same nuclei of this kind anywhere among all.
    z : float
        Standard deviations by which it is above what is expected; 0 where nothing could vary.
    """

    share: float
    expected: float
    z: float

    @property
    def together(self) -> bool:
        """Whether they lie together, more than chance explains."""
        return self.z >= LIE_TOGETHER


def clustering_of(kind: NDArray[np.bool_], *, field: Integers, yx_px: Floats) -> Clustering | None:
    """Join counts of nuclei of one kind with their nearest neighbours in the same field.

    Parameters
    ----------
    kind : ndarray of bool, (n,)
        Nuclei of this kind.
    field : ndarray of int64, (n,)
        Field of each nucleus.
    yx_px : ndarray of float64, (n, 2)
        Centres; NaN where one is not known: the nucleus is left out.

    Returns
    -------
    Clustering or None
        None with fewer than two nuclei of either kind, or no neighbours at all.

    Notes
    -----
    Counts neighbours of a nucleus of this kind that are of this kind, with mean and variance under
    random labelling of all nuclei of the case (Cliff & Ord 1981, Spatial Processes, chapter 2).
    So a kind that fills one field of several lies together, as does a patch within a field.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.scoring.clustering import clustering_of
    >>> yx_px = np.stack(np.mgrid[:10, :10], axis=-1).reshape(-1, 2).astype(float)
    >>> patch = (yx_px < 4).all(axis=1)
    >>> clustering_of(patch, field=np.zeros(100, int), yx_px=yx_px).together
    True
    """
    known = np.isfinite(yx_px).all(axis=1)
    kind, field, yx_px = kind[known], field[known], yx_px[known]
    n, n_kind = len(kind), int(kind.sum())
    one, other = _neighbours(field, yx_px)
    if n_kind < 2 or n - n_kind < 2 or not len(one):
        return None
    joins = float((kind[one] & kind[other]).sum())
    mean, variance = _moments(one, other, n=n, n_kind=n_kind)
    return Clustering(
        share=joins / max(1.0, float(kind[one].sum())),
        expected=(n_kind - 1) / (n - 1),
        z=float((joins - mean) / np.sqrt(variance)) if variance > 1e-9 else 0.0,
    )


def _neighbours(field: Integers, yx_px: Floats) -> tuple[Integers, Integers]:
    """Each nucleus with each of its nearest neighbours in its field, as two columns."""
    ones, others = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for name in np.unique(field):
        here = np.flatnonzero(field == name)
        n_near = min(_NEIGHBOURS, len(here) - 1)
        if n_near < 1:
            continue
        near = cKDTree(yx_px[here]).query(yx_px[here], k=n_near + 1)[1]
        # The nearest is the nucleus itself, except where two centres are the same.
        own = near == np.arange(len(here))[:, None]
        own[~own.any(axis=1), -1] = True
        ones.append(np.repeat(here, n_near))
        others.append(here[near[~own]])
    return np.concatenate(ones), np.concatenate(others)


def _moments(one: Integers, other: Integers, *, n: int, n_kind: int) -> tuple[float, float]:
    """Mean and variance of the joins when `n_kind` labels fall on `n` nuclei at random."""
    n_joins = len(one)
    pairs = np.sort(np.stack([one, other]), axis=0)
    times = np.unique(pairs[0] * np.int64(n) + pairs[1], return_counts=True)[1].astype(np.float64)
    # Two joins drawn at random are of the same two nuclei, share one, or none.
    same = float((times**2).sum())
    degree = np.bincount(one, minlength=n) + np.bincount(other, minlength=n)
    sharing = float((degree.astype(np.float64) ** 2).sum()) - 2 * same
    apart = n_joins**2 - same - sharing
    chance = [_all_of_kind(m, n=n, n_kind=n_kind) for m in (2, 3, 4)]
    mean = n_joins * chance[0]
    square = same * chance[0] + sharing * chance[1] + apart * chance[2]
    return mean, square - mean**2


def _all_of_kind(m: int, *, n: int, n_kind: int) -> float:
    """Chance that `m` different nuclei are all of the kind."""
    steps = np.arange(m)
    return float(np.prod(np.maximum(n_kind - steps, 0) / np.maximum(n - steps, 1)))
