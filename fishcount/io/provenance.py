"""Where a result comes from: software, platform, command, inputs with their hashes, settings."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import fishcount
from fishcount.settings import Settings

__all__ = ["provenance"]

# Packages that compute or decode: another version may change a digit.
_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-image",
    "opencv-python-headless",
    "tifffile",
    "imagecodecs",
    "pandas",
    "pydantic",
)


def provenance(
    inputs: Mapping[str, str],
    settings: Settings,
    *,
    command: Sequence[str] = (),
    started: datetime | None = None,
) -> dict[str, Any]:
    """The record that becomes ``provenance.json``.

    Parameters
    ----------
    inputs
        Path of each input, as it was given, and its SHA-256: `FishImage.files` of all fields.
    settings
        What the run used.
    command
        The command line, as it was given; of the program only the name is kept.
    started
        When the run began; now, where not given. It ends now.

    Returns
    -------
    dict
        Plain data. Names neither the person nor the machine; times stand apart, so that two
        runs can be compared.

    Examples
    --------
    >>> from fishcount.io import provenance
    >>> from fishcount.settings import Settings
    >>> record = provenance({"a.tif": "00ff"}, Settings())
    >>> record["inputs"]
    [{'path': 'a.tif', 'sha256': '00ff'}]
    """
    now = datetime.now(UTC)
    return {
        "schema_version": 1,
        "software": {
            "fishcount": fishcount.__version__,
            "python": platform.python_version(),
            **{package: _version(package) for package in _PACKAGES},
        },
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
        },
        "command": [Path(part).name if i == 0 else part for i, part in enumerate(command)],
        "inputs": [{"path": path, "sha256": digest} for path, digest in inputs.items()],
        "settings_sha256": settings.sha256(),
        "times": {
            "started": (started or now).isoformat(timespec="seconds"),
            "finished": now.isoformat(timespec="seconds"),
        },
    }


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
