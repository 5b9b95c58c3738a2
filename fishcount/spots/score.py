"""One figure that says how much a point looks like a signal: a trained logistic score.

Coefficients are data, `spot_score.json`; the file names the script that trained them, on fields
drawn by `fishcount.synthetic`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.features import FEATURES

__all__ = ["design_matrix", "pooled_score", "signal_score"]


_LEAST_CROWD = 3


def design_matrix(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Figures (n, f) cut to their ranges, then the products of all pairs: (n, f (f + 3) / 2)."""
    low, high = np.array(list(FEATURES.values())).T
    cut = np.clip(np.nan_to_num(figures, nan=0.0), low, high)
    first, second = np.triu_indices(len(FEATURES))
    return np.concatenate([cut, cut[:, first] * cut[:, second]], axis=1)


def signal_score(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds that each point is a signal, (n,); above 0 it is more likely than not."""
    mean, scale, weights, intercept = _coefficients()
    scaled = (design_matrix(figures) - mean) / scale
    # A sum in fixed order, not a matrix product: the same on every machine.
    return np.asarray((scaled * weights).sum(axis=1) + intercept, np.float64)


def pooled_score(
    score: NDArray[np.float64],
    height: NDArray[np.float64],
    group: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Scores in which members of a crowd stand together.

    In a crowd the single point is uncertain, and yet the light belongs to signals when most of
    it does. So a member of a group of three or more has at least the mean score of its group,
    weighted by height.

    Parameters
    ----------
    score, height : ndarray of float64, (n,)
    group : ndarray of int64, (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.score import pooled_score
    >>> score, group = np.array([4.0, 4, -1, -3]), np.array([0, 0, 0, 1])
    >>> pooled_score(score, np.ones(4), group)
    array([ 4.        ,  4.        ,  2.33333333, -3.        ])
    """
    if len(score) == 0:
        return score
    light = np.bincount(group, height)
    mean = np.bincount(group, height * score) / np.maximum(light, 1e-12)
    crowded = np.bincount(group)[group] >= _LEAST_CROWD
    return np.where(crowded, np.maximum(score, mean[group]), score)


@lru_cache(maxsize=1)
def _coefficients() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    text = files("fishcount.spots").joinpath("spot_score.json").read_text(encoding="utf-8")
    table = json.loads(text)
    if table["features"] != list(FEATURES):
        raise ValueError("spot_score.json was trained on other features; train it again")
    mean, scale, weights = (np.array(table[key]) for key in ("mean", "scale", "weights"))
    return mean, scale, weights, float(table["intercept"])
