"""Fields that the tests of the command line score."""

from __future__ import annotations

from pathlib import Path

import pytest
from answers import SIDE_PX

from fishcount.synthetic import simulate_case, write_case


@pytest.fixture(scope="session")
def case_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Two drawn fields of a negative case, to be read only."""
    drawn = simulate_case("negative", seed=5, n_fields=2, size=SIDE_PX, snr="easy")
    return tuple(write_case(tmp_path_factory.mktemp("case"), drawn))
