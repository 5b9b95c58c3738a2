"""Copies per nucleus against exact truth: the whole chain, and plain scripts beside it.

    python -m benchmarks.counts FOLDER [--fields N] [--skip-peers] [--out FILE.md]

FOLDER holds ``CASE/FIELD.ome.tif`` and ``CASE/truth/FIELD_{labels.tif,nuclei.csv,spots.csv}``;
``cases.json`` tells how difficult each case is, or else each case is a row. A method is charged
for the nuclei that it scored and that match a true one that should be (IoU at least 0.5): not
cut by the edge, at least 90 % visible, with copies of both probes.

The methods:

- ``fishcount``: the whole chain with its defaults.
- ``fishcount, stacks projected``: the same with signals found on the maximum over planes; stacks
  only, which should count at least as well as that.
- ``fishcount, true nuclei``: detection and counting inside the true outlines.
- ``true spots, true nuclei``: counting alone, as if detection saw every point that is farther
  than one sigma from a brighter one; it shows what the rules of counting cost.
- ``ideal observer, true nuclei``: our counting of what `benchmarks.common.ideal` sees: how far
  the data can carry it at all.
- The peers (`benchmarks.common.spot_peers`), as far as they are installed: one point one copy,
  inside the nuclei of the scikit-image recipe (Otsu and a distance watershed), and inside the
  true outlines. Each has the threshold that gives the best F1 against the truth of a case
  ("best"), and its own where it has one ("automatic").

Columns: ``MAE``, ``bias`` and ``exact`` in nuclei with fewer than 10 HER2 copies, ``bias 2-6``
in those with 2 to 6; ``10 or more`` is the relative error of the sum over nuclei with at least
10; ``ratio`` the median over fields of the ratio's relative error; ``scored`` the share of true
scorable nuclei that was scored.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.ideal import ideal_of_all
from benchmarks.common.peer_points import best_points, own_points
from benchmarks.common.plain_scripts import count_points, otsu_nuclei
from benchmarks.common.plots import draw_bars
from benchmarks.common.report import made_by, markdown_table, write_report
from benchmarks.common.spot_peers import Points, installed_peers
from benchmarks.common.truth_fields import TrueField, perfect_spots, read_folder
from fishcount import count_signals, score_field
from fishcount.image import PROBES
from fishcount.metrics import count_errors, match_labels
from fishcount.results import FieldResult
from fishcount.settings import Settings, SpotSettings
from fishcount.spots import Spots

CLASSES = {
    0: "normal",
    1: "polysomy",
    2: "low gain",
    3: "amplified, clusters",
    4: "amplified, scattered",
    5: "monosomy",
    6: "co-amplified",
}
AMPLIFIED = 10
MIN_IOU = 0.5
IN_RECIPE = "in the nuclei of scikit-image"
IN_TRUTH = "in the true nuclei"
PROJECTED = Settings(spots=SpotSettings(project_stacks=True))


@dataclass(frozen=True)
class Counted:
    """What a method says: a label image, copies for label ``i + 1``, and which it scores."""

    labels: NDArray[np.int32]
    copies: Mapping[str, NDArray[np.int64]]
    scored: NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """One field of one method: the scored nuclei that match a true scorable one."""

    case: str
    field: str
    difficulty: str
    n_scorable: int
    nucleus: NDArray[np.int64]
    cls: NDArray[np.int64]
    counted: dict[str, NDArray[np.int64]]
    true: dict[str, NDArray[np.int64]]
    ratio_error: float


@dataclass
class Tally:
    """All fields of one method."""

    fields: list[Judged] = field(default_factory=list)

    def of(self, difficulty: str) -> list[Judged]:
        """Fields of one difficulty."""
        return [judged for judged in self.fields if judged.difficulty == difficulty]

    @property
    def difficulties(self) -> list[str]:
        """In the order in which they came."""
        return list(dict.fromkeys(judged.difficulty for judged in self.fields))


# --- judging --------------------------------------------------------------------------------


def judge(true_field: TrueField, counted: Counted) -> Judged:
    """Compare one field with its truth."""
    truth = true_field.truth
    found, true = match_labels(counted.labels, truth.labels).pairs(MIN_IOU)
    row = np.searchsorted(truth.nuclei.id, true)
    use = counted.scored[found - 1] & true_field.scorable[row]
    found, row = found[use], row[use]
    return Judged(
        case=true_field.case,
        field=true_field.image.name,
        difficulty=true_field.difficulty,
        n_scorable=int(true_field.scorable.sum()),
        nucleus=truth.nuclei.id[row],
        cls=truth.nuclei.cls[row],
        counted={probe: counted.copies[probe][found - 1] for probe in PROBES},
        true={probe: true_field.copies(probe)[row] for probe in PROBES},
        ratio_error=ratio_error(true_field, counted),
    )


def ratio_error(true_field: TrueField, counted: Counted) -> float:
    """Relative error of the field's ratio of sums, over what each side scores."""
    her2, cep17 = (int(true_field.copies(probe)[true_field.scorable].sum()) for probe in PROBES)
    ours, theirs = (int(counted.copies[probe][counted.scored].sum()) for probe in PROBES)
    return abs(ours * cep17 / (theirs * her2) - 1) if theirs and her2 else float("nan")


