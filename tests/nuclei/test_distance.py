"""Distances by shifts are those of the general transform, to the last digit."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage as ndi

from fishcount.nuclei.geometry.distance import FAR_PX, inside_distance, nearest_label
from fishcount.nuclei.parting.split import label_points


def blobs(shape, smoothing_px, level, seed=0):
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = ndi.gaussian_filter(noise, smoothing_px)
    return smooth > np.quantile(smooth, level)


@pytest.mark.parametrize(
    ("shape", "smoothing_px", "level"),
    [((60, 90), 1, 0.5), ((90, 60), 6, 0.1), ((200, 300), 40, 0.4), ((1, 40), 2, 0.5)],
)
def test_inside_distance_is_exact(shape, smoothing_px, level):
    mask = blobs(shape, smoothing_px, level)
    expected = ndi.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    assert_array_equal(inside_distance(mask), expected.astype(np.float32))


def test_inside_distance_is_exact_where_a_mask_is_wider_than_any_nucleus():
    mask = np.zeros((5 * FAR_PX, 4 * FAR_PX), bool)
    mask[10:-10, 10:-10] = True
    assert_array_equal(inside_distance(mask), ndi.distance_transform_edt(mask).astype(np.float32))


def test_inside_distance_is_exact_where_rows_are_longer_than_it_is_far():
    mask = np.ones((60, 5 * FAR_PX), bool)
    mask[::30] = False
    expected = ndi.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    assert_array_equal(inside_distance(mask), expected.astype(np.float32))


def test_inside_distance_of_nothing_is_zero():
    assert not inside_distance(np.zeros((7, 9), bool)).any()


@pytest.mark.parametrize("reach_px", [1.0, 3.7, 12.0])
def test_the_nearest_label_is_as_near_as_any(reach_px):
    labels, n = ndi.label(blobs((120, 150), 2, 0.85))
    squared_to = np.stack([ndi.distance_transform_edt(labels != i + 1) ** 2 for i in range(n)])
    squared_to = squared_to.round().astype(int)
    # Of equals the first is the lower one.
    expected = np.where(squared_to.min(axis=0) <= reach_px**2, 1 + squared_to.argmin(axis=0), 0)
    nearest, squared = nearest_label(labels.astype(np.int32), reach_px=reach_px)
    assert_array_equal(nearest, expected)
    assert_array_equal(squared[expected > 0], squared_to.min(axis=0)[expected > 0])
    assert (squared[expected == 0] > reach_px**2).all()


@pytest.mark.parametrize("share", [0.0, 0.03, 0.3, 1.0])
def test_points_are_labelled_like_an_image(share):
    mask = np.random.default_rng(3).random((40, 50)) < share
    at, label = label_points(mask)
    expected, _ = ndi.label(mask, structure=np.ones((3, 3)))
    assert_array_equal(at, np.flatnonzero(mask))
    assert_array_equal(label, expected.ravel()[at])
