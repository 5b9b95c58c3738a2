"""`fishcount info`: what a file holds, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import click

from fishcount.cli.options import print_json

__all__ = ["command"]


@click.command("info")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def command(file: Path, as_json: bool) -> int:
    """Say what FILE holds: axes, channels, sizes and where each came from, series, faults.

    Exit code 2 where the structure, the metadata or the calibration is faulty; a file that only
    lacks channel names or a pixel size is sound.
    """
    from fishcount.io import inspect_file

    report = inspect_file(file)
    if as_json:
        print_json(report.to_record())
    else:
        click.echo(report.to_text())
    return report.exit_code
