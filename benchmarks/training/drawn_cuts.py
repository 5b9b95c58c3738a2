"""Cuts and contacts in drawn fields: the fields, which cuts are true, and odds fitted to them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fishcount.metrics import match_labels
from fishcount.nuclei import segment_nuclei
from fishcount.nuclei.geometry.canvas import Canvas
from fishcount.nuclei.search.ladder import Splitter, climb_ladder, split_on
from fishcount.nuclei.search.plane import FieldScale, measure_field, signal_of
from fishcount.settings import NucleiSettings
from fishcount.synthetic import CASES, FieldSpec, draw_field, random_spec

__all__ = [
    "Drawn",
    "Labels",
    "any_microscope",
    "cores_of",
    "cost_of",
    "draw_touching",
    "f1_with",
    "fit_log_odds",
    "measured",
    "shares_of",
    "shrink_truth",
    "touching_spec",
    "true_owners",
    "truth_on",
]

RIDGE = 1e-3
# What is decided wrongly costs the more the larger it is, up to a part of a nucleus.
MOST_COST, COST_POWER = 0.5, 3

Labels = NDArray[np.integer]
Drawn = tuple[NDArray[np.uint16], Labels, float | None]
"""DAPI and true labels of a field, and its pixel size where that is told."""


def touching_spec(number: int, *, rng: np.random.Generator, size: int) -> FieldSpec:
    """A field of any conditions with many contacts."""
    spec = random_spec(sorted(CASES)[number % len(CASES)], rng=rng, size=size)
    return spec.changed(nuclei={"touching": rng.uniform(0.3, 0.9)})


def draw_touching(number: int, *, seed: int, size: int, most_overlapping: float = 0.0) -> Drawn:
    """A field with many contacts, every other one at any magnification, without its pixel size.

    Contacts go from balls to slices, from points to nuclei pressed flat: the less dark and the less
    narrow it is between two. Up to a part of the nuclei overlap, where that is asked for.
    """
    rng = np.random.default_rng([seed, number])
    spec = touching_spec(number, rng=rng, size=size)
    if number % 2:
        spec = any_microscope(spec, rng=rng)
    if most_overlapping:
        overlapping = rng.uniform(0.0, most_overlapping)
        touching = min(spec.nuclei.touching, 1 - overlapping)
        spec = spec.changed(nuclei={"touching": touching, "overlapping": overlapping})
    contact = {"thinning": rng.uniform(0.0, 1.0), "pressed": rng.uniform(0.0, 1.0)}
    image, truth = draw_field(spec.changed(nuclei=contact), rng=rng)
    return image.raw("DAPI"), truth.labels, None if number % 2 else spec.pixel_size_um


def any_microscope(spec: FieldSpec, *, rng: np.random.Generator) -> FieldSpec:
    """A part of it at low magnification: smaller nuclei, smooth and slender, crowded, in more haze.

    Other tissue than that of the probes, and other microscopes, look like this.
    """

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    touching = rng.uniform(0.2, 0.8)
    return spec.changed(
        shape=(3 * spec.shape[0] // 8, 3 * spec.shape[1] // 8),
        pixel_size_um=between(0.15, 0.6),
        optics={"na": rng.uniform(0.4, 0.95)},
        nuclei={
            "per_mm2": between(1500, 9000),
            "diameter_um": rng.uniform(6.0, 12.0),
            "diameter_cv": rng.uniform(0.08, 0.25),
            "elongation": rng.uniform(0.1, 0.6),
            "roughness": rng.uniform(0.01, 0.04),
            "touching": touching,
            "overlapping": rng.uniform(0, min(0.25, 1 - touching)),
            "out_of_focus": rng.uniform(0, 0.3),
            "defocus_um": rng.uniform(0.8, 2.0),
            "dapi_electrons": between(100, 2000),
            "dapi_spread": rng.uniform(0.15, 0.6),
            "texture": rng.uniform(0.03, 0.2),
            "nucleoli": rng.uniform(0, 2),
        },
        background={"glow": rng.uniform(0.02, 0.2), "haze_spread": rng.uniform(0.05, 0.35)},
    )


def measured(drawn: Drawn) -> tuple[FieldScale, NDArray[np.float32]] | None:
    """What the search for nuclei measures of a field, and what it looks at; None without nuclei."""
    dapi, _, pixel_size_um = drawn
    settings = NucleiSettings()
    prior_px = None if pixel_size_um is None else settings.diameter_um / pixel_size_um
    field = measure_field(dapi, prior_px=prior_px, settings=settings)
    return None if field is None else (field, signal_of(dapi, field=field))


def cores_of(
    signal: NDArray[np.float32], field: FieldScale, *, split: Splitter = split_on
) -> NDArray[np.int32]:
    """Cores of nuclei, before any is cut from dent to dent."""
    return climb_ladder(
        signal,
        floor_counts=field.floor_counts,
        typical_counts=field.typical_counts,
        top_counts=field.top_counts,
        diameter_px=field.diameter_px,
        split=split,
    )[0]


def shrink_truth(truth: NDArray[np.integer], shape: tuple[int, int]) -> NDArray[np.integer]:
    """True labels on an image (y, x) that was reduced by a whole factor."""
    step = max(round(truth.shape[0] / shape[0]), 1)
    return truth[step // 2 :: step, step // 2 :: step][: shape[0], : shape[1]]


def truth_on(canvas: Canvas, truth: Labels) -> Labels:
    """True labels at the pixels of a canvas, whose image may be reduced; 0 between its boxes."""
    coarse = shrink_truth(truth, canvas.image_shape)
    whole = np.zeros(canvas.image_shape, coarse.dtype)
    whole[: coarse.shape[0], : coarse.shape[1]] = coarse
    return whole if canvas.origin is None else np.append(whole.ravel(), 0)[canvas.origin]


def shares_of(labels: NDArray[np.int32], truth: Labels) -> NDArray[np.int64]:
    """Pixels that labels 1 to n share with background and each true nucleus, (n, n_true + 1)."""
    n, n_true = int(labels.max(initial=0)) + 1, int(truth.max(initial=0)) + 1
    code = labels.astype(np.int64) * n_true + truth
    return np.bincount(code.ravel(), minlength=n * n_true).reshape(n, n_true)[1:]


def true_owners(shares: NDArray[np.integer]) -> NDArray[np.int64]:
    """The true nucleus that holds most of each label; -1 where none or background does.

    Parameters
    ----------
    shares : ndarray of int, (n, n_true + 1)
        Pixels that each label has in common with background and with each true nucleus.
    """
    own = shares.argmax(axis=1)
    sure = shares.max(axis=1) > 0.5 * np.maximum(shares.sum(axis=1), 1)
    return np.where(sure & (own > 0), own, -1)


def fit_log_odds(
    figures: NDArray[np.float64],
    is_so: NDArray[np.bool_],
    cost: NDArray[np.float64],
    *,
    share: float = 1.0,
) -> NDArray[np.float64]:
    """Weights (k + 1,) of the figures (n, k), and bias, in the log odds that something is so.

    Logistic regression; `cost` (n,) says what an error of each example costs beside others of its
    kind. All that is so weighs `share` times as much as all that is not.
    """
    part = share / (1 + share)
    each = np.where(is_so, part * cost / cost[is_so].sum(), (1 - part) * cost / cost[~is_so].sum())
    sign = np.where(is_so, 1.0, -1.0)
    # The ridge is no stronger on figures of small numbers.
    scale = figures.std(axis=0)
    scaled = figures / scale

    def loss(given: NDArray[np.float64]) -> float:
        margin = sign * (scaled @ given[:-1] + given[-1])
        return float((each * np.logaddexp(0, -margin)).sum() + RIDGE * np.square(given[:-1]).sum())

    found = minimize(loss, np.zeros(figures.shape[1] + 1)).x
    return np.append(found[:-1] / scale, found[-1])


def cost_of(area_px: NDArray[np.float64], nucleus_area_px: float) -> NDArray[np.float64]:
    """What it costs to decide wrongly on something of an area."""
    return np.minimum(area_px / nucleus_area_px, MOST_COST) ** COST_POWER


def f1_with(
    fitted: Sequence[NDArray[np.float64]], drawn: Sequence[Drawn], *, module: str, pool: Executor
) -> list[float]:
    """F1 of all fields at an overlap of 0.5 with each set of weights and bias in a module."""
    f1 = []
    for weights in fitted:
        found = pool.map(partial(_found_in, module=module, weights=weights), drawn)
        hits, inventions, misses = np.sum(list(found), axis=0)
        f1.append(float(2 * hits / max(2 * hits + inventions + misses, 1)))
    return f1


def _found_in(drawn: Drawn, *, module: str, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Hits, inventions and misses of a field, (3,)."""
    dapi, truth, pixel_size_um = drawn
    with (
        patch(f"{module}.WEIGHTS", weights[:-1]),
        patch(f"{module}.BIAS", float(weights[-1])),
    ):
        labels = segment_nuclei(dapi, pixel_size_um=pixel_size_um).labels
    score = match_labels(labels, truth).score(0.5)
    return np.array([score.true_positives, score.false_positives, score.false_negatives])
