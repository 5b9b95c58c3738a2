"""Drawn cases near a cut-off, blends of populations of `fishcount.synthetic`; their categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fishcount.guidelines import Classification, classify
from fishcount.image import FishImage
from fishcount.scoring import CaseScore
from fishcount.synthetic import CASES, Truth, simulate_case, spec_of_case
from fishcount.synthetic.population import Population

__all__ = ["blend", "classified", "drawn_fields", "expected", "in_a_field"]

# Mean HER2 and ratio at which some scheme changes its category.
CUTOFFS = {"mean": (2.0, 4.0, 6.0), "ratio": (1.8, 2.0, 2.2)}
NEAR = 0.15
# Concentration of the shares of kinds in a field about those of the case: 40 is like the
# difference between two handfuls of 40 nuclei.
FIELD_CONCENTRATION = 40.0


def blend(rng: np.random.Generator) -> Population:
    """A population near a cut-off: two named ones in random shares."""
    names = list(CASES)
    while True:
        first, second = rng.choice(names, 2, replace=False)
        share = rng.uniform(0.05, 0.95)
        population = tuple(
            (factor * weight, kind)
            for factor, name in ((share, first), (1 - share, second))
            for weight, kind in CASES[str(name)]
        )
        mean_her2, mean_cep17 = expected(population)
        near = [abs(mean_her2 / cutoff - 1) < NEAR for cutoff in CUTOFFS["mean"]]
        near += [abs(mean_her2 / mean_cep17 / cutoff - 1) < NEAR for cutoff in CUTOFFS["ratio"]]
        if any(near):
            return population


def classified(score: CaseScore, schemes: Sequence[str]) -> Classification:
    """Categories of a score under some schemes, with their chances."""
    return classify(
        score.n_scored,
        score.her2_signals,
        score.cep17_signals,
        areas=score.areas,
        replicates=score.replicates,
        schemes=schemes,
    )


def expected(population: Population) -> tuple[float, float]:
    """Mean HER2 and CEP17 copies of endlessly many nuclei."""
    total = sum(weight for weight, _ in population)

    def mean(weights: dict[int, float]) -> float:
        return sum(n * w for n, w in weights.items()) / sum(weights.values())

    her2 = sum(weight * mean(kind.her2) for weight, kind in population) / total
    cep17 = sum(weight * mean(kind.cep17) for weight, kind in population) / total
    return her2, cep17


def in_a_field(population: Population, rng: np.random.Generator) -> Population:
    """The same kinds in the shares that one field happens to have."""
    weights = np.array([weight for weight, _ in population])
    shares = rng.dirichlet(FIELD_CONCENTRATION * weights / weights.sum()) + 1e-12
    return tuple((float(s), kind) for s, (_, kind) in zip(shares, population, strict=True))


def drawn_fields(
    population: Population, rng: np.random.Generator, *, snr: str
) -> list[tuple[FishImage, Truth]]:
    """2 or 3 fields of a case."""
    fields = []
    for number in range(int(rng.integers(2, 4))):
        spec = spec_of_case("equivocal", size=640, snr=snr).model_copy(
            update={"population": in_a_field(population, rng)}
        )
        seed = int(rng.integers(2**31)) + number
        fields += simulate_case("blend", seed=seed, n_fields=1, spec=spec)
    return fields
