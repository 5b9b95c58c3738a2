"""`fishcount review` without the viewer: one line that says what to install."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fishcount.batch import CaseJob, FieldJob, score_job
from fishcount.synthetic import simulate_case, write_case


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A scored case."""
    (image,) = write_case(tmp_path, simulate_case("negative", seed=1, n_fields=1, size=200))
    score_job(CaseJob(name="case", fields=(FieldJob(files=image),)), tmp_path / "case")
    return tmp_path / "case"


def test_without_the_viewer_it_names_the_install_line(
    call: Callable[..., tuple[int, str, str]], case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "napari_fishcount.review.start", None)
    code, _, said = call("review", case)
    assert code == 2
    assert said.count("\n") == 1
    assert "pip install 'fishcount[napari]'" in said


def test_what_is_no_case_is_said_before_a_window_opens(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    code, _, said = call("review", tmp_path)
    assert code == 2
    assert "summary.json" in said
