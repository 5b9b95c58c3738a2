"""`fishcount replay`: the reviewed result of a case, from its edit log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fishcount.cli.options import IHC, print_json

__all__ = ["command"]


@click.command("replay")
@click.argument("case", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--ihc", type=IHC, help="IHC score, where the automatic result does not have it.")
@click.option(
    "--scheme-file",
    "scheme_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A scheme of your own, as TOML, beside those of the settings; repeat for more.",
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Also where the log has lost lines from which DIR/reviewed was made.",
)
@click.option("--json", "as_json", is_flag=True, help="Print reviewed/summary.json.")
def command(
    case: Path,
    ihc: str | None,
    scheme_files: tuple[Path, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Make the edits in DIR/edits.jsonl anew, and write what comes of them to DIR/reviewed.

    The automatic result in DIR stays as it is; both are printed side by side, and stand so in
    both reports.
    """
    from fishcount.guidelines import RESEARCH_USE, read_scheme, with_own
    from fishcount.io import read_case_folder
    from fishcount.report import write_reports
    from fishcount.review import write_reviewed
    from fishcount.review.write import REVIEWED_FOLDER

    folder = read_case_folder(case)
    schemes = with_own(
        [read_scheme(path) for path in scheme_files],
        dual=folder.summary["cep17_signals"] is not None,
        settings=folder.settings().scoring,
    )
    write_reviewed(folder, ihc=ihc, schemes=schemes, again=overwrite)
    write_reports(case)
    reviewed = read_case_folder(case / REVIEWED_FOLDER).summary
    if as_json:
        print_json(reviewed)
        return
    click.echo(_text(folder.summary, reviewed))
    click.echo(f"Arithmetic categories. {RESEARCH_USE}")


def _text(automatic: dict[str, Any], reviewed: dict[str, Any]) -> str:
    from fishcount.records import CASE_FIGURES
    from fishcount.report.wording import figure

    review = reviewed["review"]
    n_nuclei = sum(review[status] for status in ("unreviewed", "accepted", "rejected", "edited"))
    lines = [
        f"{n_nuclei - review['unreviewed']} of {n_nuclei} nuclei reviewed, "
        f"log of {review['n_events']} by {', '.join(review['readers'])}",
        _row("", "automatic", "reviewed"),
    ]
    for key, words in CASE_FIGURES.items():
        lines.append(_row(words, *(figure(one[key], lacking="-") for one in (automatic, reviewed))))
    before = {entry["scheme"]: entry for entry in automatic["categories"]}
    lines += [
        _row(entry["scheme"], _category(before.get(entry["scheme"])), _category(entry))
        for entry in reviewed["categories"]
    ]
    return "\n".join(lines)


def _row(name: str, automatic: str, reviewed: str) -> str:
    return f"{name:26}{automatic:24}{reviewed}".rstrip()


def _category(entry: dict[str, Any] | None) -> Any:
    if entry is None:
        return "-"
    from fishcount.guidelines import comment_of
    from fishcount.records import category_of

    words = f"{entry['category']}{comment_of(category_of(entry))}"
    return f"{words} (group {entry['group']})" if entry["group"] else words
