"""A batch that is killed at any moment resumes to what an undisturbed one gives."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fishcount.batch import CaseJob, Progress, cases_in_folder, lock, run_batch, workers
from fishcount.batch.process import Outcome
from fishcount.batch.workers import process_all
from fishcount.errors import OutputError
from fishcount.io import verify_case_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

FORK = multiprocessing.get_context("fork")
N_KILLS = 10


def table(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "cases.csv").drop(columns="seconds")


def batch(cases: Path, out: Path, n_workers: int = 1) -> None:
    run_batch(cases_in_folder(cases), out, workers=n_workers, start_method="fork")


def killed_after(seconds: float, cases: Path, out: Path) -> int:
    """Exit code of a batch that is killed, unless it ends before."""
    # A child of this process has everything imported, so a kill does not hit the time of imports.
    child = FORK.Process(target=batch, args=(cases, out, 2))
    child.start()
    child.join(seconds)
    child.kill()
    child.join()
    return child.exitcode


def folders(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.is_dir())


def test_kills_lose_nothing_double_nothing_and_leave_nothing_half(cases, tmp_path):
    (cases / "case_3" / "field_1.ome.tif").write_bytes(b"II*\0 no image")
    start = time.perf_counter()
    batch(cases, tmp_path / "undisturbed")
    once_s = time.perf_counter() - start
    undisturbed = table(tmp_path / "undisturbed")
    whole = ["case_1", "case_2", "case_4", "case_5"]

    rng = np.random.default_rng(5)
    out = tmp_path / "out"
    n_killed = 0
    for _ in range(N_KILLS):
        n_killed += killed_after(rng.uniform(0, 0.6) * once_s, cases, out) == -signal.SIGKILL
        done = [name for name in folders(out) if not name.startswith(".")] if out.exists() else []
        assert set(done) <= set(whole)
        assert all(verify_case_folder(out / name).ok for name in done)
        for name in done:  # so that the next kill finds something at work
            if rng.random() < 0.5:
                shutil.rmtree(out / name)
    assert n_killed >= N_KILLS // 2
    batch(cases, out)
    assert table(out).equals(undisturbed)
    assert folders(out) == whole
    assert all(verify_case_folder(out / name).ok for name in whole)


def interrupted_after_one(cases: Path, out: Path) -> None:
    def press(progress: Progress) -> None:
        if progress.n_ended == 1:
            os.kill(os.getpid(), signal.SIGINT)

    # A process that was started in the background inherits that interrupts are ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run_batch(cases_in_folder(cases), out, workers=2, on_progress=press, start_method="fork")
    except KeyboardInterrupt:
        os._exit(3)


def test_an_interruption_leaves_a_table_of_what_is_done(cases, tmp_path):
    out = tmp_path / "out"
    child = FORK.Process(target=interrupted_after_one, args=(cases, out))
    child.start()
    child.join()
    assert child.exitcode == 3
    states = table(out)["state"]
    assert sorted(states) == ["done", *["waiting"] * 4]
    assert (out / "index.html").read_text().count("not scored yet") == 4


def die(job, out, *, again):
    if job.name == "case_2":
        os.kill(os.getpid(), signal.SIGKILL)
    if job.name == "case_3":
        os._exit(7)
    return Outcome(name=job.name, state="scored", seconds=0.0, summary={})


@pytest.mark.parametrize("after_s", [0.2, 0.6, 1.0])
def test_an_interruption_while_workers_start_is_told_in_one_line(cases, tmp_path, after_s):
    """A terminal interrupts the whole group: also what is still importing."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "fishcount", "batch", str(cases), "--out", str(out)]
    run = subprocess.Popen(
        [*command, "--workers", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    while not (out / "batch.sqlite").exists():  # workers are started right after
        assert run.poll() is None
        time.sleep(0.01)
    time.sleep(after_s)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode in (0, 130)
    assert "Traceback" not in said


@pytest.mark.parametrize("n_workers", [1, 3])
def test_a_worker_that_dies_costs_one_case(cases, tmp_path, monkeypatch, n_workers):
    monkeypatch.setattr(workers, "process_case", die)
    jobs = cases_in_folder(cases)
    outcomes = {
        outcome.name: outcome
        for outcome in process_all(jobs, tmp_path, workers=n_workers, start_method="fork")
    }
    assert sorted(outcomes) == [job.name for job in jobs]
    failed = {name: o for name, o in outcomes.items() if o.state == "failed"}
    assert sorted(failed) == ["case_2", "case_3"]
    assert {o.error for o in failed.values()} == {"WorkerError"}
    assert "signal 9" in failed["case_2"].message
    assert "exit code 7" in failed["case_3"].message


def grow(job, out, *, again):
    """A case that leaves the peak memory of its worker behind."""
    import resource

    pixels = np.ones(2_000_000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + 0 * int(pixels[0])
    return Outcome(name=job.name, state="scored", seconds=float(peak), summary={"pad": "x" * 5000})


def test_no_more_cases_are_taken_than_there_are_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "process_case", grow)
    taken = 0

    def jobs():
        nonlocal taken
        for number in range(60):
            taken += 1
            yield CaseJob(name=f"c{number}", fields=())

    peaks = []
    for ended, outcome in enumerate(
        process_all(jobs(), tmp_path, workers=2, start_method="fork"), start=1
    ):
        peaks.append(outcome.seconds)
        assert taken <= ended + 2
    assert len(peaks) == 60
    # One worker after another: the peak after sixty cases is that after ten.
    assert max(peaks) <= 1.05 * max(peaks[:10])


def test_two_batches_do_not_share_a_folder(cases, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_PATIENCE_S", 0.2)
    out = tmp_path / "out"
    out.mkdir()
    with (
        lock.held_by_run(out),
        pytest.raises(OutputError, match="another batch"),
        lock.held_by_run(out),
    ):
        raise AssertionError("two runs have the folder")
    with (
        lock.held_by_worker(out),
        pytest.raises(OutputError, match="another batch"),
        lock.held_by_run(out),
    ):
        raise AssertionError("a run has the folder of a worker")
    with lock.held_by_run(out):
        pass


def on_a_full_disk(cases: Path, out: Path) -> None:
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
    try:
        batch(cases, out)
    except OutputError:
        os._exit(3)
    os._exit(0)


def test_a_full_disk_ends_typed_and_is_resumed(cases, tmp_path):
    out = tmp_path / "out"
    child = FORK.Process(target=on_a_full_disk, args=(cases, out))
    child.start()
    child.join()
    assert child.exitcode == 3
    batch(cases, out)
    assert list(table(out)["state"]) == ["done"] * 5
    assert folders(out) == [f"case_{n}" for n in range(1, 6)]
