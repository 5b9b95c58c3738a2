"""Background and noise, measured on drawn images."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fishcount.background import (
    background_map,
    grey_step,
    is_constant,
    noise_by_brightness,
)


def exposed(light, *, gain=2.0, offset=100.0, read=3.0, seed=0):
    rng = np.random.default_rng(seed)
    electrons = rng.poisson(light) + rng.normal(0, read, light.shape)
    return (offset + gain * electrons).astype(np.float32)


def steps(levels=(10, 40, 90, 160), side=300):
    light = np.full((side, side), float(levels[0]))
    for i, level in enumerate(levels):
        light[:, i * side // len(levels) :] = level
    return light


def test_noise_is_a_function_of_brightness_and_ignores_signals():
    image = exposed(steps())
    image[50::60, 40::60] += 5000
    noise = noise_by_brightness(image - background_map(image).counts.mean(), background_map(image))
    assert noise.floor_counts > 0
    sigma = noise.at(np.array([120.0, 420.0]))
    assert sigma[1] > sigma[0]


def test_background_passes_under_spots():
    image = np.full((64, 80), 50, np.float32)
    image[30:33, 40:43] = 5000
    brightness = background_map(image)
    assert_allclose(brightness.at(np.array([31.0]), np.array([41.0])), 50)


def test_background_of_images_that_are_no_multiple_of_the_block():
    ramp = np.add.outer(np.arange(37.0), np.zeros(53)).astype(np.float32)
    brightness = background_map(ramp)
    assert brightness.counts.shape == (5, 7)
    assert_allclose(brightness.at(np.array([18.0]), np.array([20.0])), 18, atol=1.5)


@pytest.mark.parametrize(
    ("image", "blank"),
    [
        (np.zeros((0, 4)), True),
        (np.full((3, 3), 7), True),
        (np.eye(3), False),
        (np.random.default_rng(0).normal(100, 1, (8, 8)), False),
    ],
    ids=["no pixels", "all equal", "two values", "noise"],
)
def test_blank_is_what_holds_no_image(image, blank):
    assert is_constant(image) is blank


def test_step_between_grey_values_is_that_of_the_camera():
    counts = exposed(steps()).round()
    assert grey_step(counts) == 1
    assert grey_step(16 * counts) == 16
    assert grey_step(np.full((20, 20), 7, np.float32)) == 0


def test_noise_is_at_least_what_is_known_to_be_there():
    black = np.zeros((300, 300), np.float32)
    assert noise_by_brightness(black, background_map(black), least_counts=0.3).floor_counts == 0
    black[:, 150:] = np.random.default_rng(0).normal(20, 1, (300, 150))
    noise = noise_by_brightness(black, background_map(black), least_counts=0.3)
    assert noise.floor_counts == pytest.approx(0.3)
