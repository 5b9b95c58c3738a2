"""Batches: kills at random moments, time and memory of many cases beside few, workers.

    python -m benchmarks.batch [--kills 100] [--cases 1000] [--turns 20] [--pairs 3] [--out FILE]

0 leaves kills, cases or pairs out; each has a page of its own.

Cases are copies of five drawn fields of 256 x 256 pixels, so that what a batch costs beside
scoring is seen. Workers are forked from this process, which has imported everything. A batch of
many cases stands still in turns, and in each pause a batch of ten runs from start to end: both see
the same machine, and what carries over is the ratio. Two workers are set against one only where
nobody else uses the cores.
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
from numpy.typing import NDArray

from benchmarks.common.report import RESULTS, markdown_table, provenance, write_report
from fishcount.batch import Progress, cases_in_folder, run_batch
from fishcount.errors import FishcountError
from fishcount.io import verify_case_folder
from fishcount.synthetic import simulate_case, write_case

FORK = multiprocessing.get_context("fork")
N_DRAWN = 5
N_FEW = 10
# Cores are free where they do nothing for this share of a moment; so many moments are waited for.
FREE, MOMENT_S, MOMENTS = 0.9, 5.0, 120


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
    pipe.send((seconds, *_usage()))


def _usage() -> tuple[float, float, float]:
    """Processor seconds of this process and its ended workers, and the peak memory of each."""
    usage = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(used.ru_utime + used.ru_stime for used in usage)
    return busy, *(used.ru_maxrss / 1024 for used in usage)


def in_a_child(cases: Path, out: Path, workers: int) -> tuple[float, float, float, float]:
    ours, theirs = FORK.Pipe()
    child = FORK.Process(target=measured, args=(theirs, cases, out, workers))
    child.start()
    figures = ours.recv()
    child.join()
    return figures


def in_turns(pipe, cases: Path, out: Path, cases_in_a_turn: int) -> None:
    """A batch that stands still after each turn, says what the turn took, and waits."""
    began = time.process_time()

    def stand_still(progress: Progress) -> None:
        if progress.n_ended and progress.n_ended % cases_in_a_turn == 0:
            # Its only worker has no case now.
            live = sum(_processor_s(child.pid) for child in multiprocessing.active_children())
            pipe.send(time.process_time() - began + live)
            pipe.recv()

    run_batch(cases_in_folder(cases), out, workers=1, start_method="fork", on_progress=stand_still)
    pipe.send(_usage())


def _processor_s(pid: int) -> float:
    """Processor seconds of a process that is alive."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def many_and_few(folder: Path, n_cases: int, n_turns: int) -> list[dict[str, object]]:
    """Processor time for each case of a batch of many, beside batches of few in its pauses."""
    in_a_turn = n_cases // n_turns
    few, many = draw(folder / "few", N_FEW), draw(folder / "many", in_a_turn * n_turns)
    ours, theirs = FORK.Pipe()
    child = FORK.Process(target=in_turns, args=(theirs, many, folder / "out", in_a_turn))
    child.start()
    of_few, until_turn = [], [0.0]
    for turn in range(n_turns):
        until_turn.append(ours.recv())
        of_few.append(in_a_child(few, folder / f"few_{turn}", 1))
        shutil.rmtree(folder / f"few_{turn}")
        ours.send("on")
    busy_s, run_mib, worker_mib = ours.recv()
    child.join()
    _, again_busy_s, *_ = in_a_child(many, folder / "out", 1)
    few_s = np.array([busy for _, busy, *_ in of_few]) / N_FEW
    ratio = np.diff(until_turn) / in_a_turn / few_s
    fifth = max(n_turns // 5, 1)
    return [
        {
            "cases": N_FEW,
            "processor s for each": float(np.mean(few_s)),
            "peak of the run, MiB": max(figures[2] for figures in of_few),
            "peak of a worker, MiB": max(figures[3] for figures in of_few),
        },
        {
            "cases": in_a_turn * n_turns,
            "processor s for each": busy_s / (in_a_turn * n_turns),
            "peak of the run, MiB": run_mib,
            "peak of a worker, MiB": worker_mib,
            "over that of ten, whole": busy_s / (in_a_turn * n_turns) / float(np.mean(few_s)),
            "turn by turn": f"{np.median(ratio):.3f} ({ratio.min():.2f} to {ratio.max():.2f})",
            "the last fifth over the first": float(
                np.median(ratio[-fifth:]) / np.median(ratio[:fifth])
            ),
            "processor s for each when resumed": again_busy_s / (in_a_turn * n_turns),
        },
    ]


def idle_share() -> float:
    """Share of a moment in which the cores do nothing."""

    def ticks() -> NDArray[np.int64]:
        line = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0]
        return np.array(line.split()[1:9], np.int64)

    before = ticks()
    time.sleep(MOMENT_S)
    passed = ticks() - before
    return float(passed[3:5].sum() / passed.sum())