def pooled(fields: list[Judged], side: str, probe: str) -> NDArray[np.int64]:
    """Copies of all judged nuclei of some fields."""
    return np.concatenate([getattr(judged, side)[probe] for judged in fields])


def summarize(tally: Tally) -> list[dict[str, object]]:
    """The table of bars: one row for each difficulty."""
    return [_bars(name, tally.of(name)) for name in tally.difficulties]


def _bars(name: str, fields: list[Judged]) -> dict[str, object]:
    counted, true = (pooled(fields, side, "HER2") for side in ("counted", "true"))
    few, many = true < AMPLIFIED, true >= AMPLIFIED
    low = (true >= 2) & (true <= 6)
    her2 = count_errors(counted[few], true[few])
    cep17 = count_errors(pooled(fields, "counted", "CEP17"), pooled(fields, "true", "CEP17"))
    return {
        "difficulty": name,
        "nuclei": len(true),
        "scored": len(true) / sum(judged.n_scorable for judged in fields),
        "HER2 MAE": her2.mae,
        "bias": her2.bias,
        "bias 2-6": count_errors(counted[low], true[low]).bias,
        "exact": her2.exact,
        "CEP17 MAE": cep17.mae,
        "CEP17 bias": cep17.bias,
        "10 or more": count_errors(counted[many], true[many]).relative,
        "ratio": float(np.nanmedian([judged.ratio_error for judged in fields])),
    }


def by_class(tally: Tally) -> list[dict[str, object]]:
    """Errors for each difficulty and class of nucleus."""
    lines = []
    for name in tally.difficulties:
        fields = tally.of(name)
        cls = np.concatenate([judged.cls for judged in fields])
        for number in np.unique(cls).tolist():
            line: dict[str, object] = {
                "difficulty": name,
                "class": CLASSES.get(number, str(number)),
                "nuclei": int((cls == number).sum()),
            }
            for probe in PROBES:
                counted, true = (
                    pooled(fields, side, probe)[cls == number] for side in ("counted", "true")
                )
                errors = count_errors(counted, true)
                line |= {
                    f"{probe} true": float(true.mean()),
                    f"{probe} MAE": errors.mae,
                    f"{probe} bias": errors.bias,
                    f"{probe} relative": errors.relative,
                }
            lines.append(line)
    return lines


# --- methods --------------------------------------------------------------------------------


def whole_chain(result: FieldResult) -> Counted:
    """The defaults, from pixels to scored nuclei."""
    copies = {probe: result.counts.copies[probe].best for probe in PROBES}
    return Counted(result.nuclei.labels, copies, result.scored)


def in_true_outlines(true_field: TrueField, spots: Mapping[str, Spots]) -> Counted:
    """Our counting of given spots inside the true outlines."""
    nuclei, scorable = true_field.outlines()
    image = true_field.image
    counts = count_signals(
        spots, nuclei, pixel_size_um=image.pixel_size_um, z_step_um=image.z_step_um
    )
    copies = {probe: counts.copies[probe].best for probe in PROBES}
    return Counted(nuclei.labels, copies, scorable)


def points_in(labels: NDArray[np.int32], points: Mapping[str, NDArray[np.float64]]) -> Counted:
    """One point one copy; nuclei with both colours are scored."""
    copies = {probe: count_points(labels, points[probe]) for probe in PROBES}
    return Counted(labels, copies, (copies["HER2"] > 0) & (copies["CEP17"] > 0))


def points_in_true_outlines(
    true_field: TrueField, points: Mapping[str, NDArray[np.float64]]
) -> Counted:
    """One point one copy, inside the true outlines."""
    nuclei, scorable = true_field.outlines()
    return Counted(nuclei.labels, points_in(nuclei.labels, points).copies, scorable)


