"""Cases of phantoms through the whole chain, with defaults, against exact truth.

    python -m benchmarks.phantoms FOLDER [--out FILE.md]

FOLDER holds ``CASE/FIELD.ome.tif`` with ``CASE/truth/FIELD_{labels.tif,nuclei.csv,spots.csv}``:
the sample images of this project, what ``fishcount simulate`` writes, or any folder of that shape.

Nuclei are judged at IoU 0.5; true nuclei that nobody should score (cut, covered, without signals
of both probes) are ignored, and so are found ones that lie best on those. Copies are judged in
the scored nuclei that match a true one. Ratio and categories of a case rest on all nuclei that
were scored, those of the truth on all that should be.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.report import made_by, markdown_table, write_report
from fishcount import classify, read_image, score_case
from fishcount.image import PROBES
from fishcount.metrics import DetectionScore, count_errors, match_labels
from fishcount.results import CaseResult, FieldResult
from fishcount.scoring import CaseScore
from fishcount.synthetic import Truth, read_truth

SCHEMES = ("seed-copies", "asco-cap-2018-dual")
MIN_IOU = 0.5
AMPLIFIED = 10


@dataclass(frozen=True, kw_only=True)
class FieldJudged:
    """One field against its truth.

    `counted` and `true` are copies in the scored nuclei that match a scorable true one, by probe.
    """

    nuclei: DetectionScore
    n_scorable: int
    n_scored: int
    counted: dict[str, NDArray[np.int64]]
    true: dict[str, NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class CaseJudged:
    """One case against its truth."""

    name: str
    fields: tuple[FieldJudged, ...]
    score: CaseScore
    truth: CaseScore
    categories: dict[str, str]
    true_categories: dict[str, str]

    def copies(self, probe: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Counted and true copies of all judged nuclei."""
        counted, true = (
            np.concatenate([getattr(field, side)[probe] for field in self.fields])
            for side in ("counted", "true")
        )
        return counted, true

    @property
    def nuclei(self) -> DetectionScore:
        """Hits, inventions and misses over all fields."""
        return pooled(field.nuclei for field in self.fields)


def pooled(scores: Iterable[DetectionScore]) -> DetectionScore:
    """One score over several fields."""
    rows = [(s.true_positives, s.false_positives, s.false_negatives) for s in scores]
    hits, false, missed = np.array(rows).sum(axis=0).tolist()
    return DetectionScore(true_positives=hits, false_positives=false, false_negatives=missed)


def judge_field(result: FieldResult, truth: Truth) -> FieldJudged:
    """Compare one field with its truth."""
    match = match_labels(result.nuclei.labels, truth.labels)
    ignored = truth.nuclei.id[~truth.nuclei.scorable]
    found, true = match.pairs(MIN_IOU)
    row = np.searchsorted(truth.nuclei.id, true)
    judged = result.scored[found - 1] & truth.nuclei.scorable[row]
    found, row = found[judged], row[judged]
    true_copies = {"HER2": truth.nuclei.her2, "CEP17": truth.nuclei.cep17}
    return FieldJudged(
        nuclei=match.score(MIN_IOU, ignored_labels=ignored),
        n_scorable=int(truth.nuclei.scorable.sum()),
        n_scored=int(result.scored.sum()),
        counted={probe: result.counts.copies[probe].best[found - 1] for probe in PROBES},
        true={probe: true_copies[probe][row] for probe in PROBES},
    )


def true_score(truths: list[Truth]) -> CaseScore:
    """Sums over all nuclei that should be scored."""
    tables = [truth.nuclei for truth in truths]
    return CaseScore(
        n_scored=sum(int(table.scorable.sum()) for table in tables),
        her2_signals=sum(int(table.her2[table.scorable].sum()) for table in tables),
        cep17_signals=sum(int(table.cep17[table.scorable].sum()) for table in tables),
        areas=len(tables),
    )


