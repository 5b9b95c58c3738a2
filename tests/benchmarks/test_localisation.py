"""The bound of a position against what photon statistics say, and against fits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage as ndi

from benchmarks.common.ideal import COUNTS_PER_ELECTRON, OFFSET_COUNTS, READ_NOISE_ELECTRONS
from benchmarks.common.localisation import (
    ground_over_white,
    least_errors_px,
    patches_of_ground,
)

SIGMA = 1.7


def plane_of(electrons, background, *, seed=3, noise=True):
    """One point in the middle of a plane, as the camera of the phantoms sees it."""
    y, x = np.mgrid[:41, :41]
    light = background + electrons * np.exp(-((y - 20.3) ** 2 + (x - 19.6) ** 2) / (2 * SIGMA**2))
    if noise:
        light = np.random.default_rng(seed).poisson(light).astype(float)
    return OFFSET_COUNTS + COUNTS_PER_ELECTRON * light


def bound(electrons, background, *, true=None):
    return least_errors_px(
        plane_of(electrons, background, noise=False),
        np.array([20.3]),
        np.array([19.6]),
        sigma_px=np.array([SIGMA]),
        electrons=np.array([true or electrons]),
    )[0]


def test_a_bright_point_in_the_dark_is_placed_as_its_photons_allow():
    electrons = 5000.0
    photons = 2 * np.pi * SIGMA**2 * electrons
    # Thompson, Larson and Webb (2002): sigma over the root of the photons, along each axis.
    assert_allclose(bound(electrons, 0.0), np.sqrt(2) * SIGMA / np.sqrt(photons), rtol=0.05)


def test_light_around_a_point_and_a_lower_height_cost_precision():
    assert bound(50.0, 100.0) > 1.5 * bound(50.0, 5.0)
    assert bound(50.0, 20.0) > 1.5 * bound(100.0, 20.0)
    # Half of the true height reached the camera.
    assert_allclose(bound(50.0, 20.0, true=100.0), bound(50.0, 20.0), rtol=0.02)


@pytest.mark.parametrize("electrons", [60.0, 300.0])
def test_centroids_of_many_noisy_draws_do_not_beat_it(electrons):
    y, x = np.mgrid[:41, :41]
    weight = np.exp(-((y - 20.3) ** 2 + (x - 19.6) ** 2) / (4 * SIGMA**2))
    errors = []
    for seed in range(200):
        light = (plane_of(electrons, 20.0, seed=seed) - OFFSET_COUNTS) / COUNTS_PER_ELECTRON - 20
        # To first order, the position of a least-squares fit with even weights.
        slope_y, slope_x = (weight**2 * (axis - at) for axis, at in ((y, 20.3), (x, 19.6)))
        along = [(light * s).sum() / (s**2).sum() for s in (slope_y, slope_x)]
        errors.append(np.sum(np.square(along)) * (SIGMA**2 / electrons) ** 2)
    assert 0.9 < np.sqrt(np.mean(errors)) / bound(electrons, 20.0) < 1.4


def test_no_points_have_no_bounds():
    nothing = np.zeros(0)
    assert least_errors_px(
        plane_of(1.0, 1.0), nothing, nothing, sigma_px=nothing, electrons=nothing
    ).shape == (0,)


def patches_on(ground, *, seed=5):
    """Squares out of a wide plane of ground, in electrons."""
    rng = np.random.default_rng(seed)
    plane = OFFSET_COUNTS + COUNTS_PER_ELECTRON * ground(rng)
    return patches_of_ground(plane, np.ones(plane.shape, bool), np.zeros(1), np.zeros(1))


def white(rng):
    return 80.0 + rng.normal(0, np.sqrt(80 + READ_NOISE_ELECTRONS**2), (400, 400))


def test_white_ground_costs_nothing():
    ratio = ground_over_white(patches_on(white), sigma_px=SIGMA, electrons=160.0)
    assert_allclose(ratio, 1.0, atol=0.03)


def test_waves_as_long_as_a_point_is_wide_cost_most():
    def waves(length):
        def ground(rng):
            wavy = ndi.gaussian_filter(rng.normal(size=(400, 400)), length)
            return white(rng) + 2.0 * wavy / wavy.std()

        return ground_over_white(patches_on(ground), sigma_px=SIGMA, electrons=160.0)

    assert waves(SIGMA) > 1.1
    assert waves(SIGMA) > waves(3 * SIGMA) > waves(9 * SIGMA) > 1.0


def test_ground_is_looked_for_away_from_points_and_outside_nothing():
    y, x = np.array([200.0]), np.array([200.0])
    plane = np.full((400, 400), OFFSET_COUNTS)
    plane[198:203, 198:203] += 4 * COUNTS_PER_ELECTRON
    nuclei = np.zeros(plane.shape, bool)
    nuclei[180:221, 180:221] = True
    patches = patches_of_ground(plane, nuclei, y, x)
    assert len(patches)
    assert not patches.any()
    assert np.isnan(ground_over_white(patches[:10], sigma_px=SIGMA, electrons=160.0))
    assert not len(patches_of_ground(plane, np.zeros_like(nuclei), y, x))
