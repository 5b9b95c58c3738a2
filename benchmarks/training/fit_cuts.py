"""What tells two nuclei at a cut from dent to dent: the weights of `nuclei.parting.cut_odds`.

    python -m benchmarks.training.fit_cuts [--fields N] [--size PX] [--seed S]

Fields of any conditions are drawn, as for `benchmarks.training.fit_joins`, with more nuclei that
overlap. Every cut that is weighed is an example: of two nuclei where most of one side is another
true nucleus than most of the other; cut is what the truth says. An error costs the cube of what the
smaller side is of a nucleus, as there. A logistic regression gives the weights.

How much all cuts between two nuclei weigh beside all those through one is decided by the F1 of the
nuclei that are found in these fields, at an overlap of 0.5. Prints what to set for
``WEIGHTS, BIAS``. The law of sizes has no part in it: its weight is set, not fitted.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.training.drawn_cuts import (
    Drawn,
    Labels,
    cores_of,
    cost_of,
    draw_touching,
    f1_with,
    fit_log_odds,
    measured,
    shares_of,
    true_owners,
    truth_on,
)
from fishcount.nuclei.geometry.canvas import Canvas, packed_patches
from fishcount.nuclei.parting.concavity import cut_at_dents
from fishcount.nuclei.parting.cut_candidates import CutCandidates
from fishcount.nuclei.parting.cut_odds import cut_figures
from fishcount.nuclei.parting.size_law import SizeLaw

# Cuts between two over those through one, to choose from.
SHARES = (0.06, 0.12, 0.25, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=200, help="fields to draw")
    parser.add_argument("--size", type=int, default=896, help="height and width in pixels")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.workers) as pool:
        drawn = list(
            pool.map(
                partial(draw_touching, seed=asked.seed, size=asked.size, most_overlapping=0.4),
                range(asked.fields),
            )
        )
        rows = np.concatenate(list(pool.map(examples_of, drawn)))
        print(f"{np.count_nonzero(rows[:, -1])} cuts of two among {len(rows)}", flush=True)
        figures, cost, is_two = rows[:, :-2], rows[:, -2], rows[:, -1] > 0
        fitted = [fit_log_odds(figures, is_two, cost, share=share) for share in SHARES]
        f1 = f1_with(fitted, drawn, module="fishcount.nuclei.parting.cut_odds", pool=pool)
    for share, weights, found in zip(SHARES, fitted, f1, strict=True):
        print(f"share {share:g}: F1 {found:.4f}, {weights.round(1).tolist()}")
    best = fitted[int(np.argmax(f1))].round(1).tolist()
    print(f"WEIGHTS, BIAS = np.array({best[:-1]}), {best[-1]}")


def examples_of(drawn: Drawn) -> NDArray[np.float64]:
    """Figures, cost, and whether of two nuclei, of the cuts that are weighed, (k, 11)."""
    found = measured(drawn)
    lesson = Lesson(drawn[1])
    if found is not None:
        field, signal = found
        cores = cores_of(signal, field)
        cut_at_dents(
            cores,
            signal,
            diameter_px=field.diameter_px,
            sizes=field.sizes,
            weigh=lesson.weigh,
        )
    return np.concatenate(lesson.rows) if lesson.rows else np.zeros((0, 11))


class Lesson:
    """The test of cuts in a field of which the truth is known: it notes what it is asked."""

    def __init__(self, truth: Labels) -> None:
        self.truth = truth
        self.rows: list[NDArray[np.float64]] = []

    def weigh(self, canvas: Canvas, cuts: CutCandidates, sizes: SizeLaw) -> NDArray[np.float64]:
        """Log odds that cuts part two nuclei, by the truth."""
        here = truth_on(canvas, self.truth)
        beside = packed_patches([here[box] for box in cuts.boxes])
        row, figures = cut_figures(
            cuts.sides,
            cuts.signal,
            cuts.depth,
            cost=cuts.cost,
            length_px=cuts.length_px,
            nucleus_area_px=cuts.nucleus_area_px,
        )
        own = true_owners(shares_of(cuts.sides, beside)).reshape(-1, 2)[row]
        known, two = (own > 0).all(axis=1), own[:, 0] != own[:, 1]
        area = np.bincount(cuts.sides.ravel())[1:].reshape(-1, 2).min(axis=1)[row]
        cost = cost_of(area, cuts.nucleus_area_px)
        self.rows.append(np.column_stack([figures, cost, two])[known])
        odds = np.full(len(cuts.cost), -1.0)
        odds[row] = np.where(known & two, 1.0, -1.0)
        return odds


if __name__ == "__main__":
    main()
