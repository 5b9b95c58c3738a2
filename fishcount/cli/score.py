"""`fishcount score`: the fields of a case into a case folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fishcount.cli.options import (
    IHC,
    image_fields,
    image_options,
    on_terminal,
    print_json,
    settings_of,
    settings_options,
)

if TYPE_CHECKING:
    from fishcount.results import CaseResult

__all__ = ["command"]


@click.command("score")
@click.argument("fields", nargs=-1, type=click.Path(path_type=Path), metavar="[FIELD]...")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Case folder to be written."
)
@image_options
@click.option(
    "--roi",
    "rois",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The tumour: polygons of QuPath (GeoJSON) or shapes of napari (CSV), in pixels. Only "
    "nuclei inside are scored. Once for all fields, or once for each.",
)
@click.option(
    "--labels",
    "label_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Your own segmentation: a label image for each field, in order.",
)
@click.option("--ihc", type=IHC, help="IHC score of the case, where it is known.")
@click.option(
    "--faint-staining", is_flag=True, help="IHC 0 with faint membranes in at most 10 % of cells."
)
@settings_options
@click.option("--name", help="Name of the case; the output folder's name where not given.")
@click.option("--overwrite", is_flag=True, help="Replace an existing case folder.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on standard output.")
def command(
    fields: tuple[Path, ...],
    out: Path,
    channels: tuple[str, ...],
    rois: tuple[Path, ...],
    label_files: tuple[Path, ...],
    ihc: str | None,
    faint_staining: bool,
    scheme_files: tuple[Path, ...],
    name: str | None,
    settings_file: Path | None,
    assignments: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
    **image: Any,
) -> None:
    """Score the fields of a case: nuclei, signals, copies, categories and a report.

    FIELD is an image with the channels DAPI, HER2 and (dual-probe) CEP17: TIFF, OME-TIFF or
    ImageJ stack, or a merged colour picture with --rgb. Without FIELD, --channel names one grey
    file for each role.
    """
    from dataclasses import replace

    from fishcount.batch import CaseJob, score_job
    from fishcount.cli.sources import field_sources, one_each

    fields_of_case = field_sources(fields, channels)
    n_fields = len(fields_of_case)
    job = CaseJob(
        name=out.resolve().name if name is None else name,
        fields=tuple(
            replace(field, roi=roi, labels=labels, **image_fields(image))
            for field, roi, labels in zip(
                fields_of_case,
                one_each(rois, n_fields, option="--roi", shared=True),
                one_each(label_files, n_fields, option="--labels"),
                strict=True,
            )
        ),
        ihc=ihc,
        faint_staining=faint_staining,
        scheme_files=scheme_files,
        settings=settings_of(settings_file, assignments),
    )
    with _progress(len(job.fields)) as bar:
        case, summary = score_job(job, out, overwrite=overwrite, on_field=bar.update)
    if as_json:
        print_json(summary)
    else:
        _print_headline(case, out)


def _progress(n_fields: int) -> Any:
    """A bar on a terminal, nothing in a pipe."""
    return click.progressbar(
        length=n_fields, label="fields", file=sys.stderr, hidden=not on_terminal()
    )


def _print_headline(case: CaseResult, out: Path) -> None:
    from fishcount.flags import FLAGS
    from fishcount.guidelines import comment_of, explain_paragraphs, headline

    also = case.settings.scoring.headline
    for paragraph in explain_paragraphs(
        case.score,
        case.categories,
        ihc=case.ihc,
        tags=case.tags,
        findings=case.findings,
        doubts={
            field.image.name: [finding.code for finding in field.findings] for field in case.fields
        },
        also=also,
    ):
        click.echo(click.wrap_text(paragraph, width=88))
    if not case.score.n_scored:
        click.echo(_why_none(case))
    for field in case.fields:
        for finding in field.findings:
            flag = FLAGS[finding.code]
            detail = f" ({finding.detail})" if finding.detail else ""
            click.echo(f"  {field.image.name}: {finding.code}{detail}: {flag.sentence}")
    for category in headline(case.categories, also=also):
        group = f", group {category.group}" if category.group else ""
        click.echo(f"  {category.scheme}: {category.category}{comment_of(category)}{group}")
    click.echo(f"report: {out / 'report.html'}")


def _why_none(case: CaseResult) -> str:
    """How many nuclei were found, and for what they were left out."""
    from collections import Counter

    from fishcount.flags import FLAGS

    reasons = Counter(str(code) for field in case.fields for code in field.reject_reason)
    told = [f"{n} {FLAGS[code].name}" for code, n in reasons.most_common()]
    found = f"  nuclei found: {reasons.total()}"
    return f"{found}, left out: {', '.join(told)}" if told else found
