"""How often the 95 % intervals of a case hold the truth, over simulated counts.

    python -m benchmarks.coverage [--cases 4000] [--seed 1] [--out FILE.md]

Counts of nuclei are drawn from three kinds of tissue, in fields that differ, and scored as a
case is. Fields hold equally many nuclei, or the smallest a tenth of the largest: unequal fields are
worth fewer equal ones, by their degrees of freedom.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.cost import processor_seconds
from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from fishcount.scoring import score_counts
from fishcount.scoring.replicates import degrees_of_freedom
from fishcount.settings import ScoringSettings

FIGURES = ("mean_her2_per_nucleus", "mean_cep17_per_nucleus", "her2_cep17_ratio")
NAMES = ("HER2", "CEP17", "ratio")
NUCLEI = (20, 50, 200)
FIELDS = (1, 2, 5, 10)
# Standard deviation of the logarithm of a field's own factor on the means.
FIELD_SD = (0.0, 0.1, 0.2)
# Nuclei of the largest field over those of the smallest.
UNEQUAL = 10.0


@dataclass(frozen=True)
class Tissue:
    """Copies of nuclei: gamma-distributed chromosome sets, Poisson or near-diploid copies.

    Attributes
    ----------
    her2, cep17
        Mean copies per nucleus.
    nuclei_sd
        Coefficient of variation of the ploidy that both probes of a nucleus share.
    her2_sd
        Further variation of HER2 alone: amplification differs between nuclei.
    kept
        For near-diploid tissue, the chance that a copy is in the section; else None and the
        copies are Poisson.
    """

    name: str
    her2: float
    cep17: float
    nuclei_sd: float = 0.0
    her2_sd: float = 0.0
    kept: float | None = None

    def draw(
        self, sizes: NDArray[np.int64], field_sd: float, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """HER2, CEP17 and field of each nucleus, for fields of these numbers of nuclei."""
        n_nuclei, n_fields = int(sizes.sum()), len(sizes)
        field = np.repeat(np.arange(n_fields), sizes)
        # Half of a field's factor is the section or the stain, shared by both probes; half is
        # biology, in HER2 alone. Both have mean 1.
        shared, own = _mean_one(field_sd, (2, n_fields), rng)[:, field]
        ploidy = shared * _gamma(self.nuclei_sd, n_nuclei, rng)
        her2_mean = self.her2 * ploidy * own * _gamma(self.her2_sd, n_nuclei, rng)
        cep17_mean = self.cep17 * ploidy
        if self.kept is None:
            return rng.poisson(her2_mean), rng.poisson(cep17_mean), field
        return self._section(her2_mean, rng), self._section(cep17_mean, rng), field

    def _section(self, mean: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Two or, after replication, four copies, of which a section keeps some."""
        assert self.kept is not None
        whole = mean / self.kept
        copies = np.where(rng.random(len(mean)) < np.clip(whole / 2 - 1, 0, 1), 4, 2)
        return rng.binomial(copies, np.clip(mean / np.maximum(whole, 2), 0, 1))


