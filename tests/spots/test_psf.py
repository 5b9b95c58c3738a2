"""The width of a point is measured on the image, whatever else shines in it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fishcount.spots import detect_spots, measure_channel
from fishcount.spots.psf import expected_width_px, likeliest_width


def drawn(
    *, points=60, granules=0, sigma_px=1.5, spread=0.0, height=60.0, noise=5.0, side=512, seed=0
):
    """Points, and granules three times as wide and twice as high, on an even background."""
    rng = np.random.default_rng(seed)
    image = rng.normal(100, noise, (side, side))
    y, x = np.mgrid[:side, :side]
    widths = np.r_[sigma_px * np.exp(rng.normal(0, spread, points)), np.full(granules, 4.5)]
    for number, (cy, cx) in enumerate(rng.uniform(10, side - 10, (len(widths), 2))):
        square = (y - cy) ** 2 + (x - cx) ** 2
        peak = height if number < points else 2 * height
        image += peak * np.exp(-square / (2 * widths[number] ** 2))
    return image.astype(np.float32)


@pytest.mark.parametrize("sigma_px", [1.1, 1.6, 2.2])
def test_width_is_that_of_the_points(sigma_px):
    found = measure_channel(drawn(sigma_px=sigma_px))
    assert_allclose(found.psf_sigma_px, sigma_px, rtol=0.05)


def test_granules_do_not_widen_it():
    found = measure_channel(drawn(points=20, granules=60), pixel_size_um=0.1)
    assert_allclose(found.psf_sigma_px, 1.5, rtol=0.08)


def test_spread_is_that_of_the_points_and_not_the_error_of_their_fits():
    alike = measure_channel(drawn(noise=5.0)).width_spread
    noisy = measure_channel(drawn(noise=12.0)).width_spread
    uneven = measure_channel(drawn(spread=0.25)).width_spread
    assert alike < 0.06
    assert noisy < 0.1
    assert_allclose(uneven, 0.25, atol=0.08)


def test_without_points_the_pixel_size_decides():
    noise = np.random.default_rng(0).normal(100, 5, (256, 256)).astype(np.float32)
    assert_allclose(measure_channel(noise, pixel_size_um=0.08).psf_sigma_px, 2.0, rtol=0.1)
    assert_allclose(expected_width_px(0.08), 2.0)
    nothing = likeliest_width(np.zeros(0), np.zeros(0), prior_px=1.3, prior_spread=0.2)
    assert_allclose(nothing.sigma_px, 1.3, rtol=0.02)


def test_a_few_hot_pixels_or_lumps_of_debris_are_not_typical():
    image = drawn(points=30)
    image[[40, 90, 300], [50, 200, 400]] += 4000
    y, x = np.mgrid[:512, :512]
    image += 3000 * np.exp(-((y - 256) ** 2 + (x - 256) ** 2) / (2 * 1.5**2)).astype(np.float32)
    assert_allclose(measure_channel(image).typical_counts, 60, rtol=0.15)


def test_an_export_clipped_to_black_is_not_full_of_signals():
    """Where nothing but single grey levels flicker, there is no noise to measure and no signal."""
    image = drawn(points=30, height=120.0, noise=4.0, side=384)
    rng = np.random.default_rng(1)
    black = np.clip(np.rint(image - 108), 0, 255)
    black += rng.random(black.shape) < 0.02
    spots = detect_spots(black.astype(np.float32), pixel_size_um=0.1)
    assert 25 <= spots.kept.sum() <= 33
