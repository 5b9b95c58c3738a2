"""On a cluster the table is the same, and a worker that dies costs no case."""

from __future__ import annotations

import os
import signal
import threading
import time

import pandas as pd
import pytest
from click.testing import CliRunner

from fishcount.batch import cases_in_folder, run_batch
from fishcount.batch.cluster import process_on_cluster
from fishcount.cli.main import cli
from fishcount.errors import InputError

distributed = pytest.importorskip("distributed", reason="needs the extra 'scale'")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0
    ) as running:
        yield running


def table(out):
    return pd.read_csv(out / "cases.csv").drop(columns="seconds")


def test_the_table_is_that_of_own_processes(cluster, cases, tmp_path):
    (cases / "case_2" / "field_1.ome.tif").write_bytes(b"no image")
    jobs = cases_in_folder(cases)
    run_batch(jobs, tmp_path / "here", workers=1)
    result = run_batch(jobs, tmp_path / "there", scheduler=cluster.scheduler_address)
    assert (result.progress.n_scored, result.progress.n_failed) == (len(jobs) - 1, 1)
    assert table(tmp_path / "there").equals(table(tmp_path / "here"))
    again = run_batch(jobs, tmp_path / "there", scheduler=cluster.scheduler_address)
    assert again.progress.n_kept == len(jobs) - 1


def test_paths_are_those_of_the_caller(cluster, cases, tmp_path, monkeypatch):
    """Relative paths reach the workers, and own processes find the cases finished."""
    monkeypatch.chdir(tmp_path)
    arguments = ["batch", cases.name, "--out", "out"]
    first = CliRunner().invoke(cli, [*arguments, "--scheduler", cluster.scheduler_address])
    assert first.exit_code == 0, first.output
    second = CliRunner().invoke(cli, [*arguments, "--workers", "1"])
    assert "0 scored, 5 kept" in second.output


def test_a_worker_killed_in_the_middle_costs_no_case(cluster, cases, tmp_path):
    jobs = cases_in_folder(cases)
    run_batch(jobs, tmp_path / "undisturbed", workers=1)
    killed = []

    def kill_one():
        while not list((tmp_path / "out").glob("case_*")):
            time.sleep(0.01)
        with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
            pids = client.run(os.getpid)
        killed.append(next(iter(pids.values())))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    result = run_batch(jobs, tmp_path / "out", scheduler=cluster.scheduler_address)
    killer.join()
    assert killed
    assert result.progress.n_failed == 0
    assert table(tmp_path / "out").equals(table(tmp_path / "undisturbed"))


def test_where_no_scheduler_answers_the_run_says_so(cases, tmp_path, monkeypatch):
    monkeypatch.setattr("fishcount.batch.cluster._PATIENCE_S", "1s")
    with pytest.raises(InputError, match="no scheduler answers"):
        list(process_on_cluster(cases_in_folder(cases), tmp_path, address="tcp://127.0.0.1:9"))


def test_workers_and_a_scheduler_exclude_each_other(cases, tmp_path):
    result = CliRunner().invoke(
        cli,
        f"batch {cases} --out {tmp_path}/out --workers 2 --scheduler tcp://127.0.0.1:9".split(),
    )
    assert result.exit_code == 2
    assert "--scheduler has its own" in result.output
