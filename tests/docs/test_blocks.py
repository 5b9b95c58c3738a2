"""Every block of Python, and every fishcount command, in README and docs is run.

A block that is not run says why: ``not-run: REASON`` after its language. Blocks of one page run in
order, in one folder with the files that the pages name, and share their names.
"""

from __future__ import annotations

import doctest
import glob
import re
import shlex
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fishcount.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(
        page
        for page in (ROOT / "docs").rglob("*.md")
        if not {"_build", "generated"} & set(page.parts)
    ),
]
BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
SHELLS = ("sh", "console")
# What stands beside the commands, and what other tools read.
OTHERS = ("text", "toml", "groovy", "json", "yaml", "html")
# Commands of other programs: what they do is tested where they run, not here.
OUTSIDE = ("make", "python3", "pip", "napari")
CHECK = doctest.OutputChecker()
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what its info string says beside, and its text."""

    language: str
    reason: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        language, _, rest = found["info"].strip().partition(" ")
        line = text.count("\n", 0, found.start()) + 2
        yield Block(language, rest.strip(), found["text"], line)


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def runs(page: Path) -> bool:
    return any(block.language in ("python", *SHELLS) for block in blocks(page))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks(page):
        where = f"{page_id(page)}:{block.line}"
        known = block.language in ("python", *SHELLS, *OTHERS) or block.language.startswith("{")
        assert known, f"{where}: a block in {block.language or 'no language'}"
        if block.language in ("python", *SHELLS) and block.reason:
            assert re.fullmatch(r"not-run: \w.{10,}", block.reason), f"{where}: {block.reason}"


@pytest.mark.parametrize("page", [page for page in PAGES if runs(page)], ids=page_id)
def test_blocks_run(page: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    failed: dict[str, str] = {}
    for block in blocks(page):
        where = f"{page_id(page)}:{block.line}"
        if block.reason:
            continue
        if block.language == "toml":
            save(block.text, workplace)
        elif block.language in SHELLS:
            failed |= run_commands(block, where, capsys)
        elif block.language == "python":
            failed |= run_python(block, where, names)
            capsys.readouterr()
    assert not failed, "\n".join(f"{where}: {why}" for where, why in failed.items())


def save(text: str, folder: Path) -> None:
    """A file whose first line is a comment with its name lies there for what follows."""
    if named := re.match(r"# (\w+\.toml)\n", text):
        (folder / named[1]).write_text(text, encoding="utf-8")


def run_python(block: Block, where: str, names: dict[str, Any]) -> dict[str, str]:
    """Run a block as a script, or as a session whose answers are compared; what failed."""
    if ">>>" not in block.text:
        try:
            exec(compile("\n" * (block.line - 1) + block.text, where, "exec"), names)
        except Exception:
            return {where: traceback.format_exc()}
        return {}
    test = doctest.DocTestParser().get_doctest(block.text, names, where, where, block.line)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    said: list[str] = []
    runner.run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    return {where: "".join(said)} if runner.summarize(verbose=False).failed else {}


def run_commands(block: Block, where: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Run the fishcount commands of a block and compare what they print; what failed."""
    failed: dict[str, str] = {}
    for command, expected in commands(block):
        words = shlex.split(command, comments=True)
        if not words or Path(words[0]).name in OUTSIDE:
            continue
        if Path(words[0]).name != "fishcount":
            failed[f"{where}: {command}"] = "neither a fishcount command nor known to be outside"
            continue
        code, said = run(words[1:], capsys)
        if (code != 0) != ("fishcount: error:" in expected):
            failed[f"{where}: {command}"] = f"exit code {code}\n{said}"
        elif expected and not CHECK.check_output(expected, said, FLAGS):
            failed[f"{where}: {command}"] = f"other output than the page shows\n{said}"
    return failed


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a block with what it is said to print; nothing where that is left open."""
    text = block.text.replace("\\\n", " ")
    if block.language == "sh":
        yield from ((line, "") for line in text.splitlines())
        return
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a command, and what it prints."""
    arguments = [one for word in words for one in (sorted(glob.glob(word)) or [word])]
    capsys.readouterr()
    command_line = sys.argv
    try:
        sys.argv = ["fishcount", *arguments]
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    finally:
        sys.argv = command_line
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


def test_a_block_that_is_wrong_is_told(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def block(language: str, text: str) -> Block:
        return Block(language, "", text, 1)

    assert "ZeroDivisionError" in run_python(block("python", "1 / 0\n"), "p", {})["p"]
    assert "Expected:" in run_python(block("python", ">>> 1 + 1\n3\n"), "p", {})["p"]
    assert run_python(block("python", ">>> 1 + 1\n2\n"), "p", {}) == {}
    for text, why in (
        ("$ fishcount info nothing.tif\n", "exit code 2"),
        ("$ fishcount schemes\nsomething else\n", "other output"),
        ("$ fishcont schemes\n", "neither"),
    ):
        failed = run_commands(block("console", text), "p", capsys)
        assert why in failed[f"p: {text[2:].splitlines()[0]}"]
