"""Files: readers chosen by content that never fill in what is missing, and the case folder."""

from __future__ import annotations

from fishcount.io.files import check_unchanged, sha256_of
from fishcount.io.names import slug_of, stem_of, unique_names
from fishcount.io.read import read_image
from fishcount.io.roi import read_roi
from fishcount.io.roles import guess_role

__all__ = [
    "check_unchanged",
    "guess_role",
    "read_image",
    "read_roi",
    "sha256_of",
    "slug_of",
    "stem_of",
    "unique_names",
]
