"""Where outlines lie, and what is too faint to have one."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.nuclei import segment_nuclei
from fishcount.nuclei.field.light import CUT, LOWEST_CUT, measure_light

Y, X = np.mgrid[:120, :160].astype(np.float32)


def distance_to(y, x):
    return np.hypot(Y - y, X - x)


def field_of(shape_of_light):
    """Six nuclei of radius 14 on a grid, their light a function of the distance to the middle."""
    centres = [(y, x) for y in (30, 90) for x in (30, 80, 130)]
    return sum(shape_of_light(distance_to(*centre) / 14) for centre in centres)


def test_evenly_filled_nuclei_are_cut_near_their_half_height():
    image = field_of(lambda r: 1000.0 * (r < 1)).astype(np.float32)
    light = measure_light((image > 500).astype(np.int32), image, diameter_px=28)
    assert light.height_counts == pytest.approx(1000)
    assert light.cut == pytest.approx(CUT)


def test_nuclei_that_shine_from_their_middle_are_cut_lower():
    image = field_of(lambda r: 1000.0 * np.maximum(1 - r, 0)).astype(np.float32)
    cores = (image > 200).astype(np.int32)
    assert LOWEST_CUT <= measure_light(cores, image, diameter_px=28).cut < 0.9 * CUT


def test_no_cores_have_no_light():
    none = np.zeros((40, 40), np.int32)
    assert measure_light(none, none.astype(np.float32), diameter_px=20).height_counts == 0


def nuclei_and(extra, noise=2.0):
    image = 100 + field_of(lambda r: 500.0 * (1 - np.tanh((r - 1) * 4))) + extra
    return image + np.random.default_rng(5).normal(0, noise, image.shape)


def test_a_faint_crumb_is_no_nucleus():
    crumb = 260.0 * (distance_to(60, 55) < 5.5)
    assert len(segment_nuclei(nuclei_and(crumb))) == 6


@pytest.mark.parametrize(("middle", "steepness"), [(-12.5, 0.4), (-12.5, 0.2)])
def test_a_slice_at_the_edge_of_the_field_is_a_nucleus_also_if_it_is_only_the_rim(
    middle, steepness
):
    slice_ = 500.0 * (1 - np.tanh((distance_to(60, middle) - 14) * steepness))
    nuclei = segment_nuclei(nuclei_and(slice_))
    assert len(nuclei) == 7
    assert nuclei.bbox_px[:, 1].min() == 0
