"""A slide is read window by window and scored into the same case folder as an image."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from fishcount import score_case, score_field
from fishcount.cli.main import cli
from fishcount.errors import MetadataError, TooLargeError
from fishcount.image import FishImage
from fishcount.io import open_slide, read_case_folder, read_field, read_image, read_roi
from fishcount.io.roi import read_region
from fishcount.report import render_report
from fishcount.report.overview import nuclei_to_draw, overview
from fishcount.settings import ReadingSettings
from fishcount.slide import Slide
from fishcount.tiles import score_slide

WINDOW = (slice(100, 300), slice(511, 640))
TUMOUR = [[0, 0], [400, 0], [400, 500], [0, 300], [0, 0]]
HOLE = [[100, 100], [200, 100], [200, 200], [100, 100]]


@pytest.fixture
def roi(tmp_path):
    file = tmp_path / "roi.geojson"
    file.write_text(json.dumps({"type": "Polygon", "coordinates": [TUMOUR, HOLE]}))
    return file


@pytest.fixture(scope="module")
def scored(tiled_file):
    return score_slide(open_slide(tiled_file), tile_px=256)


def test_a_slide_says_and_reads_what_the_image_does(tiled_file, image):
    slide, whole = open_slide(tiled_file), read_image(tiled_file)
    for name in ("shape", "n_planes", "channels", "probes", "pixel_size_um", "name", "sha256"):
        assert getattr(slide, name) == getattr(whole, name), name
    for role in slide.channels:
        np.testing.assert_array_equal(slide.counts(role, WINDOW), image.counts(role, WINDOW))


def test_a_field_is_a_slide_only_where_it_is_large(tiled_file):
    small = ReadingSettings(tiles_above_px=600)
    assert isinstance(read_field(tiled_file), FishImage)
    assert isinstance(read_field(tiled_file, settings=small), Slide)
    assert isinstance(read_field(tiled_file, settings=small, whole=True), FishImage)


def test_only_what_is_read_whole_can_be_too_large(tiled_file):
    tight = ReadingSettings(max_memory_mib=1)
    assert open_slide(tiled_file, settings=tight).shape == (640, 640)
    with pytest.raises(TooLargeError, match="too large to read at once"):
        read_field(tiled_file, settings=tight)


def test_a_region_is_the_same_in_windows(roi):
    whole = read_roi(roi, shape=(640, 640))
    region = read_region(roi)
    assert 0 < whole.sum() < whole.size
    for window in (WINDOW, (slice(0, 640), slice(0, 640)), (slice(90, 210), slice(90, 210))):
        np.testing.assert_array_equal(region.mask(window), whole[window])


def test_a_region_beside_the_slide_is_an_error(tiled_file, tmp_path):
    file = tmp_path / "roi.geojson"
    away = [[x + 5000, y] for x, y in TUMOUR]
    file.write_text(json.dumps({"type": "Polygon", "coordinates": [away]}))
    with pytest.raises(MetadataError, match="no pixel of the image"):
        open_slide(tiled_file, roi=file)


def test_nuclei_outside_the_region_are_found_and_not_scored(tiled_file, roi):
    whole = score_field(read_image(tiled_file, roi=roi))
    tiled = score_slide(open_slide(tiled_file, roi=roi), tile_px=256)
    assert "OUTSIDE_ROI" in tiled.reject_reason
    np.testing.assert_array_equal(
        tiled.reject_reason == "OUTSIDE_ROI", whole.reject_reason == "OUTSIDE_ROI"
    )


def test_it_is_scored_tile_by_tile(tiled_file):
    seen = []
    score_slide(open_slide(tiled_file), tile_px=320, on_tile=lambda done, n: seen.append((done, n)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_report_shows_a_slide(scored):
    page = render_report(score_case([scored], name="slide"))
    assert page.count('<li class="card') == len(scored.nuclei)
    assert "640 × 640 px" in page


def test_many_nuclei_are_shown_in_part(scored, monkeypatch):
    monkeypatch.setattr("fishcount.report.overview._MOST_NUCLEI", 10)
    monkeypatch.setattr("fishcount.report.overview._DRAWN_NUCLEI", 6)
    rows = nuclei_to_draw(scored.scored)
    assert len(set(rows.tolist())) == 6
    share = scored.scored.mean()
    assert abs(scored.scored[rows].mean() - share) <= 1 / 6
    page = render_report(score_case([scored], name="slide"))
    assert page.count('<li class="card') == 6
    assert f"6 of {len(scored.nuclei)} nuclei" in page


def test_an_overview_is_the_mean_of_blocks(image, monkeypatch):
    monkeypatch.setattr("fishcount.report.overview._LONGEST_PX", 160)
    small = overview(Slide.of(image), "DAPI")
    blocks = image.channel("DAPI").reshape(160, 4, 160, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(small, blocks, rtol=1e-5)


def test_the_command_writes_the_same_folder_with_and_without_tiles(tiled_file, tmp_path):
    for out, options in (("whole", []), ("tiles", ["--tile", "256"])):
        result = CliRunner().invoke(
            cli, ["score", str(tiled_file), "--out", str(tmp_path / out), *options]
        )
        assert result.exit_code == 0, result.output
    whole, tiles = (read_case_folder(tmp_path / out) for out in ("whole", "tiles"))
    np.testing.assert_array_equal(tiles.label_image("slide"), whole.label_image("slide"))
    with tifffile.TiffFile(tiles.labels["slide"]) as tif:
        assert tif.pages[0].is_tiled
    pixels = ["nucleus", "y_px", "x_px", "area_um2", "eccentricity", "mean_dapi_counts"]
    assert tiles.nuclei[pixels].equals(whole.nuclei[pixels])
    result = CliRunner().invoke(cli, ["verify", str(tmp_path / "tiles")])
    assert result.exit_code == 0, result.output
