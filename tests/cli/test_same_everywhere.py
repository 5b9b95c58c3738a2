"""The same answer whatever the libraries below may use: threads of the linear algebra, repeats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from fishcount.synthetic import simulate_case, write_case

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TOLERANCE = 1e-6


def score(fields: list[Path], out: Path, *, threads: int) -> Path:
    """Score in a process of its own, which alone can choose the threads of its libraries."""
    subprocess.run(
        [sys.executable, "-m", "fishcount", "score", *map(str, fields), "--out", str(out)],
        env={**os.environ, **dict.fromkeys(THREADS, str(threads))},
        check=True,
        capture_output=True,
    )
    return out


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One case scored with one thread, again with one, and with four."""
    home = tmp_path_factory.mktemp("same")
    fields = write_case(home, simulate_case("mixed", seed=4, n_fields=2, size=256))
    # A name of its own would stand in the summary.
    runs = [("a", 1), ("b", 1), ("c", 4)]
    return [score(fields, home / run / "case", threads=n) for run, n in runs]


@pytest.mark.parametrize("name", ["nuclei.csv", "signals.csv"])
def test_tables_are_the_same(folders: list[Path], name: str) -> None:
    one, *others = (pd.read_csv(folder / name) for folder in folders)
    assert len(one)
    for other in others:
        for column in one:
            if one[column].dtype.kind == "f":
                assert_allclose(other[column], one[column], rtol=TOLERANCE, atol=TOLERANCE)
            else:
                assert other[column].equals(one[column]), column


def test_categories_are_the_same(folders: list[Path]) -> None:
    one, *others = (json.loads((folder / "summary.json").read_text()) for folder in folders)
    for other in others:
        assert [c["category"] for c in other["categories"]] == [
            c["category"] for c in one["categories"]
        ]
        assert other["n_scored"] == one["n_scored"]
        for name, interval in one["intervals_95"].items():
            assert_allclose(other["intervals_95"][name], interval, rtol=TOLERANCE)
        for ours, theirs in zip(other["categories"], one["categories"], strict=True):
            assert ours["probability"] == pytest.approx(theirs["probability"], abs=TOLERANCE)


def test_labels_and_repeats_are_the_same_bytes(folders: list[Path]) -> None:
    one, again, threaded = folders
    for path in sorted(one.rglob("*")):
        name = path.relative_to(one)
        if path.suffix == ".tif":
            assert (threaded / name).read_bytes() == path.read_bytes()
        if path.is_file() and path.name not in ("provenance.json", "report.html"):
            assert (again / name).read_bytes() == path.read_bytes()
