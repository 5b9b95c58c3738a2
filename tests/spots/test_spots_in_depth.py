"""Signals above one another in a stack are two; one signal is one, however long it shines."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount import FishImage, score_field
from fishcount.settings import Settings, SpotSettings
from fishcount.spots import detect_spots
from fishcount.synthetic import simulate_case

STEP_UM, SIGMA_PX = 0.4, 1.6
PLACES = [(30 + 40 * row, 30 + 40 * column) for row in range(4) for column in range(4)]


def drawn(depths_um, *, n_planes=15, step_um=STEP_UM, focus_um=0.45, noise=5.0, seed=0):
    """Signals at the same places, at each of the depths; out of focus they widen and fade."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:180, :180]
    stack = rng.normal(100, noise, (n_planes, 180, 180))
    for plane in range(n_planes):
        for depth in depths_um:
            off = (plane * step_um - depth) / focus_um
            width = SIGMA_PX * np.sqrt(1 + off**2)
            for cy, cx in PLACES:
                square = (y - cy) ** 2 + (x - cx) ** 2
                stack[plane] += 120 / (1 + off**2) * np.exp(-square / (2 * width**2))
    return stack.astype(np.float32)


@pytest.mark.parametrize(
    ("depths_um", "each"), [((2.8,), 1), ((2.6, 2.9), 1), ((1.4, 4.2), 2), ((1.0, 3.6), 2)]
)
def test_as_many_as_have_a_valley_between_them(depths_um, each):
    spots = detect_spots(drawn(depths_um), pixel_size_um=0.1, z_step_um=STEP_UM)
    kept = spots.yx_px[spots.kept]
    near = [np.sum(np.hypot(*(kept - place).T) < 2) for place in PLACES]
    assert near == [each] * len(PLACES)


def test_two_nearer_than_light_can_tell_are_one_however_fine_the_steps():
    stack = drawn((0.6, 1.4), n_planes=25, step_um=0.1, focus_um=0.15)
    spots = detect_spots(stack, pixel_size_um=0.1, z_step_um=0.1)
    assert spots.kept.sum() == len(PLACES)


def test_both_heights_are_told():
    spots = detect_spots(drawn((1.4, 4.2)), pixel_size_um=0.1, z_step_um=STEP_UM)
    z_um = spots.z_px[spots.kept] * STEP_UM
    for depth_um in (1.4, 4.2):
        assert np.sum(np.abs(z_um - depth_um) < 0.4) == len(PLACES)
    assert np.all(np.diff(spots.z_px) >= 0)


def test_without_a_step_nothing_is_said_about_depth():
    spots = detect_spots(drawn((1.4, 4.2)), pixel_size_um=0.1)
    assert spots.kept.sum() == len(PLACES)


PROJECTED = SpotSettings(project_stacks=True)


def assert_same(found, expected):
    for name, column in expected.columns().items():
        np.testing.assert_array_equal(found.columns()[name], column, err_msg=name)


def test_a_stack_may_be_searched_as_its_projection():
    stack = drawn((1.4, 4.2))
    found = detect_spots(stack, pixel_size_um=0.1, z_step_um=STEP_UM, settings=PROJECTED)
    assert_same(found, detect_spots(stack.max(axis=0), pixel_size_um=0.1))
    assert not found.z_px.any()


def test_a_field_is_searched_in_the_same_projection():
    image, _ = simulate_case("negative", seed=2, n_fields=1, size=256, n_planes=5)[0]
    plane = FishImage.from_array(
        image.pixels.max(axis=1),
        axes="CYX",
        channels=image.channels,
        pixel_size_um=image.pixel_size_um,
    )
    found = score_field(image, settings=Settings(spots=PROJECTED))
    for probe, spots in score_field(plane).spots.items():
        assert_same(found.spots[probe], spots)
