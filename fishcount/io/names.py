"""Names of fields from names of files: safe as file names, unique, and the same every time."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

__all__ = ["slug_of", "stem_of", "unique_names"]

_EXTENSIONS = re.compile(
    r"(\.ome)?\.(tiff?|tf[28]|btf|png|jpe?g|zarr|czi|nd2|lif|xml)$", re.IGNORECASE
)
# The places of channel and plane in the name of a pattern, and the letter before them.
_PLACES = re.compile(r"[_-]?(?:ch|c|z)?\{[cz]\}", re.IGNORECASE)
_RESERVED = {"con", "prn", "aux", "nul", *(f"{d}{i}" for d in ("com", "lpt") for i in range(10))}
_LONGEST = 80


def stem_of(path: str | Path) -> str:
    """File name without its image extensions: "field_1.ome.tif" gives "field_1"."""
    name = re.split(r"[/\\]", str(path).rstrip("/\\"))[-1]
    name = _PLACES.sub("", name) or name
    return _EXTENSIONS.sub("", name) or name


def slug_of(name: str) -> str:
    """A name that is a plain file name on every system: letters, digits, ``_``, ``-`` and ``.``.

    A name that had to be changed gets eight digits of its hash, so that two never meet.

    Examples
    --------
    >>> from fishcount.io import slug_of
    >>> slug_of("field_1")
    'field_1'
    >>> slug_of("../../etc/passwd").startswith("etc_passwd-")
    True
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")[:_LONGEST].rstrip("._-")
    if slug and slug == name and slug.lower() not in _RESERVED:
        return slug
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug or 'field'}-{digest}"


def unique_names(paths: Sequence[str | Path]) -> list[str]:
    """One name for each path, in order: its slug, made unique by a number.

    Names that differ in case only are told apart too, since some file systems do not.

    Examples
    --------
    >>> from fishcount.io import unique_names
    >>> unique_names(["a/field_1.ome.tif", "b/field_1.ome.tif", "c.tif"])
    ['field_1', 'field_1_2', 'c']
    """
    names: list[str] = []
    taken: set[str] = set()
    for path in paths:
        name = base = slug_of(stem_of(path))
        number = 2
        while name.lower() in taken:
            name = f"{base}_{number}"
            number += 1
        taken.add(name.lower())
        names.append(name)
    return names
