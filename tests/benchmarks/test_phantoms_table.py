import importlib
from pathlib import Path

import numpy as np
import pytest

from fishcount import score_case, score_field
from fishcount.synthetic import simulate_case, write_case

ROOT = Path(__file__).parents[2]


@pytest.fixture
def phantoms(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("benchmarks.phantoms")


def test_true_outlines_are_all_found_and_judged(phantoms):
    (image, truth), *_ = simulate_case("negative", seed=2, n_fields=1, size=400, snr="easy")
    result = score_case([score_field(image, labels=truth.labels)], name="drawn")
    case = phantoms.judge_case(result, [truth])
    assert case.nuclei.f1 == 1
    assert case.fields[0].n_scorable == truth.nuclei.scorable.sum() == case.truth.n_scored
    counted, true = case.copies("HER2")
    assert 0 < true.size <= case.fields[0].n_scorable
    assert set(true) <= set(truth.nuclei.her2[truth.nuclei.scorable])
    assert np.abs(counted - true).mean() < 1


def test_a_folder_becomes_a_table_with_a_row_for_each_case(phantoms, tmp_path):
    for name in ("b", "a"):
        write_case(tmp_path / name, simulate_case("negative", seed=1, n_fields=1, size=256))
    text = phantoms.report(list(phantoms.judge_folder(tmp_path)))
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert rows == ["case", "a", "b", "case", "a", "b"]
