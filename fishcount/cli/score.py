"""`fishcount score`: the fields of a case into a case folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fishcount.cli.options import IHC, image_options, parse_assignments, print_json
from fishcount.cli.sources import FieldSource, field_sources, one_each

if TYPE_CHECKING:
    from fishcount.image import FishImage
    from fishcount.results import CaseResult, FieldResult
    from fishcount.settings import Settings

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
    help="GeoJSON polygons (pixels) of the tumour: only nuclei inside are scored. Once for all "
    "fields, or once for each.",
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
@click.option(
    "--scheme-file",
    "scheme_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A scheme of your own, as TOML, beside the built-in ones; repeat for more.",
)
@click.option("--name", help="Name of the case; the output folder's name where not given.")
@click.option(
    "--settings", "settings_file", type=click.Path(path_type=Path), help="Settings as TOML."
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="One setting, such as spots.min_snr=6; repeat for more.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing case folder.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json on standard output.")
def command(
    fields: tuple[Path, ...],
    out: Path,
    channels: tuple[str, ...],
    rgb: str | None,
    pixel_size_um: float | None,
    z_step_um: float | None,
    axes: str | None,
    offset_counts: float | None,
    series: int | None,
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
) -> None:
    """Score the fields of a case: nuclei, signals, copies, categories and a report.

    FIELD is an image with the channels DAPI, HER2 and (dual-probe) CEP17: TIFF, OME-TIFF or
    ImageJ stack, or a merged colour picture with --rgb. Without FIELD, --channel names one grey
    file for each role.
    """
    from fishcount.guidelines import read_scheme
    from fishcount.io import check_out_folder, check_unchanged
    from fishcount.pipeline import score_case
    from fishcount.settings import Settings, read_settings, with_overrides

    check_out_folder(out, overwrite=overwrite)
    settings = with_overrides(
        read_settings(settings_file) if settings_file else Settings(), assignments
    )
    schemes = [read_scheme(path) for path in scheme_files]
    sources = field_sources(fields, channels)
    reading = {
        "pixel_size_um": pixel_size_um,
        "z_step_um": z_step_um,
        "axes": axes,
        "series": series,
        "offset_counts": offset_counts,
        "rgb": dict(parse_assignments(rgb.split(","), option="--rgb")) if rgb else None,
        "settings": settings.reading,
    }
    results = _score_fields(
        sources,
        reading,
        rois=one_each(rois, len(sources), option="--roi", shared=True),
        label_files=one_each(label_files, len(sources), option="--labels"),
        settings=settings,
    )
    case = score_case(
        results,
        name=name or out.resolve().name,
        ihc=ihc,
        faint_staining=faint_staining,
        schemes=[*settings.scoring.schemes, *schemes] if schemes else None,
        settings=settings,
    )
    for result in results:
        check_unchanged(result.image.files)
    summary = write_case(out, case, overwrite=overwrite)
    if as_json:
        print_json(summary)
    else:
        _print_headline(case, out)


def write_case(out: Path, case: CaseResult, *, overwrite: bool) -> dict[str, Any]:
    """Write the case folder with its report; the summary comes back."""
    from fishcount.io import provenance, write_case_folder
    from fishcount.report import render_report
    from fishcount.tables import nuclei_table, signals_table, summary_record

    summary = summary_record(case)
    record = provenance(
        {path: digest for field in case.fields for path, digest in field.image.files.items()},
        case.settings,
        command=sys.argv,
    )
    write_case_folder(
        out,
        summary=summary,
        nuclei=nuclei_table(case.fields),
        signals=signals_table(case.fields),
        labels={field.image.name: field.nuclei.labels for field in case.fields},
        settings_toml=case.settings.to_toml(),
        provenance=record,
        report_html=render_report(case, provenance=record, explanation=_explained(case)),
        overwrite=overwrite,
    )
    return summary


def _score_fields(
    sources: Sequence[FieldSource],
    reading: Mapping[str, Any],
    *,
    rois: Sequence[Path | None],
    label_files: Sequence[Path | None],
    settings: Settings,
) -> list[FieldResult]:
    from fishcount.io import read_labels, unique_names
    from fishcount.pipeline import score_field

    names = unique_names([source.first_file for source in sources])
    jobs = list(zip(sources, names, rois, label_files, strict=True))
    results = []
    with _progress(jobs) as bar:
        for source, field_name, roi, label_file in bar:
            image = _read(source, field_name, roi, reading)
            labels = read_labels(label_file, shape=image.shape) if label_file else None
            results.append(score_field(image, labels=labels, settings=settings))
    return results


def _read(
    source: FieldSource, name: str, roi: Path | None, reading: Mapping[str, Any]
) -> FishImage:
    from fishcount.io import read_image

    return read_image(source.files, channels=source.channels, name=name, roi=roi, **reading)


def _progress(jobs: list[Any]) -> Any:
    """A bar on a terminal, nothing in a pipe."""
    return click.progressbar(jobs, label="fields", file=sys.stderr, hidden=not sys.stderr.isatty())


def _explained(case: CaseResult) -> str:
    from fishcount.guidelines import explain

    return explain(
        case.score, case.categories, ihc=case.ihc, tags=case.tags, findings=case.findings
    )


def _print_headline(case: CaseResult, out: Path) -> None:
    click.echo(click.wrap_text(_explained(case), width=88))
    for category in case.categories[:2]:
        group = f", group {category.group}" if category.group else ""
        click.echo(f"  {category.scheme}: {category.category}{group}")
    click.echo(f"report: {out / 'report.html'}")
