"""Typical are single signals, also where most copies lie in one heap in each nucleus."""

import numpy as np
import pytest

from fishcount.spots import measure_channels

SIDE, GROUND, SIGMA = 400, 100.0, 1.7


def channel(places, heights, *, seed, noise=2.0):
    """Points on even ground with white noise."""
    y, x = np.mgrid[:SIDE, :SIDE]
    image = GROUND + np.random.default_rng(seed).normal(0, noise, (SIDE, SIDE))
    for (row, column), height in zip(places, heights, strict=True):
        near = (slice(max(0, row - 12), row + 13), slice(max(0, column - 12), column + 13))
        away = (y[near] - row) ** 2 + (x[near] - column) ** 2
        image[near] += height * np.exp(-away / (2 * SIGMA**2))
    return image.astype(np.float32)


def grid(n, *, first):
    """Places on a grid, every second one of it, so that two such grids share none."""
    places = [(y, x) for y in range(first, SIDE - 10, 26) for x in range(first, SIDE - 10, 26)]
    return [places[i] for i in np.random.default_rng(first).permutation(len(places))[:n]]


def log_normal(n, middle, seed):
    return middle * np.exp(np.random.default_rng(seed).normal(0, 0.3, n))


HEAPS, SINGLES, CEP17 = grid(20, first=12), grid(100, first=25), grid(40, first=18)
HEIGHTS = np.concatenate([log_normal(20, 900, 1), log_normal(100, 60, 2)])


def typical(her2, cep17):
    scales = measure_channels({"HER2": her2, "CEP17": cep17}, pixel_size_um=0.1)
    return {role: scale.typical_counts for role, scale in scales.items()}


@pytest.fixture(scope="module")
def cep17():
    return channel(CEP17, log_normal(40, 70, 3), seed=4)


def test_heaps_are_not_what_is_typical(cep17):
    found = typical(channel([*HEAPS, *SINGLES], HEIGHTS, seed=5), cep17)
    assert found["HER2"] == pytest.approx(60, rel=0.2)
    assert found["CEP17"] == pytest.approx(70, rel=0.2)


def test_few_lower_points_are_no_singles(cep17):
    found = typical(channel([*HEAPS, *SINGLES[:15]], HEIGHTS[:35], seed=5), cep17)
    assert found["HER2"] == pytest.approx(900, rel=0.2)


def test_grain_is_no_singles(cep17):
    """It grows more frequent downwards, however far it stands out."""
    grain = np.random.default_rng(6).exponential(30, 100) + 8
    heights = np.concatenate([HEIGHTS[:20], grain])
    found = typical(channel([*HEAPS, *SINGLES], heights, seed=5), cep17)
    assert found["HER2"] == pytest.approx(900, rel=0.2)


def test_what_leaked_is_no_singles():
    """A hundred points of the other probe, at a fifteenth of the height of one's own."""
    other = channel(SINGLES, 10 * HEIGHTS[20:], seed=7)
    found = typical(channel([*HEAPS, *SINGLES], HEIGHTS, seed=5), other)
    assert found["HER2"] == pytest.approx(900, rel=0.2)
