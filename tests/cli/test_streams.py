"""Streams that are closed or full, disks that are full, screens that are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fishcount.synthetic import simulate_case, write_case

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams of another kind")


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn field."""
    drawn = simulate_case("negative", seed=1, n_fields=1, size=200)
    return write_case(tmp_path_factory.mktemp("field"), drawn)[0]


def run(line: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line for the shell, in a folder of its own, with FISHCOUNT for the command."""
    command = f"{sys.executable} -m fishcount"
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        ["bash", "-c", line.replace("FISHCOUNT", command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("stream", ["2>&-", ">&-", "<&-"])
def test_a_case_is_scored_with_a_stream_closed(field, tmp_path, stream):
    """As under a scheduler: standard error that is closed ended the run without a word."""
    ended = run(f"FISHCOUNT score '{field}' --out case {stream}", folder=tmp_path)
    assert ended.returncode == 0
    assert (tmp_path / "case" / "summary.json").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    "command", ["score '{field}' --out case", "info --json '{field}'", "schemes"]
)
def test_a_full_disk_for_the_answer_is_one_line(field, tmp_path, command):
    ended = run(f"FISHCOUNT {command.format(field=field)} > /dev/full", folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("fishcount: error: standard output: cannot be written")


def test_a_reader_that_has_gone_is_no_change_of_a_case(field, tmp_path):
    line = f"FISHCOUNT score '{field}' --out case >/dev/null && FISHCOUNT verify case | true; "
    ended = run(line + "echo ${PIPESTATUS[0]}", folder=tmp_path)
    assert ended.stdout.splitlines()[-1] == "141"
    assert ended.stderr == ""


def test_a_drawn_case_is_whole_or_not_there(tmp_path, monkeypatch, call):
    """Half of a case would be scored as all of it."""
    from fishcount.synthetic import files

    write, written = files.tifffile.imwrite, []

    def disk_full(path, *arguments, **options):
        written.append(path)
        if len(written) > 3:
            raise OSError(28, "No space left on device")
        return write(path, *arguments, **options)

    monkeypatch.setattr(files.tifffile, "imwrite", disk_full)
    for out in (tmp_path / "new", tmp_path):
        code, _, said = call("simulate", "--out", out, "--size", 128, "--fields", 3)
        assert code == 2
        assert "No space left" in said
        written.clear()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="screens of another kind")
def test_without_a_screen_no_window_is_tried(tmp_path, monkeypatch, call, field):
    import types

    monkeypatch.setitem(sys.modules, "napari_fishcount", types.ModuleType("napari_fishcount"))
    for name in ("napari_fishcount.review", "napari_fishcount.review.start"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert call("score", field, "--out", tmp_path / "case")[0] == 0
    code, _, said = call("review", tmp_path / "case")
    assert code == 2
    assert "there is no screen" in said


def test_exit_codes_are_in_the_help(call):
    said = " ".join(call("--help")[1].split())
    assert "130 when interrupted" in said


def test_a_recount_that_is_not_used_is_told(call):
    counts = ("--nuclei", 20, "--her2", 100, "--cep17", 60, "--recount", "20/100/60")
    assert "The recount was not used" in call("classify", *counts, "--ihc", "1+")[1]
    assert "The recount was not used" not in call("classify", *counts, "--ihc", "2+")[1]
