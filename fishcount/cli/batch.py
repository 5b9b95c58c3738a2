"""`fishcount batch`: many cases into case folders, one table and one page."""

from __future__ import annotations

import csv
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fishcount.cli.options import (
    image_fields,
    image_options,
    on_terminal,
    print_json,
    roles_of_file,
    settings_of,
    settings_options,
)

if TYPE_CHECKING:
    from fishcount.batch import BatchResult, CaseJob, FieldJob, Progress
    from fishcount.settings import Settings

__all__ = ["command"]

_SOME_FAILED = 3
# More would push the tally off the screen; the table has them all.
_FAILURES_TOLD = 10


@click.command("batch")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the batch.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes, each with one case at a time and one thread. Default: one for each core.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use the workers of a dask.distributed cluster, such as tcp://host:8786, which reach the "
    "same files under the same paths.",
)
@image_options
@settings_options
@click.option("--again", is_flag=True, help="Score finished cases too.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done on standard output.")
def command(
    sources: tuple[Path, ...],
    out: Path,
    workers: int | None,
    scheduler: str | None,
    channels: tuple[str, ...],
    scheme_files: tuple[Path, ...],
    settings_file: Path | None,
    assignments: tuple[str, ...],
    again: bool,
    as_json: bool,
    **image: Any,
) -> int:
    """Score many cases; a folder for each, cases.csv and index.html over all.

    SOURCES is a folder of case folders, several case folders, several images that are a case
    each, a pattern of either, or a CSV manifest with one row for each field
    (docs/reference/batch.md names its columns). What was finished before is kept,
    so the same command resumes after an interruption; a case is scored again when its files, the
    settings or the version have changed.

    Exit code 0 when every case has a result, 3 when some failed (cases.csv says why), 2 when
    nothing could be begun.
    """
    from dataclasses import replace

    from fishcount.batch import FieldJob, run_batch

    if workers and scheduler:
        raise click.UsageError("--workers are processes here, --scheduler has its own")
    like = FieldJob(files=Path(), channels=roles_of_file(channels), **image_fields(image))
    settings = settings_of(settings_file, assignments)
    jobs = _jobs(sources, out, like, settings)
    with _terminated_as_interrupted():
        result = run_batch(
            [replace(job, scheme_files=scheme_files) for job in jobs],
            out,
            workers=workers,
            scheduler=scheduler,
            again=again,
            on_progress=_show if on_terminal() else lambda progress: None,
        )
    if as_json:
        print_json(result.to_record())
    else:
        _print(result)
    return _SOME_FAILED if result.progress.n_failed else 0


def _jobs(
    sources: tuple[Path, ...], out: Path, like: FieldJob, settings: Settings
) -> tuple[CaseJob, ...]:
    from fishcount.batch import cases_in_folder, cases_of_folders, cases_of_images, read_manifest

    options: dict[str, Any] = {"like": like, "settings": settings}
    named = [path for source in sources for path in _expanded(source)]
    if len(sources) == 1 and named == list(sources):
        if sources[0].is_dir():
            return cases_in_folder(sources[0], out=out, **options)
        return read_manifest(sources[0], **options)
    if all(path.is_dir() for path in named):
        return cases_of_folders(named, **options)
    return cases_of_images(named, **options)


def _expanded(source: Path) -> list[Path]:
    """What a pattern matches, which not every shell expands; else the path as it is."""
    import glob

    from fishcount.errors import InputError

    if source.exists() or not glob.has_magic(str(source)):
        return [source]
    matched = [Path(found) for found in sorted(glob.glob(str(source)))]
    if not matched:
        raise InputError("matches nothing", file=source, remedy="is it spelt as the names are?")
    return matched


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """A run that a scheduler ends writes its table first, as after Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(progress: Progress) -> None:
    """One line that is written over and over; a new one at the end."""
    left = progress.seconds_left
    parts = [f"{progress.n_ended} of {progress.n_cases} cases"]
    parts += [f"{progress.n_kept} kept"] if progress.n_kept else []
    parts += [f"{progress.n_failed} failed"] if progress.n_failed else []
    if progress.n_ended == progress.n_cases:
        parts.append(_duration(progress.seconds))
    elif left is not None:
        parts.append(f"about {_duration(left)} left")
    click.echo(f"\r\x1b[K{', '.join(parts)}", err=True, nl=progress.n_ended == progress.n_cases)


def _duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _print(result: BatchResult) -> None:
    progress = result.progress
    cases = "1 case" if progress.n_cases == 1 else f"{progress.n_cases} cases"
    click.echo(
        f"{cases}: {progress.n_scored} scored, {progress.n_kept} kept, {progress.n_failed} failed"
    )
    if progress.n_failed:
        click.echo("\n".join(_failures(result.table)))
    click.echo(f"table: {result.table}")
    click.echo(f"page: {result.page}")


def _failures(table: Path) -> list[str]:
    """A line for each of the first cases that failed: which, and why."""
    with table.open(encoding="utf-8", newline="") as lines:
        failed = [row for row in csv.DictReader(lines) if row["state"] == "failed"]
    told = [f"  {row['case']}: {' '.join(row['message'].split())}" for row in failed]
    more = len(told) - _FAILURES_TOLD
    return [*told[:_FAILURES_TOLD], *([f"  and {more} more: see the table"] if more > 0 else [])]
