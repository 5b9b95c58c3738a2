"""What a second count leaves: its record with the outcome, the agreement as a table and a plot."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fishcount.errors import CountError, ReviewError
from fishcount.guidelines import add_recount
from fishcount.io import CaseFolder, read_case_folder, replace_file
from fishcount.io.text import csv_bytes, json_bytes
from fishcount.report.wording import COMPARED_FIGURES
from fishcount.review import (
    LOG_NAME,
    Agreement,
    SecondCount,
    bland_altman,
    read_log,
    reviewed_lines,
)
from fishcount.review.write import REVIEWED_FOLDER
from fishcount.workup import resume, write_workup

__all__ = ["agreement_plot", "write_second_count"]


def write_second_count(count: SecondCount) -> dict[str, Any]:
    """Finish a second count, write what it came to, and add it to the work-up of the case.

    The count ends before the comparison is made: a reader who has seen it is no longer blinded.
    Beside its log come ``READER.json``, ``READER.csv`` (agreement with the first count) and
    ``READER.png`` (Bland-Altman plots). ``workup.json`` takes the recount where the rule book
    asks for one; where it refuses it, the record says why. It is that of the reviewed result
    where the case was reviewed, as the agreement is with the reviewed counts.

    Parameters
    ----------
    count
        Open, with at least one nucleus counted.

    Returns
    -------
    dict
        The record: sums, agreement, and ``workup`` or ``refused``.

    Raises
    ------
    ReviewError
        When nothing was counted.
    OutputError
        When it cannot be written.
    """
    count.finish()
    agreement = count.agreement()
    record: dict[str, Any] = {
        "reader": count.reader,
        "blinded": True,
        "chosen_by": "chance" if count.chosen else "reader",
        "n_chosen": len(count.chosen),
        "n_nuclei": len(count.counted),
        "n_skipped": len(count.skipped),
        "her2_signals": sum(her2 for her2, _ in count.counted.values()),
        "cep17_signals": sum(cep17 or 0 for _, cep17 in count.counted.values())
        if count.dual
        else None,
        "agreement": [one.record() for one in agreement],
        "n_events": len(count.log.content.events),
        "log_sha256": count.log.content.events[-1].sha256,
        **_outcome(count),
    }
    stem = count.log.path.with_suffix("")
    replace_file(_beside(stem, ".json"), json_bytes(record))
    replace_file(_beside(stem, ".csv"), csv_bytes(pd.DataFrame(record["agreement"])))
    pairs = count.first_count().merge(count.table(), on=["field", "nucleus"], suffixes=("_1", "_2"))
    both = pairs[pairs["scored_1"] & pairs["scored_2"]]
    replace_file(_beside(stem, ".png"), agreement_plot(both, agreement))
    return record


def agreement_plot(pairs: pd.DataFrame, agreement: tuple[Agreement, ...]) -> bytes:
    """Bland-Altman plots of two readers as PNG.

    Parameters
    ----------
    pairs
        Columns ``her2_1``, ``her2_2`` and so on, a row for each nucleus that both scored.
    agreement
        Says which figures, and their bias and limits.

    Returns
    -------
    bytes
        One panel for each figure: difference over mean, with bias and 95 % limits. Without
        pairs the panels are empty.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.6 * len(agreement), 3.4), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    for axes, one in zip(np.atleast_1d(figure.subplots(1, len(agreement))), agreement, strict=True):
        columns = pairs[[f"{one.figure}_1", f"{one.figure}_2"]].astype(float).dropna()
        first, second = (columns[name].to_numpy() for name in columns)
        axes.scatter((first + second) / 2, first - second, s=22, color="#1b1b1b", alpha=0.45)
        found = bland_altman(first, second)
        lines = [(found.bias, "-"), *((limit, "--") for limit in found.limits or ())]
        for height, style in lines:
            if height is not None:
                axes.axhline(height, linestyle=style, color="#0072b2", linewidth=1.2)
        axes.set_title(f"{COMPARED_FIGURES[one.figure]}, n = {one.n}", fontsize=10)
        axes.set_xlabel("mean of both")
        axes.set_ylabel("first - second")
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _outcome(count: SecondCount) -> dict[str, Any]:
    """The work-up of the first count with the recount, or why it takes none."""
    try:
        first = _first_result(count.folder)
        state = add_recount(resume(first), count.recount())
    except (CountError, ReviewError) as error:
        return {"workup": None, "refused": str(error)}
    return {"workup": write_workup(state, first), "refused": None}


def _first_result(case: CaseFolder) -> CaseFolder:
    """What the recount is put beside: the reviewed result of a case that was reviewed.

    Raises
    ------
    ReviewError
        When the review was not exported as it stands: its group is not known then.
    """
    n_lines = len(read_log(case.path / LOG_NAME).events)
    if not n_lines:
        return case
    if reviewed_lines(case) != n_lines:
        raise ReviewError(
            "the first count was reviewed, and its review is not exported as it stands",
            file=case.path,
            remedy="export it (Shift+E, or fishcount replay), then compare again",
        )
    return read_case_folder(case.path / REVIEWED_FOLDER)


def _beside(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)
