"""The project keeps its promises: what it needs, what it exports, and what importing it costs."""

from __future__ import annotations

import ast
import doctest
import inspect
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fishcount
from fishcount.io import provenance
from fishcount.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
CODE = ("fishcount", "plugins", "benchmarks", "docs", "tests")

# One of these in sys.modules after `import fishcount` would make every command line wait.
HEAVY = {
    "numpy", "scipy", "skimage", "cv2", "pandas", "matplotlib", "tifffile", "imagecodecs",
    "pydantic", "click", "jinja2", "napari", "qtpy", "dask", "zarr",
}  # fmt: skip


def required(requirements: list[str] | None, extras: set[str]) -> Iterator[Requirement]:
    """Requirements whose marker holds here, for any of the extras or for none."""
    for requirement in map(Requirement, requirements or []):
        contexts = [{"extra": extra} for extra in extras or {""}]
        if requirement.marker is None or any(map(requirement.marker.evaluate, contexts)):
            yield requirement


def walk(name: str, extras: set[str]) -> set[str]:
    """Names of all installed distributions that `name[extras]` brings, through all levels."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, frozenset(extras))]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        try:
            requirements = metadata.requires(node[0])
        except metadata.PackageNotFoundError:
            # Required, so named; not installed here, so nothing lies behind it.
            continue
        waiting.extend(
            (canonicalize_name(requirement.name), frozenset(requirement.extras))
            for requirement in required(requirements, set(node[1]))
        )
    return {distribution for distribution, _ in seen}


@pytest.mark.parametrize("extras", [set(), {"napari"}], ids=["base", "napari"])
def test_nothing_that_is_installed_requires_numba(extras: set[str]) -> None:
    brought = walk("fishcount", extras)

    assert {"numpy", "scikit-image", "tifffile"} <= brought
    assert ("napari" in brought) == ("napari" in extras)
    assert not {"numba", "llvmlite"} & brought


def test_the_walk_goes_through_markers_extras_and_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = {
        "top": ["Middle[fast]>=1; python_version >= '3'", "never; python_version < '3'"],
        "middle": ["numba; extra == 'fast'", "other; extra == 'slow'", "top"],
        "numba": ["llvmlite"],
    }

    def requires(name: str) -> list[str]:
        if name not in declared:
            raise metadata.PackageNotFoundError(name)
        return declared[name]

    monkeypatch.setattr(metadata, "requires", requires)

    assert walk("top", set()) == {"top", "middle", "numba", "llvmlite"}
    assert walk("middle", set()) == {"middle", "top", "numba", "llvmlite"}
    assert walk("middle", {"slow"}) >= {"other"}


def test_the_walk_sees_numba_where_napari_asks_for_it() -> None:
    pytest.importorskip("napari", reason="napari is not installed")

    assert "pyqt6" in walk("fishcount", {"napari"})
    assert "numba" in walk("napari", {"optional"})


def python_files() -> list[Path]:
    return sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))


def imported(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_no_file_imports_numba() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in python_files()}

    assert len(texts) > 20
    assert "numba" in set(imported("def f():\n    from numba.core import types"))
    # Reading all of them as code takes seconds.
    naming = [path for path, text in texts.items() if "numba" in text]
    assert [path for path in naming if "numba" in set(imported(texts[path]))] == []


def test_version_is_the_same_everywhere() -> None:
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["version"]

    assert fishcount.__version__ == declared
    assert metadata.version("fishcount") == declared
    assert f"## {declared}" in (ROOT / "CHANGELOG.md").read_text()


def test_what_computes_is_named_in_the_provenance() -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    declared = {Requirement(text).name for text in project["dependencies"]}
    presenting = {"click", "jinja2", "matplotlib", "defusedxml", "tomli-w"}
    software = provenance({}, Settings())["software"]

    assert set(software) == {"fishcount", "python", *(declared - presenting)}
    assert None not in software.values()


def test_importing_fishcount_loads_nothing_heavy_and_changes_nothing() -> None:
    script = (
        "import json, logging, os, sys\n"
        "before = dict(os.environ)\n"
        "import fishcount\n"
        "print(json.dumps([sorted(sys.modules), before == dict(os.environ),\n"
        "    len(logging.getLogger().handlers) + len(logging.getLogger('fishcount').handlers)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    modules, environment_is_the_same, handlers = json.loads(done.stdout)

    assert HEAVY & set(modules) == set()
    assert [name for name in modules if name.startswith("fishcount.")] == []
    assert environment_is_the_same
    assert handlers == 0


@pytest.mark.parametrize("name", fishcount.__all__)
def test_public_name_resolves_and_explains_itself_by_example(name: str) -> None:
    public = getattr(fishcount, name)

    assert inspect.getdoc(public)
    if not inspect.isroutine(public):
        return
    examples = doctest.DocTestFinder(recurse=False).find(public, name)
    assert sum(len(example.examples) for example in examples) > 0
    # What is passed by position is the thing itself, and one more at most; the three counts of a
    # case are one thing.
    by_position = [
        parameter
        for parameter in inspect.signature(public).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    assert len(by_position) <= (3 if name == "classify" else 2)


def test_public_names_are_declared_once() -> None:
    assert list(fishcount.__all__) == sorted(fishcount.__all__)
    assert set(fishcount.__all__) == set(fishcount._HOMES)
    assert set(fishcount.__all__) <= set(dir(fishcount))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = fishcount.no_such_name


def declared(tree: ast.Module) -> set[str]:
    """Names of the constants, functions and classes of a module; aliases of types are none."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        parts = [part for target in targets for part in getattr(target, "elts", [target])]
        names |= {part.id for part in parts if isinstance(part, ast.Name) and part.id.isupper()}
    return names


def test_a_name_without_underscore_is_in_the_list_of_its_module() -> None:
    hidden = []
    packages = (ROOT / "fishcount", ROOT / "plugins" / "napari_fishcount")
    for path in sorted(file for package in packages for file in package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        listed = {
            name
            for node in tree.body
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
            for name in ast.literal_eval(node.value)
        }
        # A command is reached by its name on the command line.
        if path.parent.name != "cli":
            public = {name for name in declared(tree) if not name.startswith("_")}
            hidden += [f"{path.relative_to(ROOT)}: {name}" for name in sorted(public - listed)]

    assert hidden == []


def test_every_room_is_in_the_design() -> None:
    page = (ROOT / "docs" / "explanation" / "design.md").read_text(encoding="utf-8")
    table = page.split("## Borders")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`(\w+)`", " ".join(first)))
    rooms = {path.stem for path in (ROOT / "fishcount").iterdir() if path.suffix in (".py", "")}

    assert {room for room in rooms if not room.startswith("_")} <= named


def test_nothing_is_left_behind() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error")
    left = [
        f"{path.relative_to(ROOT)}: {mark}"
        for path in python_files()
        for mark in marks
        if mark in path.read_text(encoding="utf-8")
    ]

    assert left == []
