"""`fishcount report`: the report of a scored case once more, and in further formats."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("report")
@click.argument("case", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--pdf", type=_FILE, help="Print report.html to this file, with a browser: A4.")
@click.option("--csv", type=_FILE, help="The case as one row: figures, intervals, categories.")
@click.option(
    "--xlsx", type=_FILE, help="A workbook of all tables; needs the extra fishcount[xlsx]."
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
def command(
    case: Path, pdf: Path | None, csv: Path | None, xlsx: Path | None, overwrite: bool
) -> None:
    """Make the report of the case folder DIR again, or write it in further formats.

    Without options DIR/report.html is drawn anew from the tables, the label images and the
    images, where these are still there and unchanged. After a review, DIR/reviewed/report.html is
    drawn as well, and both put the automatic beside the reviewed result. DIR/reviewed is a case
    folder, too.

    Nothing is made of a result that is not as it was written. With --pdf, --csv or --xlsx DIR
    itself stays as it is. A PDF is printed by Chromium, Chrome or Edge, whichever is there.
    """
    from fishcount.io import check_as_written, read_case_folder

    folder = read_case_folder(case)
    check_as_written(folder)
    asked = [path for path in (pdf, csv, xlsx) if path is not None]
    if not asked:
        _make_again(case)
        return
    _check_places(case, asked, overwrite=overwrite)
    from fishcount.io import replace_file
    from fishcount.report.pdf import print_pdf
    from fishcount.report.workbook import case_csv, case_xlsx

    if csv is not None:
        replace_file(csv, case_csv(folder))
    if xlsx is not None:
        replace_file(xlsx, case_xlsx(folder))
    if pdf is not None:
        print_pdf(case / "report.html", pdf)
    for path in asked:
        click.echo(path)


def _make_again(case: Path) -> None:
    from fishcount.report import write_reports

    for written in write_reports(case):
        for field, problem in written.missing_images.items():
            click.echo(f"{written.path}: {field} is drawn without its image: {problem}", err=True)
        click.echo(written.path)


def _check_places(case: Path, asked: list[Path], *, overwrite: bool) -> None:
    from fishcount.errors import OutputError

    for path in asked:
        if case.resolve() in path.resolve().parents:
            raise OutputError(
                "is inside the case folder",
                file=path,
                remedy="choose a place beside it, so that the folder stays as it was written",
            )
        if path.exists() and not overwrite:
            raise OutputError(
                "exists already", file=path, remedy="choose another place, or give --overwrite"
            )
