"""Whether the nuclei of a case are of one kind: the 2009 definition and a second population."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.errors import CountError
from fishcount.read_only import ReadOnlyArrays
from fishcount.scoring.clustering import Clustering, clustering_of
from fishcount.scoring.whole import whole_counts

__all__ = ["Heterogeneity", "Pattern", "Population", "heterogeneity"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Least standard deviation of the transformed counts: that of Poisson counts, which is 1.
_POISSON_SD = 1.0
# Two populations are apart from an Ashman's D of 2 (Ashman et al. 1994, Astron J 108:2348).
_SEPARATED = 2.0
# Fewer nuclei are no population: three is the least number above 10 % of 20 nuclei.
_SMALLEST = 3
_MAX_ROUNDS = 200


class Pattern(StrEnum):
    """How many nuclei are amplified on their own (Vance et al. 2009)."""

    HOMOGENEOUS = "homogeneous"
    HETEROGENEOUS = "heterogeneous"
    AMPLIFIED = "amplified"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Some of the nuclei, counted apart.

    Attributes
    ----------
    n_nuclei, her2_signals : int
    cep17_signals : int or None
        Nuclei and the sums of their signals; no CEP17 in a single-probe case.
    """

    n_nuclei: int
    her2_signals: int
    cep17_signals: int | None

    @property
    def mean_her2_per_nucleus(self) -> float | None:
        """HER2 copies per nucleus; None without nuclei."""
        return self.her2_signals / self.n_nuclei if self.n_nuclei else None

    @property
    def her2_cep17_ratio(self) -> float | None:
        """Ratio of sums; None without CEP17."""
        return self.her2_signals / self.cep17_signals if self.cep17_signals else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heterogeneity(ReadOnlyArrays):
    """What the counts of single nuclei say beyond their sums.

    Attributes
    ----------
    pattern : Pattern
        After Vance et al., Arch Pathol Lab Med 2009;133:611: heterogeneous with more than 5 %
        and less than 50 % of amplified nuclei; unknown without nuclei to be assessed.
    criterion : str
        What makes a nucleus amplified: "ratio over 2.2"; "over 6 copies" in a single-probe case.
    n_amplified, n_with_ratio : int
        Amplified nuclei, and nuclei that could be assessed: those with CEP17, or all in a
        single-probe case.
    exactly_half : bool
        Exactly half are amplified: called amplified, a choice of this project.
    separation : float
        Ashman's D between two populations of HER2 copies: from 2 they are apart. 0 where all
        nuclei are alike.
    populations : tuple of Population
        The population with few and the one with many HER2 copies, where two are apart and the
        smaller holds more than 10 % of the nuclei, and at least three; otherwise one, of all.
    high : ndarray of bool, (n,)
        Nuclei of the population with many copies; none where there is one population.
    clustering : Clustering or None
        Whether these nuclei lie together; None where there is one population, or no positions.
    """

    pattern: Pattern
    criterion: str
    n_amplified: int
    n_with_ratio: int
    exactly_half: bool
    separation: float
    populations: tuple[Population, ...]
    high: NDArray[np.bool_]
    clustering: Clustering | None

    @property
    def share_amplified(self) -> float | None:
        """Share of amplified nuclei; None where none could be assessed."""
        return self.n_amplified / self.n_with_ratio if self.n_with_ratio else None


def heterogeneity(
    her2: ArrayLike,
    cep17: ArrayLike | None = None,
    *,
    field: ArrayLike | None = None,
    yx_px: ArrayLike | None = None,
) -> Heterogeneity:
    """Look for a second population among scored nuclei.

    Parameters
    ----------
    her2, cep17 : array_like of int, (n,)
        Copies of each nucleus; no `cep17` means a single-probe assay.
    field : array_like, (n,)
        Field of each nucleus; one field where left out.
    yx_px : array_like of float, (n, 2)
        Centre of each nucleus in its field; NaN where it is not known.

    Returns
    -------
    Heterogeneity
        For no nuclei: an unknown pattern and one empty population.

    Raises
    ------
    CountError
        For negative or fractional counts, or columns that differ in length.

    Notes
    -----
    Populations are two normal components of equal width in ``2 * sqrt(copies + 3/8)``, in which
    Poisson counts have unit variance whatever their mean (Anscombe 1948). Two are taken over one
    when the Bayesian information criterion prefers them and Ashman's D is at least 2.

    The definition of 2009 speaks of ratios. For a single probe, more than 6 copies takes the place
    of ratio 2.2, as in the guideline of 2007 whose cut-offs it takes: a choice of this project.

    Examples
    --------
    >>> from fishcount.scoring import heterogeneity
    >>> mixed = heterogeneity([2] * 30 + [12] * 10, [2] * 40)
    >>> str(mixed.pattern), [p.n_nuclei for p in mixed.populations]
    ('heterogeneous', [30, 10])
    """
    copies = whole_counts("HER2", her2)
    reference = None if cep17 is None else whole_counts("CEP17", cep17)
    fields = np.zeros(len(copies), np.int64) if field is None else np.asarray(field)
    columns = [copies, fields, *([] if reference is None else [reference])]
    if any(column.shape != copies.shape or column.ndim != 1 for column in columns):
        raise CountError(
            "one value for each nucleus",
            field="heterogeneity",
            found=" and ".join(str(column.shape) for column in columns),
        )
    assessed, amplified = _amplified(copies, reference)
    n_amplified, n_assessed = int(amplified.sum()), int(assessed.sum())
    separation, high = _split(copies)
    parts = (~high, high) if high.any() else (~high,)
    return Heterogeneity(
        pattern=_pattern(n_amplified, n_assessed),
        criterion="over 6 copies" if reference is None else "ratio over 2.2",
        n_amplified=n_amplified,
        n_with_ratio=n_assessed,
        exactly_half=n_assessed > 0 and 2 * n_amplified == n_assessed,
        separation=separation,
        populations=tuple(_population(part, copies, reference) for part in parts),
        high=high,
        clustering=None
        if yx_px is None or not high.any()
        else clustering_of(high, field=fields, yx_px=np.asarray(yx_px, float)),
    )


