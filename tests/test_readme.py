"""What the README and its neighbours tell people to type is there; `tests/docs` runs it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

import fishcount
from fishcount.cli.main import cli

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDES, flags=re.MULTILINE | re.DOTALL)


def typed(program: str) -> list[list[str]]:
    """Every line that starts with a program, as its words."""
    text = "\n".join(blocks("sh"))
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [words[1:] for words in lines if words and Path(words[0]).name == program]


def test_readme_opens_with_the_two_commands() -> None:
    first = re.search(r"^```sh\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)

    assert first is not None
    commands = [line.split("#")[0].strip() for line in first[1].splitlines()]
    assert commands == ["make demo", "make test"]


@pytest.mark.parametrize("words", typed("fishcount"), ids=" ".join)
def test_command_lines_exist(words: list[str]) -> None:
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, f"no command {words[0]}"
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("words", typed("make"), ids=" ".join)
def test_make_targets_exist(words: list[str]) -> None:
    assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_paths_that_are_named_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", GUIDES)
    named = links + re.findall(r"^\| `([^`]+)`", GUIDES, flags=re.MULTILINE)

    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_public_function_is_in_the_readme() -> None:
    functions = [name for name in fishcount.__all__ if name.islower()]

    assert [name for name in functions if name not in README] == []


def test_figures_are_those_that_were_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python docs/readme_figures.py` writes them."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from readme_figures import BEGIN, with_figures

    assert BEGIN in README
    assert with_figures(README) == README


def test_three_sentences_say_what_it_is() -> None:
    opening = README.split("\n\n")[1]
    assert len(re.findall(r"\.(?=\s|$)", opening)) == 3


def test_python_example_is_about_ten_lines() -> None:
    (example,) = blocks("python")
    assert 8 <= len([line for line in example.splitlines() if line]) <= 12


def test_it_shows_the_report_and_the_viewer() -> None:
    assert len(re.findall(r"^!\[[^\]]{10,}\]\(docs/images/\w+\.png\)$", README, re.MULTILINE)) == 2
