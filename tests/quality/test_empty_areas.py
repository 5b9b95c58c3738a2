"""Where the image holds no pixels nothing is found, and what it cuts is not scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage as ndi
from skimage.draw import polygon

from fishcount import FishImage, read_image, score_field
from fishcount.io import open_slide
from fishcount.quality.empty_areas import find_empty_areas
from fishcount.slide import Slide
from fishcount.synthetic import simulate_case

ROLES = ["DAPI", "HER2", "CEP17"]
SIZE = 400
SAMPLE_IMAGES = Path(__file__).parents[2] / "sample_images"


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Counts (channel, y, x) of a drawn field, and its true label image."""
    image, truth = simulate_case("negative", seed=4, n_fields=1, size=SIZE, snr="easy")[0]
    return image.pixels[:, 0].astype(np.uint16), truth.labels


def field_of(pixels: np.ndarray) -> FishImage:
    return FishImage.from_array(pixels, axes="CYX", channels=ROLES, pixel_size_um=0.1)


def areas_of(pixels: np.ndarray):
    image = field_of(pixels)
    return find_empty_areas(image, Slide.of(image).sample_windows())


def counted(field) -> tuple[int, ...]:
    copies = [field.counts.copies[probe].best[field.scored].sum() for probe in ("HER2", "CEP17")]
    return len(field.nuclei), int(field.scored.sum()), *map(int, copies)


def test_a_black_frame_changes_no_count(drawn):
    pixels, _ = drawn
    framed = np.zeros((3, SIZE + 300, SIZE + 200), np.uint16)
    framed[:, 150 : 150 + SIZE, 60 : 60 + SIZE] = pixels
    field = score_field(field_of(framed))
    (finding,) = [one for one in field.findings if one.code == "EMPTY_AREA"]
    assert finding.figure == pytest.approx(1 - SIZE**2 / ((SIZE + 300) * (SIZE + 200)))
    assert finding.detail.endswith("% of DAPI, HER2, CEP17")
    plain = score_field(field_of(pixels))
    assert counted(field) == counted(plain)
    assert "EMPTY_AREA" not in {one.code for one in plain.findings}
    assert field.image.pixels[:, 0, 0, 0].tolist() == [0, 0, 0]  # as it was read


def test_a_tile_that_one_probe_lacks_is_no_loss_of_copies(drawn):
    pixels, _ = drawn
    plain = score_field(field_of(pixels))
    y, x = (plain.nuclei.y_px[plain.scored], plain.nuclei.x_px[plain.scored])
    holed = pixels.copy()
    top, left = max(int(y[0]) - 60, 0), max(int(x[0]) - 60, 0)
    holed[1, top : top + 120, left : left + 120] = 0
    field = score_field(field_of(holed))
    inside = (abs(field.nuclei.y_px - y[0]) < 40) & (abs(field.nuclei.x_px - x[0]) < 40)
    assert inside.any()
    assert set(field.reject_reason[inside]) == {"BORDER"}
    assert [one.detail for one in field.findings if one.code == "EMPTY_AREA"] == ["9.0 % of HER2"]


def test_strips_that_alignment_leaves_are_empty(drawn):
    pixels = drawn[0].copy()
    pixels[1, :, :4], pixels[2, -7:] = 0, 0
    areas = areas_of(pixels)
    whole = areas.slide.whole
    assert sorted(areas.background) == ["CEP17", "HER2"]
    assert areas.empty("HER2", whole).sum() == 4 * SIZE
    assert areas.empty("CEP17", whole).sum() == 7 * SIZE
    assert (areas.filled("HER2", whole) > 0).all()


@pytest.mark.parametrize("degrees", [3, 30, 45])
def test_a_rotated_field_lies_in_an_empty_area(drawn, degrees):
    rotated = ndi.rotate(drawn[0], degrees, axes=(1, 2), order=1, cval=0)
    areas = areas_of(rotated)
    share = areas.empty("DAPI", areas.slide.whole).mean()
    assert share == pytest.approx(1 - SIZE**2 / rotated[0].size, abs=0.01)


