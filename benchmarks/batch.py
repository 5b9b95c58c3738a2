"""Batches: kills at random moments, memory and time against the number of cases, workers.

    python -m benchmarks.batch [--kills 100] [--cases 100] [--out FILE]

Cases are copies of five drawn fields of 256 x 256 pixels, so that what a batch costs beside
scoring is seen. Workers are forked from this process, which has imported everything.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.report import markdown_table, provenance, write_report
from fishcount.batch import cases_in_folder, run_batch
from fishcount.errors import FishcountError
from fishcount.io import verify_case_folder
from fishcount.synthetic import simulate_case, write_case

FORK = multiprocessing.get_context("fork")
RESULTS = Path(__file__).parent / "results" / "batch.md"
N_DRAWN = 5


def draw(folder: Path, n_cases: int) -> Path:
    """A folder of so many cases."""
    drawn = [
        write_case(
            folder / "drawn" / str(number),
            simulate_case("negative", seed=number, n_fields=1, size=256, snr="easy"),
        )[0]
        for number in range(N_DRAWN)
    ]
    cases = folder / "cases"
    for number in range(n_cases):
        case = cases / f"case_{number + 1}"
        case.mkdir(parents=True)
        shutil.copy(drawn[number % N_DRAWN], case / "field_1.ome.tif")
    return cases


def batch(cases: Path, out: Path, workers: int) -> None:
    run_batch(cases_in_folder(cases), out, workers=workers, start_method="fork")


def table(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "cases.csv").drop(columns="seconds")


def measured(pipe, cases: Path, out: Path, workers: int) -> None:
    """Seconds, processor seconds, peak memory of the run and of its largest worker, into a pipe."""
    start = time.perf_counter()
    batch(cases, out, workers)
    seconds = time.perf_counter() - start
    usage = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(used.ru_utime + used.ru_stime for used in usage)
    pipe.send((seconds, busy, *(used.ru_maxrss / 1024 for used in usage)))


def in_a_child(cases: Path, out: Path, workers: int) -> tuple[float, float, float, float]:
    ours, theirs = FORK.Pipe()
    child = FORK.Process(target=measured, args=(theirs, cases, out, workers))
    child.start()
    figures = ours.recv()
    child.join()
    return figures


def growth(folder: Path, sizes: list[tuple[int, int]]) -> list[dict[str, object]]:
    """Time and memory for numbers of cases and workers."""
    rows = []
    for n_cases, workers in sizes:
        place = folder / f"{n_cases}_{workers}"
        seconds, busy_s, run_mib, worker_mib = in_a_child(
            draw(place, n_cases), place / "out", workers
        )
        again_s = in_a_child(place / "cases", place / "out", workers)[0]
        rows.append(
            {
                "cases": n_cases,
                "workers": workers,
                "seconds for each": seconds / n_cases,
                "processor s for each": busy_s / n_cases,
                "cases in an hour": round(3600 * n_cases / seconds),
                "when resumed": again_s / n_cases,
                "peak of the run, MiB": run_mib,
                "peak of a worker, MiB": worker_mib,
            }
        )
        shutil.rmtree(place)
    return rows


def is_whole(folder: Path) -> bool:
    try:
        return verify_case_folder(folder).ok
    except FishcountError:
        return False


def kills(folder: Path, n_kills: int) -> dict[str, object]:
    """Kill a batch at random moments, resume it, and compare."""
    cases, out = draw(folder, 8), folder / "out"
    start = time.perf_counter()
    batch(cases, folder / "undisturbed", 2)
    once_s = time.perf_counter() - start
    expected = table(folder / "undisturbed")
    names = set(expected["case"])
    rng = np.random.default_rng(0)
    lost = double = partial = killed = rounds = 0
    unequal = 0
    while killed < n_kills:
        child = FORK.Process(target=batch, args=(cases, out, 2))
        child.start()
        child.join(rng.uniform(0, once_s))
        child.kill()
        child.join()
        killed += child.exitcode == -signal.SIGKILL
        done = {path.name for path in out.glob("case_*")}
        partial += sum(not is_whole(out / name) for name in done)
        if rng.random() < 0.3:  # the others begin where the kill has left it
            batch(cases, out, 2)
            found = table(out)
            lost += len(names - set(found["case"]))
            double += int(found["case"].duplicated().sum())
            unequal += not found.equals(expected)
            with sqlite3.connect(out / "batch.sqlite") as state:
                unequal += state.execute("PRAGMA integrity_check").fetchone() != ("ok",)
            rounds += 1
            shutil.rmtree(out)
    return {
        "kills": killed,
        "resumed to the end": rounds,
        "lost": lost,
        "double": double,
        "partial": partial,
        "tables unlike the undisturbed": unequal,
    }


def main(arguments: list[str] | None = None) -> None:
    """Run and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    sizes = [(10, 1), (options.cases, 1), (options.cases, 2)]
    with tempfile.TemporaryDirectory() as folder:
        counted = markdown_table([kills(Path(folder) / "kills", options.kills)])
        print(counted, flush=True)
        grown = markdown_table(growth(Path(folder), sizes), digits=3)
        print(grown)
    command = " ".join(
        ["python -m benchmarks.batch", *(sys.argv[1:] if arguments is None else arguments)]
    )
    write_report(
        options.out,
        "# Batches",
        f"`{command.strip()}`. {provenance()} Load while this ran: {os.getloadavg()[1]:.1f} on "
        f"{os.cpu_count()} cores.",
        "A batch of 8 cases on two workers, killed at random moments and resumed:",
        counted,
        "Time and peak memory against cases and workers:",
        grown,
    )


if __name__ == "__main__":
    main()
