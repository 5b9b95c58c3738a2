"""Many cases: from a folder or a manifest to case folders, one table and one page."""

from __future__ import annotations

from fishcount.batch.case import score_job, write_case
from fishcount.batch.example import example_case
from fishcount.batch.folder import cases_in_folder, cases_of_folders, cases_of_images
from fishcount.batch.job import CaseJob, FieldJob
from fishcount.batch.manifest import MANIFEST_COLUMNS, read_manifest
from fishcount.batch.run import BatchResult, Progress, run_batch
from fishcount.batch.table import CASES_COLUMNS
from fishcount.batch.workers import START_METHODS

__all__ = [
    "CASES_COLUMNS",
    "MANIFEST_COLUMNS",
    "START_METHODS",
    "BatchResult",
    "CaseJob",
    "FieldJob",
    "Progress",
    "cases_in_folder",
    "cases_of_folders",
    "cases_of_images",
    "example_case",
    "read_manifest",
    "run_batch",
    "score_job",
    "write_case",
]
