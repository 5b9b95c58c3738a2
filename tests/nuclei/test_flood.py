"""Pixels go up to seeds as in a watershed; contours run as those of scikit-image."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage as ndi
from skimage.measure import find_contours
from skimage.segmentation import watershed

from fishcount.filters import connected_parts, largest_near
from fishcount.nuclei.geometry.contour import longest_contours
from fishcount.nuclei.parting.flood import flood_components
from fishcount.nuclei.parting.split import inner_distance, label_points


def clumps(seed, size=160, smooth=4.0):
    """Connected parts of random blobs, and how deep their pixels lie."""
    field = ndi.gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), smooth)
    mask = field > np.quantile(field, 0.6)
    return connected_parts(mask)[0], inner_distance(mask, diameter_px=20)


def seeds_of(depth, reach):
    return label_points((depth == largest_near(depth, 2 * reach + 1)) & (depth > 0.5))


@pytest.mark.parametrize("reach", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_pixels_go_where_a_watershed_takes_them(seed, reach):
    components, depth = clumps(seed)
    at, label = seeds_of(depth, reach)
    labels, kept = flood_components(depth, at, label, components)
    markers = np.zeros(depth.shape, np.int32)
    markers.ravel()[at] = label
    expected = watershed(-depth, markers, mask=kept > 0)
    assert_array_equal(labels > 0, kept > 0)
    assert (labels != expected).sum() <= 0.01 * (kept > 0).sum()


def test_a_part_is_flooded_as_the_whole():
    components, depth = clumps(9)
    at, label = seeds_of(depth, 2)
    labels, _ = flood_components(depth, at, label, components)
    whole = np.unique(components[40:, 30:])
    # What lies in the part as a whole.
    whole = np.setdiff1d(whole, np.unique(np.append(components[:40], components[:, :30])))
    mask = np.isin(components, whole[whole > 0])
    part = connected_parts(mask[40:, 30:])[0]
    inside = np.flatnonzero(mask.ravel()[at])
    y, x = np.divmod(at[inside], depth.shape[1])
    there, _ = flood_components(
        depth[40:, 30:].copy(), (y - 40) * part.shape[1] + x - 30, label[inside], part
    )
    assert_array_equal(there, np.where(mask, labels, 0)[40:, 30:])


def test_a_component_with_one_seed_is_its_own_and_one_without_is_gone():
    components = np.array([[1, 1, 0, 2, 2]], np.int32)
    depth = np.array([[1, 2, 0, 1, 1]], np.float32)
    labels, kept = flood_components(depth, np.array([1]), np.array([1], np.int32), components)
    assert labels.tolist() == kept.tolist() == [[1, 1, 0, 0, 0]]


@pytest.mark.parametrize("smooth", [1.0, 2.0, 4.0])
def test_contours_are_those_of_scikit_image(smooth):
    n_same = 0
    for seed in range(40):
        components, _ = clumps(seed, size=48, smooth=smooth)
        mask = components == np.bincount(components.ravel())[1:].argmax() + 1
        corners = mask[1:, 1:] != mask[1:, :-1]
        corners &= (mask[1:, 1:] == mask[:-1, :-1]) & (mask[1:, :-1] == mask[:-1, 1:])
        if corners.any():
            continue
        expected = max(find_contours(np.pad(mask, 1).astype(np.float32), 0.5), key=len)[:-1] - 1
        assert_array_equal(longest_contours([mask])[0], expected)
        n_same += 1
    assert n_same


def test_pixels_that_touch_by_a_corner_have_one_contour():
    assert len(longest_contours([np.eye(2, dtype=bool)])[0]) == 8


def test_contours_of_nothing_and_of_one_pixel():
    nothing, one, two = longest_contours(
        [np.zeros((3, 3), bool), np.ones((1, 1), bool), np.array([[1, 0, 1, 1]], bool)]
    )
    assert nothing.shape == (0, 2)
    assert len(two) == 6
    assert one.tolist() == [
        [0.5, 0.0],
        [0.0, -0.5],
        [-0.5, 0.0],
        [0.0, 0.5],
    ]
