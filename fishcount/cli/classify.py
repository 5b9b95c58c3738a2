"""`fishcount classify`: categories from counts, without images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fishcount.cli.options import IHC, print_json, settings_of, settings_options
from fishcount.errors import CountError

if TYPE_CHECKING:
    from fishcount.guidelines import Classification

__all__ = ["command"]


@click.command("classify")
@click.option("--nuclei", "n_nuclei", type=int, required=True, help="Number of scored nuclei.")
@click.option("--her2", type=int, required=True, help="Sum of HER2 signals over these nuclei.")
@click.option("--cep17", type=int, help="Sum of CEP17 signals; leave out for a single probe.")
@click.option("--ihc", type=IHC, help="IHC score, where it is known.")
@click.option(
    "--faint-staining", is_flag=True, help="IHC 0 with faint membranes in at most 10 % of cells."
)
@click.option("--areas", type=int, help="Number of areas that were counted.")
@click.option(
    "--recount",
    "recounts",
    multiple=True,
    metavar="NUCLEI/HER2/CEP17",
    help="The blinded count of a second observer, kept beside the first; only one is taken.",
)
@click.option(
    "--scheme",
    "schemes",
    multiple=True,
    metavar="NAME",
    help="Only this scheme, such as gea-ratio; repeat for more. Default: those of the settings.",
)
@click.option(
    "--two-copies",
    type=click.Choice(["equivocal", "negative"]),
    help="What exactly 2 copies are under seed-copies: its page says both. Default: equivocal.",
)
@settings_options
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def command(
    n_nuclei: int,
    her2: int,
    cep17: int | None,
    ihc: str | None,
    faint_staining: bool,
    areas: int | None,
    recounts: tuple[str, ...],
    schemes: tuple[str, ...],
    two_copies: str | None,
    scheme_files: tuple[Path, ...],
    settings_file: Path | None,
    assignments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say which arithmetic category counts fall in under each scheme.

    Example: fishcount classify --nuclei 20 --her2 80 --cep17 40 --ihc 2+
    """
    from fishcount.guidelines import classify, read_scheme, with_own

    chosen = [f"scoring.two_copies={two_copies}"] if two_copies else []
    settings = settings_of(settings_file, [*assignments, *chosen])
    own = [read_scheme(path) for path in scheme_files]
    of_own = {scheme.id for scheme in own}
    result = classify(
        n_nuclei,
        her2,
        cep17,
        ihc=ihc,
        faint_staining=faint_staining,
        areas=areas,
        recount=_parse_recount(recounts) if recounts else None,
        schemes=[*(name for name in dict.fromkeys(schemes) if name not in of_own), *own]
        if schemes
        else with_own(own, dual=cep17 is not None, settings=settings.scoring),
        settings=settings.scoring,
    )
    if as_json:
        print_json(_record(result))
    else:
        click.echo(_text(result))
        if recounts and not any("recount" in category.reason for category in result.categories):
            click.echo(
                "The recount was not used: ASCO/CAP 2018 asks for one in groups 2, 3 and 4 with "
                "IHC 2+."
            )


def _parse_recount(texts: tuple[str, ...]) -> tuple[int, int, int]:
    text = texts[0]
    if len(texts) > 1:
        raise CountError(
            "only one recount is taken",
            field="--recount",
            found=len(texts),
            remedy="when two counts do not agree, people adjudicate",
        )
    try:
        nuclei, her2, cep17 = (int(part) for part in text.split("/"))
    except ValueError:
        raise CountError(
            "not a count", field="--recount", found=text, expected="NUCLEI/HER2/CEP17"
        ) from None
    return nuclei, her2, cep17


def _record(result: Classification) -> dict[str, Any]:
    from fishcount.records import category_record

    return {
        "categories": [category_record(category) for category in result.categories],
        "tags": list(result.tags),
        "flags": [finding.code for finding in result.findings],
        "ihc": result.ihc,
    }


def _text(result: Classification) -> str:
    from fishcount.flags import FLAGS
    from fishcount.guidelines import COMMENTS, RESEARCH_USE, comment_of

    lines = []
    for category in result.categories:
        comments = [FLAGS[code].sentence for code in category.flags if code in COMMENTS]
        group = f" (group {category.group})" if category.group else ""
        secondary = ", secondary" if "SECONDARY" in category.flags else ""
        lines.append(
            f"{category.scheme:24}{category.category}{comment_of(category)}{group}{secondary}"
        )
        lines += [f"{'':24}{line}" for line in (category.reason, *comments)]
    lines += [f"{tag} (tag)" for tag in result.tags]
    lines += [f"{finding.code}: {FLAGS[finding.code].sentence}" for finding in result.findings]
    lines.append(f"Arithmetic categories. {RESEARCH_USE}")
    return "\n".join(lines)
