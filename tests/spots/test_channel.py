"""A channel is measured once; what is found in a part of it is what the whole image gives."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fishcount.errors import CalibrationError, PixelError
from fishcount.spots import detect_in_channels, detect_spots, measure_channels
from fishcount.spots.channel.scale import BLOCK_PX
from fishcount.spots.channel.typical import typical_height
from fishcount.spots.points.maxima import local_maxima, roundness
from fishcount.spots.points.model import Points
from fishcount.spots.points.profile import fit_profiles, squared_distance
from fishcount.spots.points.response import blob_response, subtract_points
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def field():
    image, _ = simulate_case("scattered", seed=6, n_fields=1, size=640)[0]
    return {probe: image.channel(probe) for probe in image.probes}


def rows(spots, *, offset=(0, 0)):
    place = np.stack([spots.y_px + offset[0], spots.x_px + offset[1]], axis=1)
    return np.column_stack([place, spots.amplitude_counts, spots.kept, spots.score])


def test_a_part_of_a_channel_holds_the_spots_of_the_whole(field):
    scales = measure_channels(field, pixel_size_um=0.1)
    whole = rows(detect_in_channels(field, scales=scales)["HER2"])
    top, left, halo = 13 * BLOCK_PX, 9 * BLOCK_PX, 80
    part = {role: plane[top : top + 480, left : left + 500] for role, plane in field.items()}
    found = rows(detect_in_channels(part, scales=scales)["HER2"], offset=(top, left))

    def inner(table):
        y, x = table[:, 0] - top, table[:, 1] - left
        return table[(y > halo) & (y < 480 - halo) & (x > halo) & (x < 500 - halo)]

    assert len(inner(whole)) > 20
    found, whole = inner(found), inner(whole)
    assert len(found) == len(whole)
    np.testing.assert_array_equal(found[:, 3], whole[:, 3])
    # Points that touch are fitted together, so what lies far off reaches the last digits.
    assert_allclose(found[:, :2], whole[:, :2], rtol=0, atol=0.02)
    assert_allclose(found[:, 2], whole[:, 2], rtol=0.02)


def test_both_probes_at_once_are_what_each_is_beside_the_other(field):
    both = detect_in_channels(field, pixel_size_um=0.1)
    alone = detect_spots(field["HER2"], other=field["CEP17"], pixel_size_um=0.1)
    np.testing.assert_array_equal(both["HER2"].y_px, alone.y_px)
    np.testing.assert_array_equal(both["HER2"].kept, alone.kept)


def test_the_typical_height_is_that_of_all_signals_not_of_those_that_are_seen():
    rng = np.random.default_rng(3)
    heights = np.exp(rng.normal(np.log(100), 0.4, 5000))
    seen = heights[heights > 110]
    assert np.median(seen) > 130
    assert_allclose(typical_height(seen, 110.0), 100, rtol=0.08)


def test_a_spot_at_the_edge_of_the_image_is_found():
    y, x = np.mgrid[:96, :96]
    image = np.random.default_rng(2).normal(200, 4, (96, 96))
    for row, column in [(0.2, 40.0), (50.0, 95.3), (48, 48), (20, 20), (70, 30), (30, 70)]:
        image += 150 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 1.6**2))
    response = blob_response(image.astype(np.float32), 10)
    found = local_maxima(response, 0.5 * response.max())
    assert len(found) == 6
    assert {0, 95} <= set(found.ravel().tolist())


def test_roundness_tells_a_point_from_a_ridge():
    y, x = np.mgrid[:21, :21].astype(np.float32) - 10
    point, ridge = np.exp(-(y**2 + x**2) / 6), np.exp(-(y**2) / 6)
    at = (np.array([10]), np.array([10]))
    assert_allclose(roundness(point, *at), 1, atol=1e-3)
    assert_allclose(roundness(ridge, *at), 0, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 60), (60, 1)])
def test_a_single_row_is_measured_without_complaint(shape):
    along = np.arange(60) % 20 - 10.0
    row = 100 + 500 * np.exp(-(along**2) / 6) + np.random.default_rng(1).normal(0, 3, 60)
    image = row.reshape(shape).astype(np.float32)
    scale = measure_channels({"HER2": image, "CEP17": image})["HER2"]
    assert scale.leaked_share == 0
    assert len(detect_spots(image)) == 0


@pytest.mark.parametrize("size", [0, -0.1, np.nan, np.inf])
def test_sizes_that_are_none_are_refused(size):
    stack = np.random.default_rng(1).normal(100, 3, (3, 40, 40)).astype(np.float32)
    for look in (measure_channels, detect_in_channels):
        with pytest.raises(CalibrationError, match="pixel_size_um: must be above 0"):
            look({"HER2": stack}, pixel_size_um=size)
        with pytest.raises(CalibrationError, match="z_step_um: must be above 0"):
            look({"HER2": stack}, z_step_um=size)


@pytest.mark.parametrize(
    ("pixels", "fault"),
    [
        (np.full((40, 40), np.nan), "NaN or infinite"),
        (np.zeros((0, 40)), "no plane"),
        (np.zeros((2, 2, 40, 40)), "not a plane or stack"),
        (np.eye(50), "differ in size"),
    ],
)
def test_what_is_no_channel_is_not_measured(pixels, fault):
    with pytest.raises(PixelError, match=fault):
        measure_channels({"HER2": np.eye(40), "CEP17": pixels})


@pytest.mark.parametrize("width", [1.2, 1.7, 2.6])
def test_profiles_have_the_width_height_and_background_that_were_drawn(width):
    rng = np.random.default_rng(1)
    square = squared_distance(rng.uniform(-0.5, 0.5, (200, 2)), 8)
    patch = 500 + 80 * np.exp(-square / (2 * width**2)) + rng.normal(0, 2, square.shape)
    fits = fit_profiles(
        patch.astype(np.float32), square, inside=square < 60, sigma_px=1.7, iterations=4
    )
    assert_allclose(np.median(fits.sigma_px), width, rtol=0.03)
    assert_allclose(np.median(fits.amplitude_counts), 80, rtol=0.03)
    assert_allclose(np.median(fits.background_counts), 500, atol=1)
    assert_allclose(np.median(fits.residual_counts), 2, rtol=0.1)


def test_profiles_of_nothing_are_empty():
    none = np.zeros((0, 5, 5), np.float32)
    fits = fit_profiles(none, none, inside=none > 0, sigma_px=1.5, iterations=2)
    assert fits.sigma_px.shape == (0,)


def test_light_of_points_of_different_width_is_taken_out_of_a_response():
    y, x = np.mgrid[:120, :120]
    points = Points(
        y_px=np.array([40.3, 80.0]),
        x_px=np.array([30.2, 90.7]),
        amplitude_counts=np.array([100.0, 60.0]),
    )
    sigma = np.array([1.5, 5.0])
    image = sum(
        a * np.exp(-((y - v) ** 2 + (x - u) ** 2) / (2 * s**2))
        for v, u, a, s in zip(points.y_px, points.x_px, points.amplitude_counts, sigma, strict=True)
    )
    response = blob_response(np.asarray(image, np.float32), 10)
    highest = response.max()
    subtract_points(response, points, sigma, 10)
    assert np.abs(response).max() < 0.01 * highest


def test_the_dome_of_a_glowing_nucleus_is_no_crowd_of_spots():
    y, x = np.mgrid[:192, :192]
    dome = 1500 * np.exp(-((y - 96) ** 2 + (x - 96) ** 2) / (2 * 26.0**2))
    image = np.random.default_rng(4).poisson(40 + dome).astype(np.float32)
    spots = detect_spots(image, pixel_size_um=0.1)
    assert len(spots) < 60
    assert not spots.kept.any()
