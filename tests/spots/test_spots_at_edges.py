"""Points that the edge cuts are measured on what lies inside."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fishcount import detect_spots
from fishcount.spots.points.edges import fit_at_edges
from fishcount.spots.points.model import Points

SIGMA = 1.6
NONE = Points(y_px=np.zeros(0), x_px=np.zeros(0), amplitude_counts=np.zeros(0))


def drawn(points, shape=(60, 70), *, noise=0.0, wide=()):
    """A slope with points (y, x, height) and wide ones (y, x, height, sigma)."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = 200 + 0.8 * x + 0.3 * y
    for at_y, at_x, height, sigma in [*((*point, SIGMA) for point in points), *wide]:
        image += height * np.exp(-((y - at_y) ** 2 + (x - at_x) ** 2) / (2 * sigma**2))
    return image + np.random.default_rng(3).normal(0, noise, shape) if noise else image


def points_at(points):
    y, x, height = np.array(points, float).reshape(-1, 3).T
    return Points(y_px=y, x_px=x, amplitude_counts=height)


def fitted(image, points, granules=NONE, sigma=()):
    return fit_at_edges(
        image, points, SIGMA, granules=granules, granule_sigma_px=np.array(sigma, float)
    )


@pytest.mark.parametrize("at", [(0.4, 30.3), (58.7, 12.2), (25.4, 1.3), (33.8, 68.6), (1.2, 0.9)])
def test_a_point_that_the_edge_cuts_is_found_where_it_lies(at):
    image = drawn([(*at, 100.0)])
    found = fitted(image, points_at([at[0] + 0.5, at[1] - 0.6, 60.0]))
    assert_allclose([found.y_px[0], found.x_px[0]], at, atol=0.02)
    assert_allclose(found.amplitude_counts, 100, rtol=0.04)


def test_light_of_others_is_taken_away_before():
    image = drawn([(1.2, 30.0, 100.0), (6.5, 32.0, 80.0)], wide=[(4.0, 24.0, 60.0, 4.0)])
    start = points_at([(1.5, 30.3, 70.0), (6.5, 32.0, 80.0)])
    found = fitted(image, start, points_at([4.0, 24.0, 60.0]), [4.0])
    assert_allclose([found.y_px[0], found.x_px[0]], [1.2, 30.0], atol=0.03)
    assert_allclose(found.amplitude_counts, [100, 80], rtol=0.03)


def test_what_is_whole_or_in_a_crowd_stays_as_it_is():
    points = points_at([(20.0, 30.0, 50.0), (1.0, 10.0, 40.0), (2.0, 12.5, 45.0)])
    found = fitted(drawn([]), points)
    for name in ("y_px", "x_px", "amplitude_counts"):
        assert_allclose(getattr(found, name), getattr(points, name), atol=0)
    assert len(fitted(drawn([]), NONE)) == 0


def test_spots_at_the_edge_are_as_bright_and_as_well_placed_as_elsewhere():
    along = np.arange(12.3, 110, 16.1)
    true = np.array([(y, x) for y, x in zip([0.8, 118.4] * 4, along, strict=False)])
    elsewhere = [(y, x, 100.0) for y in (30, 60, 90) for x in range(12, 110, 16)]
    image = drawn([(y, x, 100.0) for y, x in true] + elsewhere, (120, 120), noise=2.0)
    spots = detect_spots(image.astype(np.float32), pixel_size_um=0.1)
    places = spots.yx_px
    distance = np.hypot(*(places[:, None] - true).transpose(2, 0, 1))
    nearest = distance.argmin(axis=0)
    assert spots.kept[nearest].all()
    assert np.sqrt(np.square(distance.min(axis=0)).mean()) < 0.15
    assert_allclose(np.median(spots.amplitude_counts[nearest]), 100, rtol=0.08)


def test_a_signal_beyond_the_edge_is_none_of_the_image():
    rim, inside = (-1.6, 20.0, 300.0), (0.3, 50.0, 100.0)
    start = points_at([(0.0, 20.0, 80.0), (0.6, 50.2, 70.0)])
    found = fitted(drawn([rim, inside]), start)
    assert_allclose([found.y_px[0], found.x_px[0]], inside[:2], atol=0.05)
    assert len(found) == 1
