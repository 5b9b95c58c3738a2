"""Pages of results say how they were made, and have a plot beside them."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from imageio.v3 import imwrite

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: importlib.import_module(f"benchmarks.{name}")


def test_a_page_names_its_call_and_no_place_of_this_machine(benchmarks, tmp_path):
    command = benchmarks("common.report").command
    told = command("nuclei", [str(tmp_path / "phantoms"), "results/drawn", "--speed"])
    assert told == "`python -m benchmarks.nuclei phantoms results/drawn --speed`."


def test_bars_are_drawn_also_where_some_are_missing(benchmarks, tmp_path):
    rows = [
        {"set": "easy", "method": "ours", "F1": 0.9},
        {"set": "hard", "method": "ours", "F1": float("nan")},
        {"set": "easy", "method": "theirs", "F1": 0.8},
    ]
    picture = tmp_path / "new" / "page.png"
    benchmarks("common.plots").draw_bars(picture, rows, across="set", beside="method", height="F1")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_best_threshold_is_looked_for_below_the_grid_and_between_its_places(benchmarks):
    peers = benchmarks("common.spot_peers")
    for best in (0.02, 0.137):
        found = peers.with_best(
            lambda threshold: threshold,
            peers.STEPS[4:],
            lambda threshold, best=best: 1 / (1 + abs(threshold - best)),
        )
        assert found == pytest.approx(best, rel=0.1)


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ("a.png", "a_label.png"),
        ("a.tif", "a_cp_masks.png"),
        ("img01.tif", "mask01.tif"),
        ("images/a.tif", "masks/a.tif"),
        ("images/a.png", "labels/a.tif"),
    ],
)
def test_label_images_are_found_where_other_programs_put_them(benchmarks, tmp_path, image, labels):
    for name in (image, labels):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        imwrite(tmp_path / name, np.ones((4, 5), np.uint8))
    (field,) = benchmarks("common.nuclei_fields").labelled_folder(tmp_path, None)
    assert field.truth.shape == (4, 5)
