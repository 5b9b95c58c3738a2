"""Measure a review: the time of each edit until the scores are new, and kills in its middle.

    python -m benchmarks.review [--kills 200] [--out FILE.md]

The case is drawn by hand: 5,000 square nuclei with 50,000 signals on 4096 x 4096 pixels.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from fishcount.io import provenance, write_case_folder
from fishcount.review import (
    AcceptNucleus,
    AddSignal,
    DeleteNucleus,
    DeleteSignal,
    Edit,
    MergeNuclei,
    RedrawNucleus,
    RejectNucleus,
    Review,
    SetCopies,
    SplitNucleus,
    read_log,
    replay_folder,
    reviewed_nuclei,
    reviewed_signals,
    score_review,
    verify_review,
    worklist,
)
from fishcount.settings import Settings
from fishcount.tables import NUCLEI_COLUMNS, SIGNALS_COLUMNS

FIELD = "field_1"
SIDE_PX, N_NUCLEI = 4096, 5000
PITCH_PX = 57
PER_ROW = SIDE_PX // PITCH_PX
PIXEL_UM = 0.1
REPEATS = 15
CODES = ("OVERLAPPED", "BLURRED", "DIM", "DEBRIS", "MITOTIC")


def draw_case(out: Path, *, n_nuclei: int, rng: np.random.Generator) -> Path:
    """A case folder with ten signals in each nucleus, on as many rows of nuclei as it needs."""
    corner = np.array([divmod(i, PER_ROW) for i in range(n_nuclei)]) * PITCH_PX
    labels = np.zeros((min(SIDE_PX, PITCH_PX * (1 + n_nuclei // PER_ROW)), SIDE_PX), np.int32)
    for number, (y, x) in enumerate(corner, start=1):
        labels[y + 4 : y + 54, x + 4 : x + 54] = number
    her2, cep17 = 1 + rng.poisson(6, n_nuclei), 1 + rng.poisson(2, n_nuclei)
    owner = np.concatenate([np.repeat(np.arange(n_nuclei), counts) for counts in (her2, cep17)])
    yx = corner[owner] + rng.uniform(6, 52, (len(owner), 2))
    signals = pd.DataFrame(
        {
            "field": FIELD,
            "signal": np.arange(1, len(owner) + 1),
            "channel": np.repeat(["HER2", "CEP17"], [her2.sum(), cep17.sum()]),
            "nucleus": owner + 1,
            "z_px": 0.0,
            "y_px": yx[:, 0],
            "x_px": yx[:, 1],
            "snr": rng.uniform(4, 30, len(owner)),
            "amplitude_counts": 400.0,
            "background_counts": 100.0,
            "copies": 1.0,
            "status": "kept",
            "reason": "",
        }
    )
    nuclei = pd.DataFrame(
        {
            "field": FIELD,
            "nucleus": np.arange(1, n_nuclei + 1),
            "y_px": corner[:, 0] + 28.5,
            "x_px": corner[:, 1] + 28.5,
            "area_um2": 2500 * PIXEL_UM**2,
            "scored": True,
            "reject_reason": "",
            **{f"her2{suffix}": her2 for suffix in ("", "_low", "_high")},
            **{f"cep17{suffix}": cep17 for suffix in ("", "_low", "_high")},
            "ratio": her2 / cep17,
            "flags": "",
            "plane": 0,
            "eccentricity": 0.0,
            "solidity": 1.0,
            "mean_dapi_counts": 800.0,
        }
    )
    settings = Settings()
    return write_case_folder(
        out,
        summary=_summary(her2, cep17, settings),
        nuclei=nuclei.reindex(columns=list(NUCLEI_COLUMNS)).astype(dict(NUCLEI_COLUMNS)),
        signals=signals.reindex(columns=list(SIGNALS_COLUMNS)).astype(dict(SIGNALS_COLUMNS)),
        labels={FIELD: labels},
        settings_toml=settings.to_toml(),
        provenance=provenance({}, settings),
    )


def _summary(her2: np.ndarray, cep17: np.ndarray, settings: Settings) -> dict[str, object]:
    return {
        "schema_version": 1,
        "case": "drawn",
        "fields": [{"name": FIELD, "path": None, "sha256": "", "pixel_size_um": PIXEL_UM}],
        "n_scored": len(her2),
        "her2_signals": int(her2.sum()),
        "cep17_signals": int(cep17.sum()),
        "mean_her2_per_nucleus": her2.mean(),
        "mean_cep17_per_nucleus": cep17.mean(),
        "her2_cep17_ratio": her2.sum() / cep17.sum(),
        "intervals_95": {},
        "categories": [],
        "flags": [],
        "software": "fishcount",
        "settings_sha256": settings.sha256(),
        "ihc": None,
        "tags": [],
        "channels": ["DAPI", "HER2", "CEP17"],
    }


def edits(i: int) -> Iterator[tuple[str, Edit]]:
    """One edit of each kind, none twice at the same object."""
    first = 1 + 20 * i
    y, x = _centre(first + 4)
    box = ((y - 20, x - 20), (y - 20, x + 20), (y + 20, x + 20), (y + 20, x - 20))
    middle = _centre(first + 3)
    yield "accept", AcceptNucleus(field=FIELD, nucleus=first)
    yield "reject", RejectNucleus(field=FIELD, nucleus=first + 1)
    yield "delete nucleus", DeleteNucleus(field=FIELD, nucleus=first + 2)
    yield (
        "split nucleus",
        SplitNucleus(field=FIELD, nucleus=first + 3, cut_yx_px=(middle, (0.0, middle[1]))),
    )
    yield "redraw nucleus", RedrawNucleus(field=FIELD, nucleus=first + 4, polygon_yx_px=box)
    yield "merge nuclei", MergeNuclei(field=FIELD, nuclei=(first + 7, first + 8))
    yield "add signal", AddSignal(field=FIELD, channel="HER2", y_px=y, x_px=x)
    yield "delete signal", DeleteSignal(field=FIELD, signal=100 + 2 * i)
    yield "set copies", SetCopies(field=FIELD, signal=101 + 2 * i, copies=5)


def _centre(nucleus: int) -> tuple[float, float]:
    row, column = divmod(nucleus - 1, PER_ROW)
    return row * PITCH_PX + 28.5, column * PITCH_PX + 28.5


def measure_times(case: Path) -> tuple[str, str]:
    """Times of a review of the large case: a table of the edits, and what else takes time."""
    seconds: dict[str, list[tuple[float, float]]] = {}
    opening, review = timed(lambda: Review.open(case, reader="A"))
    with review:
        for i in range(REPEATS):
            for name, action in edits(i):
                seconds.setdefault(name, []).append(_edit_and_score(review, action))
            undone, _ = timed(review.undo)
            scored, _ = timed(lambda: score_review(review.state))
            seconds.setdefault("undo", []).append((undone, scored))
        tables, _ = timed(
            lambda: worklist(reviewed_nuclei(review.state), reviewed_signals(review.state))
        )
        labels, _ = timed(lambda: review.state.labels(FIELD))
    replaying, _ = timed(lambda: replay_folder(case))
    rows = []
    for name, pairs in seconds.items():
        durable, scores = (
            f"{np.median(column) * 1e3:.1f}, {max(column) * 1e3:.1f}"
            for column in zip(*pairs, strict=True)
        )
        rows.append({"step": name, "durable, ms": durable, "new scores, ms": scores})
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return markdown_table(rows), (
        f"Opening {opening:.2f} s, tables and worklist {tables:.2f} s, label image "
        f"{labels:.2f} s, replay of {len(review.log.content.events)} edits {replaying:.2f} s; "
        f"peak memory {peak_mib:.0f} MiB."
    )


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """Seconds that a call takes, and what it gives."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def _edit_and_score(review: Review, action: Edit) -> tuple[float, float]:
    durable, _ = timed(lambda: review.do(action))
    scored, _ = timed(lambda: score_review(review.state))
    return durable, scored


