"""Draws the figures of the explanation, from drawn fields, so that the truth beside them is known.

python docs/draw_figures.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from PIL import Image

from fishcount import FieldResult, FishImage, classify, score_field
from fishcount.scoring import score_counts
from fishcount.synthetic import CASES, FieldSpec, Truth, draw_field, population_of, simulate_case

IMAGES = Path(__file__).parent / "images"
SEED = 5
HER2 = 0  # number of the probe in the tables of the truth
MAGENTA, GREEN, GREY = "#ff7fd8", "#7dff9c", "#9aa0a6"


def main() -> None:
    """Draw all of them."""
    mpl.rcParams.update({"font.size": 8, "axes.titlesize": 8})
    IMAGES.mkdir(exist_ok=True)
    crowd = FieldSpec(shape=(640, 640), population=population_of("amplified")).changed(
        signals={"snr": 10.0}, nuclei={"touching": 0.4, "per_mm2": 7000.0}
    )
    image, truth = draw_field(crowd, rng=np.random.default_rng(SEED))
    result = score_field(image)
    save(nuclei_figure(image, result), "nuclei.png")
    save(signals_figure(image, truth, result), "signals.png")
    save(counting_figure(), "counting.png")
    save(intervals_figure(), "intervals.png")
    save(gallery_figure(), "gallery.png", dpi=70)


def nuclei_figure(image: FishImage, result: FieldResult) -> Figure:
    """DAPI, and the outlines on it: scored, and not scored with the reason."""
    figure = Figure(figsize=(8.4, 4.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        show(axes, plane(image, "DAPI"))
    left.set_title("DAPI")
    right.set_title("solid: scored; dashed: not scored, with the reason")
    for row in range(len(result.nuclei)):
        scored = bool(result.scored[row])
        outline(
            right,
            result.nuclei.labels == row + 1,
            "white" if scored else "#ffb454",
            dashed=not scored,
        )
        if not scored:
            right.annotate(
                str(result.reject_reason[row]).replace("_", " ").lower(),
                (result.nuclei.x_px[row], result.nuclei.y_px[row]),
                color="#ffb454", fontsize=7, ha="center", va="center", annotation_clip=True,
                path_effects=[withStroke(linewidth=2, foreground="black")],
            )  # fmt: skip
    return figure


def signals_figure(image: FishImage, truth: Truth, result: FieldResult) -> Figure:
    """The scored nucleus with most HER2 copies in truth: light, what was found, what is true."""
    scored = np.flatnonzero(result.scored)
    true_label = [
        np.bincount(truth.labels[result.nuclei.labels == row + 1]).argmax() for row in scored
    ]
    copies_of = dict(zip(truth.nuclei.id.tolist(), truth.nuclei.her2.tolist(), strict=True))
    row = scored[np.argmax([copies_of.get(int(label), 0) for label in true_label])]
    y0, x0 = result.nuclei.y_px[row], result.nuclei.x_px[row]
    figure = Figure(figsize=(8.4, 3.1), layout="constrained")
    panels = figure.subplots(1, 3)
    for axes, title in zip(panels, ("HER2", "found: kept, and left out", "true"), strict=True):
        show(axes, plane(image, "HER2"), half_px=48, centre=(y0, x0))
        outline(axes, result.nuclei.labels == row + 1, GREY, dashed=False)
        axes.set_title(title)
    signals = result.counts.signals
    for kept, marker, colour in ((True, "o", MAGENTA), (False, "x", GREY)):
        which = (signals.channel == "HER2") & ((signals.status == "kept") == kept)
        draw_points(panels[1], signals.y_px[which], signals.x_px[which], marker, colour)
    true = (truth.spots.channel == HER2) & (truth.spots.nucleus > 0)
    draw_points(panels[2], truth.spots.y[true], truth.spots.x[true], "o", MAGENTA)
    copies = result.counts.copies["HER2"]
    panels[1].set_xlabel(f"{copies.best[row]} copies ({copies.low[row]} to {copies.high[row]})")
    label = np.bincount(truth.labels[result.nuclei.labels == row + 1]).argmax()
    panels[2].set_xlabel(f"{truth.nuclei.her2[label - 1]} copies")
    return figure


def counting_figure() -> Figure:
    """A pair that counts as one; the light of all signals of a field, and that of a single one."""
    spec = FieldSpec(shape=(900, 900), population=population_of("equivocal")).changed(
        signals={"snr": 12.0, "split": 0.2}
    )
    image, _ = draw_field(spec, rng=np.random.default_rng(SEED))
    result = score_field(image)
    signals = result.counts.signals
    her2 = signals.channel == "HER2"
    figure = Figure(figsize=(8.4, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.7])

    merged = her2 & (signals.status == "merged")
    row = int(np.flatnonzero(merged)[np.argmax(signals.snr[merged])])
    show(left, plane(image, "HER2"), half_px=18, centre=(signals.y_px[row], signals.x_px[row]))
    outline(left, result.nuclei.labels == signals.nucleus[row], GREY, dashed=False)
    for status, style in (("kept", "solid"), ("merged", "dashed")):
        which = her2 & (signals.status == status)
        left.scatter(
            signals.x_px[which], signals.y_px[which], s=420, facecolors="none",
            edgecolors=MAGENTA, linewidths=1.6, linestyle=style,
        )  # fmt: skip
    left.set_title("dashed: part of its neighbour")

    light = result.spots["HER2"].flux_counts[signals.status[her2] == "kept"]
    single = result.counts.single_flux_counts["HER2"]
    right.hist(light / single, bins=np.arange(0, 5.01, 0.2), color=MAGENTA, edgecolor="white")
    right.axvline(1, color="black", linewidth=1)
    right.annotate("a single signal", (1, 0.97), xycoords=("data", "axes fraction"), va="top",
                   xytext=(4, 0), textcoords="offset points")  # fmt: skip
    right.set(xlabel="light of a signal, over that of a single one", ylabel="kept HER2 signals")
    right.spines[["top", "right"]].set_visible(False)
    return figure


def intervals_figure() -> Figure:
    """Repeats of a count, and the width of its interval by the number of fields and nuclei."""
    rng = np.random.default_rng(SEED)
    figure = Figure(figsize=(8.4, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    her2, cep17, field = drawn_counts(rng, n_fields=5, per_field=20)
    score = score_counts(her2, cep17, field=field)
    means = score.replicates.means()
    left.plot(means[:, 0], means[:, 0] / means[:, 1], ".", ms=2, alpha=0.4, color="#55719f")
    left.plot(score.mean_her2_per_nucleus, score.her2_cep17_ratio, "o", color="black", ms=5)
    left.axhline(2, color=GREY, linewidth=0.8)
    left.axvline(4, color=GREY, linewidth=0.8)
    left.axvline(6, color=GREY, linewidth=0.8)
    left.set(xlabel="HER2 copies per nucleus", ylabel="HER2/CEP17 ratio")
    left.set(xlim=(2, 8), ylim=(1.2, 2.4))
    for per_field, style in ((20, "o-"), (80, "s--")):
        widths = [
            np.mean([half_width(rng, n_fields, per_field) for _ in range(30)])
            for n_fields in (1, 2, 5, 10)
        ]
        right.plot((1, 2, 5, 10), widths, style, color="black", ms=4,
                   label=f"{per_field} nuclei in each")  # fmt: skip
    right.set(xlabel="fields", ylabel="half the 95 % interval of the ratio", ylim=(0, None))
    right.set_xticks([1, 2, 5, 10])
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def drawn_counts(
    rng: np.random.Generator, *, n_fields: int, per_field: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """HER2, CEP17 and field of nuclei whose mean HER2 differs by 10 % between fields."""
    field = np.repeat(np.arange(n_fields), per_field)
    level = 4.6 * np.exp(0.1 * rng.standard_normal(n_fields))
    return rng.poisson(level[field]), 1 + rng.poisson(1.7, field.size), field


def half_width(rng: np.random.Generator, n_fields: int, per_field: int) -> float:
    """Half the 95 % interval of the ratio of one drawn case."""
    her2, cep17, field = drawn_counts(rng, n_fields=n_fields, per_field=per_field)
    low, high = score_counts(her2, cep17, field=field).intervals_95["her2_cep17_ratio"]
    return 0.5 * (high - low)


def gallery_figure() -> Figure:
    """One corner of every kind of case, with its answer."""
    figure = Figure(figsize=(8.8, 9.6), layout="constrained")
    for axes, case in zip(figure.subplots(3, 3).flat, CASES, strict=False):
        image, truth = simulate_case(case, seed=SEED, n_fields=1, size=640, snr="easy")[0]
        show(axes, merged(image), half_px=110, centre=(320, 320))
        whole = truth.nuclei.scorable
        n, her2, cep17 = (
            int(whole.sum()),
            int(truth.nuclei.her2[whole].sum()),
            int(truth.nuclei.cep17[whole].sum()),
        )
        category = classify(n, her2, cep17).under("asco-cap-2018-dual")
        axes.set_title(
            f"{case}\n{her2 / n:.1f} HER2, {cep17 / n:.1f} CEP17, ratio {her2 / cep17:.2f}: "
            f"group {category.group}"
        )
    return figure


def plane(image: FishImage, role: str) -> NDArray[np.float32]:
    """Counts of a channel, 0 to 1 between its background and its bright end."""
    counts = np.squeeze(np.asarray(image.channel(role), np.float32))
    low, high = np.percentile(counts, [5, 99.8])
    stretched: NDArray[np.float32] = np.clip((counts - low) / (high - low), 0, 1)
    return stretched


def merged(image: FishImage) -> NDArray[np.float32]:
    """DAPI grey, HER2 magenta, CEP17 green."""
    colours = {"DAPI": (0.4, 0.4, 0.4), "HER2": (1.0, 0.1, 0.8), "CEP17": (0.1, 1.0, 0.3)}
    light = sum(plane(image, role)[..., None] * np.array(rgb) for role, rgb in colours.items())
    return np.clip(light, 0, 1).astype(np.float32)


def show(
    axes: Axes,
    pixels: NDArray[np.float32],
    *,
    half_px: float | None = None,
    centre: tuple[float, float] = (0, 0),
) -> None:
    """Pixels without axes; only the surroundings of a place where one is given."""
    axes.imshow(pixels, cmap="gray", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    if half_px is not None:
        axes.set_xlim(centre[1] - half_px, centre[1] + half_px)
        axes.set_ylim(centre[0] + half_px, centre[0] - half_px)


def outline(axes: Axes, mask: NDArray[np.bool_], colour: str, *, dashed: bool) -> None:
    """The edge of a mask."""
    style = "dashed" if dashed else "solid"
    axes.contour(mask.astype(float), [0.5], colors=[colour], linewidths=0.9, linestyles=[style])


def draw_points(
    axes: Axes, y: NDArray[np.float64], x: NDArray[np.float64], marker: str, colour: str
) -> None:
    """Rings or crosses at positions."""
    face = {"facecolors": "none", "edgecolors": colour} if marker == "o" else {"c": colour}
    axes.scatter(x, y, s=46, marker=marker, linewidths=1.0, **face)


def save(figure: Figure, name: str, *, dpi: float = 96) -> None:
    """As a PNG with a palette: a third of the bytes."""
    path = IMAGES / name
    if engine := figure.get_layout_engine():
        engine.set(h_pad=0.08)
    figure.savefig(path, dpi=dpi)
    with Image.open(path) as drawn:
        small = drawn.convert("RGB").quantize(96, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    main()