def _mean_one(sd: float, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    part = sd / np.sqrt(2)
    return np.exp(rng.normal(-(part**2) / 2, part, shape))


def _gamma(sd: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.gamma(1 / sd**2, sd**2, n) if sd else np.ones(n)


TISSUES = (
    Tissue("near-diploid, cut", her2=1.9, cep17=1.8, kept=0.85),
    Tissue("polysomic", her2=4.6, cep17=2.6, nuclei_sd=0.25, her2_sd=0.15),
    Tissue("amplified", her2=12.0, cep17=2.2, nuclei_sd=0.25, her2_sd=0.5),
)


def sizes_of(n_nuclei: int, n_fields: int, *, unequal: bool) -> NDArray[np.int64]:
    """Nuclei of each field: alike, or falling by the same factor from field to field."""
    weight = UNEQUAL ** -np.linspace(0, 1, n_fields) if unequal else np.ones(n_fields)
    sizes: NDArray[np.int64] = np.maximum(
        1, (n_nuclei * weight / weight.sum() + 1e-9).astype(np.int64)
    )
    sizes[0] += n_nuclei - sizes.sum()
    return sizes


@cache
def truth_of(tissue: Tissue, field_sd: float) -> dict[str, float]:
    """Expected figures, from one very large draw where the model has no closed form."""
    rng = np.random.default_rng(99)
    her2, cep17, _ = tissue.draw(np.full(400_000, 10), field_sd, rng)
    return dict(zip(FIGURES, (her2.mean(), cep17.mean(), her2.sum() / cep17.sum()), strict=True))


def coverage(
    tissue: Tissue, sizes: NDArray[np.int64], field_sd: float, *, n_cases: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of cases whose intervals hold the truth, and their median relative half width."""
    truth = truth_of(tissue, field_sd)
    rng = np.random.default_rng(seed)
    settings = ScoringSettings(bootstrap_replicates=1000)
    held = np.zeros((n_cases, len(FIGURES)))
    width = np.zeros((n_cases, len(FIGURES)))
    for case in range(n_cases):
        her2, cep17, field = tissue.draw(sizes, field_sd, rng)
        intervals = score_counts(her2, cep17, field=field, settings=settings, rng=rng).intervals_95
        for column, figure in enumerate(FIGURES):
            low, high = intervals[figure]
            held[case, column] = low <= truth[figure] <= high
            width[case, column] = (high - low) / 2 / truth[figure]
    return held.mean(axis=0), np.median(width, axis=0)


def measure(n_cases: int, seed: int) -> list[dict[str, object]]:
    """One row for each tissue, difference of fields, number of nuclei and of fields, and sizes."""
    rows: list[dict[str, object]] = []
    for tissue, field_sd, n_nuclei, n_fields, unequal in product(
        TISSUES, FIELD_SD, NUCLEI, FIELDS, (False, True)
    ):
        if unequal and n_fields == 1:
            continue
        sizes = sizes_of(n_nuclei, n_fields, unequal=unequal)
        held, width = coverage(tissue, sizes, field_sd, n_cases=n_cases, seed=seed)
        row: dict[str, object] = {
            "tissue": tissue.name,
            "fields differ": f"{100 * field_sd:.0f} %",
            "nuclei": n_nuclei,
            "fields": n_fields,
            "sizes": "unequal" if unequal else "equal",
            "worth": f"{degrees_of_freedom(sizes / n_nuclei) + 1:.1f}",
        }
        row |= {name: f"{100 * one:.1f}" for name, one in zip(NAMES, held, strict=True)}
        row["half widths"] = ", ".join(f"{100 * one:.0f}" for one in width) + " %"
        rows.append(row)
    return rows


def summary(rows: list[dict[str, object]], n_cases: int) -> str:
    """How the bar is met: 93 to 97 % from 50 nuclei in what is worth 5 equal fields."""
    barred = [row for row in rows if int(str(row["nuclei"])) >= 50 and _worth(row) >= 5]
    shares = _shares(barred)
    within = int(((shares >= 93) & (shares <= 97)).sum())
    chance = 100 * np.sqrt(0.95 * 0.05 / n_cases)
    return (
        f"From 50 nuclei in fields that are worth 5: {shares.mean():.1f} % on average, "
        f"{shares.min():.1f} to {shares.max():.1f} %; {within} of {len(shares)} lie within 93 to "
        f"97 %. The standard error of each, of {n_cases} cases, is {chance:.1f} %."
    )


def _worth(row: dict[str, object]) -> float:
    return float(str(row["worth"]))


def _shares(rows: list[dict[str, object]]) -> NDArray[np.float64]:
    return np.array([float(str(row[name])) for row in rows for name in NAMES])


def ranges(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The lowest and highest coverage by number and sizes of fields, and their difference.

    From 50 nuclei; with fewer the worth of unequal fields is another.
    """
    large = [row for row in rows if int(str(row["nuclei"])) >= 50]
    short = []
    for n_fields, sizes in sorted({(int(str(r["fields"])), str(r["sizes"])) for r in large}):
        mine = [row for row in large if (row["fields"], row["sizes"]) == (n_fields, sizes)]
        line: dict[str, object] = {
            "fields": n_fields,
            "sizes": sizes,
            "worth": " to ".join(sorted({str(row["worth"]) for row in mine})),
        }
        for differ in dict.fromkeys(str(row["fields differ"]) for row in mine):
            shares = _shares([row for row in mine if row["fields differ"] == differ])
            line[f"differ by {differ}"] = f"{shares.min():.1f} to {shares.max():.1f}"
        short.append(line)
    return short


def bootstrap_seconds(n_runs: int = 9) -> float:
    """Processor time of a score of 500 nuclei in 10 fields with 2,000 replicates; the median."""
    rng = np.random.default_rng(1)
    her2, cep17 = rng.poisson(6, 500) + 1, rng.poisson(2, 500) + 1
    field = np.repeat(np.arange(10), 50)

    def score() -> None:
        score_counts(her2, cep17, field=field)

    return float(np.median([processor_seconds(score) for _ in range(n_runs)]))


def main(arguments: list[str] | None = None) -> None:
    """Print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=4000, help="simulated cases for each line")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "coverage.md")
    given = parser.parse_args(arguments)
    rows = measure(given.cases, given.seed)
    text = markdown_table(rows)
    print(text)
    note = (
        "Share of cases in % whose nominal 95 % interval holds the truth, and the median half "
        "width of the intervals relative to it. " + made_by("coverage", arguments)
    )
    head = (
        f"{summary(rows, given.cases)} A score of 500 nuclei in 10 fields with 2,000 replicates "
        f"takes {1000 * bootstrap_seconds():.0f} ms of processor time."
    )
    short = markdown_table(ranges(rows))
    print(head, short, sep="\n")
    write_report(given.out, "# Coverage of the intervals", note, head, short, text)


if __name__ == "__main__":
    main()
