"""Runs and shapes agree with what is exact, and with scikit-image where it defines the figure."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage as ndi
from skimage.measure import regionprops_table

from fishcount.nuclei.figures.measure import in_centroid_order
from fishcount.nuclei.geometry.runs import BAND_PX, find_runs
from fishcount.nuclei.geometry.shape import measure_shapes


@pytest.fixture
def labels():
    """Disks and ellipses, one over the edge, one of a single pixel at the last corner."""
    y, x = np.mgrid[:120, :160]
    image = np.zeros(y.shape, np.int32)
    for label, (cy, cx, a, b) in enumerate(
        [(30, 30, 20, 20), (40, 90, 12, 25), (90, 60, 22, 9), (100, 155, 15, 15)], 1
    ):
        image[((y - cy) / a) ** 2 + ((x - cx) / b) ** 2 <= 1] = label
    image[-1, -1] = 5
    return image


def test_shapes_are_those_of_regionprops(labels):
    expected = regionprops_table(labels, properties=("area", "centroid", "bbox", "eccentricity"))
    shapes = measure_shapes(find_runs(labels))
    assert_array_equal(shapes.area_px, expected["area"])
    assert_allclose(shapes.y_px, expected["centroid-0"])
    assert_allclose(shapes.x_px, expected["centroid-1"])
    assert_array_equal(shapes.bbox_px, np.stack([expected[f"bbox-{k}"] for k in range(4)], 1))
    assert_allclose(shapes.eccentricity[:4], expected["eccentricity"][:4], atol=0.01)


def test_convex_shapes_are_solid_and_a_crescent_is_not(labels):
    assert (measure_shapes(find_runs(labels)).solidity[:3] > 0.92).all()
    y, x = np.mgrid[:80, :80]
    crescent = (np.hypot(y - 40, x - 40) < 30) & (np.hypot(y - 40, x - 55) > 25)
    assert measure_shapes(find_runs(crescent.astype(np.int32))).solidity[0] < 0.75


def test_sums_over_labels(labels):
    image = np.random.default_rng(1).random(labels.shape).astype(np.float32)
    runs = find_runs(labels)
    index = np.arange(1, 6)
    assert_allclose(runs.sum_of(image), ndi.sum(image, labels, index), rtol=1e-5)
    assert_allclose(runs.sums_of(image)[1], ndi.sum(image**2, labels, index), rtol=1e-5)


def test_centroid_order_has_no_gaps_and_keeps_the_runs(labels):
    shuffled = np.array([0, 70, 3, 9, 1000, 2])[labels]
    ordered, runs = in_centroid_order(shuffled)
    again = find_runs(ordered)
    assert_array_equal(runs.label, again.label)
    assert_array_equal(runs.first, again.first)
    shapes = measure_shapes(runs)
    assert np.lexsort((shapes.x_px, shapes.y_px)).tolist() == list(range(5))


def test_labels_larger_than_the_image_are_renumbered():
    labels = np.zeros((4, 4), np.int64)
    labels[0, 0], labels[3, 3] = 2**40, 7
    ordered, _ = in_centroid_order(labels)
    assert ordered[0, 0] == 1
    assert ordered[3, 3] == 2


def test_nothing_has_no_shapes():
    shapes = measure_shapes(find_runs(np.zeros((3, 3), np.int32)))
    assert shapes.bbox_px.shape == (0, 4)
    assert len(shapes.solidity) == 0


def test_sums_of_squares_of_a_tall_image_are_those_of_the_squares():
    """Taken band by band, of labels that reach over several bands, and of none."""
    labels = np.zeros((3 * BAND_PX + 7, 20), np.int32)
    labels[5:-5, 2:9], labels[BAND_PX : 2 * BAND_PX, 12:] = 1, 2
    image = np.random.default_rng(1).random(labels.shape).astype(np.float32)
    sums, squares = find_runs(labels).sums_of(image)
    assert_array_equal(sums, find_runs(labels).sum_of(image))
    assert_array_equal(squares, find_runs(labels).sum_of(image * image))
    assert find_runs(0 * labels).sums_of(image)[1].shape == (0,)


def test_centroid_order_may_be_written_into_the_labels_themselves(labels):
    ordered, _ = in_centroid_order(labels)
    same, _ = in_centroid_order(labels, out=labels)
    assert same is labels
    assert_array_equal(same, ordered)
