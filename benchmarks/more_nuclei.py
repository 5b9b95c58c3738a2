"""Whether so many further nuclei do settle a category, as a result says of them.

    python -m benchmarks.more_nuclei [--cases 400] [--seed 3] [--out FILE.md]

`Category.more_nuclei` supposes that further nuclei have the means of those that were counted. Here
they are drawn from the same tissue instead, in new fields, and pooled: how often the chance of
another category is under 5 % then, and how often the category is the same. Takes about a quarter of
a minute.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.near_cutoffs import classified
from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from benchmarks.coverage import Tissue
from fishcount.guidelines import Classification
from fishcount.scoring import score_counts
from fishcount.settings import ScoringSettings

SCHEMES = ("seed-copies", "asco-cap-2018-dual")
# Mean HER2 and ratio of tissues near a cut-off, some nearer.
FIGURES = ((4.4, 1.7), (4.7, 1.7), (4.2, 2.15), (5.2, 2.2))
N_FIELDS, PER_FIELD, FIELD_SD = 6, 10, 0.1

Counts = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def categories(counts: Counts, rng: np.random.Generator) -> Classification:
    """Categories of HER2, CEP17 and field of each nucleus, with their chances."""
    her2, cep17, field = counts
    settings = ScoringSettings(bootstrap_replicates=1000)
    score = score_counts(her2, cep17, field=field, settings=settings, rng=rng)
    return classified(score, SCHEMES)


def extended(counts: Counts, tissue: Tissue, n_more: int, rng: np.random.Generator) -> Counts:
    """The same with so many nuclei more, in new fields of the same tissue."""
    n_new = -(-n_more // PER_FIELD)
    more = tissue.draw(np.full(n_new, PER_FIELD), FIELD_SD, rng)
    kept = np.sort(rng.choice(n_new * PER_FIELD, n_more, replace=False))
    her2, cep17, field = (
        np.concatenate([old, new[kept] + (N_FIELDS if at == 2 else 0)])
        for at, (old, new) in enumerate(zip(counts, more, strict=True))
    )
    return her2, cep17, field


def measure(n_cases: int, seed: int) -> list[dict[str, object]]:
    """One row for each tissue and scheme."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for mean, ratio in FIGURES:
        tissue = Tissue("near", her2=mean, cep17=mean / ratio, nuclei_sd=0.25, her2_sd=0.15)
        found: dict[str, list[tuple[int, bool, bool]]] = {name: [] for name in SCHEMES}
        for _ in range(n_cases):
            counts = tissue.draw(np.full(N_FIELDS, PER_FIELD), FIELD_SD, rng)
            for now in categories(counts, rng).categories:
                if not now.more_nuclei:
                    continue
                more = extended(counts, tissue, now.more_nuclei, rng)
                then = categories(more, rng).under(now.scheme)
                sure = max(then.probability.values()) > 0.95
                found[now.scheme].append((now.more_nuclei, sure, then.category == now.category))
        rows += [
            {
                "mean HER2": f"{mean:g}",
                "ratio": f"{ratio:g}",
                "scheme": name,
                "cases": len(made),
                "further nuclei, median": f"{np.median([one[0] for one in made]):.0f}",
                "then under 5 %": f"{100 * np.mean([one[1] for one in made]):.0f} %",
                "same category": f"{100 * np.mean([one[2] for one in made]):.0f} %",
            }
            for name, made in found.items()
        ]
    return rows


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=400, help="simulated cases of each tissue")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "more_nuclei.md")
    given = parser.parse_args(arguments)
    text = markdown_table(measure(given.cases, given.seed))
    print(text)
    note = (
        f"Cases of {N_FIELDS * PER_FIELD} nuclei in {N_FIELDS} fields that are not settled, but "
        "would be by up to 500 nuclei more: after so many more were drawn from the same tissue. "
        + made_by("more_nuclei", arguments)
    )
    write_report(given.out, "# How many more nuclei", note, text)


if __name__ == "__main__":
    main()