def edit_for_ever(case: Path, told: Connection) -> None:
    """Edit until killed, and say after each edit how long the log is."""
    with Review.open(case, reader="K") as review:
        told.send(len(review.log.content.events))
        for i in itertools.count(len(review.log.content.events)):
            if i % 7 == 6:
                review.undo()
            else:
                code = CODES[i % 5]
                review.do(RejectNucleus(field=FIELD, nucleus=1 + i % 4, reject_reason=code))
            told.send(len(review.log.content.events))


def measure_kills(case: Path, n_kills: int, *, rng: np.random.Generator) -> str:
    """Kill an editor so many times; stop with an error where more than one action is lost."""
    fork = multiprocessing.get_context("fork")
    log = case / "edits.jsonl"
    log.unlink(missing_ok=True)
    n_events = torn = unseen = 0
    for _ in range(n_kills):
        reading, writing = fork.Pipe(duplex=False)
        editor = fork.Process(target=edit_for_ever, args=(case, writing))
        editor.start()
        writing.close()
        if reading.recv() != n_events:
            raise SystemExit("the log that was opened is not the one that was left")
        time.sleep(rng.uniform(0, 0.05))
        os.kill(editor.pid, signal.SIGKILL)
        editor.join()
        told = n_events
        with contextlib.suppress(EOFError, OSError):
            while True:
                told = reading.recv()
        content = read_log(log)
        n_events = len(content.events)
        if not told <= n_events <= told + 1:
            raise SystemExit(f"{told} actions were made, {n_events} are in the log")
        torn += content.torn > 0
        unseen += n_events - told
    exact = replay_folder(case)[1].size == log.stat().st_size and all(
        check.status == "unchanged" for check in verify_review(case)
    )
    return (
        f"{n_kills} kills, {n_events} actions: none lost that was told to be made; "
        f"{unseen} written before that could be told, {torn} torn lines; replay "
        f"{'exact' if exact else 'NOT exact'}."
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure times, then kills; print the page and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--out", type=Path, default=RESULTS / "review.md")
    given = parser.parse_args(arguments)
    rng = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as folder:
        table, told = measure_times(draw_case(Path(folder) / "large", n_nuclei=N_NUCLEI, rng=rng))
        small = draw_case(Path(folder) / "small", n_nuclei=PER_ROW, rng=rng)
        kills = measure_kills(small, given.kills, rng=rng)
    print(table, told, kills, sep="\n\n")
    note = (
        f"A case of {N_NUCLEI} nuclei and {10 * N_NUCLEI} signals on {SIDE_PX} x {SIDE_PX} pixels. "
        f"Wall time: median and worst of {REPEATS}. {made_by('review', arguments)}"
    )
    kills = f"An editor was killed at random moments. {kills}"
    write_report(given.out, "# A review without a window", note, table, told, kills)


if __name__ == "__main__":
    main()
