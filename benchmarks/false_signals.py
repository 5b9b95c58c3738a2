"""False signals per nucleus: how many are expected, how many there are, and what a budget gives.

    python -m benchmarks.false_signals [--fields N] [--size PX] [--seed S] [--out FILE.md]

Fields of any kind (`fishcount.synthetic.random_spec`) are scored with defaults, then counted again
under budgets (`signals.false_per_nucleus`). A counted signal is false when it is paired with no
true point within 3 px, as in the training of the score; debris is neither true nor false.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from benchmarks.training.train_spot_score import labels_of
from fishcount import Settings, score_field
from fishcount.image import PROBES
from fishcount.recount import recount_field
from fishcount.results import FieldResult
from fishcount.synthetic import CASES, Truth, random_spec, simulate_case

NO_BUDGET = "none"
BUDGETS = (None, 0.02, 0.05, 0.1, 0.2)
# Signals of so many times the noise of their nucleus are told apart in the table.
LEVELS = {"under 5": 5.0, "5 to 10": 10.0, "over 10": np.inf}


def main(arguments: list[str] | None = None) -> None:
    """Print the tables, and keep them where asked."""
    parser = argparse.ArgumentParser(description="Expected and true false signals per nucleus.")
    parser.add_argument("--fields", type=int, default=120)
    parser.add_argument("--size", type=int, default=640, help="height and width in pixels")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--out", type=Path, default=RESULTS / "false_signals.md")
    asked = parser.parse_args(arguments)
    table = pd.DataFrame(measured(asked.fields, size=asked.size, seed=asked.seed))
    table["signal over noise"] = pd.Categorical(table["signal over noise"], list(LEVELS))
    default = table[table["budget"] == NO_BUDGET]
    parts = [
        "# False signals per nucleus",
        "As expected from the scores, and as they are; all but the shares are for each nucleus "
        f"that was found. {made_by('false_signals', arguments)}",
        "## Without a budget, by how bright signals are",
        markdown_table(per_nucleus(default, ["signal over noise", "probe"]), digits=3),
        "## Under a budget",
        markdown_table(per_nucleus(table, ["budget", "probe"]), digits=3),
    ]
    print("\n\n".join(parts))
    write_report(asked.out, *parts)


def measured(n_fields: int, *, size: int, seed: int) -> Iterator[dict[str, Any]]:
    """Figures of each probe of each field, with defaults and under each budget."""
    cases = sorted(CASES)
    for number in range(n_fields):
        case = cases[number % len(cases)]
        rng = np.random.default_rng([seed, number])
        spec = random_spec(case, rng=rng, size=size)
        ((image, truth),) = simulate_case(case, seed=seed * 100_000 + number, n_fields=1, spec=spec)
        found, defaults = score_field(image), Settings()
        level = next(name for name, end in LEVELS.items() if spec.signals.snr < end)
        for budget in BUDGETS:
            signals = defaults.signals.model_copy(update={"false_per_nucleus": budget})
            counted = recount_field(
                found, was=defaults, settings=defaults.model_copy(update={"signals": signals})
            )
            for channel, probe in enumerate(PROBES):
                yield {
                    "budget": NO_BUDGET if budget is None else f"{budget:g}",
                    "probe": probe,
                    "signal over noise": level,
                    **_figures(counted, truth, channel, probe),
                }


def _figures(field: FieldResult, truth: Truth, channel: int, probe: str) -> dict[str, float]:
    signals = field.counts.signals
    mine = (signals.channel == probe) & (signals.status == "kept")
    labels = labels_of(np.stack([signals.y_px[mine], signals.x_px[mine]], axis=1), truth, channel)
    points = truth.spots
    true = (points.channel == channel) & (points.nucleus > 0)
    return {
        "nuclei": len(field.nuclei),
        "counted": int(mine.sum()),
        "expected false": field.counts.expected_false[probe],
        "truly false": int((labels == 0).sum()),
        "true points": int(true.sum()),
        "right": int((labels > 0).sum()),
    }


def per_nucleus(table: pd.DataFrame, by: list[str]) -> list[dict[str, Any]]:
    """Sums over fields, over the nuclei of these fields."""
    sums = table.groupby(by, observed=True).sum(numeric_only=True)
    shown = sums[["counted", "expected false", "truly false"]].div(sums["nuclei"], axis=0)
    shown.insert(0, "nuclei", sums["nuclei"].astype(int))
    shown["share of true points found"] = sums["right"] / sums["true points"]
    return shown.reset_index().to_dict("records")


if __name__ == "__main__":
    main()
