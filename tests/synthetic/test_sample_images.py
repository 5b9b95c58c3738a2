import importlib.util
from pathlib import Path

import pytest

from fishcount.synthetic import read_truth

FOLDER = Path(__file__).parents[2] / "sample_images"
CASES = ("negative", "group4", "amplified", "stack")


@pytest.fixture(scope="module")
def draw():
    spec = importlib.util.spec_from_file_location("draw_sample_images", FOLDER / "draw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def registry(draw):
    return draw.read_registry()


def test_the_registry_names_the_cases_and_the_licence(registry):
    assert tuple(registry["cases"]) == CASES
    assert registry["licence"] == "CC0-1.0"


@pytest.mark.parametrize("case", CASES)
def test_files_are_those_of_the_registry(draw, registry, case):
    assert draw.hashes_below(FOLDER / case) == registry["cases"][case]["files_sha256"]


def test_all_files_are_small(registry):
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    assert size < 15e6


def test_drawing_again_gives_the_same_pixels_and_truth(draw, registry):
    entry = registry["cases"]["negative"]
    drawn = draw.draw_sample(entry)
    assert {image.name: image.sha256 for image, _ in drawn} == entry["pixels_sha256"]
    assert draw.truth_of(drawn) == entry["truth"]


@pytest.mark.parametrize(
    ("case", "ratio_reaches_two", "copies"),
    [
        ("negative", False, (0, 4)),
        ("group4", False, (4, 6)),
        ("amplified", True, (6, 99)),
        ("stack", True, (6, 99)),
    ],
)
def test_truth_is_of_the_group_that_is_promised(registry, case, ratio_reaches_two, copies):
    truth = registry["cases"][case]["truth"]
    assert truth["n"] >= 20
    assert (truth["her2"] >= 2 * truth["cep17"]) == ratio_reaches_two
    assert copies[0] <= truth["her2"] / truth["n"] < copies[1]


@pytest.mark.parametrize("case", CASES)
def test_truth_on_disk_is_that_of_the_registry(registry, case):
    tables = [read_truth(path).nuclei for path in sorted((FOLDER / case).glob("*.ome.tif"))]
    entry = registry["cases"][case]["truth"]
    assert len(tables) == 2
    assert sum(int(table.scorable.sum()) for table in tables) == entry["n"]
    assert sum(int(table.her2[table.scorable].sum()) for table in tables) == entry["her2"]
