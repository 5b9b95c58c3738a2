"""Copies per nucleus against exact truth: the whole chain, and plain scripts beside it.

    python -m benchmarks.counts FOLDER [--fields N] [--skip-peers] [--csv FILE]

FOLDER is shaped like the phantoms of this project: ``cases.json``, ``CASE/field_N.ome.tif`` and
``CASE/truth/field_N_{labels.tif,nuclei.csv,spots.csv}``. Judged are the true nuclei that an
expert would score: not cut by the edge, at least 90 % visible, with signals of both probes. A
method is charged for those that it scored and that match a true one (IoU at least 0.5).

The rows of the table:

- ``fishcount``: the whole chain with its defaults.
- ``fishcount, true nuclei``: detection and counting inside the true outlines.
- ``true spots, true nuclei``: counting alone, on the true points as if detection were perfect
  down to one sigma of the point-spread; it shows what the rules of counting cost.
- ``scikit-image``: Otsu and a distance watershed, `blob_log` at the threshold that gives the
  best F1 against the truth of all fields of a difficulty, one point one copy.
- ``scikit-image, true nuclei``: the same points inside the true outlines.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage import feature, filters, measure, segmentation

from fishcount.image import FishImage
from fishcount.metrics import count_errors, match_labels, match_points
from fishcount.nuclei import Nuclei, nuclei_from_labels
from fishcount.signals import count_signals
from fishcount.spots import Spots

PROBES = ("HER2", "CEP17")
CLASSES = ("normal", "polysomy", "low gain", "amplified, clusters", "amplified, scattered")
AMPLIFIED = 10
BLOB_THRESHOLDS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3)


@dataclass(frozen=True)
class Truth:
    """One field with what is true of it."""

    case: str
    difficulty: str
    image: FishImage
    labels: NDArray[np.int32]
    nuclei: pd.DataFrame
    spots: pd.DataFrame

    @property
    def scorable(self) -> NDArray[np.bool_]:
        """Nuclei that an expert would score."""
        n = self.nuclei
        return np.asarray((n.border == 0) & (n.visible > 0.9) & (n.her2 > 0) & (n.cep17 > 0))

    def counts(self, probe: str) -> NDArray[np.int64]:
        """True copies of each nucleus."""
        return self.nuclei[probe.lower()].to_numpy(np.int64)


@dataclass(frozen=True)
class Counted:
    """What a method says: a label image, copies for label ``i + 1``, and which it scores."""

    labels: NDArray[np.int32]
    copies: Mapping[str, NDArray[np.int64]]
    scored: NDArray[np.bool_]


@dataclass
class Tally:
    """Judged nuclei of one method, and the ratio errors of its fields."""

    rows: list[pd.DataFrame] = field(default_factory=list)
    ratio_errors: list[tuple[str, float]] = field(default_factory=list)
    scorable: dict[str, int] = field(default_factory=dict)

    def add(self, truth: Truth, counted: Counted) -> None:
        """Compare one field."""
        rows = judge(truth, counted)
        self.rows.append(rows)
        self.ratio_errors.append((truth.difficulty, ratio_error(truth, counted)))
        known = self.scorable.get(truth.difficulty, 0)
        self.scorable[truth.difficulty] = known + int(truth.scorable.sum())


def read_folder(folder: Path, *, most_fields: int | None = None) -> Iterator[Truth]:
    """All fields of a folder of phantoms, in the order of its ``cases.json``."""
    cases = json.loads((folder / "cases.json").read_text())
    for case, about in cases.items():
        difficulty = about.get("snr", case) + (" stack" if about.get("planes", 1) > 1 else "")
        paths = sorted((folder / case).glob("field_*.ome.tif"))[:most_fields]
        for path in paths:
            stem = folder / case / "truth" / path.name.removesuffix(".ome.tif")
            yield Truth(
                case=case,
                difficulty=difficulty,
                image=read_phantom(path),
                labels=tifffile.imread(f"{stem}_labels.tif").astype(np.int32),
                nuclei=pd.read_csv(f"{stem}_nuclei.csv"),
                spots=pd.read_csv(f"{stem}_spots.csv"),
            )


def read_phantom(path: Path) -> FishImage:
    """One field; channels are DAPI, HER2, CEP17."""
    with tifffile.TiffFile(path) as file:
        pixels, axes = file.series[0].asarray(), file.series[0].axes
    return FishImage.from_array(
        pixels,
        axes=axes,
        channels=["DAPI", *PROBES],
        pixel_size_um=0.1,
        z_step_um=0.4 if "Z" in axes else None,
        name=path.name,
    )


# --- judging --------------------------------------------------------------------------------


def judge(truth: Truth, counted: Counted) -> pd.DataFrame:
    """One row for each true scorable nucleus that was scored, counted beside true copies."""
    found, true = match_labels(counted.labels, truth.labels).pairs(0.5)
    row = pd.Series(np.arange(len(truth.nuclei)), index=truth.nuclei["id"])[true].to_numpy()
    use = counted.scored[found - 1] & truth.scorable[row]
    found, row = found[use], row[use]
    table = truth.nuclei.iloc[row][["id", "y", "x", "cls"]].reset_index(drop=True)
    table.insert(0, "case", truth.case)
    table.insert(1, "field", truth.image.name)
    table.insert(2, "difficulty", truth.difficulty)
    for probe in PROBES:
        table[f"{probe}_true"] = truth.counts(probe)[row]
        table[f"{probe}_counted"] = counted.copies[probe][found - 1]
    return table


def ratio_error(truth: Truth, counted: Counted) -> float:
    """Relative error of the field's ratio of sums, over what each side scores."""
    true = truth.counts("HER2")[truth.scorable].sum() / truth.counts("CEP17")[truth.scorable].sum()
    her2, cep17 = (counted.copies[probe][counted.scored].sum() for probe in PROBES)
    return float(abs(her2 / cep17 / true - 1)) if cep17 else float("nan")


