"""Train the score that tells signals from everything else: ``fishcount/spots/spot_score.json``.

    python -m benchmarks.train_spot_score [--fields N] [--size PX] [--seed S] [--out FILE]

Fields are drawn by `fishcount.synthetic.random_spec`: optics, camera, stain, crowding and
artefacts are left to chance; some fields hold no signals at all, some hardly any noise, and some
channels were exported as 8-bit JPEG. Every candidate
that `fishcount.spots.find_candidates` finds in them is an example. It is a signal when it is
paired with a true point within 1.5 widths of a point; a further point on a split signal is one
too; debris outside nuclei, which looks like a signal, is left out. The score is a logistic
regression on the figures and the products of their pairs, with a ridge.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fishcount.metrics import match_points
from fishcount.settings import SpotSettings
from fishcount.spots import estimate_psf_sigma
from fishcount.spots.candidates import find_candidates
from fishcount.spots.features import FEATURES
from fishcount.spots.score import design_matrix
from fishcount.synthetic import CASES, FieldSpec, Truth, draw_field, random_spec

HOME = Path(__file__).parents[1] / "fishcount" / "spots" / "spot_score.json"
REACH_PX = 3.0
DEBRIS = 9
EMPTY_SHARE = 0.08
BRIGHT_SHARE = 0.2
JPEG_SHARE = 0.12
RIDGE = 3e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", type=int, default=120, help="fields to draw")
    parser.add_argument("--size", type=int, default=448, help="height and width in pixels")
    parser.add_argument("--seed", type=int, default=20240229)
    parser.add_argument("--out", type=Path, default=HOME)
    parser.add_argument("--examples", type=Path, help="keep the examples in this .npz file")
    arguments = parser.parse_args()
    groups = list(draw_examples(arguments.fields, arguments.size, arguments.seed))
    figures = np.concatenate([figures for figures, _ in groups])
    is_signal = np.concatenate([is_signal for _, is_signal in groups])
    if arguments.examples:
        field = np.repeat(np.arange(len(groups)), [len(labels) for _, labels in groups])
        np.savez(arguments.examples, figures=figures, is_signal=is_signal, field=field)
    table = fit_score(figures, is_signal)
    table["script"] = "benchmarks/train_spot_score.py"
    table["arguments"] = {
        "fields": arguments.fields, "size": arguments.size, "seed": arguments.seed
    }  # fmt: skip
    table["examples"] = {"signals": int(is_signal.sum()), "others": int((~is_signal).sum())}
    arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{len(is_signal)} examples, {is_signal.mean():.0%} signals -> {arguments.out}")


def draw_examples(
    n_fields: int, size: int, seed: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Figures and labels of all candidates, one pair for each channel of each field."""
    cases = sorted(CASES)
    for number, stream in enumerate(np.random.SeedSequence(seed).spawn(n_fields)):
        rng = np.random.default_rng(stream)
        spec = harder_spec(random_spec(cases[number % len(cases)], rng=rng, size=size), rng)
        empty = rng.random() < EMPTY_SHARE
        if empty:
            spec = spec.changed(signals={"snr": 1e-3}, artefacts={"debris_per_mm2": 0.0})
        image, truth = draw_field(spec, rng=rng)
        planes = [image.channel(role) for role in ("HER2", "CEP17")]
        if rng.random() < JPEG_SHARE:
            planes = [as_jpeg(plane, rng) for plane in planes]
        for channel, plane in enumerate(planes):
            psf = estimate_psf_sigma(plane, pixel_size_um=spec.pixel_size_um)
            found = find_candidates(
                plane,
                psf_sigma_px=psf,
                min_snr=SpotSettings().min_snr,
                other=planes[1 - channel],
            )
            if found is None or len(found.points) == 0:
                continue
            yx = np.stack([found.points.y_px, found.points.x_px], axis=1)
            labels = labels_of(yx, truth, channel)
            if empty:
                labels[:] = 0
            known = labels >= 0
            yield found.appearance.figures[known], labels[known] > 0


def harder_spec(spec: FieldSpec, rng: np.random.Generator) -> FieldSpec:
    """The same, mostly near the limit of what can be seen, and with sizes that are uneven."""
    bright = rng.random() < BRIGHT_SHARE
    snr = float(np.exp(rng.uniform(*np.log((12, 60) if bright else (2.5, 12)))))
    return spec.changed(signals={"snr": snr, "size_spread": rng.uniform(0.02, 0.15)})


def as_jpeg(plane: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """As a person would export it: stretched to 8 bits, the black clipped, and compressed."""
    black, white = np.quantile(plane, (rng.uniform(0.02, 0.3), rng.uniform(0.9985, 1.0)))
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


def fit_score(figures: NDArray[np.float64], is_signal: NDArray[np.bool_]) -> dict[str, object]:
    """Ridge logistic regression on standardised figures and products of pairs."""
    columns = design_matrix(figures)
    mean, scale = columns.mean(axis=0), columns.std(axis=0) + 1e-6
    scaled = np.column_stack([(columns - mean) / scale, np.ones(len(columns))])
    sign = np.where(is_signal, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (scaled @ weights)
        slope = -sign / (1 + np.exp(np.clip(margin, -500, 500)))
        ridge = RIDGE * np.append(weights[:-1], 0)
        value = np.logaddexp(0, -margin).mean() + 0.5 * ridge @ weights
        return float(value), scaled.T @ slope / len(margin) + ridge

    found = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B")
    rounded = [round(float(value), 5) for value in found.x]
    return {
        "features": list(FEATURES),
        "mean": [round(float(value), 5) for value in mean],
        "scale": [round(float(value), 5) for value in scale],
        "weights": rounded[:-1],
        "intercept": rounded[-1],
    }


if __name__ == "__main__":
    main()
