"""What the tests and the examples of docstrings share, wherever they lie."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _own_scratch(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take away what an example wrote into a temporary place, which a reader would keep."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", scratch)
        yield
