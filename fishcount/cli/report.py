"""`fishcount report`: the report and the tables of a scored case, in further formats."""

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
def command(case: Path, pdf: Path | None, csv: Path | None, xlsx: Path | None) -> None:
    """Write the report of the case folder DIR as PDF, and its tables for a spreadsheet.

    DIR itself stays as it is. A PDF is printed by Chromium, Chrome or Edge, whichever is there.
    """
    from fishcount.errors import OutputError
    from fishcount.io import read_case_folder, replace_file
    from fishcount.report.pdf import print_pdf
    from fishcount.report.workbook import case_csv, case_xlsx

    folder = read_case_folder(case)
    asked = [path for path in (pdf, csv, xlsx) if path is not None]
    if not asked:
        raise OutputError("nothing to write", file=case, remedy="give --pdf, --csv or --xlsx")
    for path in asked:
        if case.resolve() in path.resolve().parents:
            raise OutputError(
                "is inside the case folder",
                file=path,
                remedy="choose a place beside it, so that the folder stays as it was written",
            )
    if csv is not None:
        replace_file(csv, case_csv(folder))
    if xlsx is not None:
        replace_file(xlsx, case_xlsx(folder))
    if pdf is not None:
        print_pdf(case / "report.html", pdf)
    for path in asked:
        click.echo(path)
