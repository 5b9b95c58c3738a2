"""What tells one nucleus in pieces from two that touch: the weights of `nuclei.parting.joins`.

    python -m benchmarks.training.fit_joins [--fields N] [--size PX] [--seed S]

Fields of any conditions are drawn, every second as another microscope sees other tissue, and
measured. Every contact that the join test is asked about in them is an example: of two nuclei where
most of one piece is another true nucleus than most of the other. An error costs the cube of what
the smaller piece is of a nucleus, at most of one half: a nucleus that loses little is found all the
same. A logistic regression gives the weights. In the first round pieces are joined as the truth
says, then as the weights of the round before say, since what is asked depends on what was joined.

How much more a contact of two weighs than one inside a nucleus is decided by the nuclei that are
found in these fields: of all shares with nearly the best F1 at an overlap of 0.5 the largest, as
two nuclei in one outline are worse than one in two. Prints what to set for ``WEIGHTS, BIAS``.
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
from fishcount.nuclei.geometry.canvas import Canvas
from fishcount.nuclei.parting.joins import PieceContacts, best_mutual, contact_figures, join_pieces
from fishcount.nuclei.parting.pieces import Pieces
from fishcount.nuclei.parting.split import Split, split_foreground

N_ROUNDS = 3
# Contacts of two over those of one, in the rounds, and those to choose from; what is near.
FIRST_SHARE, SHARES = 5.0, (1.5, 2.5, 4.0, 6.0, 9.0, 13.0)
NEAR_BEST = 0.001

Weights = NDArray[np.float64] | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=100, help="fields to draw")
    parser.add_argument("--size", type=int, default=896, help="height and width in pixels")
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    weights: Weights = None
    with ProcessPoolExecutor(asked.workers) as pool:
        drawn = list(
            pool.map(partial(draw_touching, seed=asked.seed, size=asked.size), range(asked.fields))
        )
        for _ in range(N_ROUNDS):
            rows = np.concatenate(list(pool.map(partial(examples_of, weights=weights), drawn)))
            weights = fit(rows, share=FIRST_SHARE)
        print(f"{np.count_nonzero(rows[:, -1])} contacts of two among {len(rows)}", flush=True)
        fitted = [fit(rows, share=share) for share in SHARES]
        f1 = f1_with(fitted, drawn, module="fishcount.nuclei.parting.joins", pool=pool)
    for share, weights, found in zip(SHARES, fitted, f1, strict=True):
        print(f"share {share:g}: F1 {found:.4f}, {wrong_of(rows, weights)}")
    largest = max(k for k, found in enumerate(f1) if found > max(f1) - NEAR_BEST)
    best = fitted[largest].round(1).tolist()
    print(f"WEIGHTS, BIAS = np.array({best[:-1]}), {best[-1]}")


def fit(rows: NDArray[np.float64], *, share: float) -> NDArray[np.float64]:
    """Weights and bias from examples; those of two nuclei weigh `share` times as much together."""
    return fit_log_odds(rows[:, :-2], rows[:, -1] > 0, rows[:, -2], share=share)


def wrong_of(rows: NDArray[np.float64], weights: NDArray[np.float64]) -> str:
    """Parts of the cost of each kind that are decided wrongly, in words."""
    wrong = (rows[:, :-2] @ weights[:-1] + weights[-1] > 0) != (rows[:, -1] > 0)
    two, one = (
        np.average(wrong[rows[:, -1] == k], weights=rows[rows[:, -1] == k, -2]) for k in (1, 0)
    )
    return f"{two:.1%} of two joined, {one:.1%} of one apart"


def examples_of(drawn: Drawn, *, weights: Weights) -> NDArray[np.float64]:
    """Figures, cost, and whether of two nuclei, of the contacts that were judged, (k, 8)."""
    found = measured(drawn)
    lesson = Lesson(drawn[1], weights)
    if found is not None:
        field, signal = found
        cores_of(signal, field, split=lesson.split)
    return np.concatenate(lesson.rows) if lesson.rows else np.zeros((0, 8))


class Lesson:
    """The join test in a field of which the truth is known: it notes what it is asked."""

    def __init__(self, truth: Labels, weights: Weights) -> None:
        self.truth, self.weights = truth, weights
        self.here, self.shares = truth, np.zeros((0, 0), np.int64)
        self.rows: list[NDArray[np.float64]] = []

    def split(self, canvas: Canvas, components: NDArray[np.int32], diameter_px: float) -> Split:
        """As of the ladder, with pieces joined by `join`."""
        self.here = truth_on(canvas, self.truth)
        return split_foreground(components, canvas.signal, diameter_px=diameter_px, join=self.join)

    def join(
        self, labels: NDArray[np.int32], *images: NDArray[np.float32], nucleus_area_px: float
    ) -> tuple[NDArray[np.int32], Pieces]:
        """Join as the weights say, or without any as the truth does."""
        self.shares = shares_of(labels, self.here)
        before = len(self.rows)
        joined = join_pieces(labels, *images, nucleus_area_px=nucleus_area_px, judge=self.judge)
        # What is asked again in a later round counts once.
        if len(self.rows) > before:
            self.rows[before:] = [np.unique(np.concatenate(self.rows[before:]), axis=0)]
        return joined

    def judge(
        self, pieces: Pieces, contacts: PieceContacts, nucleus_area_px: float
    ) -> NDArray[np.float64]:
        """Log odds that contacts are of two nuclei."""
        figures = contact_figures(pieces, contacts, nucleus_area_px)
        own = true_owners(self.shares)
        one, other = own[contacts.a], own[contacts.b]
        are_two = one != other
        known = (one > 0) & (other > 0)
        area = np.minimum(pieces.area[contacts.a], pieces.area[contacts.b])
        cost = cost_of(area, nucleus_area_px)
        self.rows.append(np.column_stack([figures, cost, are_two])[known])
        if self.weights is None:
            odds = np.where(known & ~are_two, -1.0, 1.0)
        else:
            odds = (figures * self.weights[:-1]).sum(axis=1) + self.weights[-1]
        a, b = best_mutual(contacts, odds, len(pieces))
        self.shares[a] += self.shares[b]
        return odds


if __name__ == "__main__":
    main()
