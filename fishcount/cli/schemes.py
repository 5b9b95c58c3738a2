"""`fishcount schemes`: what schemes there are, and the decision table of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fishcount.guidelines import Rule, Scheme

__all__ = ["command"]


@click.group("schemes", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the schemes that turn counts into categories."""
    if ctx.invoked_subcommand is not None:
        return
    from fishcount.guidelines import builtin_schemes

    for scheme in builtin_schemes().values():
        click.echo(f"{scheme.id:24}{scheme.name}, {scheme.edition}")


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Print the decision table of scheme NAME (or of a scheme file) with its citation."""
    from fishcount.guidelines import find_scheme, read_scheme

    scheme = read_scheme(Path(name)) if name.endswith(".toml") else find_scheme(name)
    click.echo(_text(scheme))


def _text(scheme: Scheme) -> str:
    head = [
        f"{scheme.id}: {scheme.name}, {scheme.edition}",
        f"source: {scheme.citation}",
        *([f"        {scheme.source}"] if scheme.source else []),
        *_minimum(scheme),
        "",
    ]
    rules = [_rule_line(rule) for rule in scheme.rule]
    notes = [
        *(f"comment: {text}" for text in scheme.comments),
        *(f"known defect: {text}" for text in scheme.defects),
    ]
    return "\n".join([*head, *rules, "", *notes])


def _minimum(scheme: Scheme) -> list[str]:
    least = {"nuclei": scheme.min_nuclei, "areas": scheme.min_areas}
    asked = " in ".join(f"{number} {what}" for what, number in least.items() if number)
    return [f"at least {asked}" if asked else "no minimum of nuclei or areas"]


def _rule_line(rule: Rule) -> str:
    from fishcount.guidelines import IHC_SCORES

    conditions = [f"{measure.words} {interval}" for measure, interval in rule.intervals.items()]
    if len(rule.ihc) <= len(IHC_SCORES):
        conditions.append(f"IHC {' or '.join(rule.ihc)}")
    if rule.variant:
        conditions.append(f"variant {rule.variant}")
    if rule.recount:
        conditions.append("after a recount in the same group")
    group = f"group {rule.group}: " if rule.group else ""
    flags = f" [{', '.join(rule.flags)}]" if rule.flags else ""
    return f"  {group}{'; '.join(conditions)} -> {rule.category}{flags}"