def run_ours(fields: list[TrueField]) -> dict[str, Tally]:
    """The whole chain over all fields, parts of it, and what limits it."""
    tallies: dict[str, Tally] = defaultdict(Tally)

    def add(method: str, true_field: TrueField, counted: Counted) -> None:
        tallies[method].fields.append(judge(true_field, counted))

    for true_field in fields:
        result = score_field(true_field.image)
        perfect = {probe: perfect_spots(true_field, probe) for probe in PROBES}
        add("fishcount", true_field, whole_chain(result))
        if true_field.image.n_planes > 1:
            projected = score_field(true_field.image, settings=PROJECTED)
            add("fishcount, stacks projected", true_field, whole_chain(projected))
        add("fishcount, true nuclei", true_field, in_true_outlines(true_field, result.spots))
        add("true spots, true nuclei", true_field, in_true_outlines(true_field, perfect))
        seen = ideal_of_all(true_field)
        add("ideal observer, true nuclei", true_field, in_true_outlines(true_field, seen))
    return dict(tallies)


def run_peers(fields: list[TrueField]) -> tuple[dict[str, Tally], dict[str, Tally]]:
    """Each peer over all fields: in the nuclei of the scikit-image recipe, and in the true ones."""
    by_recipe: dict[str, Tally] = defaultdict(Tally)
    by_truth: dict[str, Tally] = defaultdict(Tally)
    labels = [otsu_nuclei(true_field.image) for true_field in fields]
    for method, points in _points_of_peers(fields):
        for row, true_field in enumerate(fields):
            here = {probe: points[probe][row] for probe in PROBES}
            counted = points_in(labels[row], here)
            by_recipe[method].fields.append(judge(true_field, counted))
            counted = points_in_true_outlines(true_field, here)
            by_truth[method].fields.append(judge(true_field, counted))
    return dict(by_recipe), dict(by_truth)


def _points_of_peers(
    fields: list[TrueField],
) -> Iterator[tuple[str, dict[str, list[Points]]]]:
    """Each peer with each of its thresholds, and its points of each probe in each field."""
    for name, (_, peer, steps, automatic) in installed_peers().items():
        best = {probe: best_points(peer, steps, fields, probe) for probe in PROBES}
        yield f"{name}, best", best
        if automatic:
            own = {probe: own_points(peer, fields, probe) for probe in PROBES}
            yield f"{name}, automatic", own


def report(ours: Mapping[str, Tally], peers: Mapping[str, Mapping[str, Tally]]) -> str:
    """All tables as Markdown; those of the peers by where their points were counted."""
    parts = [
        f"## {name}\n\n{markdown_table(summarize(tally), digits=3)}" for name, tally in ours.items()
    ]
    parts.append(f"## fishcount, by class\n\n{markdown_table(by_class(ours['fishcount']))}")
    for where, tallies in peers.items():
        rows = by_difficulty(tallies)
        if rows:
            parts.append(f"## Other detectors, {where}\n\n{markdown_table(rows, digits=3)}")
    return "\n\n".join(parts)


def _with_best(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    """Those with the best threshold: beside some of the others nothing else is to be seen."""
    return {method: tally for method, tally in tallies.items() if method.endswith(", best")}


def by_difficulty(tallies: Mapping[str, Tally]) -> list[dict[str, object]]:
    """The rows of all methods, those of one difficulty beside each other."""
    rows = [
        {"difficulty": row["difficulty"], "method": method, **row}
        for method, tally in tallies.items()
        for row in summarize(tally)
    ]
    order = list(dict.fromkeys(row["difficulty"] for row in rows))
    return sorted(rows, key=lambda row: order.index(row["difficulty"]))


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Copies per nucleus against exact truth.")
    parser.add_argument("folder", type=Path, help="folder of cases with truth")
    parser.add_argument("--fields", type=int, help="at most this many fields of each case")
    parser.add_argument("--skip-peers", action="store_true", help="leave the peers out")
    parser.add_argument("--out", type=Path, help="write the tables to this Markdown file too")
    asked = parser.parse_args(arguments)
    fields = list(read_folder(asked.folder, most_fields=asked.fields))
    ours = run_ours(fields)
    by_recipe, by_truth = ({}, {}) if asked.skip_peers else run_peers(fields)
    text = report(ours, {IN_RECIPE: by_recipe, IN_TRUTH: by_truth})
    print(text)
    if asked.out:
        note = made_by("counts", arguments)
        write_report(asked.out, f"# Counts: `{asked.folder.name}`", note, text)
        draw_bars(
            asked.out.with_suffix(".png"),
            by_difficulty({"fishcount": ours["fishcount"], **_with_best(by_recipe)}),
            across="difficulty",
            beside="method",
            height="HER2 MAE",
        )


if __name__ == "__main__":
    main()