def summarize(tally: Tally) -> pd.DataFrame:
    """The table of bars: one row for each difficulty."""
    rows = pd.concat(tally.rows, ignore_index=True)
    lines = []
    for difficulty, n_scorable in tally.scorable.items():
        of = rows[rows.difficulty == difficulty]
        few = of[of.HER2_true < AMPLIFIED]
        two_to_six = of[of.HER2_true.between(2, 6)]
        many = of[of.HER2_true >= AMPLIFIED]
        her2 = count_errors(few.HER2_counted, few.HER2_true)
        cep17 = count_errors(of.CEP17_counted, of.CEP17_true)
        ratios = [error for name, error in tally.ratio_errors if name == difficulty]
        lines.append(
            {
                "difficulty": difficulty,
                "n": len(of),
                "scored": len(of) / n_scorable,
                "HER2 MAE": her2.mae,
                "HER2 bias": her2.bias,
                "bias 2-6": count_errors(two_to_six.HER2_counted, two_to_six.HER2_true).bias,
                "exact": her2.exact,
                "CEP17 MAE": cep17.mae,
                "CEP17 bias": cep17.bias,
                "amplified": count_errors(many.HER2_counted, many.HER2_true).relative,
                "amp. each": relative_each(many),
                "ratio": float(np.nanmedian(ratios)),
            }
        )
    return pd.DataFrame(lines)


def relative_each(many: pd.DataFrame) -> float:
    """Mean over nuclei of counted / true - 1."""
    if not len(many):
        return float("nan")
    return float((many.HER2_counted / many.HER2_true - 1).mean())


def by_class(tally: Tally) -> pd.DataFrame:
    """Errors for each difficulty and class of nucleus."""
    rows = pd.concat(tally.rows, ignore_index=True)
    lines = []
    for (difficulty, cls), of in rows.groupby(["difficulty", "cls"], sort=False):
        line = {"difficulty": difficulty, "class": CLASSES[int(cls)], "n": len(of)}
        for probe in PROBES:
            errors = count_errors(of[f"{probe}_counted"], of[f"{probe}_true"])
            line |= {
                f"{probe} true": of[f"{probe}_true"].mean(),
                f"{probe} MAE": errors.mae,
                f"{probe} bias": errors.bias,
                f"{probe} rel.": errors.relative,
            }
        lines.append(line)
    return pd.DataFrame(lines)


# --- methods --------------------------------------------------------------------------------


def true_nuclei(truth: Truth) -> tuple[Nuclei, NDArray[np.bool_]]:
    """True outlines as if they had been segmented, and which of them are scorable."""
    dapi = truth.image.channel("DAPI")
    nuclei = nuclei_from_labels(truth.labels, dapi)
    _, first = np.unique(nuclei.labels, return_index=True)
    ids = truth.labels.ravel()[first[-len(nuclei) :]] if len(nuclei) else np.zeros(0, int)
    return nuclei, np.isin(ids, truth.nuclei["id"].to_numpy()[truth.scorable])