def wait_until_free() -> float:
    """Wait until the cores are free, or no longer; the share that was idle at last."""
    for _ in range(MOMENTS):
        if (idle := idle_share()) >= FREE:
            break
    return idle


def one_and_two(folder: Path, n_cases: int, n_pairs: int) -> str:
    """How much more two workers get done than one, in pairs; or why that was not measured."""
    cases = draw(folder, n_cases)
    rows = []
    for pair in range(n_pairs):
        seconds = []
        for workers in (1, 2):
            if (idle := wait_until_free()) < FREE:
                return f"Not measured: the cores were idle for {100 * idle:.0f} % only."
            out = folder / f"{pair}_{workers}"
            seconds.append(in_a_child(cases, out, workers)[0])
        one, two = (round(3600 * n_cases / taken) for taken in seconds)
        rows.append(
            {
                "cases": n_cases,
                "an hour on one worker": one,
                "on two": two,
                "ratio": seconds[0] / seconds[1],
            }
        )
    return "\n\n" + markdown_table(rows)


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
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "batch.md")
    options = parser.parse_args(arguments)
    told = sys.argv[1:] if arguments is None else arguments
    command = " ".join(["python -m benchmarks.batch", *told])
    with tempfile.TemporaryDirectory() as folder:
        if options.kills:
            of_kills = report_kills(Path(folder) / "kills", options.kills, command)
            write_report(options.out.with_stem(f"{options.out.stem}_kills"), *of_kills)
        if options.cases:
            of_cases = report_cases(Path(folder), options.cases, options.turns, command)
            write_report(options.out, *of_cases)
        if options.pairs:
            of_workers = report_workers(Path(folder) / "workers", options.pairs, command)
            write_report(options.out.with_stem(f"{options.out.stem}_workers"), *of_workers)


def report_kills(folder: Path, n_kills: int, command: str) -> tuple[str, ...]:
    counted = markdown_table([kills(folder, n_kills)])
    print(counted, flush=True)
    return (
        "# Batches that are killed",
        circumstances(command),
        "A batch of 8 cases on two workers, killed at random moments and resumed:",
        counted,
    )


def report_cases(folder: Path, n_cases: int, n_turns: int, command: str) -> tuple[str, ...]:
    few, many = many_and_few(folder / "many", n_cases, n_turns)
    grown = markdown_table([dict.fromkeys(many, "") | few, many], digits=3)
    print(grown, flush=True)
    return (
        "# Batches",
        circumstances(command),
        f"One worker: a batch of many cases stands still {n_turns} times, and in each pause a "
        f"batch of {N_FEW} runs. Processor time, start and end included:",
        grown,
    )


def report_workers(folder: Path, n_pairs: int, command: str) -> tuple[str, ...]:
    side_by_side = one_and_two(folder, N_FEW * 4, n_pairs)
    print(side_by_side, flush=True)
    return (
        "# Two workers beside one",
        circumstances(command),
        f"Wall time, start and end included, on free cores. {side_by_side}",
    )


def circumstances(command: str) -> str:
    load = f"{os.getloadavg()[1]:.1f} on {os.cpu_count()} cores"
    return f"`{command}`. {provenance()} Load while this ran: {load}."


if __name__ == "__main__":
    main()
