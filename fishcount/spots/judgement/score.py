"""One figure that says how much a point looks like a signal, by small trained networks.

Those of one part stand together by their mean; a further part takes away what it knows better.
Their weights are data, `spot_score.json`, and `spot_score_smoothed.json` for images whose noise was
smoothed; the files name the script that trained them, on fields drawn by `fishcount.synthetic`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from fishcount.spots.candidates.features import FEATURES, cut_to_ranges

__all__ = [
    "Layers",
    "Part",
    "false_probability",
    "parts_of",
    "pooled_score",
    "score_by_parts",
    "signal_score",
]

# Log odds under which networks that know more kinds of fields overrule the others.
_SURELY_NONE = -1.0
# Fewer close points are as often one signal and its rim as several signals.
_LEAST_CROWD = 5
# A crowd with a lower mean, in log odds, may be the grain of a glowing nucleus.
_SURE_CROWD = 1.0
_RIM_SHARE = 0.4
# Log odds above 0 are too low by this factor, because of the ridge penalty of the training
# (measured on drawn fields, `benchmarks.false_signals`).
_SURER = 1.2

Layers = list[tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Weights (inputs, outputs) and offsets (outputs,) of each layer."""


def signal_score(figures: NDArray[np.float64], *, smoothed: bool = False) -> NDArray[np.float64]:
    """Log odds that each point is a signal, (n,); above 0 it is more likely than not.

    In a `smoothed` channel grain is as wide as points, and so even that it looks like them. There
    the score is the mean with that of networks that were trained on such channels alone.
    """
    score = _score_by("spot_score.json", figures)
    if smoothed:
        score = (score + _score_by("spot_score_smoothed.json", figures)) / 2
    return score


def _score_by(name: str, figures: NDArray[np.float64]) -> NDArray[np.float64]:
    return score_by_parts(_trained(name), cut_to_ranges(figures))


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Networks that were trained on the same examples.

    Attributes
    ----------
    mean, scale : ndarray of float64, (f,)
        Of the figures of these examples.
    networks : list of Layers
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    networks: list[Layers]


def score_by_parts(parts: list[Part], figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds (n,) for figures (n, f) that were cut to their ranges.

    The first part judges; the others know what that has never seen, and may take away only what
    they are sure is no signal.
    """
    score = _part_score(parts[0], figures)
    for part in parts[1:]:
        other = _part_score(part, figures)
        score = np.where(other < _SURELY_NONE, np.minimum(score, other), score)
    return score


def _part_score(part: Part, figures: NDArray[np.float64]) -> NDArray[np.float64]:
    standardised = (figures - part.mean) / part.scale
    scores = [_output(standardised, layers) for layers in part.networks]
    return np.asarray(np.mean(scores, axis=0), np.float64)


def false_probability(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that a point of a score is not a signal, as the score was trained (`spot_score.json`).

    Parameters
    ----------
    score : ndarray of float64, (n,)
        Log odds that it is one; NaN where there is none.

    Returns
    -------
    ndarray of float64, (n,)
        From 0 to 1, NaN where there is no score.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import false_probability
    >>> false_probability(np.array([-2.0, 0.0, 2.0])).round(2)
    array([0.88, 0.5 , 0.08])
    """
    return np.asarray(expit(-np.where(score > 0, _SURER * score, score)), np.float64)


def pooled_score(
    score: NDArray[np.float64], height: NDArray[np.float64], group: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Scores in which members of a crowd stand together.

    In a crowd the single point is uncertain, and yet the light belongs to signals when most of
    it does. So a member of a group of five or more has at least the mean score of its group,
    weighted by height, where that is 1 or more.

    Parameters
    ----------
    score, height : ndarray of float64, (n,)
    group : ndarray of int64, (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.judgement.score import pooled_score
    >>> score, group = np.array([4.0, 4, 4, 4, -1, -3]), np.array([0, 0, 0, 0, 0, 1])
    >>> pooled_score(score, np.ones(6), group)
    array([ 4.,  4.,  4.,  4.,  3., -3.])
    """
    if len(score) == 0:
        return score
    light = np.bincount(group, height)
    mean = np.bincount(group, height * score) / np.maximum(light, 1e-12)
    crowded = (np.bincount(group) >= _LEAST_CROWD) & (mean >= _SURE_CROWD)
    brightest = np.zeros(len(light))
    np.maximum.at(brightest, group, height)
    # A point much fainter than the brightest of its group may be the rim of that one.
    member = crowded[group] & (height >= _RIM_SHARE * brightest[group])
    return np.where(member, np.maximum(score, mean[group]), score)


def _output(standardised: NDArray[np.float64], layers: Layers) -> NDArray[np.float64]:
    """Output (n,) of a network whose hidden layers are rectified, for inputs (n, f).

    Sums in a fixed order for each row, not products of matrices: the score of a point does not
    depend on how many others there are.
    """
    value = standardised
    for number, (weights, offset) in enumerate(layers):
        value = np.einsum("nf,fh->nh", value, weights, optimize=False) + offset
        if number < len(layers) - 1:
            value = np.maximum(value, 0)
    return value[:, 0]


@lru_cache(maxsize=2)
def _trained(name: str) -> list[Part]:
    text = files("fishcount.spots.judgement").joinpath(name).read_text(encoding="utf-8")
    table = json.loads(text)
    if table["features"] != list(FEATURES):
        raise ValueError(f"{name} was trained on other features; train it again")
    return parts_of(table["parts"])


def parts_of(records: list[dict[str, Any]]) -> list[Part]:
    """The networks as they stand in the file."""
    return [
        Part(
            mean=np.array(record["mean"]),
            scale=np.array(record["scale"]),
            networks=[
                [(np.array(layer["weights"]), np.array(layer["offset"])) for layer in network]
                for network in record["networks"]
            ],
        )
        for record in records
    ]
