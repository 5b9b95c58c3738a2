"""Optional packages of single formats: imported when a file needs them, named when absent."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from fishcount.errors import FileFormatError, install_remedy

__all__ = ["require"]


def require(module: str, *, extra: str, kind: str, file: Path) -> ModuleType:
    """Import a package of an extra.

    Raises
    ------
    FileFormatError
        When it is not installed; says how to install it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise FileFormatError(
            f"reading {kind} needs a package that is not installed",
            file=file,
            found=f"no {error.name or module}",
            remedy=f"{install_remedy(extra)}; or export as OME-TIFF",
        ) from error
