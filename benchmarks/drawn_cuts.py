"""Cuts and contacts in drawn fields: the fields, which cuts are true, and odds fitted to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fishcount.synthetic import CASES, FieldSpec, random_spec

__all__ = ["any_microscope", "fit_log_odds", "shrink_truth", "touching_spec", "true_owners"]

RIDGE = 1e-3


def touching_spec(number: int, *, rng: np.random.Generator, size: int) -> FieldSpec:
    """A field of any conditions with many contacts."""
    spec = random_spec(sorted(CASES)[number % len(CASES)], rng=rng, size=size)
    return spec.changed(nuclei={"touching": rng.uniform(0.3, 0.9)})


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


def shrink_truth(truth: NDArray[np.integer], shape: tuple[int, int]) -> NDArray[np.integer]:
    """True labels on an image (y, x) that was reduced by a whole factor."""
    step = max(round(truth.shape[0] / shape[0]), 1)
    return truth[step // 2 :: step, step // 2 :: step][: shape[0], : shape[1]]


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
