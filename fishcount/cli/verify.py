"""`fishcount verify`: whether a case folder and its inputs are as they were."""

from __future__ import annotations

from pathlib import Path

import click

from fishcount.cli.options import print_json

__all__ = ["command"]


@click.command("verify")
@click.argument("case", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--inputs-from",
    type=click.Path(path_type=Path),
    help="Folder from which relative paths of inputs start. Default: the current one, then those "
    "above DIR.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def command(case: Path, inputs_from: Path | None, as_json: bool) -> int:
    """Compare the case folder DIR and its inputs with the hashes of the run that wrote it.

    Exit code 1 where something changed, 2 where DIR is no whole case folder. What a review or
    a work-up has added is no change, unless a line of the log is not as it was written, or the
    outcome of the work-up does not follow from its records.
    """
    from fishcount.io import Verification, verify_case_folder
    from fishcount.review import verify_review
    from fishcount.workup import verify_workup

    automatic = verify_case_folder(case, inputs_from=inputs_from)
    later = (*verify_review(case), *verify_workup(case))
    verification = Verification(path=automatic.path, checks=(*automatic.checks, *later))
    if as_json:
        print_json(verification.to_record())
    else:
        click.echo(verification.to_text())
    return 0 if verification.ok else 1
