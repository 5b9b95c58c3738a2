"""Whether the probabilities of categories mean what they say, near the thresholds.

    python -m benchmarks.calibration [--cases 400] [--images 0] [--detection 0] [--out DIR]

Cases are drawn by `fishcount.synthetic` from blends of its populations whose expected figures
lie within 15 % of a cut-off; fields differ in the share of each kind of nucleus. The truth is
the category of the blend itself: of endless counting. ``--cases`` scores the exact copies of
drawn nuclei; ``--images`` draws fields of easy to hard signals and runs the whole chain on them, so
that what detection and segmentation lose shows too: with and without the error of detection that
the settings state. ``--detection`` measures that error on other drawn cases. Writes calibration.md
and calibration.png.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.report import markdown_table, provenance, write_report
from fishcount.guidelines import builtin_schemes, classify
from fishcount.image import FishImage
from fishcount.pipeline import score_field
from fishcount.recount import scored_nuclei
from fishcount.results import Category
from fishcount.scoring import CaseScore, score_counts
from fishcount.synthetic import CASES, SNR_LEVELS, Truth, draw_copies, simulate_case, spec_of_case
from fishcount.synthetic.population import Population

RESULTS = Path(__file__).parent / "results"
SCHEMES = ("seed-copies", "asco-cap-2018-dual", "asco-cap-2013-dual", "asco-cap-2007-dual")
# Mean HER2 and ratio at which some scheme changes its category.
CUTOFFS = {"mean": (2.0, 4.0, 6.0), "ratio": (1.8, 2.0, 2.2)}
NEAR = 0.15
# Concentration of the shares of kinds in a field about those of the case: 40 is like the
# difference between two handfuls of 40 nuclei.
FIELD_CONCENTRATION = 40.0
# Signals that stand for endless counting of the population.
ENDLESS = 10**6

# Cases that tell the error of detection come from other seeds than those that are judged.
DETECTION_SEED = 1_000_003

Categories = dict[str, Sequence[Category]]
Draw = Callable[[Population, np.random.Generator], Categories]


@dataclass(frozen=True)
class Forecast:
    """What one case said of one scheme, and what was true."""

    scheme: str
    probability: dict[str, float]
    category: str
    truth: str


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


def by_counts(population: Population, rng: np.random.Generator) -> Categories:
    """Score the exact copies of nuclei in 2 to 8 fields."""
    drawn = [
        draw_copies(in_a_field(population, rng), int(rng.integers(10, 40)), rng=rng)
        for _ in range(int(rng.integers(2, 9)))
    ]
    score = score_counts(
        np.concatenate([one.her2 for one in drawn]),
        np.concatenate([one.cep17 for one in drawn]),
        field=np.repeat(np.arange(len(drawn)), [len(one.her2) for one in drawn]),
    )
    return {"exact counts": categories_of(score)}


def categories_of(score: CaseScore) -> Sequence[Category]:
    """Categories of a score under the schemes that are judged."""
    return classify(
        score.n_scored,
        score.her2_signals,
        score.cep17_signals,
        areas=score.areas,
        replicates=score.replicates,
        schemes=SCHEMES,
    ).categories


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


def by_images(population: Population, rng: np.random.Generator) -> Categories:
    """Run the whole chain on drawn fields; with the error of detection, and without."""
    snr = str(rng.choice(list(SNR_LEVELS)))
    fields = [score_field(image) for image, _ in drawn_fields(population, rng, snr=snr)]
    nuclei = scored_nuclei(fields)
    found = {}
    for level, detected in (("images", True), ("images, chance alone", False)):
        score = score_counts(
            nuclei.her2["best"],
            None if nuclei.cep17 is None else nuclei.cep17["best"],
            field=nuclei.field,
            **{
                f"{probe}_{end}": copies[end]
                for probe, copies in (("her2", nuclei.her2), ("cep17", nuclei.cep17 or {}))
                for end in ("low", "high")
            },
            detected=detected,
        )
        found[level] = categories_of(score)
    return found


def detection_errors(n_cases: int, *, snr: str) -> NDArray[np.float64]:
    """Logarithm of counted over true mean HER2 and CEP17 of each of some drawn cases, (n, 2).

    The truth is that of the nuclei in these fields that are fit to be scored, so the choice of
    fields and nuclei has no part in it.
    """
    errors = []
    for stream in np.random.SeedSequence(DETECTION_SEED).spawn(n_cases):
        rng = np.random.default_rng(stream)
        fields = drawn_fields(blend(rng), rng, snr=snr)
        counted = scored_nuclei([score_field(image) for image, _ in fields])
        fit = [truth.nuclei.scorable for _, truth in fields]
        true = [
            np.concatenate([getattr(t.nuclei, p)[f] for (_, t), f in zip(fields, fit, strict=True)])
            for p in ("her2", "cep17")
        ]
        if len(counted) and counted.cep17 is not None:
            means = counted.her2["best"].mean(), counted.cep17["best"].mean()
            errors.append(np.log(means) - np.log([one.mean() for one in true]))
    return np.array(errors)


def detection_rows(n_cases: int) -> list[dict[str, object]]:
    """The error of detection by the strength of signals, and over all."""
    measured = {snr: detection_errors(n_cases, snr=snr) for snr in SNR_LEVELS}
    measured["all"] = np.concatenate(list(measured.values()))
    rows: list[dict[str, object]] = []
    for snr, errors in measured.items():
        bias, sd = 100 * errors.mean(axis=0), 100 * errors.std(axis=0, ddof=1)
        rows.append(
            {
                "signals": snr,
                "cases": len(errors),
                "HER2": f"{bias[0]:+.1f} +- {sd[0]:.1f} %",
                "CEP17": f"{bias[1]:+.1f} +- {sd[1]:.1f} %",
                "ratio": f"+- {100 * (errors[:, 0] - errors[:, 1]).std(ddof=1):.1f} %",
                "correlation of the probes": f"{np.corrcoef(errors, rowvar=False)[0, 1]:.2f}",
            }
        )
    return rows


def forecasts(draw: Draw, n_cases: int, seed: int) -> dict[str, list[Forecast]]:
    """Probabilities beside the truth, for every case and scheme, by the way of counting."""
    found: dict[str, list[Forecast]] = {}
    for stream in np.random.SeedSequence(seed).spawn(n_cases):
        rng = np.random.default_rng(stream)
        population = blend(rng)
        her2, cep17 = expected(population)
        truth = classify(ENDLESS, round(her2 * ENDLESS), round(cep17 * ENDLESS), schemes=SCHEMES)
        for level, categories in draw(population, rng).items():
            found.setdefault(level, []).extend(
                _forecast(category, truth.under(category.scheme).category)
                for category in categories
                if category.probability
            )
    return found


def _forecast(category: Category, truth: str) -> Forecast:
    """A count below the minimum of nuclei stands for the category that it makes likeliest."""
    probability = dict(category.probability)
    bare = category.category
    if bare == "INDETERMINATE":
        bare = max(probability, key=probability.__getitem__)
    return Forecast(scheme=category.scheme, probability=probability, category=bare, truth=truth)


def outcomes(scheme: str) -> list[str]:
    """The categories that counts can fall in, without IHC."""
    rules = builtin_schemes()[scheme].rule
    return sorted({rule.category for rule in rules if "unknown" in rule.ihc})


def brier(forecasts_made: Sequence[Forecast]) -> tuple[float, float, float]:
    """Brier score of the probabilities, of the bare category, and of the base rates."""
    names = outcomes(forecasts_made[0].scheme)
    truth = np.array([[one.truth == name for name in names] for one in forecasts_made], float)
    said = np.array([[one.probability.get(n, 0.0) for n in names] for one in forecasts_made])
    bare = np.array([[one.category == name for name in names] for one in forecasts_made], float)
    scores = [((given - truth) ** 2).sum(axis=1).mean() for given in (said, bare)]
    return float(scores[0]), float(scores[1]), float((truth.var(axis=0)).sum())


def reliability(
    forecasts_made: Sequence[Forecast],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean probability, share that came true, and number, in ten bins of probability."""
    pairs = np.array(
        [
            (one.probability.get(name, 0.0), one.truth == name)
            for one in forecasts_made
            for name in outcomes(one.scheme)
        ]
    )
    bins = np.minimum((pairs[:, 0] * 10).astype(int), 9)
    number = np.bincount(bins, minlength=10)
    with np.errstate(invalid="ignore"):
        said = np.bincount(bins, pairs[:, 0], minlength=10) / number
        came = np.bincount(bins, pairs[:, 1], minlength=10) / number
    return said, came, number


