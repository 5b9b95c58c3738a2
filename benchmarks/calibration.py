"""Whether the probabilities of categories mean what they say, near the thresholds.

    python -m benchmarks.calibration [--cases 400] [--images 0] [--detection 0] [--out DIR]
        [--figure FILE.png]

Cases are drawn by `fishcount.synthetic` from blends of its populations whose expected figures
lie within 15 % of a cut-off; fields differ in the share of each kind of nucleus. The truth is
the category of the blend itself: of endless counting. ``--cases`` scores the exact copies of
drawn nuclei; ``--images`` draws fields of easy to hard signals and runs the whole chain on them, so
that what detection and segmentation lose shows too: with and without the error of detection that
the settings state. ``--detection`` measures that error on so many other drawn cases of each
strength of signals (`benchmarks.detection`), says what to set for it, and judges the images with
that, too: a check on cases that had no part in it. Writes calibration.md and the figure.

Takes about 1.5 s of processor time for each case that is drawn, and 10 ms for each case of counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks import detection
from benchmarks.common.near_cutoffs import blend, classified, drawn_fields, expected, in_a_field
from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from fishcount.guidelines import builtin_schemes, classify
from fishcount.pipeline import score_field
from fishcount.recount import score_nuclei, scored_nuclei
from fishcount.results import Category
from fishcount.scoring import score_counts
from fishcount.settings import ScoringSettings
from fishcount.synthetic import SNR_LEVELS, draw_copies
from fishcount.synthetic.population import Population

FIGURE = Path(__file__).parents[1] / "docs" / "images" / "calibration.png"
SCHEMES = ("seed-copies", "asco-cap-2018-dual", "asco-cap-2013-dual", "asco-cap-2007-dual")
# Signals that stand for endless counting of the population.
ENDLESS = 10**6

Categories = dict[str, Sequence[Category]]
Draw = Callable[[Population, np.random.Generator], Categories]


@dataclass(frozen=True)
class Forecast:
    """What one case said of one scheme, and what was true."""

    scheme: str
    probability: dict[str, float]
    category: str
    truth: str


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
    return {"exact counts": classified(score, SCHEMES).categories}


def by_images(errors: Mapping[str, ScoringSettings]) -> Draw:
    """Run the whole chain on drawn fields; with each of these errors of detection."""

    def draw(population: Population, rng: np.random.Generator) -> Categories:
        snr = str(rng.choice(list(SNR_LEVELS)))
        fields = [score_field(image) for image, _ in drawn_fields(population, rng, snr=snr)]
        nuclei = scored_nuclei(fields)
        return {
            name: classified(score_nuclei(nuclei, settings=one), SCHEMES).categories
            for name, one in errors.items()
        }

    return draw


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
    parser.add_argument("--figure", type=Path, default=FIGURE, help="where the figure goes")
    given = parser.parse_args(arguments)
    errors = {
        "images": ScoringSettings(),
        "images, chance alone": ScoringSettings(detection_sd=0),
    }
    measured: tuple[str, ...] = ()
    if given.detection:
        by_strength = detection.measure(given.detection)
        measured = detection.told(by_strength)
        found = detection.error_of_detection(np.concatenate(list(by_strength.values())))
        errors["images, error as measured"] = found.settings
    levels: dict[str, list[Forecast]] = {}
    for draw, number in ((by_counts, given.cases), (by_images(errors), given.images)):
        levels |= forecasts(draw, number, given.seed)
    text = markdown_table([row for level, made in levels.items() for row in rows_of(level, made)])
    print(*measured, text, sep="\n\n")
    note = (
        "Cases near a cut-off: how often the category is that of endless counting, and the Brier "
        "score of its probabilities (0 is perfect). " + made_by("calibration", arguments)
    )
    title = "# Calibration of the probabilities"
    write_report(given.out / "calibration.md", title, note, *measured, text)
    plot(levels, given.figure)


if __name__ == "__main__":
    main()