def in_true_nuclei(truth: Truth, spots: Mapping[str, Spots]) -> Counted:
    """Our counting of given spots inside the true outlines."""
    nuclei, scorable = true_nuclei(truth)
    counts = count_signals(
        spots,
        nuclei,
        pixel_size_um=truth.image.pixel_size_um,
        z_step_um=truth.image.z_step_um,
    )
    copies = {probe: counts.copies[probe].best for probe in PROBES}
    return Counted(nuclei.labels, copies, scorable)


def true_spots(truth: Truth) -> dict[str, Spots]:
    """The true points of signals; the weaker of two within one sigma is not to be seen."""
    return {probe: _true_spots(truth, number) for number, probe in enumerate(PROBES)}


def _true_spots(truth: Truth, channel: int) -> Spots:
    t = truth.spots[(truth.spots.channel == channel) & (truth.spots.kind != 9)]
    t = t.sort_values("amp", ascending=False)
    yx = t[["y", "x"]].to_numpy()
    gap = np.hypot(*(yx[:, None, :] - yx[None, :, :]).transpose(2, 0, 1))
    hidden = (np.tril(gap < t.sigma.to_numpy()[:, None], -1)).any(axis=1)
    t, yx, gap = t[~hidden], yx[~hidden], gap[~hidden][:, ~hidden]
    crowd = measure.label(np.zeros(0, int)) if not len(t) else _groups(gap < 4 * t.sigma.median())
    amp, sigma = t.amp.to_numpy(float), t.sigma.to_numpy(float)
    return Spots(
        z_px=t.z.to_numpy(float) * 0,
        y_px=yx[:, 0].copy(),
        x_px=yx[:, 1].copy(),
        amplitude_counts=amp.copy(),
        background_counts=amp * 0,
        sigma_px=sigma.copy(),
        flux_counts=2 * np.pi * amp * sigma**2,
        snr=np.full(len(t), 1e3),
        kept=np.ones(len(t), bool),
        reason=np.full(len(t), "", "U16"),
        cluster=crowd,
        psf_sigma_px=float(np.median(sigma)) if len(t) else float("nan"),
        min_snr=4.0,
    )


