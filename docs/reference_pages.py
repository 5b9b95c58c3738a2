"""Writes the reference pages that follow from the code: commands, settings, flags, schemes.

What the benchmarks measured is copied beside them.

`docs/conf.py` calls `write_pages` before Sphinx reads anything, so these pages cannot fall behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

import annotated_types
import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from fishcount.cli.main import cli
from fishcount.flags import Subject, flags_of
from fishcount.guidelines import IHC_SCORES, Rule, Scheme, builtin_schemes
from fishcount.settings import Settings

_RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"

__all__ = ["commands", "settings_fields", "write_pages"]

_SUBJECTS = {
    Subject.NUCLEUS: (
        "Nuclei",
        "In the column `flags` of `nuclei.csv`, joined by semicolons. Those that the setting "
        "`selection.reject` names keep a nucleus from being scored; the first of them is its "
        "`reject_reason`.",
    ),
    Subject.SIGNAL: (
        "Signals",
        "In the column `reason` of `signals.csv`: why a candidate is not counted. A signal has "
        "one reason at most.",
    ),
    Subject.FIELD: (
        "Fields",
        "In `fields` of `summary.json`, with the figure that raised the flag under `findings`.",
    ),
    Subject.CASE: (
        "Cases and categories",
        "In `flags` of `summary.json` and of each category. None of them changes a result.",
    ),
}


def write_pages(folder: Path) -> None:
    """Write every generated page into `folder`; what has not changed is left alone."""
    pages = {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "flags.md": flags_page(),
        "schemes.md": schemes_page(),
    }
    for name, text in pages.items():
        path = folder / name
        _write(path, text)
    for source in sorted(_RESULTS.glob("*.md")):
        _write(folder / "measured" / source.name, source.read_text(encoding="utf-8"))
    for plot in sorted(_RESULTS.glob("*.png")):
        (folder / "measured" / plot.name).write_bytes(plot.read_bytes())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


# --- commands -------------------------------------------------------------------------------


def commands(
    group: click.Group = cli, path: tuple[str, ...] = ("fishcount",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it, subcommands after their group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def cli_page() -> str:
    """The page of the command line."""
    parts = [
        "# Command line",
        "Made from the code. `fishcount COMMAND --help` prints the same. Exit code 0: done; 1: "
        "`verify` found a difference; 2: an error, in one line on standard error.",
    ]
    for words, command in commands():
        parts.append(f"## {' '.join(words)}")
        parts.append(f"```text\n{_usage(words, command)}\n```")
        # Click's mark for "do not wrap" is no part of the text.
        parts.append(cleandoc(command.help or "").replace("\b\n", ""))
        options = [one for one in command.params if isinstance(one, click.Option)]
        if options:
            rows = [(_option_names(one), _option_help(one)) for one in options]
            parts.append(_table(("option", "meaning"), rows))
    return _joined(parts)


def _usage(words: tuple[str, ...], command: click.Command) -> str:
    pieces = command.collect_usage_pieces(click.Context(command, info_name=words[-1]))
    return " ".join((*words, *pieces))


def _option_names(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    if option.is_flag:
        return names
    value = option.make_metavar(click.Context(click.Command("any")))
    return f"{names} `{value}`"


def _option_help(option: click.Option) -> str:
    notes = [option.help or ""]
    if option.required:
        notes.append("Required.")
    elif option.show_default and option.default is not None:
        notes.append(f"Default: `{option.default}`.")
    if isinstance(option.type, click.IntRange):
        notes.append(f"{option.type.min} or more." if option.type.max is None else "")
        if option.type.max is not None:
            notes.append(f"From {option.type.min} to {option.type.max}.")
    return " ".join(note for note in notes if note)


# --- settings -------------------------------------------------------------------------------


def settings_fields() -> Iterator[tuple[str, str, FieldInfo]]:
    """Section, key and field of every setting."""
    for section, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key, inner in model.model_fields.items():
            yield section, key, inner


def settings_page() -> str:
    """The page of the settings."""
    parts = [
        "# Settings",
        "Made from the models in `fishcount/settings`, the only home of defaults. Set one "
        "with `--set section.key=value`, several with a TOML file and `--settings`; an unknown "
        "key is an error. [Choosing settings](../../howto/settings.md) says when to.",
    ]
    sections = dict(Settings.model_fields)
    for section, field in sections.items():
        model: Any = field.annotation
        parts.append(f"## `[{section}]`")
        parts.append(model.__doc__ or "")
        rows = [
            (f"`{key}`", _default(inner), _range(inner), inner.description or "")
            for owner, key, inner in settings_fields()
            if owner == section
        ]
        parts.append(_table(("key", "default", "allowed", "meaning"), rows))
    return _joined(parts)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, tuple):
        return "<br>".join(f"`{one}`" for one in value) or "none"
    return f"`{value}`"


def _range(field: FieldInfo) -> str:
    marks = {
        annotated_types.Gt: ("gt", ">"),
        annotated_types.Ge: ("ge", "≥"),
        annotated_types.Lt: ("lt", "<"),
        annotated_types.Le: ("le", "≤"),
    }
    bounds = [
        f"{sign} {getattr(one, attribute)}"
        for one in field.metadata
        for kind, (attribute, sign) in marks.items()
        if isinstance(one, kind)
    ]
    choices = getattr(field.annotation, "__args__", ())
    if choices and all(isinstance(choice, str) for choice in choices):
        return ", ".join(f"`{choice}`" for choice in choices)
    return ", ".join(bounds)


# --- flags ----------------------------------------------------------------------------------


def flags_page() -> str:
    """The page of the flags."""
    parts = [
        "# Flags and reasons",
        "Made from `fishcount.flags`. A doubt about an image is a flag in the result, with the "
        "figure that raised it; nothing vanishes without one.",
    ]
    for subject, (title, where) in _SUBJECTS.items():
        parts += [f"## {title}", where]
        rows = [(f"`{flag.code}`", flag.name, flag.sentence) for flag in flags_of(subject)]
        parts.append(_table(("code", "name", "meaning"), rows))
    return _joined(parts)


# --- schemes --------------------------------------------------------------------------------


def schemes_page() -> str:
    """The page of the schemes."""
    parts = [
        "# Schemes",
        "Made from the TOML files in `fishcount/guidelines/schemes`. The ratio is the sum of "
        "HER2 over the sum of CEP17 signals of all scored nuclei; the mean is the sum of HER2 "
        "over the number of nuclei. What these schemes give are arithmetic categories, for "
        "research use only.",
    ]
    for scheme in builtin_schemes().values():
        parts += _scheme_parts(scheme)
    return _joined(parts)


def _scheme_parts(scheme: Scheme) -> list[str]:
    facts = [
        f"`{scheme.id}`, edition {scheme.edition}",
        f"Source: {scheme.citation}",
        f"In one line: {scheme.source}" if scheme.source else "",
        f"Probes: {scheme.probes}",
        f"With fewer than {scheme.min_nuclei} nuclei or {scheme.min_areas} areas: INDETERMINATE"
        if scheme.min_nuclei
        else "No least number of nuclei",
        f"Variants, by the setting `scoring.{scheme.option}`: {', '.join(scheme.variants)}"
        if scheme.option
        else "",
    ]
    notes = [*scheme.comments, *(f"Known defect: {text}" for text in scheme.defects)]
    return [
        f"## {scheme.name}",
        _bullets(fact for fact in facts if fact),
        _table(
            ("group", "where", "IHC", "category", "notes"), [_rule_row(one) for one in scheme.rule]
        ),
        _bullets(notes),
    ]


def _rule_row(rule: Rule) -> tuple[str, ...]:
    where = [f"{measure.words} {interval}" for measure, interval in rule.intervals.items()]
    notes = [f"`{code}`" for code in rule.flags]
    if rule.recount:
        notes.append("once a blinded recount gives the same group")
    if rule.variant:
        notes.append(f"variant {rule.variant}")
    if rule.note:
        notes.append(rule.note)
    any_ihc = len(rule.ihc) > len(IHC_SCORES)
    return (
        str(rule.group or ""),
        "; ".join(where),
        "any" if any_ihc else ", ".join(rule.ihc),
        f"`{rule.category}`",
        "; ".join(notes),
    )


# --- Markdown -------------------------------------------------------------------------------


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
