"""Heaps of one probe are not what its points are like, where the other probe tells."""

import numpy as np
import pytest

from fishcount.spots import detect_in_channels, measure_channels

SIDE, GROUND, PIXEL_UM = 420, 100.0, 0.1
POINT = 1.7
PLACES = [(y, x) for y in range(14, SIDE - 14, 24) for x in range(14, SIDE - 14, 24)]


def channel(widths, *, seed, height=80.0, noise=3.0):
    """A point of each width, or a heap of them, on even ground with white noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    image = GROUND + rng.normal(0, noise, (SIDE, SIDE))
    for place, width in zip(rng.permutation(PLACES), widths, strict=False):
        row, column = place + rng.uniform(-0.5, 0.5, 2)
        image += height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * width**2))
    return image.astype(np.float32)


def widths(her2, cep17):
    scales = measure_channels({"HER2": her2, "CEP17": cep17}, pixel_size_um=PIXEL_UM)
    return {role: scale.psf_sigma_px for role, scale in scales.items()}


SINGLES = np.full(60, POINT)
HEAPS = np.full(120, 2.9) * np.exp(np.random.default_rng(1).normal(0, 0.1, 120))


@pytest.fixture(scope="module")
def cep17():
    return channel(SINGLES, seed=2)


@pytest.fixture(scope="module")
def heaped():
    return channel([*HEAPS, *SINGLES], seed=3)


def test_heaps_alone_are_taken_for_points(heaped):
    """Without another probe, most of what is bright tells how wide a point is."""
    assert measure_channels({"HER2": heaped}, pixel_size_um=PIXEL_UM)["HER2"].psf_sigma_px > 2.2


def test_points_are_no_wider_than_those_of_the_other_probe(heaped, cep17):
    found = widths(heaped, cep17)
    assert found["CEP17"] == pytest.approx(POINT, rel=0.05)
    assert found["HER2"] == pytest.approx(1.1 * POINT, rel=0.05)


def test_the_order_of_the_probes_does_not_matter(heaped, cep17):
    turned = measure_channels({"CEP17": cep17, "HER2": heaped}, pixel_size_um=PIXEL_UM)
    assert {role: scale.psf_sigma_px for role, scale in turned.items()} == widths(heaped, cep17)


def test_detection_uses_the_same_width_as_the_measure(heaped, cep17):
    spots = detect_in_channels({"HER2": heaped, "CEP17": cep17}, pixel_size_um=PIXEL_UM)
    measured = widths(heaped, cep17)
    assert {role: one.psf_sigma_px for role, one in spots.items()} == measured


def test_a_probe_out_of_focus_stays_wide(cep17):
    """None of its points is narrow."""
    found = widths(channel(np.full(100, 2.6), seed=4), cep17)
    assert found["HER2"] == pytest.approx(2.6, rel=0.05)


def test_a_probe_that_seems_too_narrow_tells_nothing():
    """What is narrower than optics allow are no points, and the other probe keeps its own."""
    found = widths(channel(SINGLES, seed=5), channel(np.full(60, 1.0), seed=6))
    assert found["CEP17"] < 1.2
    assert found["HER2"] == pytest.approx(POINT, rel=0.05)
