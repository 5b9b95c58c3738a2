"""Train the score that tells signals from everything else: ``spot_score.json``.

    python -m benchmarks.training.train_spot_score [--fields N] [--size PX] [--seed S] [--out FILE]
                                          [--smoothed]

Fields are drawn by `fishcount.synthetic.random_spec`: optics, camera, stain, crowding and
artefacts are left to chance; some fields hold no signals at all, some hardly any noise, some are
stacks, and some channels were exported as 8-bit JPEG. Every candidate that `find_candidates`
finds in them is an example. It is a signal when it is paired with a true point within 3 px; a
further point on a split signal is one too; debris outside nuclei, which looks like a signal, is
left out. The score is the mean of a few small networks on the figures, with a ridge, from
different starts; a fifth of the fields is held out and says how often it is wrong.

A second part of the networks has also seen thin sections, whose nuclei are slices with a sharp rim
in all channels: grain along a rim makes maxima that look like points. Some fields are drawn once
more as such sections, and a part of their many candidates that are no signals is learned from. By
themselves these networks keep fewer faint signals elsewhere, so they only take away what they are
sure is none (`fishcount.spots.judgement.score`).

With ``--smoothed`` all channels are smoothed, some of them before they were exported as JPEG, and
those that `fishcount.spots` takes for smoothed are learned from: ``spot_score_smoothed.json``. It
has no part for sections.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.optimize import minimize

from fishcount.image import PROBES
from fishcount.metrics import match_points
from fishcount.settings import SpotSettings
from fishcount.spots import measure_channel
from fishcount.spots.candidates.features import FEATURES, cut_to_ranges
from fishcount.spots.candidates.find import find_candidates
from fishcount.spots.channel.scale import view_channel
from fishcount.spots.judgement.score import Layers, parts_of, score_by_parts
from fishcount.spots.stack import project_signals
from fishcount.synthetic import CASES, FieldSpec, Truth, random_spec
from fishcount.synthetic.field import draw_stack

HOME = Path(__file__).parents[2] / "fishcount" / "spots" / "judgement"
REACH_PX = 3.0
DEBRIS = 9
EMPTY_SHARE = 0.08
BRIGHT_SHARE = 0.25
JPEG_SHARE = 0.15
# Of channels that were smoothed: by a median, and by deconvolution of the others.
MEDIAN_SHARE, SHARPENED_SHARE = 0.25, 0.3
UNEVEN_SHARE = 0.15
RAGGED_SHARE = 0.2
COINCIDENT_SHARE = 0.25
STACK_SHARE = 0.12
# Share of the fields that are drawn once more as thin sections, and of the candidates in these that
# are no signals.
SECTION_SHARE, SECTION_OTHERS = 0.4, 0.5
RIDGE = 2e-4
HIDDEN, HIDDEN_WITH_SECTIONS = (24, 12), (36, 18)
N_NETWORKS = 4
HOLD_OUT = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=900, help="fields to draw")
    parser.add_argument("--size", type=int, default=448, help="height and width in pixels")
    parser.add_argument("--seed", type=int, default=20240229)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--smoothed", action="store_true", help="for images that were smoothed")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--examples", type=Path, help="keep the examples in this .npz file")
    arguments = parser.parse_args()
    streams = np.random.SeedSequence(arguments.seed).spawn(arguments.fields)
    draw = partial(draw_examples, size=arguments.size, smooth=arguments.smoothed)
    with ProcessPoolExecutor(arguments.workers) as pool:
        fields = Examples.of(list(pool.map(draw, range(arguments.fields), streams)))
        parts = [fit_part(fields, HIDDEN)]
        if not arguments.smoothed:
            draw = partial(draw_examples, size=arguments.size, section=True)
            drawn = Examples.of(list(pool.map(draw, range(arguments.fields), streams)))
            sections = drawn.with_fewer_others(SECTION_OTHERS, np.random.default_rng(0))
            parts.append(fit_part(fields.joined(sections), HIDDEN_WITH_SECTIONS))
    wrong = wrong_share(parts, fields)
    table = {
        "features": list(FEATURES),
        "parts": parts,
        "script": "benchmarks/training/train_spot_score.py",
        "arguments": {
            "fields": arguments.fields,
            "size": arguments.size,
            "seed": arguments.seed,
            "smoothed": arguments.smoothed,
        },
        "wrong_in_held_out_fields": round(wrong, 4),
    }
    name = "spot_score_smoothed.json" if arguments.smoothed else "spot_score.json"
    (arguments.out or HOME / name).write_text(json.dumps(table) + "\n", encoding="utf-8")
    share = fields.is_signal.mean()
    print(f"{len(fields.is_signal)} examples, {share:.0%} signals, wrong {wrong:.1%}")


@dataclass(frozen=True)
class Examples:
    """Candidates with what they are.

    Attributes
    ----------
    figures : ndarray of float64, (n, len(FEATURES))
    is_signal : ndarray of bool, (n,)
    field : ndarray of int64, (n,)
        Number of the field of each.
    """

    figures: NDArray[np.float64]
    is_signal: NDArray[np.bool_]
    field: NDArray[np.int64]

    @classmethod
    def of(cls, groups: list[tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> Examples:
        """Those of several fields, numbered in their order."""
        return cls(
            np.concatenate([figures for figures, _ in groups]),
            np.concatenate([is_signal for _, is_signal in groups]),
            np.repeat(np.arange(len(groups)), [len(labels) for _, labels in groups]),
        )

    def take(self, rows: NDArray[np.bool_]) -> Examples:
        """Some of them."""
        return Examples(self.figures[rows], self.is_signal[rows], self.field[rows])

    def joined(self, other: Examples) -> Examples:
        """These and others, of fields of the same numbers."""
        return Examples(
            np.concatenate([self.figures, other.figures]),
            np.concatenate([self.is_signal, other.is_signal]),
            np.concatenate([self.field, other.field]),
        )

    def with_fewer_others(self, share: float, rng: np.random.Generator) -> Examples:
        """All signals, and a share of what is none."""
        return self.take(self.is_signal | (rng.random(len(self.is_signal)) < share))

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """Which are of fields that are not learned from."""
        return np.asarray(self.field % HOLD_OUT == 0)


def fit_part(examples: Examples, hidden: tuple[int, ...]) -> dict[str, Any]:
    """Networks that learn from all fields but those that are held out."""
    known = examples.take(~examples.held_out)
    n_signals = int(examples.is_signal.sum())
    part = fit_score(known.figures, known.is_signal, hidden=hidden)
    part["examples"] = {"signals": n_signals, "others": len(examples.is_signal) - n_signals}
    return part


def wrong_share(parts: list[dict[str, Any]], examples: Examples) -> float:
    """Share of candidates of the fields held out that the networks take for what they are not."""
    unknown = examples.take(examples.held_out)
    score = score_by_parts(parts_of(parts), unknown.figures)
    return float(np.mean((score > 0) != unknown.is_signal))


def draw_examples(
    number: int,
    stream: np.random.SeedSequence,
    *,
    size: int,
    smooth: bool = False,
    section: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Figures and labels of all candidates of both channels of one field, or of one in a section.

    None where chance makes no section of the field.
    """
    none = np.zeros((0, len(FEATURES))), np.zeros(0, np.bool_)
    cases = sorted(CASES)
    rng = np.random.default_rng(stream)
    spec = harder_spec(random_spec(cases[number % len(cases)], rng=rng, size=size), rng)
    if section:
        if rng.random() >= SECTION_SHARE:
            return none
        spec = spec.changed(nuclei={"thinning": rng.uniform(0.0, 1.0) ** 2})
    empty = rng.random() < EMPTY_SHARE
    if empty:
        spec = spec.changed(signals={"snr": 1e-3}, artefacts={"debris_per_mm2": 0.0})
    if rng.random() < STACK_SHARE:
        step_um, n_planes = rng.uniform(0.25, 0.5), int(rng.integers(4, 10))
        spec = spec.changed(
            n_planes=n_planes, z_step_um=step_um, nuclei={"depth_um": rng.uniform(1.0, 3.0)}
        )
    image, truth = draw_stack(spec, rng=rng)
    planes = [project_signals(image.channel(role), z_step_um=image.z_step_um) for role in PROBES]
    if smooth:
        planes = [smoothed(plane, rng) for plane in planes]
    if rng.random() < JPEG_SHARE:
        planes = [as_jpeg(plane, rng) for plane in planes]
    scales = [measure_channel(plane, pixel_size_um=spec.pixel_size_um) for plane in planes]
    views = [view_channel(plane, scale) for plane, scale in zip(planes, scales, strict=True)]
    settings, parts = SpotSettings(), []
    for channel, view in enumerate(views):
        if not view.scale.is_measurable or smooth != view.scale.smoothed:
            continue
        other = views[1 - channel] if scales[1 - channel].is_measurable else None
        found = find_candidates(
            view, min_snr=settings.min_snr, min_share=settings.min_share, other=other
        )
        yx = found.points.yx_px
        labels = np.zeros(len(yx), np.int64) if empty else labels_of(yx, truth, channel)
        known = labels >= 0
        parts.append((cut_to_ranges(found.appearance.figures[known]), labels[known] > 0))
    if not parts:
        return none
    return np.concatenate([f for f, _ in parts]), np.concatenate([s for _, s in parts])


