"""One case from its files to its case folder: what a single run and every worker do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from fishcount.batch.job import CaseJob
from fishcount.errors import InputError, check_kind
from fishcount.guidelines import Scheme, read_scheme, with_own
from fishcount.io import (
    check_beside_cases,
    check_out_folder,
    check_unchanged,
    provenance,
    read_labels,
    sha256_of,
    unique_names,
    write_case_folder,
)
from fishcount.io.scored_image import READING
from fishcount.nuclei import select_nuclei
from fishcount.pipeline import score_case, score_field
from fishcount.report.gallery import draw_thumbnail
from fishcount.report.page import draw_pictures, render_shown
from fishcount.report.sources import show_result
from fishcount.results import CaseResult, FieldResult
from fishcount.settings import SelectionSettings, Settings
from fishcount.tables import nuclei_table, signals_table, summary_record

__all__ = ["score_job", "write_case"]


def score_job(
    job: CaseJob,
    out: str | Path,
    *,
    overwrite: bool = False,
    marks: Mapping[str, Any] | None = None,
    on_field: Callable[[int], object] = lambda n_fields: None,
    threads: int = 2,
) -> tuple[CaseResult, dict[str, Any]]:
    """Read and score the fields of a case, and write its case folder.

    Parameters
    ----------
    job
        The case.
    out
        Folder to be written, as for `fishcount.io.write_case_folder`.
    overwrite
        Whether an earlier case folder may be replaced.
    marks
        Further entries of ``provenance.json``.
    on_field
        Called with 1 after each field.
    threads
        As for `fishcount.score_field`.

    Returns
    -------
    CaseResult, dict
        The result, and the content of ``summary.json``.

    Raises
    ------
    FishcountError
        What is wrong with a file, the settings, or the folder. Nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.batch import CaseJob, FieldJob, score_job
    >>> from fishcount.synthetic import simulate_case, write_case
    >>> here = Path(tempfile.mkdtemp())
    >>> (file,) = write_case(here, simulate_case("negative", seed=1, n_fields=1, size=256))
    >>> job = CaseJob(name="a", fields=(FieldJob(files=file),), ihc="1+")
    >>> case, summary = score_job(job, here / "case")
    >>> summary["case"], summary["ihc"], (here / "case" / "report.html").is_file()
    ('a', '1+', True)
    """
    out = check_out_folder(out, overwrite=overwrite)
    check_beside_cases(out)
    started = datetime.now(UTC)
    if not job.fields:
        raise InputError("no images in it", field=job.name, remedy="name at least one field")
    beside = {str(path): sha256_of(path) for path in job.files_beside}
    schemes = [read_scheme(path) for path in job.scheme_files]
    _check_settings(job.settings, schemes)
    results = _score_fields(job, on_field, threads=threads)
    case = score_case(
        results,
        name=job.name,
        ihc=job.ihc,
        faint_staining=job.faint_staining,
        schemes=with_own(
            schemes, dual="CEP17" in results[0].image.probes, settings=job.settings.scoring
        ),
        settings=job.settings,
    )
    inputs = {**_files(results), **beside}
    check_unchanged(inputs)
    reading = {
        field.image.name: one.reading() for field, one in zip(results, job.fields, strict=True)
    }
    summary = write_case(
        out,
        case,
        inputs=inputs,
        started=started,
        marks={READING: reading, **(marks or {})},
        overwrite=overwrite,
    )
    return case, summary


def write_case(
    out: str | Path,
    case: CaseResult,
    *,
    inputs: Mapping[str, str] | None = None,
    started: datetime | None = None,
    marks: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write the case folder of a result with its report; the summary comes back.

    Parameters
    ----------
    out, marks, overwrite
        As for `score_job`.
    case
        The result.
    inputs
        Path and hash of every file that shaped it; those of the images where not given.
    started
        When the run began; now, where not given.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount import score_case
    >>> from fishcount.batch import write_case
    >>> from fishcount.synthetic import simulate_case
    >>> images = [image for image, truth in simulate_case("negative", seed=1, n_fields=1, size=256)]
    >>> folder = Path(tempfile.mkdtemp()) / "example"
    >>> write_case(folder, score_case(images, name="example"))["case"]
    'example'
    """
    check_kind("path of a case folder", out, str, PathLike)
    summary = summary_record(case)
    inputs = _files(case.fields) if inputs is None else inputs
    record = provenance(inputs, case.settings, command=sys.argv, started=started)
    record |= marks or {}
    shown = show_result(case, provenance=record)
    pictures = draw_pictures(shown)
    write_case_folder(
        out,
        summary=summary,
        nuclei=nuclei_table(case.fields),
        signals=signals_table(case.fields),
        labels={field.image.name: field.nuclei.stored_labels for field in case.fields},
        settings_toml=case.settings.to_toml(),
        provenance=record,
        report_html=render_shown(shown, pictures=pictures),
        thumbnail_jpeg=draw_thumbnail(shown.fields, pictures),
        overwrite=overwrite,
    )
    return summary


def _score_fields(
    job: CaseJob, on_field: Callable[[int], object], *, threads: int
) -> list[FieldResult]:
    names = unique_names([one.paths[0] for one in job.fields])
    results = []
    for one, name in zip(job.fields, names, strict=True):
        image = one.read(name=name, settings=job.settings)
        labels = (
            read_labels(one.labels, shape=image.shape, settings=job.settings.reading)
            if one.labels
            else None
        )
        results.append(score_field(image, labels=labels, settings=job.settings, threads=threads))
        on_field(1)
    return results


def _check_settings(settings: Settings, own: list[Scheme]) -> None:
    """Make sure, before long work, that the settings name schemes and flags that there are."""
    with_own(own, dual=True, settings=settings.scoring)
    for codes in (
        settings.selection.reject,
        settings.stability.stricter,
        settings.stability.laxer,
    ):
        select_nuclei(np.zeros(0, np.uint32), settings=SelectionSettings(reject=codes))


def _files(results: Iterable[FieldResult]) -> dict[str, str]:
    return {path: digest for result in results for path, digest in result.image.files.items()}
