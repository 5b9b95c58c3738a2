"""What tells a false cut from a contact of two nuclei: weights of `nuclei.parting.contacts`.

    python -m benchmarks.training.fit_contacts [--fields N] [--size PX] [--seed S]

Fields of any conditions are drawn; every contact of the labels that are found in them is an
example: a false cut where most of both labels is one true nucleus. A logistic regression of the
width of the contact and of the area of both sides, both kinds weighing the same, gives the
weights; the threshold is the log odds above which one true contact in 250 lies. Prints what to
set for ``_WIDTH_WEIGHT, _SIZE_WEIGHT, _FALSE``, and how many of each kind that joins.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.training.drawn_cuts import fit_log_odds, shrink_truth, touching_spec, true_owners
from fishcount.nuclei.parting.contacts import (
    MIN_SIZE,
    cut_by_the_edge,
    find_contacts,
    join_false_cuts,
)
from fishcount.nuclei.search.plane import measure_field, search_part
from fishcount.settings import NucleiSettings
from fishcount.synthetic import draw_field

LOST = 1 / 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=200, help="fields to draw")
    parser.add_argument("--size", type=int, default=640, help="height and width in pixels")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    job = partial(contacts_of_field, seed=asked.seed, size=asked.size)
    with ProcessPoolExecutor(asked.workers) as pool:
        rows = np.concatenate(list(pool.map(job, range(asked.fields))))
    figures, is_false = rows[:, :2], rows[:, 2] > 0
    weights = fit_log_odds(figures, is_false, np.ones(len(figures)))[:-1]
    odds = figures @ weights
    least = float(np.quantile(odds[~is_false], 1 - LOST))
    print(f"{np.count_nonzero(~is_false)} contacts, {np.count_nonzero(is_false)} false cuts")
    print(f"_WIDTH_WEIGHT, _SIZE_WEIGHT, _FALSE = {weights[0]:.1f}, {-weights[1]:.1f}, {least:.1f}")
    joined = odds > least
    print(f"joined: {np.mean(joined[~is_false]):.2%} of contacts, {np.mean(joined[is_false]):.0%}")


def contacts_of_field(number: int, *, seed: int, size: int) -> NDArray[np.float64]:
    """Width, log of the area over that of a nucleus, and whether false, of contacts (k, 3)."""
    rng = np.random.default_rng([seed, number])
    spec = touching_spec(number, rng=rng, size=size)
    image, truth = draw_field(spec, rng=rng)
    rows: list[NDArray[np.float64]] = []

    def record(labels: NDArray[np.int32], *, diameter_px: float) -> NDArray[np.int32]:
        rows.append(judged(labels, truth.labels, diameter_px))
        return join_false_cuts(labels, diameter_px=diameter_px)

    dapi, settings = image.channel("DAPI"), NucleiSettings()
    prior_px = settings.diameter_um / spec.pixel_size_um
    field = measure_field(dapi, prior_px=prior_px, settings=settings)
    if field is not None:
        search_part(dapi, field=field, join=record)
    return np.concatenate(rows) if rows else np.zeros((0, 3))


def judged(
    labels: NDArray[np.int32], truth: NDArray[np.integer], diameter_px: float
) -> NDArray[np.float64]:
    """As `contacts_of_field`, of one label image; truth may be a whole number of times larger."""
    coarse = shrink_truth(truth, (labels.shape[0], labels.shape[1]))
    small = labels[: coarse.shape[0], : coarse.shape[1]]
    n, n_true = int(labels.max(initial=0)) + 1, int(truth.max(initial=0)) + 1
    shared = np.bincount((small.astype(np.int64) * n_true + coarse).ravel(), minlength=n * n_true)
    own = true_owners(shared.reshape(n, n_true))
    contacts, cut = find_contacts(labels), cut_by_the_edge(labels)
    one, other = contacts.one, contacts.other
    known = (own[one] > 0) & (own[other] > 0) & ~cut[one] & ~cut[other]
    area = np.log(np.maximum(contacts.area_px / (np.pi / 4 * diameter_px**2), MIN_SIZE))
    return np.stack([contacts.width, area, own[one] == own[other]], axis=1)[known]


if __name__ == "__main__":
    main()
