"""Nothing that a person can type, set or read is without its explanation."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel

import fishcount
from fishcount import score_case
from fishcount.cli.main import cli
from fishcount.flags import FLAGS, Subject
from fishcount.guidelines import Rule, Scheme, builtin_schemes
from fishcount.guidelines.scheme import CategoryName
from fishcount.review import actions
from fishcount.settings import Settings
from fishcount.synthetic import simulate_case
from fishcount.tables import NUCLEI_COLUMNS, SIGNALS_COLUMNS, summary_record

DOCS = Path(__file__).resolve().parents[2] / "docs"
CASE_FOLDER = (DOCS / "reference" / "case_folder.md").read_text(encoding="utf-8")
API = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
TYPES = {
    "object": "text",
    "int64": "int",
    "Int64": "int",
    "float64": "float",
    "bool": "bool",
}


def commands(
    group: click.Group = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def options() -> Iterator[tuple[str, click.Option]]:
    for name, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield f"{name} {parameter.opts[-1]}", parameter


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_command_has_help(name: str, command: click.Command) -> None:
    assert command.help, name


@pytest.mark.parametrize(("name", "option"), list(options()))
def test_option_has_help(name: str, option: click.Option) -> None:
    assert option.help, name


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_help_speaks_of_every_argument(name: str, command: click.Command) -> None:
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            shown = parameter.make_metavar(click.Context(command)).strip("[].")
            assert shown in (command.help or ""), f"{name}: {shown}"


def settings_fields(
    model: type[BaseModel] = Settings, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, str | None]]:
    for key, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            assert inner.__doc__, key
            yield from settings_fields(inner, (*path, key))
        else:
            yield ".".join((*path, key)), field.description


@pytest.mark.parametrize(
    ("key", "description"),
    [*settings_fields(), *settings_fields(Scheme, ("scheme",)), *settings_fields(Rule, ("rule",))],
)
def test_setting_has_a_description(key: str, description: str | None) -> None:
    assert description, key
    assert description.endswith("."), description


@pytest.mark.parametrize("code", FLAGS)
def test_flag_is_named_and_explained(code: str) -> None:
    flag = FLAGS[code]

    assert flag.name
    assert flag.sentence.endswith((".", "?"))


@pytest.mark.parametrize("scheme", builtin_schemes().values(), ids=lambda scheme: scheme.id)
def test_scheme_names_its_source(scheme: Scheme) -> None:
    assert scheme.citation
    assert scheme.edition
    assert scheme.source


def rows(heading: str) -> dict[str, list[str]]:
    """The table under a heading of the page: first cell to the others."""
    section = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", CASE_FOLDER, re.MULTILINE | re.DOTALL
    )
    assert section is not None, heading
    lines = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in section[1].splitlines()
        if line.startswith("| `")
    ]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


@pytest.mark.parametrize(
    ("table", "columns"), [("nuclei.csv", NUCLEI_COLUMNS), ("signals.csv", SIGNALS_COLUMNS)]
)
def test_columns_are_documented(table: str, columns: Mapping[str, str]) -> None:
    documented = rows(table)

    assert list(documented) == list(columns)
    assert {name: cells[0] for name, cells in documented.items()} == {
        name: TYPES[kind] for name, kind in columns.items()
    }
    assert all(cells[1] for cells in documented.values())


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    fields = simulate_case("negative", seed=1, n_fields=1, size=192)
    return summary_record(score_case([image for image, _ in fields]))


def test_keys_of_the_summary_are_documented(summary: dict[str, Any]) -> None:
    assert set(rows("summary.json")) == set(summary)
    assert set(rows("fields")) == set(summary["fields"][0])
    assert set(rows("categories")) == set(summary["categories"][0])
    assert set(rows("stability")) == set(summary["stability"]["variations"][0])
    assert set(rows("left_out")) == set(summary["stability"]["left_out"][0])
    assert set(rows("selection")) == set(summary["selection"])
    assert set(rows("heterogeneity")) == set(summary["heterogeneity"])


@pytest.mark.parametrize("name", [name for name in fishcount.__all__ if name != "Settings"])
def test_public_name_is_in_the_reference(name: str) -> None:
    assert re.search(rf"^   {name}$", API, flags=re.MULTILINE)


def listed_functions() -> Iterator[tuple[str, FunctionType]]:
    """Functions of the page of the API, by the module that it names before them."""
    module = "fishcount"
    for line in API.splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
        elif named := re.fullmatch(r"   ((?:\w+\.)*\w+)", line):
            *inner, name = named[1].split(".")
            thing = getattr(importlib.import_module(".".join((module, *inner))), name)
            if inspect.isfunction(thing):
                yield f"{thing.__module__}.{name}", thing


@pytest.mark.parametrize(("name", "function"), list(listed_functions()))
def test_public_function_explains_its_parameters_and_has_an_example(
    name: str, function: FunctionType
) -> None:
    text = inspect.getdoc(function) or ""

    assert ">>> " in text, name
    if len(inspect.signature(function).parameters) > 1:
        assert "Parameters\n-" in text, name


# Explained in guides of their own, which the page names.
ELSEWHERE = {*actions.__all__, "MANIFEST_COLUMNS", "Settings", "parse_scheme"}


@pytest.mark.parametrize("page", ["README.md", *sorted({p.name for p in DOCS.rglob("*.md")})])
def test_what_a_page_imports_is_in_the_reference(page: str) -> None:
    listed = set(re.findall(r"^   (?:\w+\.)*(\w+)$", API, flags=re.MULTILINE))
    for path in [DOCS.parent / page] if page == "README.md" else DOCS.rglob(page):
        if {"_build", "generated"} & set(path.parts):
            continue
        text = path.read_text(encoding="utf-8")
        taught = re.findall(r"from fishcount[\w.]* import ([^\n(]+|\([^)]*\))", text)
        names = {name for one in taught for name in re.findall(r"\w+", one)}
        assert names - listed - ELSEWHERE == set()


def test_everything_that_a_reader_can_do_is_in_the_guide() -> None:
    guide = (DOCS / "reference" / "review.md").read_text(encoding="utf-8")
    edits = [name for name in actions.__all__ if name not in ("Action", "Edit", "parse_action")]
    assert [name for name in edits if f"`{name}`" not in guide] == []


def test_generated_pages_hold_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    from reference_pages import write_pages

    write_pages(tmp_path)

    page = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.md")}
    assert all(f"## fishcount {name}\n" in page["cli"] for name, _ in commands())
    assert all(f"`{name.split()[-1]}`" in page["cli"] for name, _ in options())
    assert all(f"| `{key.split('.')[1]}` |" in page["settings"] for key, _ in settings_fields())
    assert all(f"| `{code}` |" in page["flags"] for code in FLAGS)
    assert all(f"## {subject}" in page["flags"] for subject in ("Nuclei", "Signals", "Fields"))
    assert len(Subject) == page["flags"].count("\n## ")
    assert all(f"`{name}`" in page["schemes"] for name in builtin_schemes())


PROSE = [
    page
    for page in [DOCS.parent / "README.md", *DOCS.rglob("*.md")]
    if not {"_build", "generated"} & set(page.parts)
]
CATEGORIES = {"NOT_EVALUABLE", "NEEDS_RECOUNT", *get_args(CategoryName)}
# Words in capitals that are neither flags nor categories.
NAMES = {"FISHCOUNT_DATA", "FISHCOUNT_EXAMPLES", "FEATURE_COLLECTION", "IMCD_LZW_INVALID"}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.name)
def test_settings_and_flags_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    sections = "|".join(Settings.model_fields)
    settings = set(re.findall(rf"`((?:{sections})\.[a-z0-9_]+)`", prose))
    codes = set(re.findall(r"(?<![\w.])[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+(?![\w.])", prose))

    files = {"nuclei.csv", "signals.csv"}
    assert settings - {key for key, _ in settings_fields()} - files == set()
    assert codes - set(FLAGS) - CATEGORIES - NAMES == set()


def test_site_is_whole() -> None:
    """Every page is reached from a table of contents, and every picture is there and is used."""
    pages = {
        path.relative_to(DOCS).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in DOCS.rglob("*.md")
        if not {"_build", "generated"} & set(path.parts)
    }
    listed = {"index"}
    for name, text in pages.items():
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            entries = [line for line in tree.splitlines() if line and line[0] != ":"]
            for entry in entries:
                target = (DOCS / name).parent / entry
                listed.add(target.resolve().relative_to(DOCS).as_posix())
    assert set(pages) - listed == set()
    assert {name for name in listed - set(pages) if "generated/" not in name} == set()

    used = "\n".join(pages.values()) + (DOCS.parent / "README.md").read_text(encoding="utf-8")
    pictures = sorted((DOCS / "images").glob("*.png"))
    assert [path.name for path in pictures if f"images/{path.name}" not in used] == []
    assert all(path.stat().st_size < 300_000 for path in pictures)


RESULTS = sorted((DOCS.parent / "benchmarks" / "results").glob("*.md"))


@pytest.mark.parametrize("page", RESULTS, ids=lambda page: page.name)
def test_results_show_no_picture_that_is_not_kept(page: Path) -> None:
    """Plots are drawn beside the results and not kept: the site of a fresh checkout has none."""
    assert "![" not in page.read_text(encoding="utf-8")
