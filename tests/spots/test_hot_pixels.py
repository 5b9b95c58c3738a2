"""Hot pixels of a camera, where they are many."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount import FishImage
from fishcount.quality import image_findings
from fishcount.spots import detect_in_channels, hot_pixel_share, measure_channels
from fishcount.spots.channel.hot_pixels import hot_limit, without_hot_pixels
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def image():
    return simulate_case("amplified", seed=1, n_fields=1, size=384, snr="medium")[0][0]


def heated(image: FishImage, share: float, counts: float = 500) -> FishImage:
    """The field as a camera with hot pixels in the probes would take it."""
    rng = np.random.default_rng(5)
    pixels = image.pixels[:, 0].astype(np.int64)
    pixels[1:] += (counts * (rng.random(pixels[1:].shape) < share)).astype(np.int64)
    return FishImage.from_array(
        pixels.clip(0, 65535).astype(np.uint16),
        axes="CYX",
        channels=image.channels,
        pixel_size_um=image.pixel_size_um,
    )


def kept_of(image: FishImage) -> dict[str, int]:
    channels = {role: image.raw(role) for role in image.probes}
    found = detect_in_channels(channels, pixel_size_um=image.pixel_size_um)
    return {role: int(spots.kept.sum()) for role, spots in found.items()}


@pytest.mark.parametrize("share", [0.001, 0.003])
def test_many_hot_pixels_neither_cost_signals_nor_count(image, share):
    plain, hot = kept_of(image), kept_of(heated(image, share))
    for role, n in plain.items():
        assert hot[role] == pytest.approx(n, rel=0.08), role


def test_what_is_done_is_said(image):
    assert not [f for f in image_findings(image) if f.code == "HOT_PIXELS"]
    findings = [f for f in image_findings(heated(image, 0.002)) if f.code == "HOT_PIXELS"]
    assert [finding.detail for finding in findings] == ["HER2", "CEP17"]
    assert findings[0].figure == pytest.approx(0.002, rel=0.2)


@pytest.mark.parametrize("sigma_px", [0.65, 0.8, 1.2, 2.0])
@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5])
def test_points_of_any_width_are_no_hot_pixels(sigma_px, shift):
    y, x = np.mgrid[:120, :120]
    plane = np.random.default_rng(1).normal(100, 2, y.shape)
    for at in range(6, 114, 6):
        for to in range(6, 114, 6):
            r2 = (y - at - shift) ** 2 + (x - to - shift) ** 2
            plane += 400 * np.exp(-0.5 * r2 / (sigma_px**2 + 1 / 12))
    assert hot_limit(plane) is None
    assert hot_pixel_share(plane) == 0


def test_medians_stand_for_hot_pixels_alone():
    plane = np.random.default_rng(2).normal(100, 2, (64, 64)).astype(np.float32)
    plane[10::20, 10::20] += 300
    limit = hot_limit(plane)
    assert limit == pytest.approx(17, rel=0.1)
    cool = without_hot_pixels(plane, limit)
    assert cool.max() < 120
    assert np.count_nonzero(cool != plane) == 9
    assert without_hot_pixels(plane, None) is plane


def test_a_part_is_searched_with_the_limit_of_the_whole(image):
    hot = heated(image, 0.002)
    channels = {role: hot.raw(role) for role in hot.probes}
    scales = measure_channels(channels, pixel_size_um=0.1)
    assert scales["HER2"].hot_counts is not None
    known = detect_in_channels(channels, pixel_size_um=0.1, scales=scales)
    whole = detect_in_channels(channels, pixel_size_um=0.1)
    for role, spots in whole.items():
        np.testing.assert_array_equal(spots.yx_px, known[role].yx_px)


def test_images_without_noise_or_of_few_rows_have_none():
    assert hot_limit(np.full((40, 40), 7, np.uint16)) is None
    assert hot_limit(np.arange(12.0).reshape(3, 4)) is None
