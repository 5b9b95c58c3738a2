"""The light of a cluster is compared with single signals of its own nucleus."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fishcount.signals.brightness import relative_brightness

SCATTER = 0.2


def fluxes(brightness, n, *, seed=2):
    """Of n signals in each nucleus, and their nuclei."""
    rng = np.random.default_rng(seed)
    nucleus = np.repeat(np.arange(1, len(brightness) + 1), n)
    return brightness[nucleus - 1] * np.exp(rng.normal(0, SCATTER, nucleus.size)), nucleus


def test_brightness_of_nuclei_is_found_as_far_as_the_scatter_in_them_allows():
    true = np.exp(np.random.default_rng(1).normal(0, 0.3, 12))
    flux, nucleus = fluxes(true, 15)
    found = relative_brightness(flux, nucleus)[::15]
    error = np.log(found) - np.log(true / np.exp(np.log(true).mean()))
    assert np.sqrt(np.square(error).mean()) < 0.1


@pytest.mark.parametrize("seed", range(5))
def test_nuclei_that_do_not_differ_hardly_get_a_brightness_of_their_own(seed):
    flux, nucleus = fluxes(np.ones(12), 15, seed=seed)
    assert np.abs(np.log(relative_brightness(flux, nucleus))).max() < 0.06


def test_few_signals_say_less_than_many():
    flux, nucleus = fluxes(np.array([0.6, 0.8, 1.0, 1.25, 1.6]), 20)
    few = np.flatnonzero((nucleus != 5) | (np.cumsum(nucleus == 5) <= 2))
    assert relative_brightness(flux[few], nucleus[few])[-1] < relative_brightness(flux, nucleus)[-1]


def test_one_nucleus_has_nothing_to_be_compared_with():
    flux, nucleus = fluxes(np.array([3.0]), 8)
    assert_allclose(relative_brightness(flux, nucleus), 1)
    assert relative_brightness(np.zeros(0), np.zeros(0, np.int64)).shape == (0,)
