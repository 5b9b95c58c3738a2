"""A drawn case folder and its state before any edit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from reviewed_cases import draw_case

from fishcount.io import read_case_folder
from fishcount.review import ReviewState, read_automatic


@pytest.fixture(scope="session")
def drawn_case(tmp_path_factory) -> Path:
    """A drawn case folder of two fields of four nuclei, to be copied."""
    return draw_case(tmp_path_factory.mktemp("drawn") / "case")


@pytest.fixture
def case(drawn_case, tmp_path) -> Path:
    """Such a folder that a test may review."""
    return Path(shutil.copytree(drawn_case, tmp_path / "case"))


@pytest.fixture
def start(case) -> ReviewState:
    """Its state before any edit."""
    return ReviewState(read_automatic(read_case_folder(case)))
