"""Pairs of neighbouring pixels, and holes: as a slow look at every pixel finds them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage as ndi

from fishcount.nuclei.field.foreground import fill_holes
from fishcount.nuclei.geometry.neighbours import border_pairs, contact_pairs

SHAPES = [(1, 1), (1, 9), (9, 1), (13, 17)]


def drawn(shape):
    return np.random.default_rng(5).integers(0, 4, shape).astype(np.int32)


@pytest.mark.parametrize("shape", SHAPES)
def test_pairs_are_those_of_neighbouring_pixels(shape):
    labels = drawn(shape)
    flat, place = labels.ravel(), np.arange(labels.size).reshape(shape)
    neighbours = ((place[:-1], place[1:]), (place[:, :-1], place[:, 1:]))
    for pairs, meets in (
        (contact_pairs, lambda a, b: (a != b) & (a > 0) & (b > 0)),
        (border_pairs, lambda a, b: (a > 0) != (b > 0)),
    ):
        for (one, other), (first, second) in zip(pairs(labels), neighbours, strict=True):
            met = meets(flat[first], flat[second])
            assert_array_equal(one, first[met])
            assert_array_equal(other, second[met])


@pytest.mark.parametrize("share", [0.0, 0.5, 0.7, 1.0])
def test_holes_are_filled_but_not_those_at_the_edge(share):
    mask = np.random.default_rng(6).random((40, 60)) < share
    assert_array_equal(fill_holes(mask), ndi.binary_fill_holes(mask))
    holes, _ = ndi.label(ndi.binary_fill_holes(mask) & ~mask)
    small = np.bincount(holes.ravel())[holes] < 3
    assert_array_equal(fill_holes(mask, max_area_px=3), mask | ((holes > 0) & small))


def test_holes_may_be_filled_only_where_they_are_shallow():
    signal = np.full((9, 16), 10, np.float32)
    signal[4, 4], signal[4, 10:12] = 8, (2, 9)
    filled = fill_holes(signal > 9, signal=signal, least_counts=7)
    assert filled[4, 4]
    assert not filled[4, 10:12].any()
