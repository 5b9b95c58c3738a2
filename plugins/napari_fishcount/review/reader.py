"""Who sits at the machine."""

from __future__ import annotations

import getpass

__all__ = ["reader_name"]


def reader_name() -> str:
    """The name of the user, as far as the system knows one."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
