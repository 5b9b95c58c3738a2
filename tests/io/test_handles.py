"""The guard against leaked file handles sees one, and every way of reading passes it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bad_inputs import pixels, write_ome

from fishcount import read_image
from fishcount.errors import FishcountError
from fishcount.io import inspect_file


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells open files")
def test_the_guard_sees_an_open_file(tmp_path: Path, files_open) -> None:
    path = tmp_path / "a.tif"
    path.touch()
    with path.open("rb"):
        assert files_open() == [str(path.resolve())]
    assert files_open() == []


def test_a_refused_file_is_closed_while_its_error_is_held(tmp_path: Path, files_open) -> None:
    path = write_ome(tmp_path / "a.ome.tif", pixels())
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(FishcountError) as held:
        read_image(path)
    # The traceback in `held` keeps every frame of the reader alive, and with it what it forgot.
    assert held.value is not None
    assert files_open() == []
    inspect_file(path)
    assert files_open() == []
