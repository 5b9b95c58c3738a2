"""Every test of files must leave none of them open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DESCRIPTORS = Path("/proc/self/fd")


def open_files(folder: Path) -> list[str]:
    """Files below a folder that this process holds open; none where the system cannot tell."""
    if not DESCRIPTORS.is_dir():
        return []
    targets = []
    for link in DESCRIPTORS.iterdir():
        try:
            targets.append(os.readlink(link))
        except OSError:  # the descriptor with which this folder was listed
            continue
    return sorted(target for target in targets if target.startswith(f"{folder.resolve()}{os.sep}"))


@pytest.fixture(autouse=True)
def no_leaked_handles(tmp_path: Path) -> Iterator[None]:
    """Fail a test after which a file in its folder is still open."""
    yield
    assert open_files(tmp_path) == []


@pytest.fixture
def files_open(tmp_path: Path) -> Callable[[], list[str]]:
    """The open files of the test's folder, for the test of the guard itself."""
    return lambda: open_files(tmp_path)
