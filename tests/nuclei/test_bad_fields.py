"""Fields that are no good: an empty or flagged result, never an exception, never a crowd."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from scipy import ndimage as ndi

from fishcount import detect_spots, score_field
from fishcount.errors import CalibrationError, MetadataError, PixelError
from fishcount.flags import codes_of
from fishcount.nuclei import labels_in_pieces, nuclei_from_labels, segment_nuclei, select_nuclei
from fishcount.nuclei.field.illumination import noise_sigma
from fishcount.synthetic import simulate_case

SAMPLES = Path(__file__).parents[2] / "sample_images"
CENTRES = [
    (60, 60),
    (60, 160),
    (60, 250),
    (160, 100),
    (160, 210),
    (250, 60),
    (250, 160),
    (250, 250),
]


def nuclei_of(radius: float = 22, counts: float = 120) -> np.ndarray:
    """Eight nuclei with soft edges on a dark field, (320, 320)."""
    y, x = np.mgrid[:320, :320]
    light = sum(1 - np.tanh((np.hypot(y - a, x - b) - radius) / 2) for a, b in CENTRES)
    noise = np.random.default_rng(7).normal(0, 2, light.shape)
    return np.asarray(20 + counts * 0.5 * light + noise)


def as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    stored = BytesIO()
    plane = np.clip(image, 0, 255).astype(np.uint8)
    iio.imwrite(stored, plane, extension=".jpg", quality=quality)
    return np.asarray(iio.imread(stored.getvalue()))


@pytest.mark.parametrize(
    ("shape", "pixel_size_um"), [((1, 40), None), ((40, 1), None), ((1, 40), 0.1), ((3, 200), 0.1)]
)
def test_rows_of_pixels_hold_no_nuclei(shape, pixel_size_um):
    """Three rows become one where nuclei are searched on larger pixels."""
    image = 100 + 10.0 * np.arange(np.prod(shape)).reshape(shape)
    assert len(segment_nuclei(image, pixel_size_um=pixel_size_um)) == 0


@pytest.mark.parametrize("times", [2, 3, 4])
def test_noise_that_pixels_share_is_no_crowd_of_nuclei(times):
    """An enlarged image has hills of noise between its nuclei, though neighbours differ little."""
    plain = np.rint(nuclei_of(radius=7))[:280, :280]
    plain[20:100, 20:] = 20
    plain[180:, 20:100] = 20
    plain += np.rint(np.random.default_rng(1).normal(0, 0.8, plain.shape))
    n = len(segment_nuclei(plain))
    assert n == 4
    assert len(segment_nuclei(ndi.zoom(plain, times, order=3))) == n


@pytest.mark.parametrize("pixel_size_um", [None, 0.2])
@pytest.mark.parametrize("width", [3, 4])
def test_noise_that_was_smoothed_holds_no_nuclei(width, pixel_size_um):
    """Its hills are round and of one size; but it has as many hollows."""
    noise = ndi.gaussian_filter(np.random.default_rng(2).normal(0, 1, (400, 400)), width)
    image = 200 + 20 * noise / noise.std()
    assert len(segment_nuclei(image, pixel_size_um=pixel_size_um)) == 0


def test_a_few_nuclei_that_fill_an_image_are_no_noise():
    """Upside down this part of a field is as rich in outlines; but these are too few to tell."""
    field = tifffile.imread(SAMPLES / "amplified" / "field_1.ome.tif")
    assert len(segment_nuclei(field[0, 250:450, 400:600])) == 3


@pytest.mark.parametrize("size", [0, -0.1, np.nan, np.inf])
def test_sizes_that_are_none_are_refused(size):
    with pytest.raises(CalibrationError, match="pixel_size_um: must be above 0"):
        segment_nuclei(nuclei_of(), pixel_size_um=size)
    with pytest.raises(CalibrationError, match="z_step_um: must be above 0"):
        segment_nuclei(np.stack([nuclei_of()] * 2), z_step_um=size)


@pytest.mark.parametrize("counts", [3_000, 12_000, 60_000])
@pytest.mark.parametrize("pixel_size_um", [0.16, None])
def test_dust_that_outshines_all_nuclei_hides_none(counts, pixel_size_um):
    y, x = np.mgrid[:320, :320]
    speck = counts * np.exp(-((y - 160.0) ** 2 + (x - 155.0) ** 2) / (2 * 6**2))
    nuclei = segment_nuclei(nuclei_of() + speck, pixel_size_um=pixel_size_um)
    place = np.stack([nuclei.y_px, nuclei.x_px], axis=1)
    found = [np.hypot(*(place - centre).T).min() < 4 for centre in CENTRES]
    assert all(found)


def test_a_single_nucleus_amid_grain_is_not_taken_for_dust():
    y, x = np.mgrid[:320, :320]
    image = np.random.default_rng(3).normal(100, 5, y.shape)
    image += 4000 * (np.hypot(y - 100, x - 120) < 22)
    (nucleus,) = segment_nuclei(image, pixel_size_um=0.16).area_px
    assert nucleus == pytest.approx(np.pi * 22**2, rel=0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_counts_that_single_precision_cannot_hold_are_refused(value):
    image = nuclei_of()
    image[5, 5] = value
    with pytest.raises(PixelError, match="infinite"):
        segment_nuclei(image)
    with pytest.raises(PixelError, match="infinite"):
        detect_spots(image)


def test_colours_are_not_taken_for_the_planes_of_a_stack():
    picture = np.stack([nuclei_of()] * 3, axis=-1)
    for find, error in ((segment_nuclei, MetadataError), (detect_spots, PixelError)):
        with pytest.raises(error, match=r"channels in place of a stack.*image\[\.\.\., "):
            find(picture)


@pytest.mark.parametrize("quality", [90, 50, 20])
def test_8_bit_jpeg_keeps_its_nuclei(quality):
    image = as_jpeg(nuclei_of(), quality)
    assert image.dtype == np.uint8
    nuclei = segment_nuclei(image, pixel_size_um=0.2)
    assert len(nuclei) == len(CENTRES)
    assert select_nuclei(nuclei.flags)[0].all()


@pytest.mark.parametrize("pixel_size_um", [None, 0.1, 0.5])
def test_jpeg_blocks_of_an_empty_field_are_no_nuclei(pixel_size_um):
    noise = np.random.default_rng(2).normal(60, 6, (512, 512))
    nuclei = segment_nuclei(as_jpeg(noise, 30), pixel_size_um=pixel_size_um)
    assert select_nuclei(nuclei.flags)[0].sum() <= 1
    assert len(nuclei) <= 5


@pytest.mark.parametrize("pixel_size_um", [None, 0.1, 0.3])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.2])
def test_noise_of_single_pixels_is_no_nuclei(share, pixel_size_um):
    rng = np.random.default_rng(3)
    image = np.where(rng.random((512, 512)) < share, 3000, 100).astype(np.uint16)
    nuclei = segment_nuclei(image, pixel_size_um=pixel_size_um)
    assert len(nuclei) <= 5
    assert not select_nuclei(nuclei.flags)[0].any()


@pytest.mark.parametrize("pixel_size_um", [None, 0.1])
def test_a_field_without_nuclei_stays_empty(pixel_size_um):
    empty = np.random.default_rng(4).poisson(200, (512, 512)).astype(np.uint16)
    assert len(segment_nuclei(empty, pixel_size_um=pixel_size_um)) == 0


@pytest.mark.parametrize("pixel_size_um", [None, 0.1])
def test_a_field_that_is_bright_all_over_scores_nothing(pixel_size_um):
    bright = np.random.default_rng(4).normal(60_000, 300, (512, 512)).astype(np.uint16)
    for image in (bright, np.full((512, 512), 65_535, np.uint16)):
        nuclei = segment_nuclei(image, pixel_size_um=pixel_size_um)
        assert len(nuclei) <= 1
        assert not select_nuclei(nuclei.flags)[0].any()


@pytest.mark.parametrize("pixel_size_um", [None, 0.02])
def test_a_nucleus_larger_than_the_field_is_not_scored(pixel_size_um):
    y, x = np.mgrid[:300, :300]
    for centre in ((150, 150), (0, 0), (150, 420)):
        image = 100 + 900 * (np.hypot(y - centre[0], x - centre[1]) < 260)
        image = np.random.default_rng(1).poisson(image).astype(np.uint16)
        nuclei = segment_nuclei(image, pixel_size_um=pixel_size_um)
        assert len(nuclei) <= 4
        assert not select_nuclei(nuclei.flags)[0].any()


@pytest.mark.parametrize(
    ("limit", "dtype"), [(255, np.uint8), (255, np.uint16), (1023, np.uint16), (4095, np.uint16)]
)
def test_saturated_dapi_is_flagged(limit, dtype):
    image = np.clip(nuclei_of(counts=4 * limit), 0, limit).astype(dtype)
    nuclei = segment_nuclei(image, pixel_size_um=0.2)
    assert len(nuclei) == len(CENTRES)
    assert all("SATURATED" in codes_of(int(mask)) for mask in nuclei.flags)
    assert (nuclei.saturated_fraction > 0.5).all()


def test_an_image_of_a_few_pixels_has_its_dark_half_anywhere():
    image = np.full((9, 4), 100.0, np.float32)
    image[:, [0, -1]] = 1.0
    assert np.isfinite(noise_sigma(image))
    assert len(segment_nuclei(image, pixel_size_um=0.1)) == 0


def test_labels_in_several_pieces_are_counted():
    labels = np.zeros((40, 40), np.uint16)
    labels[2:10, 2:10], labels[20:30, 2:10], labels[2:10, 20:30] = 7, 7, 3
    labels[10, 30] = 3  # a corner that touches
    assert labels_in_pieces(labels) == 1
    assert labels_in_pieces(np.zeros((4, 4), int)) == 0


def test_labels_in_pieces_are_a_finding_of_the_field():
    image, truth = simulate_case("negative", seed=2, n_fields=1, size=256)[0]
    labels = truth.labels.copy()
    first, second = np.unique(labels[labels > 0])[[0, -1]]
    labels[labels == second] = first
    found = {one.code: one for one in score_field(image, labels=labels).findings}
    assert found["LABELS_IN_PIECES"].figure == 1
    whole = score_field(image, labels=truth.labels)
    assert "LABELS_IN_PIECES" not in {one.code for one in whole.findings}


def test_numbers_of_64_bits_stay_apart():
    labels = np.zeros((60, 60), np.uint64)
    labels[5:20, 5:20], labels[30:50, 30:50] = 2**62 + 1, 2**62 + 2
    assert len(nuclei_from_labels(labels, (labels > 0) * 10.0)) == 2


def test_a_region_may_be_a_list():
    image = np.full((64, 64), 100, np.uint16)
    assert len(segment_nuclei(image, roi=[[True] * 64] * 64)) == 0
