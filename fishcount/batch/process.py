"""One case of a batch: kept as it is, scored, or failed with the reason."""

from __future__ import annotations

import hashlib
import json
import re
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import fishcount
from fishcount.batch.case import score_job
from fishcount.batch.job import CaseJob, FieldJob
from fishcount.errors import FishcountError
from fishcount.io import verify_case_folder

__all__ = ["Outcome", "call_sha256", "process_case"]

# Entry of provenance.json by which a case folder is known again.
_MARK = "call_sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a case.

    Attributes
    ----------
    name : str
    state : str
        "scored", "kept" or "failed".
    seconds : float, optional
        Time that scoring or failing took; None where the case was kept.
    summary : dict, optional
        The content of ``summary.json``; None where it failed.
    error, message : str
        Class and message of the error; empty where there was none.
    """

    name: str
    state: Literal["scored", "kept", "failed"]
    seconds: float | None
    summary: dict[str, Any] | None = None
    error: str = ""
    message: str = ""


def call_sha256(job: CaseJob) -> str:
    """Hash of the request: software, settings, options and names of files, but not their content.

    The content is in the hashes of the inputs, which stand in the case folder.
    """
    record = {
        "software": fishcount.__version__,
        "case": job.name,
        "ihc": job.ihc,
        "faint_staining": job.faint_staining,
        "schemes": [str(path) for path in job.scheme_files],
        "settings": job.settings.sha256(),
        "fields": [_asked(field) for field in job.fields],
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def process_case(
    job: CaseJob, out: Path, *, again: bool = False, call: str | None = None
) -> Outcome:
    """Score a case into ``out / job.name``, unless that was done already; never raises.

    Parameters
    ----------
    job
        The case.
    out
        Folder of the batch.
    again
        Score it in any case.
    call
        Hash of what was asked for, where that was told in other paths than those of `job`.
    """
    start = time.perf_counter()
    folder = out / job.name
    try:
        call = call or call_sha256(job)
        summary = None if again else _finished(folder, call)
        if summary is not None:
            return Outcome(name=job.name, state="kept", seconds=None, summary=summary)
        # Cases are side by side already, one in each process.
        _, summary = score_job(job, folder, overwrite=True, marks={_MARK: call}, threads=1)
    except Exception as error:  # whatever it is, the other cases go on
        return Outcome(
            name=job.name,
            state="failed",
            seconds=time.perf_counter() - start,
            error=type(error).__name__,
            message=" ".join(_message(error).split()),
        )
    seconds = time.perf_counter() - start
    return Outcome(name=job.name, state="scored", seconds=seconds, summary=summary)


def _message(error: Exception) -> str:
    """What is wrong; of an error that nobody foresaw, also where it came from."""
    if isinstance(error, FishcountError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{error} (in {last.name}, {Path(last.filename).name} line {last.lineno})"


def _finished(folder: Path, call: str) -> dict[str, Any] | None:
    """The summary of a folder that is whole and was made from these files by this call."""
    try:
        if json.loads((folder / "provenance.json").read_bytes()).get(_MARK) != call:
            return None
        # Files that people add to the folder do not make the result outdated.
        if any(check.status != "added" for check in verify_case_folder(folder).changes):
            return None
        summary: dict[str, Any] = json.loads((folder / "summary.json").read_bytes())
    except (OSError, ValueError, AttributeError, FishcountError):
        return None
    return summary


def _asked(field: FieldJob) -> dict[str, Any]:
    return {
        **field.reading(),
        "found": [name for path in field.paths for name in _fitting(path)],
        "labels": str(field.labels) if field.labels else None,
    }


def _fitting(path: Path) -> list[str]:
    """Files that fit a pattern: one more is another image, though those that were stay the same."""
    if not re.search(r"\{[cz]\}", path.name):
        return []
    regex = re.compile(".+".join(map(re.escape, re.split(r"\{[cz]\}", path.name))))
    try:
        return sorted(file.name for file in path.parent.iterdir() if regex.fullmatch(file.name))
    except OSError:
        return []
