"""`fishcount verify`: a case folder against its inputs and hashes."""

from __future__ import annotations

from pathlib import Path

import click

from fishcount.cli.options import print_json

__all__ = ["command"]


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def command(folder: Path, as_json: bool) -> int:
    """Check the case folder FOLDER against its inputs and hashes, and say what changed.

    Exit code 2 where something changed or is missing.
    """
    from fishcount.io import verify_case_folder

    changes = verify_case_folder(folder)
    if as_json:
        print_json({"folder": str(folder), "changes": list(changes)})
    else:
        click.echo("\n".join(changes) if changes else f"{folder}: nothing changed")
    return 2 if changes else 0
