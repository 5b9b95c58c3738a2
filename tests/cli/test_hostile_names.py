"""Names of samples that attack whoever opens the result: none is run, and none leads outside."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import tifffile
from hostile_names import NAMES

from fishcount.cli import main
from fishcount.synthetic import simulate_case

LIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Skeleton(HTMLParser):
    """Tags of a page with the names of their attributes: what is alive in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.alive: list[tuple[str, ...]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.alive.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.alive.append(("/", tag))

    def handle_comment(self, data: str) -> None:
        self.alive.append(("comment",))


def skeleton(path: Path) -> list[tuple[str, ...]]:
    return Skeleton(path.read_text(encoding="utf-8")).alive


def cells(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.reader(stream):
            yield from row


def is_live(cell: str) -> bool:
    """A spreadsheet would run it: it starts as a formula does and is no number."""
    try:
        float(cell)
    except ValueError:
        return cell.startswith(LIVE)
    return False


def write_field(path: Path, name: str, *, seed: int = 1) -> Path:
    """A small field; a channel, where the file can hold it, is called by the name."""
    image, _ = simulate_case("negative", seed=seed, n_fields=1, size=96)[0]
    metadata = {
        "axes": "CYX",
        "Channel": {"Name": ["DAPI", "HER2", "CEP17"]},
        "PhysicalSizeX": image.pixel_size_um,
        "PhysicalSizeY": image.pixel_size_um,
        "Name": "".join(c for c in name if c.isascii() and c.isprintable()),
    }
    tifffile.imwrite(path, image.pixels[:, 0], photometric="minisblack", metadata=metadata)
    return path


def score(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def file_name(name: str) -> str:
    """The name as far as it can be that of a file here."""
    cut = name.replace("/", "_").replace("\x00", "_").encode("utf-8")[:200]
    text = cut.decode("utf-8", "ignore")
    return f"{text}.ome.tif" if text not in ("", ".", "..") else "dots.ome.tif"


def scored(folder: Path, name: str) -> Path:
    """The case folder of a sample with this name, in its file and as the name of the case."""
    folder.mkdir(exist_ok=True)
    before = set(folder.parent.rglob("*"))
    # A place holder of a pattern is one: such a file is named by a role instead.
    field = write_field(folder / file_name(name), name)
    fields = (write_field(folder / "field.ome.tif", name) if "{" in name else field,)
    out = folder / "case"
    case = [] if "\x00" in name else [f"--name={name}"]
    assert score("score", *fields, "--out", out, *case) == 0
    made = set(folder.parent.rglob("*")) - before
    assert all(path.is_relative_to(folder) for path in made)
    inside = {path for path in made if path.suffix != ".tif" or "labels" in path.parts}
    assert all(out in (path, *path.parents) for path in inside - {field})
    return out


def check(out: Path, name: str, benign: list[tuple[str, ...]]) -> None:
    for table in ("nuclei.csv", "signals.csv"):
        assert not [cell for cell in cells(out / table) if is_live(cell)]
    assert skeleton(out / "report.html") == benign
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["case"] == (out.name if "\x00" in name else name)


@pytest.fixture(scope="module")
def benign(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, ...]]:
    out = scored(tmp_path_factory.mktemp("benign") / "place", "sample 7")
    return skeleton(out / "report.html")


def test_there_are_two_hundred() -> None:
    assert len(NAMES) == len(set(NAMES)) == 200


@pytest.mark.parametrize("name", NAMES[::17], ids=ascii)
def test_a_hostile_name_is_inert(name: str, tmp_path: Path, benign) -> None:
    check(scored(tmp_path / "place", name), name, benign)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_two_hundred_hostile_names_are_inert(name: str, tmp_path: Path, benign) -> None:
    check(scored(tmp_path / "place", name), name, benign)


def batch(folder: Path, names: list[str]) -> tuple[Path, int]:
    """The folder of a batch whose cases have these names, and how many there are."""
    cases = {file_name(name).removesuffix(".ome.tif") for name in names}
    cases = {case for case in cases if not case.startswith(".")}
    for seed, case in enumerate(sorted(cases)):
        (folder / "in" / case).mkdir(parents=True)
        write_field(folder / "in" / case / "field.ome.tif", case, seed=seed)
    assert score("batch", folder / "in", "--out", folder / "out", "--workers", 1) == 0
    return folder / "out", len(cases)


def test_a_batch_of_hostile_folders_is_inert(tmp_path: Path) -> None:
    before = set(os.listdir(tmp_path.parent))
    (tmp_path / "plain").mkdir()
    plain, _ = batch(tmp_path / "plain", ["case 1", "case 2"])
    out, n_cases = batch(tmp_path, NAMES[5::20])
    assert n_cases >= 8
    assert set(skeleton(out / "index.html")) == set(skeleton(plain / "index.html"))
    assert not [cell for cell in cells(out / "cases.csv") if is_live(cell)]
    assert set(os.listdir(tmp_path.parent)) == before
    folders = [path for path in out.iterdir() if path.is_dir()]
    assert len(folders) == n_cases
    assert all((folder / "summary.json").is_file() for folder in folders)


def test_a_manifest_of_hostile_names_is_refused(tmp_path: Path) -> None:
    """Cases are folders, so their names must be such; nothing is written then."""
    field = write_field(tmp_path / "field.ome.tif", "x")
    manifest = tmp_path / "cases.csv"
    with manifest.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case", "field"])
        writer.writerows([name, field.name] for name in NAMES)
    before = set(os.listdir(tmp_path))
    assert score("batch", manifest, "--out", tmp_path / "out") == 2
    assert set(os.listdir(tmp_path)) == before
