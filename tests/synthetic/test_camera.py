"""A camera turns electrons into counts: gain, offset, full scale, and what hot pixels add."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.synthetic.camera import draw_hot_pixels, expose
from fishcount.synthetic.spec import Camera, FieldSpec

DARK = np.zeros((40, 50))


def counts_of(electrons, *, hot=None, **camera):
    quiet = Camera(read_noise=0, gain=0.5, offset_counts=100, **camera)
    hot = np.zeros(electrons.shape) if hot is None else hot
    return expose(electrons, camera=quiet, hot=hot, rng=np.random.default_rng(1))


def test_light_is_counted_with_its_own_noise():
    counts = counts_of(np.full((200, 200), 400.0)).astype(float)
    assert counts.mean() == pytest.approx(100 + 0.5 * 400, abs=0.5)
    assert counts.std() == pytest.approx(0.5 * np.sqrt(400), rel=0.03)


def test_a_hot_pixel_adds_its_electrons_and_no_pixel_passes_full_scale():
    hot = DARK.copy()
    hot[3, 7], hot[20, 9] = 150, 1e6
    expected = np.full(DARK.shape, 100)
    expected[3, 7], expected[20, 9] = 175, 4095
    np.testing.assert_array_equal(counts_of(DARK, hot=hot, full_scale_counts=4095), expected)


def test_as_many_pixels_are_hot_as_the_camera_says():
    spec = FieldSpec(shape=(500, 400), camera=Camera(hot_pixels=0.002))
    hot = draw_hot_pixels(spec, rng=np.random.default_rng(2))
    assert np.count_nonzero(hot) == pytest.approx(0.002 * 500 * 400, rel=0.15)
    assert np.median(hot[hot > 0]) == pytest.approx(150 * np.exp(0.5), rel=0.15)
