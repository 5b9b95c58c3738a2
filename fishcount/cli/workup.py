"""`fishcount workup`: what a scored case still needs, and the records that bring it further."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fishcount.cli.options import IHC, print_json
from fishcount.errors import MetadataError

if TYPE_CHECKING:
    from fishcount.guidelines import Count, WorkUp
    from fishcount.io import CaseFolder

__all__ = ["command"]

FILE_NAME = "workup.json"


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
    from fishcount.io import read_case_folder, replace_file

    if (recount is None) != (reader is None):
        raise click.UsageError("--recount and --reader go together")
    case = read_case_folder(folder)
    state = _resumed(case)
    if ihc is not None:
        state = add_ihc(state, ihc, faint_staining=faint_staining)
    if more is not None:
        state = add_nuclei(state, _count_of(read_case_folder(more)))
    if recount is not None:
        state = add_recount(state, _recount_of(read_case_folder(recount), reader or ""))
    record = state.record()
    if ihc or more or recount:
        text = json.dumps(record, indent=2, allow_nan=False)
        replace_file(folder / FILE_NAME, text.encode())
    if as_json:
        print_json(record)
    else:
        click.echo(_text(state))


def _count_of(case: CaseFolder) -> Count:
    from fishcount.guidelines import Count

    summary = case.summary
    return Count(
        n_nuclei=summary["n_scored"],
        her2=summary["her2_signals"],
        cep17=summary["cep17_signals"],
        areas=sum(field["n_scored"] > 0 for field in summary["fields"]),
    )


def _recount_of(case: CaseFolder, reader: str) -> Any:
    from fishcount.guidelines import Recount

    count = _count_of(case)
    return Recount(n_nuclei=count.n_nuclei, her2=count.her2, cep17=count.cep17 or 0, reader=reader)


def _resumed(case: CaseFolder) -> WorkUp:
    """The work-up as it stands in the folder, made again from its records."""
    from fishcount.guidelines import Count, Recount, add_nuclei, add_recount, start_workup
    from fishcount.settings import parse_settings

    path = case.path / FILE_NAME
    kept = _read_record(path) if path.exists() else {}
    settings = parse_settings(case.settings_toml, source=str(case.path / "settings.toml"))
    try:
        state = start_workup(
            _count_of(case),
            ihc=kept.get("ihc", case.summary["ihc"]),
            faint_staining=bool(kept.get("faint_staining", False)),
            settings=settings.scoring,
        )
        for count in kept.get("counts", [])[1:]:
            state = add_nuclei(state, Count(**count))
        if kept.get("recount"):
            state = add_recount(state, Recount(**kept["recount"]))
    except (TypeError, KeyError) as error:
        raise MetadataError("not a record of a work-up", file=path, found=str(error)) from error
    return state


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MetadataError("not a record of a work-up", file=path, found=str(error)) from error
    if not isinstance(record, dict):
        raise MetadataError("not a record of a work-up", file=path)
    return record


def _text(state: WorkUp) -> str:
    from fishcount.guidelines import RESEARCH_USE

    outcome = state.outcome
    lines = [f"state: {state.state}"]
    if outcome is not None:
        group = f", group {outcome.group}" if outcome.group else ""
        lines.append(f"{outcome.scheme}: {outcome.category}{group}")
        lines.append(f"  {outcome.reason}")
    lines += [f"tag: {tag}" for tag in state.classification.tags]
    lines += [f"needs: {need}" for need in state.needs]
    lines += [f"advice: {advice}" for advice in state.advice]
    lines.append(f"Arithmetic categories. {RESEARCH_USE}")
    return "\n".join(lines)