def judge_case(result: CaseResult, truths: list[Truth]) -> CaseJudged:
    """Compare one case with its truth."""
    truth = true_score(truths)
    true_classes = classify(
        truth.n_scored, truth.her2_signals, truth.cep17_signals, areas=truth.areas, schemes=SCHEMES
    )
    return CaseJudged(
        name=result.name,
        fields=tuple(map(judge_field, result.fields, truths)),
        score=result.score,
        truth=truth,
        categories={c.scheme: in_words(c) for c in result.categories if c.scheme in SCHEMES},
        true_categories={c.scheme: in_words(c) for c in true_classes.categories},
    )


def in_words(category: object) -> str:
    """Category and group."""
    name, group = category.category, category.group
    return name if group is None else f"{name} (group {group})"


def judge_folder(folder: Path) -> Iterator[CaseJudged]:
    """All cases of a folder, in the order of their names."""
    for case in sorted(path.parent for path in folder.glob("*/truth")):
        paths = sorted(case.glob("*.ome.tif"))
        result = score_case([read_image(path) for path in paths], name=case.name)
        yield judge_case(result, [read_truth(path) for path in paths])


# --- tables -----------------------------------------------------------------------------------


def accuracy_row(case: CaseJudged) -> dict[str, object]:
    """Nuclei and copies of one case."""
    scorable = sum(field.n_scorable for field in case.fields)
    counted, true = case.copies("HER2")
    her2, cep17 = count_errors(counted, true), count_errors(*case.copies("CEP17"))
    many = true >= AMPLIFIED
    few = count_errors(counted[~many], true[~many])
    return {
        "case": case.name,
        "true nuclei": scorable,
        "scored": case.score.n_scored,
        "judged": her2.n,
        "nuclei F1": case.nuclei.f1,
        "HER2 MAE": her2.mae,
        "HER2 bias": her2.bias,
        "MAE under 10": few.mae,
        "bias under 10": few.bias,
        "10 or more": count_errors(counted[many], true[many]).relative,
        "CEP17 MAE": cep17.mae,
        "CEP17 bias": cep17.bias,
    }


def case_row(case: CaseJudged) -> dict[str, object]:
    """Means, ratio and categories of one case."""
    ratio, true_ratio = case.score.her2_cep17_ratio, case.truth.her2_cep17_ratio
    error = ratio / true_ratio - 1 if ratio and true_ratio else float("nan")
    row: dict[str, object] = {
        "case": case.name,
        "mean HER2 (true)": both(
            case.score.mean_her2_per_nucleus, case.truth.mean_her2_per_nucleus
        ),
        "mean CEP17 (true)": both(
            case.score.mean_cep17_per_nucleus, case.truth.mean_cep17_per_nucleus
        ),
        "ratio (true)": both(ratio, true_ratio),
        "ratio error": f"{100 * error:+.1f} %",
    }
    for scheme in SCHEMES:
        found, true = case.categories.get(scheme, "absent"), case.true_categories[scheme]
        row[scheme] = found if found == true else f"**{found}**, true: {true}"
    return row


def both(found: float | None, true: float | None) -> str:
    """A figure with the true one behind it."""
    return " ".join(
        text.format(value) if value is not None else "none"
        for text, value in (("{:.2f}", found), ("({:.2f})", true))
    )


def report(cases: list[CaseJudged]) -> str:
    """Both tables as Markdown."""
    return "\n\n".join(
        [
            "Nuclei at IoU 0.5, copies for each judged nucleus:",
            markdown_table([accuracy_row(case) for case in cases]),
            "Cases; a category that differs from that of the truth is bold:",
            markdown_table([case_row(case) for case in cases]),
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Phantoms through the whole chain.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="write the tables to this Markdown file too")
    asked = parser.parse_args(arguments)
    text = report(list(judge_folder(asked.folder)))
    print(text)
    if asked.out:
        note = made_by("phantoms", arguments)
        write_report(asked.out, f"# Phantoms: `{asked.folder.name}`", note, text)


if __name__ == "__main__":
    main()
