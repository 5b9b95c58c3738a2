"""A few tiny drawn cases, as a folder of case folders, that the tests of batches share."""

from __future__ import annotations

import shutil

import pytest

from fishcount.batch import process, run_batch
from fishcount.synthetic import simulate_case, write_case

N_CASES = 5


@pytest.fixture(scope="session")
def drawn_cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    for number in range(1, N_CASES + 1):
        kind = "amplified" if number % 2 else "negative"
        drawn = simulate_case(kind, seed=number, n_fields=1, size=192, snr="easy")
        write_case(folder / f"case_{number}", drawn)
    return folder


@pytest.fixture
def cases(drawn_cases, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(drawn_cases, tmp_path / "cases")


@pytest.fixture
def scored(monkeypatch):
    """Names of the cases that were scored, in order; the workers run in this process."""
    names: list[str] = []
    score_job = process.score_job

    def counted(job, *arguments, **options):
        names.append(job.name)
        return score_job(job, *arguments, **options)

    monkeypatch.setattr(process, "score_job", counted)
    monkeypatch.setattr(
        "fishcount.batch.run.process_all",
        lambda jobs, out, *, again, **_: (
            process.process_case(job, out, again=again) for job in jobs
        ),
    )
    return names


@pytest.fixture
def run(tmp_path):
    """Run a batch into the folder of the test."""

    def call(jobs, **options):
        return run_batch(jobs, tmp_path / "out", workers=1, **options)

    return call
