"""A run that is killed, or a disk that is full, leaves a whole case folder or none."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_case_folder import empty_signals, nuclei, summary

from fishcount.errors import OutputError
from fishcount.io import provenance, read_case_folder, verify_case_folder, write_case_folder
from fishcount.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

NAMES = [f"field_{i}" for i in range(6)]
N_KILLS = 20


def write(out: Path, value: int) -> None:
    write_case_folder(
        out,
        summary=summary(NAMES) | {"n_scored": value, "settings_sha256": Settings().sha256()},
        nuclei=nuclei(NAMES),
        signals=empty_signals(),
        labels={name: np.full((256, 256), value, np.int32) for name in NAMES},
        settings_toml=Settings().to_toml(),
        provenance=provenance({}, Settings()),
        report_html="<p>report</p>" * 1000,
        overwrite=True,
    )


def write_for_ever(out: Path) -> None:
    value = 1
    while True:
        write(out, value)
        value += 1


def test_a_kill_at_any_moment_leaves_a_whole_folder_or_none(tmp_path):
    rng = np.random.default_rng(3)
    fork = multiprocessing.get_context("fork")
    out = tmp_path / "case"
    start = time.perf_counter()
    write(out, 1)
    once_s = time.perf_counter() - start
    whole = 0
    for _ in range(N_KILLS):
        writer = fork.Process(target=write_for_ever, args=(out,))
        writer.start()
        time.sleep(rng.uniform(0.0, 3.0) * once_s)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        if out.exists():  # else it was killed between putting the old one away and the new in
            case = read_case_folder(out)
            assert verify_case_folder(out).ok
            assert all((case.label_image(n) == case.summary["n_scored"]).all() for n in NAMES)
            whole += 1
    assert whole > 0
    write(out, 7)
    assert read_case_folder(out).summary["n_scored"] == 7
    assert os.listdir(tmp_path) == ["case"]


def write_on_a_full_disk(out: Path, limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write(out, 2)
    except OutputError:
        os._exit(3)
    os._exit(0)


@pytest.mark.parametrize("limit", [0, 100, 5000])
def test_a_full_disk_leaves_the_old_folder(tmp_path, limit):
    out = tmp_path / "case"
    write(out, 1)
    fork = multiprocessing.get_context("fork")
    writer = fork.Process(target=write_on_a_full_disk, args=(out, limit))
    writer.start()
    writer.join()
    assert writer.exitcode == 3
    assert read_case_folder(out).summary["n_scored"] == 1
    assert verify_case_folder(out).ok
    assert os.listdir(tmp_path) == ["case"]
