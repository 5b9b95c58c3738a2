"""`fishcount info`: what files hold, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import click

from fishcount.cli.options import print_json

__all__ = ["command"]


@click.command("info")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def command(files: tuple[Path, ...], as_json: bool) -> int:
    """Say what FILE holds: axes, channels, sizes and where each came from, series, faults.

    Exit code 2 where the structure, the metadata or the calibration of one is faulty; a file that
    only lacks channel names or a pixel size is sound. JSON of several files is a list.
    """
    from fishcount.io import inspect_file

    reports = [inspect_file(file) for file in files]
    if as_json:
        records = [report.to_record() for report in reports]
        print_json(records if len(files) > 1 else records[0])
    else:
        click.echo("\n\n".join(report.to_text() for report in reports))
    return max(report.exit_code for report in reports)