def harder_spec(spec: FieldSpec, rng: np.random.Generator) -> FieldSpec:
    """The same, mostly near the limit of what can be seen; in some, signals are of any shape."""
    bright = rng.random() < BRIGHT_SHARE
    snr = float(np.exp(rng.uniform(*np.log((12, 60) if bright else (2.5, 12)))))
    uneven = (0.15, 0.4) if rng.random() < UNEVEN_SHARE else (0.02, 0.15)
    ragged = rng.uniform(0.03, 0.14) if rng.random() < RAGGED_SHARE else 0.0
    # Both targets lie on one chromosome: in some cases their signals lie together.
    together = rng.uniform(0.05, 0.4) if rng.random() < COINCIDENT_SHARE else 0.0
    texture_um = (rng.uniform(0.2, 0.5), rng.uniform(0.7, 1.5))
    return spec.changed(
        signals={
            "snr": snr,
            "size_spread": rng.uniform(*uneven),
            "ragged_um": ragged,
            "coincident": together,
        },
        background={"nucleus_texture_um": texture_um},
    )


def smoothed(plane: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """As software of a microscope hands it over: its noise averaged or filtered away."""
    if rng.random() < MEDIAN_SHARE:
        return np.asarray(ndi.median_filter(plane, 3), np.float32)
    if rng.random() < SHARPENED_SHARE:
        sigma = rng.uniform(1.1, 1.6)
        return np.asarray(deconvolved(plane, sigma, int(rng.integers(4, 15))), np.float32)
    return np.asarray(ndi.gaussian_filter(plane, rng.uniform(0.6, 1.3)), np.float32)


def deconvolved(plane: NDArray[np.float32], sigma: float, rounds: int) -> NDArray[np.float32]:
    """By Richardson and Lucy, whose noise becomes points as narrow as signals."""
    seen = np.maximum(plane - np.quantile(plane, 0.001), 0.1)
    sharp = np.full_like(seen, seen.mean())
    for _ in range(rounds):
        ratio = seen / np.maximum(ndi.gaussian_filter(sharp, sigma), 1e-3)
        sharp *= ndi.gaussian_filter(ratio, sigma)
    return sharp


def as_jpeg(plane: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """As a person would export it: stretched to 8 bits, both ends clipped, and compressed."""
    black, white = np.quantile(plane, (rng.uniform(0.02, 0.3), 1 - rng.uniform(0, 0.07) ** 2))
    grey = np.clip((plane - black) / max(white - black, 1.0) * 255, 0, 255).astype(np.uint8)
    lossy = imagecodecs.jpeg8_encode(grey, level=int(rng.integers(75, 97)))
    return np.asarray(imagecodecs.jpeg8_decode(lossy), np.float32)


def labels_of(yx: NDArray[np.float64], truth: Truth, channel: int) -> NDArray[np.int64]:
    """1 for signals, 0 for others, -1 for what is neither."""
    points = truth.spots
    mine = points.channel == channel
    true_yx = np.stack([points.y[mine], points.x[mine]], axis=1)
    copy = points.nucleus[mine] * 100_000 + points.copy[mine]
    debris = points.kind[mine] == DEBRIS
    match = match_points(yx, true_yx, max_distance_px=REACH_PX, group=copy, ignored=debris)
    labels = np.full(len(yx), -1)
    labels[match.false] = 0
    labels[match.found] = 1
    # A second point on a split signal is neither matched nor false, and a signal all the same.
    singles = match_points(yx, true_yx[~debris], max_distance_px=REACH_PX)
    labels[singles.found] = 1
    return labels


def fit_score(
    figures: NDArray[np.float64],
    is_signal: NDArray[np.bool_],
    *,
    hidden: tuple[int, ...],
) -> dict[str, Any]:
    """Weights of networks for which the labels are likeliest, with a ridge; from several starts."""
    mean, scale = figures.mean(axis=0), figures.std(axis=0) + 1e-6
    standardised = ((figures - mean) / scale).astype(np.float32)
    sizes = [figures.shape[1], *hidden, 1]
    sign = np.where(is_signal, 1.0, -1.0).astype(np.float32)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        layers = _unflat(flat, sizes)
        values, margin = _layer_outputs(standardised, layers, sign)
        total = float(np.logaddexp(0, -margin).mean())
        slope = (-sign / (1 + np.exp(np.clip(margin, -60, 60))) / len(margin))[:, None]
        gradient = []
        for number in range(len(layers) - 1, -1, -1):
            weights, _ = layers[number]
            gradient.append(slope.sum(axis=0))
            gradient.append(values[number].T @ slope + RIDGE * weights)
            total += 0.5 * RIDGE * float(np.square(weights).sum())
            slope = (slope @ weights.T) * (values[number] > 0)
        return total, np.concatenate([part.ravel() for part in gradient[::-1]]).astype(np.float64)

    networks = []
    for seed in range(N_NETWORKS):
        start = _start(sizes, np.random.default_rng(seed))
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 400})
        networks.append(
            [
                {"weights": _rounded(weights), "offset": _rounded(offset)}
                for weights, offset in _unflat(found.x, sizes)
            ]
        )
    return {
        "mean": _rounded(mean),
        "scale": _rounded(scale),
        "networks": networks,
    }


def _start(sizes: list[int], rng: np.random.Generator) -> NDArray[np.float64]:
    return _flat([(rng.normal(0, np.sqrt(2 / n), (n, m)), np.zeros(m)) for n, m in pairwise(sizes)])


def _layer_outputs(
    inputs: NDArray[np.float32], layers: Layers, sign: NDArray[np.float32]
) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """What goes into each layer, and how far each example is on its side."""
    values = [inputs]
    for weights, offset in layers[:-1]:
        value = values[-1] @ weights.astype(np.float32) + offset.astype(np.float32)
        values.append(np.maximum(value, 0))
    weights, offset = layers[-1]
    out = values[-1] @ weights.astype(np.float32) + offset.astype(np.float32)
    return values, sign * out[:, 0]


def _flat(layers: Layers) -> NDArray[np.float64]:
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def _unflat(flat: NDArray[np.float64], sizes: list[int]) -> Layers:
    layers, at = [], 0
    for n, m in pairwise(sizes):
        layers.append((flat[at : at + n * m].reshape(n, m), flat[at + n * m : at + n * m + m]))
        at += n * m + m
    return layers


def _rounded(values: NDArray[np.float64]) -> Any:
    return np.round(values, 4).tolist()


if __name__ == "__main__":
    main()