def _groups(close: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the connected group of each point; 0 for a point alone."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    _, group = connected_components(csr_matrix(close), directed=False)
    return np.where(np.bincount(group)[group] > 1, group + 1, 0).astype(np.int64)


def plane_of(image: FishImage, role: str) -> NDArray[np.float64]:
    """Brightest projection of a channel, 0..1 between its 1st and 99.95th percentile."""
    plane = np.asarray(image.channel(role), np.float64)
    plane = plane.max(axis=0) if plane.ndim == 3 else plane
    low, high = np.percentile(plane, [1, 99.95])
    return np.clip((plane - low) / max(high - low, 1e-9), 0, 1.5)


def otsu_nuclei(image: FishImage) -> NDArray[np.int32]:
    """The tutorial recipe: smooth, Otsu, distance transform, watershed; border ones removed."""
    dapi = filters.gaussian(plane_of(image, "DAPI"), 2)
    mask = ndi.binary_fill_holes(dapi > filters.threshold_otsu(dapi))
    distance = filters.gaussian(ndi.distance_transform_edt(mask), 2)
    peaks = feature.peak_local_max(distance, min_distance=20, labels=measure.label(mask))
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = segmentation.watershed(-distance, markers, mask=mask)
    labels = segmentation.clear_border(labels)
    area = np.bincount(labels.ravel())
    typical = np.median(area[1:][area[1:] > 0]) if (area[1:] > 0).any() else 0
    labels[(area < 0.3 * typical)[labels]] = 0
    return segmentation.relabel_sequential(labels)[0].astype(np.int32)


def count_points(labels: NDArray[np.int32], yx: NDArray[np.float64]) -> NDArray[np.int64]:
    """Points in each label."""
    y, x = np.rint(yx).astype(int).reshape(-1, 2).T
    return np.bincount(labels[y, x], minlength=int(labels.max()) + 1)[1:]


def blobs(image: FishImage, probe: str, threshold: float) -> NDArray[np.float64]:
    """Points of `blob_log`."""
    found = feature.blob_log(
        plane_of(image, probe), min_sigma=1.2, max_sigma=2.4, num_sigma=5, threshold=threshold
    )
    return found[:, :2]


def best_blobs(truths: list[Truth]) -> dict[tuple[int, str], NDArray[np.float64]]:
    """Points of `blob_log` in each field, at the best threshold of its difficulty and probe."""
    best: dict[tuple[int, str], NDArray[np.float64]] = {}
    for difficulty in dict.fromkeys(truth.difficulty for truth in truths):
        rows = [i for i, truth in enumerate(truths) if truth.difficulty == difficulty]
        for channel, probe in enumerate(PROBES):
            trials = {t: [blobs(truths[i].image, probe, t) for i in rows] for t in BLOB_THRESHOLDS}
            chosen = max(trials, key=lambda t: _f1([truths[i] for i in rows], trials[t], channel))
            best |= {(i, probe): yx for i, yx in zip(rows, trials[chosen], strict=True)}
    return best


def _f1(truths: list[Truth], found: list[NDArray[np.float64]], channel: int) -> float:
    hits = false = missed = 0
    for truth, yx in zip(truths, found, strict=True):
        true = truth.spots[truth.spots.channel == channel]
        match = match_points(
            yx,
            true[["y", "x"]].to_numpy(),
            max_distance_px=3.0,
            group=true["copy"].to_numpy(),
            ignored=(true.kind == 9).to_numpy(),
        )
        hits += len(match.found)
        false += len(match.false)
        missed += len(match.missed)
    return 2 * hits / max(2 * hits + false + missed, 1)


def whole_chain(truth: Truth) -> Counted:
    """The defaults, from pixels to scored nuclei."""
    from fishcount.pipeline import score_field

    result = score_field(truth.image)
    copies = {probe: result.counts.copies[probe].best for probe in PROBES}
    return Counted(result.nuclei.labels, copies, result.scored)


def our_spots(truth: Truth) -> dict[str, Spots]:
    """Spots of both probes, as the pipeline finds them."""
    from fishcount.pipeline import score_field

    return dict(score_field(truth.image).spots)


# --- the run --------------------------------------------------------------------------------


def run(folder: Path, *, most_fields: int | None, peers: bool) -> dict[str, Tally]:
    """All methods over all fields."""
    truths = list(read_folder(folder, most_fields=most_fields))
    methods: dict[str, Callable[[int, Truth], Counted]] = {
        "fishcount": lambda _, truth: whole_chain(truth),
        "fishcount, true nuclei": lambda _, truth: in_true_nuclei(truth, our_spots(truth)),
        "true spots, true nuclei": lambda _, truth: in_true_nuclei(truth, true_spots(truth)),
    }
    if peers:
        points = best_blobs(truths)
        methods |= {
            "scikit-image": lambda i, truth: _points_in(points, i, otsu_nuclei(truth.image)),
            "scikit-image, true nuclei": lambda i, truth: _points_in(
                points, i, truth.labels, scorable_of=truth
            ),
        }
    tallies = {name: Tally() for name in methods}
    for name, method in methods.items():
        for i, truth in enumerate(truths):
            tallies[name].add(truth, method(i, truth))
    return tallies


def _points_in(
    points: Mapping[tuple[int, str], NDArray[np.float64]],
    i: int,
    labels: NDArray[np.int32],
    *,
    scorable_of: Truth | None = None,
) -> Counted:
    copies = {probe: count_points(labels, points[i, probe]) for probe in PROBES}
    if scorable_of is None:
        scored = (copies["HER2"] > 0) & (copies["CEP17"] > 0)
    else:
        scored = np.zeros(int(labels.max()), bool)
        scored[scorable_of.nuclei["id"].to_numpy()[scorable_of.scorable] - 1] = True
    return Counted(labels, copies, scored)


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Copies per nucleus against exact truth.")
    parser.add_argument("folder", type=Path, help="folder with cases.json and its cases")
    parser.add_argument("--fields", type=int, help="at most this many fields of each case")
    parser.add_argument("--skip-peers", action="store_true", help="leave the peers out")
    parser.add_argument("--csv", type=Path, help="write every judged nucleus to this file")
    asked = parser.parse_args(arguments)
    tallies = run(asked.folder, most_fields=asked.fields, peers=not asked.skip_peers)
    with pd.option_context("display.width", 200, "display.max_columns", 30):
        for name, tally in tallies.items():
            print(f"\n{name}\n{summarize(tally).round(3).to_string(index=False)}")
        print("\nfishcount, by class of nucleus")
        print(by_class(tallies["fishcount"]).round(2).to_string(index=False))
    if asked.csv:
        rows = [pd.concat(tally.rows).assign(method=name) for name, tally in tallies.items()]
        pd.concat(rows).to_csv(asked.csv, index=False)


if __name__ == "__main__":
    main()
