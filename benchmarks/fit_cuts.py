"""What tells two nuclei at a cut from dent to dent: the weights of `fishcount.nuclei.cut_odds`.

    python -m benchmarks.fit_cuts [--fields N] [--size PX] [--seed S]

Fields of any conditions are drawn, as for `benchmarks.fit_joins`, with more nuclei that overlap.
Every cut that is weighed is an example: of two nuclei where most of one side is another true
nucleus than most of the other; cut is what the truth says. An error costs the cube of what the
smaller side is of a nucleus, as in `benchmarks.fit_joins`. A logistic regression gives the weights.

How much all cuts between two nuclei weigh beside all those through one is decided by the F1 of the
nuclei that are found in these fields, at an overlap of 0.5. Prints what to set for
``WEIGHTS, BIAS``.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_cuts import (
    any_microscope,
    fit_log_odds,
    shrink_truth,
    touching_spec,
    true_owners,
)
from benchmarks.fit_joins import COST_POWER, MOST_COST, f1_of
from fishcount.metrics import match_labels
from fishcount.nuclei import concavity, cut_odds, segment_nuclei
from fishcount.nuclei.canvas import Canvas
from fishcount.synthetic import draw_field

# Cuts between two over those through one, to choose from.
SHARES = (0.06, 0.12, 0.25, 0.5)

Labels = NDArray[np.integer]
Drawn = tuple[NDArray[np.uint16], Labels, float | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=200, help="fields to draw")
    parser.add_argument("--size", type=int, default=896, help="height and width in pixels")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.workers) as pool:
        drawn = list(pool.map(partial(draw, seed=asked.seed, size=asked.size), range(asked.fields)))
        rows = np.concatenate(list(pool.map(examples_of, drawn)))
        print(f"{np.count_nonzero(rows[:, -1])} cuts of two among {len(rows)}", flush=True)
        figures, cost, is_two = rows[:, :-2], rows[:, -2], rows[:, -1] > 0
        fitted = [fit_log_odds(figures, is_two, cost, share=share) for share in SHARES]
        f1 = [f1_of(np.sum(list(pool.map(partial(found_in, weights=w), drawn)), 0)) for w in fitted]
    for share, weights, found in zip(SHARES, fitted, f1, strict=True):
        print(f"share {share:g}: F1 {found:.4f}, {weights.round(1).tolist()}")
    best = fitted[int(np.argmax(f1))].round(1).tolist()
    print(f"WEIGHTS, BIAS = np.array({best[:-1]}), {best[-1]}")


def draw(number: int, *, seed: int, size: int) -> Drawn:
    """DAPI and true labels of a field, and its pixel size where that is told."""
    rng = np.random.default_rng([seed, number])
    spec = touching_spec(number, rng=rng, size=size)
    if number % 2:
        spec = any_microscope(spec, rng=rng)
    overlapping = rng.uniform(0.0, 0.4)
    touching = min(spec.nuclei.touching, 1 - overlapping)
    contact = {"thinning": rng.uniform(0.0, 1.0), "pressed": rng.uniform(0.0, 1.0)}
    spec = spec.changed(nuclei={"touching": touching, "overlapping": overlapping} | contact)
    image, truth = draw_field(spec, rng=rng)
    return image.raw("DAPI"), truth.labels, None if number % 2 else spec.pixel_size_um


def examples_of(drawn: Drawn) -> NDArray[np.float64]:
    """Figures, cost, and whether of two nuclei, of the cuts that are weighed, (k, 11)."""
    dapi, truth, pixel_size_um = drawn
    here = truth
    rows: list[NDArray[np.float64]] = []

    class Seen(Canvas):
        __slots__ = ()

        def packed(self, components: NDArray[np.int32], wanted: NDArray[np.bool_]) -> Canvas:
            nonlocal here
            canvas = Canvas.packed(self, components, wanted)
            coarse = shrink_truth(truth, canvas.image_shape)
            whole = np.zeros(canvas.image_shape, coarse.dtype)
            whole[: coarse.shape[0], : coarse.shape[1]] = coarse
            here = whole if canvas.origin is None else np.append(whole.ravel(), 0)[canvas.origin]
            return canvas

    def odds(pieces: NDArray[np.int32], *images: Any, **about: Any) -> NDArray[np.float64]:
        if not len(about["cost"]):
            return np.zeros(0)
        row, figures = cut_odds.cut_figures(pieces, *images, **about)
        n, n_true = int(pieces.max()) + 1, int(truth.max(initial=0)) + 1
        code = pieces.astype(np.int64) * n_true + here
        shares = np.bincount(code.ravel(), minlength=n * n_true).reshape(n, n_true)[1:]
        own = true_owners(shares).reshape(-1, 2)[row]
        known, two = (own > 0).all(axis=1), own[:, 0] != own[:, 1]
        area = np.bincount(pieces.ravel())[1:].reshape(-1, 2).min(axis=1)[row]
        cost = np.minimum(area / about["nucleus_area_px"], MOST_COST) ** COST_POWER
        rows.append(np.column_stack([figures, cost, two])[known])
        result = np.full(len(about["cost"]), -1.0)
        result[row] = np.where(known & two, 1.0, -1.0)
        return result

    with patch.object(concavity, "Canvas", Seen), patch.object(concavity, "log_odds_two", odds):
        segment_nuclei(dapi, pixel_size_um=pixel_size_um)
    return np.concatenate(rows) if rows else np.zeros((0, 11))


def found_in(drawn: Drawn, *, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Hits, inventions and misses of a field at an overlap of 0.5, (3,)."""
    dapi, truth, pixel_size_um = drawn
    with (
        patch.object(cut_odds, "WEIGHTS", weights[:-1]),
        patch.object(cut_odds, "BIAS", float(weights[-1])),
    ):
        labels = segment_nuclei(dapi, pixel_size_um=pixel_size_um).labels
    score = match_labels(labels, truth).score(0.5)
    return np.array([score.true_positives, score.false_positives, score.false_negatives])


if __name__ == "__main__":
    main()
