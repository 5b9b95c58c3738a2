"""What tests of the command line share: the size of their fields, and what an error looks like."""

from __future__ import annotations

SIDE_PX = 384


def one_line(err: str) -> str:
    """The message of an error that is one line and no traceback."""
    assert err.count("\n") == 1
    assert err.startswith("fishcount: error: ")
    return err