def rows_of(level: str, made: Sequence[Forecast]) -> list[dict[str, object]]:
    """Rows of the table."""
    rows: list[dict[str, object]] = []
    for scheme in SCHEMES:
        mine = [one for one in made if one.scheme == scheme]
        score, bare, base = brier(mine)
        right = np.mean([one.category == one.truth for one in mine])
        likely = np.mean([max(one.probability.values()) for one in mine])
        rows.append(
            {
                "counted from": level,
                "scheme": scheme,
                "cases": len(mine),
                "right": f"{100 * right:.0f} %",
                "mean probability of the likeliest": f"{100 * likely:.0f} %",
                "Brier": f"{score:.3f}",
                "of the bare category": f"{bare:.3f}",
                "of base rates": f"{base:.3f}",
            }
        )
    return rows


def plot(levels: dict[str, list[Forecast]], path: Path) -> None:
    """Share that came true against probability, one panel for each scheme."""
    figure = Figure(figsize=(3.2 * len(SCHEMES), 3.6), layout="constrained")
    for axis, scheme in zip(figure.subplots(1, len(SCHEMES), sharey=True), SCHEMES, strict=True):
        axis.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        for level, made in levels.items():
            said, came, number = reliability([one for one in made if one.scheme == scheme])
            # Laplace: a bin in which all came true is not known to be exact.
            guess = (came * number + 1) / (number + 2)
            error = np.sqrt(guess * (1 - guess) / np.maximum(number, 1))
            axis.errorbar(said, came, error, marker="o", markersize=4, capsize=2, label=level)
        axis.set(title=scheme, xlabel="probability that was said", xlim=(0, 1), ylim=(0, 1))
        axis.set_aspect("equal")
    figure.axes[0].set_ylabel("share that was true")
    figure.axes[0].legend(loc="upper left", fontsize=8)
    figure.savefig(path, dpi=110)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=400, help="cases of exact counts")
    parser.add_argument("--images", type=int, default=0, help="cases drawn as images")
    parser.add_argument(
        "--detection", type=int, default=0, help="cases of each strength of signals"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args(arguments)
    levels: dict[str, list[Forecast]] = {}
    for draw, number in ((by_counts, given.cases), (by_images, given.images)):
        levels |= forecasts(draw, number, given.seed)
    text = markdown_table([row for level, made in levels.items() for row in rows_of(level, made)])
    measured = (
        "Error of detection in other drawn cases, counted over true mean: bias and standard "
        f"deviation.\n\n{markdown_table(detection_rows(given.detection))}"
        if given.detection
        else ""
    )
    print(text, measured, sep="\n")
    note = (
        "Cases near a cut-off: how often the category is that of endless counting, and the Brier "
        "score of its probabilities (0 is perfect). " + provenance()
    )
    parts = [part for part in (measured, text) if part]
    write_report(given.out / "calibration.md", "# Calibration of the probabilities", note, *parts)
    plot(levels, given.out / "calibration.png")


if __name__ == "__main__":
    main()