def _amplified(
    copies: Integers, reference: Integers | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Nuclei that can be assessed, and those among them that are amplified."""
    if reference is None:
        return np.ones(len(copies), np.bool_), copies > 6
    has_ratio = reference > 0
    return has_ratio, has_ratio & (5 * copies > 11 * reference)


def _population(
    part: NDArray[np.bool_], copies: Integers, reference: Integers | None
) -> Population:
    return Population(
        n_nuclei=int(part.sum()),
        her2_signals=int(copies[part].sum()),
        cep17_signals=None if reference is None else int(reference[part].sum()),
    )


def _pattern(n_amplified: int, n_with_ratio: int) -> Pattern:
    if not n_with_ratio:
        return Pattern.UNKNOWN
    if 2 * n_amplified >= n_with_ratio:
        return Pattern.AMPLIFIED
    return Pattern.HETEROGENEOUS if 20 * n_amplified > n_with_ratio else Pattern.HOMOGENEOUS


def _split(copies: Integers) -> tuple[float, NDArray[np.bool_]]:
    """Ashman's D of the best two populations, and the nuclei of the upper one if it counts."""
    nobody = np.zeros(len(copies), np.bool_)
    if len(np.unique(copies)) < 2:
        return 0.0, nobody
    scaled = 2 * np.sqrt(copies + 0.375)
    means, weight, sd, gain = _two_normals(scaled)
    separation = float((means[1] - means[0]) / sd)
    high = _share_of_upper(scaled, means, weight, sd) > 0.5
    smaller = min(int(high.sum()), int((~high).sum()))
    too_few = smaller < _SMALLEST or 10 * smaller <= len(copies)
    if gain <= 0 or separation < _SEPARATED or too_few:
        return separation, nobody
    return separation, high


def _two_normals(scaled: Floats) -> tuple[Floats, float, float, float]:
    """Means, weight of the upper one, common width, and how much BIC falls against one normal."""
    ordered = np.sort(scaled)
    means = np.array([ordered[: len(ordered) // 2].mean(), ordered[len(ordered) // 2 :].mean()])
    weight, sd = 0.5, max(float(scaled.std()), _POISSON_SD)
    for _ in range(_MAX_ROUNDS):
        upper = _share_of_upper(scaled, means, weight, sd)
        new_weight = float(np.clip(upper.mean(), 1e-9, 1 - 1e-9))
        lower = 1 - upper
        new = np.array([lower @ scaled / lower.sum(), upper @ scaled / upper.sum()])
        scatter = lower @ (scaled - new[0]) ** 2 + upper @ (scaled - new[1]) ** 2
        new_sd = max(float(np.sqrt(scatter / len(scaled))), _POISSON_SD)
        moved = float(np.abs(new - means).max()) + abs(new_sd - sd) + abs(new_weight - weight)
        means, weight, sd = new, new_weight, new_sd
        if moved < 1e-9:
            break
    two = np.logaddexp(
        np.log(1 - weight) + _log_normal(scaled, means[0], sd),
        np.log(weight) + _log_normal(scaled, means[1], sd),
    ).sum()
    one = _log_normal(scaled, scaled.mean(), max(float(scaled.std()), _POISSON_SD)).sum()
    # Two more parameters: the second mean and the weight.
    return means, weight, sd, float(2 * (two - one) - 2 * np.log(len(scaled)))


def _share_of_upper(scaled: Floats, means: Floats, weight: float, sd: float) -> Floats:
    """Probability that each nucleus belongs to the upper population."""
    logit = (
        np.log(weight / (1 - weight))
        + _log_normal(scaled, means[1], sd)
        - _log_normal(scaled, means[0], sd)
    )
    result: Floats = 1 / (1 + np.exp(-np.clip(logit, -500, 500)))
    return result


def _log_normal(values: Floats, mean: float, sd: float) -> Floats:
    result: Floats = -0.5 * ((values - mean) / sd) ** 2 - np.log(sd)
    return result
