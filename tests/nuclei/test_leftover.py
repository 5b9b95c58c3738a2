"""A dim nucleus beside bright ones is found; their glow is none."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fishcount.filters import gaussian
from fishcount.nuclei.search.leftover import add_leftovers

DIAMETER = 26.0
LEVELS = {"floor_counts": 5.0, "typical_counts": 300.0, "top_counts": 400.0}


def disk(cy, cx, radius=13):
    y, x = np.mgrid[:90, :110]
    return np.hypot(y - cy, x - cx) <= radius


BRIGHT = [disk(30, 40), disk(30, 66)]
CORES = np.where(BRIGHT[0], 1, 2 * BRIGHT[1]).astype(np.int32)


def light(dim):
    bright = 300.0 * (BRIGHT[0] | BRIGHT[1])
    return gaussian(np.where(bright > 0, bright, dim).astype(np.float32), 1.2)


@pytest.mark.parametrize("level", [80.0, 150.0])
def test_a_dim_nucleus_under_bright_ones_is_found(level):
    dim = disk(53, 53) & (CORES == 0)
    both = add_leftovers(CORES, light(level * dim), diameter_px=DIAMETER, **LEVELS)
    assert both.max() == 3
    assert_array_equal(np.where(both < 3, both, 0), CORES)
    assert (both[dim] == 3).mean() > 0.7
    assert (both == 3)[~dim].sum() < 0.1 * dim.sum()


def test_of_nothing_left_nothing_is_added():
    assert add_leftovers(CORES, light(0.0), diameter_px=DIAMETER, **LEVELS) is CORES


@pytest.mark.parametrize("reach", [4, 8, 16])
def test_glow_that_falls_with_the_distance_is_no_nucleus(reach):
    glow = gaussian(light(0.0), reach) * 0.8
    found = add_leftovers(CORES, light(glow), diameter_px=DIAMETER, **LEVELS)
    assert_array_equal(found, CORES)