@pytest.mark.parametrize("corners", [3, 5, 8])
def test_nuclei_that_the_edge_of_a_scanned_polygon_cuts_are_not_scored(drawn, corners):
    pixels, true_labels = drawn
    turn = 0.3 + np.arange(corners) * 2 * np.pi / corners
    scanned = np.zeros((SIZE, SIZE), bool)
    scanned[polygon(200 + 190 * np.sin(turn), 200 + 190 * np.cos(turn), (SIZE, SIZE))] = True
    field = score_field(field_of(pixels * scanned))
    (finding,) = [one for one in field.findings if one.code == "EMPTY_AREA"]
    assert finding.figure == pytest.approx(1 - scanned.mean(), rel=0.01)
    left = np.bincount(true_labels[scanned], minlength=true_labels.max() + 1)
    share_left = left / np.bincount(true_labels.ravel())
    cut = set(np.flatnonzero((share_left > 0.1) & (share_left < 0.9))) - {0}
    assert cut
    at = np.rint([field.nuclei.y_px, field.nuclei.x_px]).astype(int)
    assert not cut & set(true_labels[*at][field.scored])
    assert field.scored.any() or corners == 3


def test_a_black_frame_takes_few_copies_from_a_stack():
    image = read_image(SAMPLE_IMAGES / "stack" / "field_2.ome.tif")
    _, n_planes, height, width = image.pixels.shape
    framed = np.zeros((3, n_planes, height + 320, width + 320), image.pixels.dtype)
    framed[:, :, 160:-160, 160:-160] = image.pixels
    field = score_field(replace(image, pixels=framed))
    assert "EMPTY_AREA" in {one.code for one in field.findings}
    # With noise of its own in each plane of the frame it was 78 copies of 109.
    np.testing.assert_allclose(counted(field), counted(score_field(image)), rtol=0.15)


def subtracted(pixels, labels):
    levels = np.quantile(pixels, 0.4, axis=(1, 2), keepdims=True).astype(int)
    return np.clip(pixels.astype(int) - levels, 0, None).astype(np.uint16)


def nuclei_alone(pixels, labels):
    return np.where(labels > 0, pixels, 0).astype(np.uint16)


def in_a_circle(pixels, labels):
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    return np.where(np.hypot(y, x) < 180, pixels, 0).astype(np.uint16)


def without_a_probe(pixels, labels):
    return pixels * np.array([1, 0, 1], np.uint16)[:, None, None]


@pytest.mark.parametrize("of", [subtracted, nuclei_alone, in_a_circle, without_a_probe])
def test_zeros_of_other_reasons_are_no_empty_area(drawn, of):
    assert areas_of(drawn[0]) is None
    assert areas_of(of(*drawn)) is None


def test_a_file_is_searched_as_the_image_in_memory(drawn, tmp_path):
    tiles = np.concatenate([np.roll(drawn[0], 37 * n, axis=1) for n in range(8)], axis=2)
    pixels = np.zeros((3, SIZE + 90, 3200), np.uint16)
    pixels[:, 45:-45, 100:3200] = tiles[:, :, :3100]
    assert max(pixels.shape) > 3072  # larger than its sample
    tifffile.imwrite(
        tmp_path / "long.ome.tif",
        pixels,
        tile=(256, 256),
        photometric="minisblack",
        metadata={
            "axes": "CYX",
            "Channel": {"Name": ROLES},
            "PhysicalSizeX": 0.1,
            "PhysicalSizeY": 0.1,
        },
    )
    read, held = score_field(open_slide(tmp_path / "long.ome.tif")), score_field(field_of(pixels))
    assert counted(read) == counted(held)
    assert read.flags.tolist() == held.flags.tolist()
    for probe in ("HER2", "CEP17"):
        np.testing.assert_array_equal(read.spots[probe].y_px, held.spots[probe].y_px)
    found = [[one for one in field.findings if one.code == "EMPTY_AREA"] for field in (read, held)]
    assert found[0] == found[1]
    assert found[0][0].figure == pytest.approx(1 - 3100 * SIZE / (3200 * (SIZE + 90)))
