"""A slide is read window by window and scored into the same case folder as an image."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace

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
from fishcount.nuclei import OutlinedNuclei
from fishcount.pipeline.by_block import find_spots
from fishcount.report import render_report
from fishcount.report.overview import nuclei_to_draw, overview
from fishcount.settings import ReadingSettings, Settings, with_overrides
from fishcount.slide import Slide, blocks_of
from fishcount.spots import measure_channels

SHAPE = (300, 3400)
WINDOW = (slice(100, 300), slice(511, 640))
TUMOUR = [[0, 0], [2000, 0], [2000, 250], [0, 150], [0, 0]]
HOLE = [[100, 50], [200, 50], [200, 100], [100, 50]]


@pytest.fixture
def roi(tmp_path):
    file = tmp_path / "roi.geojson"
    file.write_text(json.dumps({"type": "Polygon", "coordinates": [TUMOUR, HOLE]}))
    return file


@pytest.fixture(scope="module")
def scored(tiled_file):
    return score_field(open_slide(tiled_file))


def assert_same(found, expected):
    """Every nucleus, signal, count, flag and finding is the same, to the last digit."""
    for name, column in expected.nuclei.figures().items():
        np.testing.assert_array_equal(getattr(found.nuclei, name), column, err_msg=name)
    np.testing.assert_array_equal(found.nuclei.labels, expected.nuclei.labels)
    for column in fields(expected.counts.signals):
        np.testing.assert_array_equal(
            getattr(found.counts.signals, column.name),
            getattr(expected.counts.signals, column.name),
            err_msg=column.name,
        )
    for probe, copies in expected.counts.copies.items():
        for name in ("best", "low", "high", "estimated", "disagree"):
            np.testing.assert_array_equal(
                getattr(found.counts.copies[probe], name), getattr(copies, name), err_msg=name
            )
    np.testing.assert_array_equal(found.flags, expected.flags)
    np.testing.assert_array_equal(found.reject_reason, expected.reject_reason)
    assert found.findings == expected.findings


def test_a_slide_goes_to_other_processes(scored, image, tiled_file, roi):
    """As in a pool of processes that score a field each."""
    again = pickle.loads(pickle.dumps(scored))
    assert_same(again, scored)
    masked = replace(image, roi=np.tri(*image.shape, dtype=bool))
    for slide in (open_slide(tiled_file, roi=roi), Slide.of(masked)):
        read = pickle.loads(pickle.dumps(slide))
        np.testing.assert_array_equal(read.counts("HER2", WINDOW), slide.counts("HER2", WINDOW))
        np.testing.assert_array_equal(read.roi(WINDOW), slide.roi(WINDOW))
        assert (read.files, read.optics) == (slide.files, slide.optics)


def test_a_budget_of_false_signals_cuts_a_file_as_it_cuts_the_image(tiled_file):
    settings = with_overrides(Settings(), ["signals.false_per_nucleus=0.02"])
    found = score_field(open_slide(tiled_file), settings=settings)
    whole = score_field(read_image(tiled_file), settings=settings)
    assert_same(found, whole)
    assert found.counts.min_score == whole.counts.min_score
    assert found.counts.expected_false["HER2"] <= 0.02 * len(found.nuclei)


@pytest.mark.parametrize(
    "stored",
    [
        {"tile": (256, 256), "compression": "zlib"},
        {"tile": (512, 1024), "compression": "zstd"},
        {"rowsperstrip": 7},
    ],
    ids=["tiles of 256", "tiles of 512 x 1024", "strips"],
)
def test_a_file_gives_what_the_image_in_memory_gives(stored, write_tiff, whole, tmp_path):
    file = write_tiff(tmp_path / "slide.ome.tif", **stored)
    found = score_field(open_slide(file), threads=1)
    assert isinstance(found.nuclei, OutlinedNuclei)
    assert_same(found, whole)


def test_an_ome_zarr_gives_what_the_image_in_memory_gives(image, whole, tmp_path):
    zarr = pytest.importorskip("zarr", minversion="3.0", reason="needs the extra 'scale'")
    folder = tmp_path / "slide.zarr"
    um = image.pixel_size_um
    axes = [{"name": "c", "type": "channel"}] + [
        {"name": axis, "type": "space", "unit": "micrometer"} for axis in "yx"
    ]
    scale = {"type": "scale", "scale": [1.0, um, um]}
    described = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": [scale]}]}
    group = zarr.open_group(str(folder), mode="w", zarr_format=3)
    labels = {"channels": [{"label": role} for role in image.channels]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [described], "omero": labels}
    pixels = image.pixels[:, 0]
    array = group.create_array("0", shape=pixels.shape, chunks=(1, 96, 200), dtype=pixels.dtype)
    array[:] = pixels
    assert_same(score_field(open_slide(folder)), whole)


def test_the_blocks_of_an_image_meet_without_a_seam(image, whole):
    """What lies around the border of two blocks is found in a part that has it in its middle."""
    (border,) = {block.core[1].start for block in blocks_of(image.shape)} - {0}
    left, right = border - 600, border + 600
    part = FishImage.from_array(
        image.pixels[:, 0, :, left:right],
        axes="CYX",
        channels=image.channels,
        pixel_size_um=image.pixel_size_um,
    )
    found = score_field(part)
    near = np.abs(whole.nuclei.x_px - border) < 250
    places = np.stack([found.nuclei.y_px, found.nuclei.x_px + left], axis=1)
    for y, x, area in zip(
        whole.nuclei.y_px[near],
        whole.nuclei.x_px[near],
        whole.nuclei.area_px[near],
        strict=True,
    ):
        distance = np.hypot(*(places - (y, x)).T)
        assert distance.min() < 3
        assert found.nuclei.area_px[distance.argmin()] == pytest.approx(area, rel=0.1)
    assert near.sum() >= 3


def test_figures_of_the_slide_outlive_a_first_block_that_was_not_scanned(image):
    blank = image.pixels.copy()
    blank[..., :1900] = 100
    slide = Slide.of(replace(image, pixels=blank))
    sample = slide.sample(slide.sample_windows())
    measured = measure_channels(
        {probe: sample.channel(probe) for probe in slide.probes}, pixel_size_um=slide.pixel_size_um
    )
    for probe, spots in find_spots(slide, sample=sample, settings=Settings()).items():
        assert len(spots) > 0
        assert spots.psf_sigma_px == measured[probe].psf_sigma_px
        assert spots.typical_counts == measured[probe].typical_height_counts


def test_an_own_segmentation_needs_the_image_in_memory(tiled_file):
    slide = open_slide(tiled_file)
    with pytest.raises(MetadataError, match="read it whole"):
        score_field(slide, labels=np.ones(slide.shape, np.int32))


def test_a_slide_says_and_reads_what_the_image_does(tiled_file, image):
    slide, whole = open_slide(tiled_file), read_image(tiled_file)
    for name in ("shape", "n_planes", "channels", "probes", "pixel_size_um", "name", "sha256"):
        assert getattr(slide, name) == getattr(whole, name), name
    for role in slide.channels:
        np.testing.assert_array_equal(slide.counts(role, WINDOW), image.counts(role, WINDOW))


def test_a_field_is_a_slide_only_where_it_is_large(tiled_file):
    small = ReadingSettings(tiles_above_px=3200)
    assert isinstance(read_field(tiled_file), FishImage)
    assert isinstance(read_field(tiled_file, settings=small), Slide)
    assert isinstance(read_field(tiled_file, settings=small, whole=True), FishImage)


def test_only_what_is_read_whole_can_be_too_large(tiled_file):
    tight = ReadingSettings(max_memory_mib=1)
    assert open_slide(tiled_file, settings=tight).shape == SHAPE
    with pytest.raises(TooLargeError, match="too large to read at once"):
        read_field(tiled_file, settings=tight)


def test_a_region_is_the_same_in_windows(roi):
    whole = read_roi(roi, shape=SHAPE)
    region = read_region(roi)
    assert 0 < whole.sum() < whole.size
    for window in (WINDOW, (slice(0, 300), slice(0, 3400)), (slice(40, 110), slice(90, 210))):
        np.testing.assert_array_equal(region.mask(window), whole[window])


def test_a_region_beside_the_slide_is_an_error(tiled_file, tmp_path):
    file = tmp_path / "roi.geojson"
    away = [[x + 5000, y] for x, y in TUMOUR]
    file.write_text(json.dumps({"type": "Polygon", "coordinates": [away]}))
    with pytest.raises(MetadataError, match="no pixel of the image"):
        open_slide(tiled_file, roi=file)


def test_nuclei_outside_the_region_are_found_and_not_scored(tiled_file, roi):
    expected = score_field(read_image(tiled_file, roi=roi))
    assert "OUTSIDE_ROI" in expected.reject_reason
    assert_same(score_field(open_slide(tiled_file, roi=roi)), expected)


def test_it_says_how_far_it_is(tiled_file):
    seen = []
    score_field(open_slide(tiled_file), on_block=lambda done, n: seen.append((done, n)))
    assert seen == [(1, 2), (2, 2)]


def test_the_report_shows_a_slide(scored):
    page = render_report(score_case([scored], name="slide"))
    assert page.count('<li class="card') == len(scored.nuclei)
    assert "3400 × 300 px" in page


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
    monkeypatch.setattr("fishcount.report.overview._LONGEST_PX", 850)
    small = overview(Slide.of(image), "DAPI")
    blocks = image.channel("DAPI").reshape(75, 4, 850, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(small, blocks, rtol=1e-5)


def test_the_command_writes_the_same_folder_from_memory_and_by_tiles(tiled_file, tmp_path):
    for out, options in (("whole", []), ("tiles", ["--set", "reading.tiles_above_px=3200"])):
        result = CliRunner().invoke(
            cli, ["score", str(tiled_file), "--out", str(tmp_path / out), *options]
        )
        assert result.exit_code == 0, result.output
    whole, tiles = (read_case_folder(tmp_path / out) for out in ("whole", "tiles"))
    np.testing.assert_array_equal(tiles.label_image("slide"), whole.label_image("slide"))
    with tifffile.TiffFile(tiles.labels["slide"]) as tif:
        assert tif.pages[0].is_tiled
    assert tiles.nuclei.equals(whole.nuclei)
    assert tiles.signals.equals(whole.signals)
    result = CliRunner().invoke(cli, ["verify", str(tmp_path / "tiles")])
    assert result.exit_code == 0, result.output
