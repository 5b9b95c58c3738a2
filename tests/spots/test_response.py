"""Filters and maxima: what they do to points, and that tiles give the same as the whole."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage as ndi

from fishcount.spots.points.maxima import local_maxima, parabolic_offsets
from fishcount.spots.points.model import Points
from fishcount.spots.points.patches import cut_patches
from fishcount.spots.points.response import (
    blob_response,
    passes_for,
    point_gain,
    smooth,
    subtract_points,
    white_noise_gain,
)

NOISE = np.random.default_rng(4).normal(300, 20, (150, 200)).astype(np.float32)


@pytest.mark.parametrize("passes", [2, 6, 14])
def test_smoothing_is_binomial_and_mirrors_the_edges(passes):
    kernel = np.poly1d([0.5, 0.5]) ** passes
    expected = ndi.correlate1d(NOISE.astype(float), kernel.coeffs, axis=0, mode="reflect")
    expected = ndi.correlate1d(expected, kernel.coeffs, axis=1, mode="reflect")
    assert_allclose(smooth(NOISE, passes), expected, rtol=1e-5)


def test_a_tile_gives_the_same_bits_as_the_whole():
    whole = blob_response(NOISE, 12)
    tile = blob_response(NOISE[31:120, 17:180], 12)
    assert_array_equal(tile[8:-8, 8:-8], whole[39:112, 25:172])


def test_a_gradient_gives_no_response():
    ramp = np.add.outer(np.arange(60.0), 2 * np.arange(70.0)).astype(np.float32)
    assert_allclose(blob_response(ramp, 10)[12:-12, 12:-12], 0, atol=1e-4)


def test_white_noise_gain_is_the_sigma_of_the_response():
    big = np.random.default_rng(1).normal(0, 10, (600, 600)).astype(np.float32)
    assert_allclose(blob_response(big, 10).std(), 10 * white_noise_gain(10), rtol=0.02)


@pytest.mark.parametrize("shape", [(40, 50), (9, 50), (40, 3), (1, 1)])
@pytest.mark.parametrize(("mirrored", "mode"), [(False, "edge"), (True, "symmetric")])
def test_patches_go_on_beyond_the_edge(shape, mirrored, mode):
    image = NOISE[: shape[0], : shape[1]]
    y, x = (at.ravel() for at in np.indices(shape))
    patches = cut_patches(image, y, x, 5, mirror=mirrored)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, 5, mode=mode), (11, 11))
    assert_array_equal(patches, windows[y, x])


def test_points_are_taken_out_of_a_response():
    y, x = np.mgrid[:60, :70]
    image = 80 * np.exp(-((y - 30.3) ** 2 + (x - 33.6) ** 2) / (2 * 1.7**2))
    response = blob_response(image.astype(np.float32), passes_for(1.7))
    assert_allclose(response.max(), 80 * point_gain(passes_for(1.7), 1.7), rtol=0.05)
    point = Points(y_px=np.array([30.3]), x_px=np.array([33.6]), amplitude_counts=np.array([80.0]))
    subtract_points(response, point, 1.7, passes_for(1.7))
    assert_allclose(response, 0, atol=0.01)


@pytest.mark.parametrize("passes", [0, 3])
def test_odd_numbers_of_passes_are_refused(passes):
    with pytest.raises(ValueError, match="passes must be even"):
        smooth(NOISE, passes)


def test_maxima_are_those_of_the_maximum_filter():
    smooth_noise = smooth(NOISE, 6)
    found = local_maxima(smooth_noise, 300.0)
    peak = (ndi.maximum_filter(smooth_noise, 3) == smooth_noise) & (smooth_noise > 300)
    assert_array_equal(found, np.argwhere(peak))


def test_the_first_of_equal_neighbours_is_the_maximum():
    flat = np.zeros((8, 8), np.float32)
    flat[3:5, 3:5] = 2
    assert_array_equal(local_maxima(flat, 1.0), [[3, 3]])


def test_the_vertex_of_a_parabola_is_found():
    y, x = np.mgrid[:11, :11]
    bowl = (100 - (y - 5.25) ** 2 - (x - 4.8) ** 2).astype(np.float32)
    maxima = local_maxima(bowl, 99.0)
    assert_allclose(maxima + parabolic_offsets(bowl, maxima), [[5.25, 4.8]], atol=1e-4)
