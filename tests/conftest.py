"""What all tests share: the command line, outside images, what tests of a window need."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

# They hold no examples, and pytest cannot import several modules of one name as tests.
collect_ignore_glob = ["*conftest.py"]

NO_OUTSIDE_IMAGES = "no outside images"
NO_SCREEN = "no screen for the viewer"
NO_EXTRA = "needs the extra"
PLUGIN_TESTS = Path(__file__).parent / "plugin"

# Fixtures that open a window, whether or not the test says that it is a viewer test.
WINDOW_FIXTURES = {"make_napari_viewer", "make_napari_viewer_proxy", "qtbot", "qapp"}

TRY_A_WINDOW = """
import sys
from qtpy.QtWidgets import QApplication
platform = QApplication([]).platformName()
if platform in ("offscreen", "minimal"):
    sys.exit(f"the Qt platform {platform} draws no canvas")
"""


def why_no_napari() -> str:
    """Why napari cannot be imported; empty where it can."""
    if find_spec("napari") is None:
        return "napari is not installed"
    try:
        from qtpy import QtWidgets  # noqa: F401
    except Exception as error:  # without its system libraries it raises what it likes
        return f"napari does not start: {error}"
    return ""


WHY_NO_NAPARI = why_no_napari()

# These end pytest where Qt or OpenGL are not there, so `addopts` keeps them from loading on their
# own, and they are loaded here.
pytest_plugins = [] if WHY_NO_NAPARI else ["napari.utils._testsupport"]
if not WHY_NO_NAPARI and find_spec("pytestqt") is not None:
    pytest_plugins.append("pytestqt.plugin")


@pytest.fixture(scope="session")
def outside_data() -> Path:
    """Folder of the outside images that FISHCOUNT_DATA names; skips the test where it is absent."""
    named = os.environ.get("FISHCOUNT_DATA", "")
    if not named:
        pytest.skip(f"{NO_OUTSIDE_IMAGES}: FISHCOUNT_DATA is not set")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"{NO_OUTSIDE_IMAGES}: FISHCOUNT_DATA is no folder: {folder}")
    return folder.resolve()


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Calls the command line in this process: exit code, standard output, standard error."""
    from fishcount.cli import main

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@cache
def why_no_screen() -> str:
    """Why a window cannot be opened here; empty where it can.

    Qt ends the whole process when it finds no screen or lacks a system library, so the attempt
    is made in a process of its own.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", TRY_A_WINDOW],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "Qt did not start within two minutes"
    if done.returncode == 0:
        return ""
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if not said:
        return f"Qt ended with exit code {done.returncode}"
    # A Python error says what it is in its last line, Qt in its first.
    return said[-1] if done.returncode == 1 else said[0]


class SkippedModule(pytest.Module):
    """Tests that import napari, where it cannot be imported."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(f"{NO_SCREEN}: {WHY_NO_NAPARI}", allow_module_level=True)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Skip the tests of the plugin where they could not be imported, their doctests as well."""
    found = yield
    if found and WHY_NO_NAPARI and file_path.match(f"{PLUGIN_TESTS}/test_*.py"):
        return [SkippedModule.from_parent(parent, path=file_path)]
    return found


def opens_a_window(item: pytest.Item) -> bool:
    """Whether a test needs a screen."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("viewer") is not None or bool(fixtures & WINDOW_FIXTURES)


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Skip tests of the window where there is no screen, before a fixture of theirs starts Qt."""
    windowed = [item for item in items if opens_a_window(item)]
    if not windowed:
        return
    has_qt_plugin = config.pluginmanager.hasplugin("pytestqt.plugin")
    reason = why_no_screen() if has_qt_plugin else "pytest-qt is not installed"
    for item in windowed:
        item.add_marker(pytest.mark.viewer)
        if reason:
            item.add_marker(pytest.mark.skip(reason=f"{NO_SCREEN}: {reason}"))


def pytest_collection_finish() -> None:
    """Take what is loaded by now out of what garbage collection walks through.

    napari collects whenever a layer leaves a window: a fifth of a second each time, most of it
    spent on the modules and tests that are there to the end in any case.
    """
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the tests that this machine could not run, in a line that is hard to overlook."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for cause, remedy in (
        (NO_OUTSIDE_IMAGES, "set FISHCOUNT_DATA to the folder that holds them"),
        (NO_SCREEN, "`make test` installs what is missing on Debian and Ubuntu"),
        (NO_EXTRA, "`make test` installs the extras wherever they can be had"),
    ):
        count = sum(cause in reason for reason in skipped)
        if count:
            terminalreporter.write_line(
                f"NOT RUN: {count} tests or files of tests, {cause}; {remedy}",
                yellow=True,
                bold=True,
            )
