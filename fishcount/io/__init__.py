"""Files: readers chosen by content that never fill in what is missing, and the case folder."""

from __future__ import annotations

from fishcount.io.atomic import check_beside_cases, check_out_folder, replace_file
from fishcount.io.case_folder import CaseFolder, read_case_folder
from fishcount.io.case_output import put_file, put_report, write_case_folder
from fishcount.io.files import check_unchanged, sha256_of
from fishcount.io.inspection import FileReport, inspect_file
from fishcount.io.labels import read_labels
from fishcount.io.names import slug_of, stem_of, unique_names
from fishcount.io.provenance import provenance
from fishcount.io.read import read_image
from fishcount.io.roi import read_roi
from fishcount.io.roles import guess_role
from fishcount.io.scored_image import read_scored_image
from fishcount.io.slide import open_slide, read_field
from fishcount.io.verify import Check, Verification, check_as_written, verify_case_folder

__all__ = [
    "CaseFolder",
    "Check",
    "FileReport",
    "Verification",
    "check_as_written",
    "check_beside_cases",
    "check_out_folder",
    "check_unchanged",
    "guess_role",
    "inspect_file",
    "open_slide",
    "provenance",
    "put_file",
    "put_report",
    "read_case_folder",
    "read_field",
    "read_image",
    "read_labels",
    "read_roi",
    "read_scored_image",
    "replace_file",
    "sha256_of",
    "slug_of",
    "stem_of",
    "unique_names",
    "verify_case_folder",
    "write_case_folder",
]
