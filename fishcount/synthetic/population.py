"""Kinds of nuclei, the copies they hold, and the cases they make up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fishcount.errors import SettingsError
from fishcount.models import CheckedModel
from fishcount.read_only import ReadOnlyArrays

__all__ = ["CASES", "Kind", "NucleusCopies", "Population", "draw_copies", "population_of"]

Weights = Annotated[dict[int, Annotated[float, Field(gt=0)]], Field(min_length=1)]


class Kind(CheckedModel):
    """One kind of nucleus: how many copies of each probe, and whether they lie in clusters."""

    cls: Annotated[int, Field(ge=0)] = Field(description="Number of the kind in the truth.")
    her2: Weights = Field(description="Relative weight of each number of HER2 copies.")
    cep17: Weights = Field(description="Relative weight of each number of CEP17 copies.")
    clusters: Weights = Field(
        default={0: 1.0}, description="Relative weight of each number of HER2 clusters."
    )
    clustered: Annotated[float, Field(ge=0, le=1)] = Field(
        0.75, description="Share of the HER2 copies that lie in the clusters, if there are any."
    )


Population = tuple[tuple[Annotated[float, Field(gt=0)], Kind], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NucleusCopies(ReadOnlyArrays):
    """What each nucleus holds; columns of length n.

    Attributes
    ----------
    cls : ndarray of int64
        Number of its kind.
    her2, cep17 : ndarray of int64
        Copies.
    clusters : ndarray of int64
        Number of HER2 clusters.
    clustered : ndarray of float64
        Share of HER2 copies that lie in them.
    """

    cls: NDArray[np.int64]
    her2: NDArray[np.int64]
    cep17: NDArray[np.int64]
    clusters: NDArray[np.int64]
    clustered: NDArray[np.float64]


def _falling(low: int, high: int, power: float) -> dict[int, float]:
    """Weights of low to high that fall like a power: few nuclei hold very many copies."""
    return {copies: copies**-power for copies in range(low, high + 1)}


# Not every chromosome lies in the section or hybridises, hence the ones; some cells are about
# to divide, hence the threes and fours.
_NORMAL = Kind(cls=0, her2={1: 8, 2: 78, 3: 9, 4: 5}, cep17={1: 9, 2: 80, 3: 7, 4: 4})
_POLYSOMY = Kind(cls=1, her2={3: 40, 4: 35, 5: 18, 6: 7}, cep17={3: 48, 4: 34, 5: 14, 6: 4})
_LOW_GAIN = Kind(cls=2, her2={3: 8, 4: 27, 5: 32, 6: 22, 7: 11}, cep17={2: 38, 3: 40, 4: 22})
_CLUSTERED = Kind(
    cls=3,
    her2=_falling(10, 42, 0.6),
    cep17={1: 12, 2: 58, 3: 22, 4: 8},
    clusters={1: 5, 2: 3, 3: 1},
)
_SCATTERED = Kind(cls=4, her2=_falling(8, 30, 0.8), cep17={1: 10, 2: 56, 3: 24, 4: 10})
_MONOSOMY = Kind(cls=5, her2={2: 60, 3: 30, 4: 10}, cep17={1: 92, 2: 8})
_COAMPLIFIED = Kind(cls=6, her2={6: 20, 7: 35, 8: 30, 9: 15}, cep17={4: 30, 5: 40, 6: 30})

CASES: Mapping[str, Population] = MappingProxyType(
    {
        "negative": ((84.0, _NORMAL), (10.0, _POLYSOMY), (6.0, _LOW_GAIN)),
        "equivocal": ((10.0, _NORMAL), (82.0, _LOW_GAIN), (8.0, _POLYSOMY)),
        "amplified": ((18.0, _NORMAL), (64.0, _CLUSTERED), (18.0, _SCATTERED)),
        "scattered": ((18.0, _NORMAL), (8.0, _LOW_GAIN), (74.0, _SCATTERED)),
        "polysomy": ((22.0, _NORMAL), (78.0, _POLYSOMY)),
        "monosomy": ((12.0, _NORMAL), (88.0, _MONOSOMY)),
        "coamplified": ((6.0, _NORMAL), (94.0, _COAMPLIFIED)),
        "heterogeneous": ((72.0, _NORMAL), (28.0, _SCATTERED)),
        "mixed": (
            (46.0, _NORMAL),
            (16.0, _POLYSOMY),
            (16.0, _LOW_GAIN),
            (12.0, _CLUSTERED),
            (10.0, _SCATTERED),
        ),
    }
)
"""Populations by the name of the case they make.

negative (group 5 of ASCO/CAP 2018), equivocal (group 4), amplified (group 1, most of the copies in
clusters), scattered (group 1, copies apart), polysomy (CEP17 raised), monosomy (group 2),
coamplified (group 3), heterogeneous (an amplified clone among normal nuclei), mixed (some of
everything).
"""


def population_of(case: str) -> Population:
    """The population of a named case.

    Raises
    ------
    SettingsError
        When there is no such case.

    Examples
    --------
    >>> from fishcount.synthetic import population_of
    >>> [kind.cls for _, kind in population_of("amplified")]
    [0, 3, 4]
    """
    try:
        return CASES[case]
    except (KeyError, TypeError):
        raise SettingsError(
            "unknown case", field="case", found=repr(case), expected=", ".join(CASES)
        ) from None


def draw_copies(population: Population, n: int, *, rng: np.random.Generator) -> NucleusCopies:
    """Draw the copies of n nuclei from a population.

    Parameters
    ----------
    population
        Pairs of a weight and a kind of nucleus, as of `population_of`; weights need no sum.
    n
        Number of nuclei, from 0.
    rng
        Draws them; the same state draws the same.

    Returns
    -------
    NucleusCopies
        One entry for each nucleus; empty where `n` is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.synthetic import draw_copies, population_of
    >>> copies = draw_copies(population_of("negative"), 2000, rng=np.random.default_rng(1))
    >>> bool(1.8 < copies.her2.mean() < 2.6)
    True
    """
    share = np.array([weight for weight, _ in population])
    which = rng.choice(len(population), size=n, p=share / share.sum())
    columns = {name: np.zeros(n, np.int64) for name in ("cls", "her2", "cep17", "clusters")}
    clustered = np.zeros(n)
    for index, (_, kind) in enumerate(population):
        rows = np.flatnonzero(which == index)
        columns["cls"][rows] = kind.cls
        for name in ("her2", "cep17", "clusters"):
            columns[name][rows] = _draw_weighted(getattr(kind, name), rows.size, rng)
        clustered[rows] = kind.clustered * (columns["clusters"][rows] > 0)
    return NucleusCopies(clustered=clustered, **columns)


def _draw_weighted(
    weights: Mapping[int, float], n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    values = np.array(list(weights), np.int64)
    share = np.array(list(weights.values()), float)
    return rng.choice(values, size=n, p=share / share.sum())
