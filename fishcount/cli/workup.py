"""`fishcount workup`: what a scored case still needs, and the records that bring it further."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fishcount.cli.options import IHC, print_json

if TYPE_CHECKING:
    from fishcount.guidelines import Count, WorkUp

__all__ = ["command"]

_ADVICE = {"count_20_more": "count 20 nuclei more and pool them: the ratio is from 1.80 to 2.20"}


@click.command("workup")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--ihc", type=IHC, help="The IHC score of the case.")
@click.option(
    "--faint-staining", is_flag=True, help="IHC 0 with faint membranes in at most 10 % of cells."
)
@click.option(
    "--more",
    type=click.Path(path_type=Path),
    help="Case folder of further nuclei of the first reading; they are pooled.",
)
@click.option(
    "--recount",
    type=click.Path(path_type=Path),
    help="Case folder of the second, blinded count; it stays beside the first.",
)
@click.option("--reader", help="Who made the recount.")
@click.option("--json", "as_json", is_flag=True, help="Print the record for a program.")
def command(
    folder: Path,
    ihc: str | None,
    faint_staining: bool,
    more: Path | None,
    recount: Path | None,
    reader: str | None,
    as_json: bool,
) -> None:
    """Say what the case in FOLDER still needs, and add what has come in.

    The first count, further nuclei, the recount and the outcome are separate records in
    FOLDER/workup.json; the automatic result stays as it is. A recount that changes the group ends
    in ADJUDICATE: people settle it.
    """
    from fishcount.guidelines import add_ihc, add_nuclei, add_recount
    from fishcount.io import read_case_folder
    from fishcount.review.write import REVIEWED_FOLDER
    from fishcount.workup import further_nuclei, resume, second_count, write_workup

    if (recount is None) != (reader is None):
        raise click.UsageError("--recount and --reader go together")
    if faint_staining and ihc is None:
        raise click.UsageError("--faint-staining goes with --ihc 0")
    case = read_case_folder(folder)
    state = resume(case)
    if ihc is not None:
        state = add_ihc(state, ihc, faint_staining=faint_staining)
    if more is not None:
        state = add_nuclei(state, further_nuclei(state, read_case_folder(more), case=case))
    if recount is not None:
        second = second_count(case, read_case_folder(recount), reader=reader or "")
        state = add_recount(state, second)
    record = write_workup(state, case) if ihc or more or recount else state.record()
    if as_json:
        print_json(record)
    else:
        click.echo(_text(state))
        reviewed = folder / REVIEWED_FOLDER
        if (reviewed / "summary.json").exists():
            click.echo(f"These are the automatic counts. Those that were reviewed: {reviewed}")


def _text(state: WorkUp) -> str:
    from fishcount.flags import FLAGS
    from fishcount.guidelines import NEEDED, RESEARCH_USE, comment_of

    outcome = state.outcome
    lines = [f"state: {state.state}"]
    if outcome is not None:
        group = f", group {outcome.group}" if outcome.group else ""
        lines.append(f"{outcome.scheme}: {outcome.category}{comment_of(outcome)}{group}")
        lines.append(f"  {outcome.reason}")
    if len(state.counts) > 1:
        lines += [f"pooled: {_counted(count)}" for count in state.counts]
    lines += [f"tag: {tag}" for tag in state.classification.tags]
    found = [finding.code for finding in state.classification.findings]
    lines += [f"{code}: {FLAGS[code].sentence}" for code in found]
    lines += [f"needs: {NEEDED[need]}" for need in state.needs]
    lines += [f"advice: {_ADVICE[advice]}" for advice in state.advice]
    lines.append(f"Arithmetic categories. {RESEARCH_USE}")
    return "\n".join(lines)


def _counted(count: Count) -> str:
    """A count in a line: nuclei of another case show in their means."""
    cep17 = "" if count.cep17 is None else f", CEP17 {count.cep17}"
    ratio = f", ratio {count.her2 / count.cep17:.2f}" if count.cep17 else ""
    return f"{count.source or 'a count'}: {count.n_nuclei} nuclei, HER2 {count.her2}{cep17}{ratio}"
