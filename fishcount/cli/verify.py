"""`fishcount verify`: whether case folders and their inputs are as they were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fishcount.cli.options import print_json
from fishcount.cli.say import say_error
from fishcount.errors import FishcountError

if TYPE_CHECKING:
    from fishcount.io import Verification

__all__ = ["command"]


@click.command("verify")
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR...")
@click.option(
    "--inputs-from",
    type=click.Path(path_type=Path),
    help="Folder from which relative paths of inputs start. Default: the current one, then those "
    "above DIR.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def command(cases: tuple[Path, ...], inputs_from: Path | None, as_json: bool) -> int:
    """Compare each case folder DIR and its inputs with the hashes of the run that wrote it.

    Exit code 1 where something changed, 2 where a DIR is not a whole case folder; the others are
    compared all the same. What a review or a work-up has added is not a change, unless a line of
    the log is not as it was written, or the outcome of the work-up does not follow from its
    records. JSON of several folders is a list.
    """
    verifications, complete = [], True
    for case in cases:
        try:
            verifications.append(_verification(case, inputs_from))
        except FishcountError as error:
            say_error(str(error))
            complete = False
    if as_json and verifications:
        records = [one.to_record() for one in verifications]
        print_json(records if len(cases) > 1 else records[0])
    for one in verifications if not as_json else ():
        click.echo(one.to_text())
    if not complete:
        return 2
    return 0 if all(one.ok for one in verifications) else 1


def _verification(case: Path, inputs_from: Path | None) -> Verification:
    """What the run wrote, what a review added, what a work-up added."""
    from fishcount.io import Verification, verify_case_folder
    from fishcount.review import verify_review
    from fishcount.workup import verify_workup

    automatic = verify_case_folder(case, inputs_from=inputs_from)
    later = (*verify_review(case), *verify_workup(case))
    return Verification(path=automatic.path, checks=(*automatic.checks, *later))
