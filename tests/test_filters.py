"""Image-wide filters: as those of scipy, and the same bits for any part and number of threads."""

import cv2
import numpy as np
import pytest
from scipy import ndimage as ndi

from fishcount.filters import (
    block_means,
    connected_parts,
    enlarged,
    gaussian,
    gaussian_kernel,
    laplacian,
    largest_near,
    median3,
    separable,
    smallest_near,
)

SHAPES = [(1, 1), (1, 40), (3, 5), (64, 64), (65, 97), (130, 203)]


def drawn(shape, seed=1):
    return np.random.default_rng(seed).normal(1000, 50, shape).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [0.7, 1.5, 4.0])
def test_gaussian_is_that_of_scipy(shape, sigma):
    image = drawn(shape)
    expected = ndi.gaussian_filter(image.astype(float), sigma, mode="nearest", truncate=3)
    np.testing.assert_allclose(gaussian(image, sigma), expected, rtol=2e-6)


@pytest.mark.parametrize("border", ["nearest", "reflect"])
@pytest.mark.parametrize("shape", SHAPES)
def test_gaussian_in_double_precision_has_the_last_digit_of_scipy(shape, border):
    image = drawn(shape)
    expected = ndi.gaussian_filter(image, 0.8, mode=border, truncate=3)
    np.testing.assert_array_equal(gaussian(image, 0.8, border=border, double=True), expected)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_connected_parts_are_those_of_scipy_in_their_order(shape, share):
    mask = np.random.default_rng(4).random(shape) < share
    labels, n = connected_parts(mask)
    expected, n_expected = ndi.label(mask)
    np.testing.assert_array_equal(labels, expected)
    assert n == n_expected


@pytest.mark.parametrize("shape", SHAPES)
def test_separable_mirrors_at_the_edge(shape):
    image, kernel = drawn(shape), gaussian_kernel(2.0, 3.0)
    expected = ndi.gaussian_filter(image.astype(float), 2.0, mode="reflect", truncate=3)
    found = separable(image, kernel, kernel, border="reflect")
    np.testing.assert_allclose(found, expected, rtol=2e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("side", [3, 7])
def test_extremes_and_medians_are_those_of_scipy(shape, side):
    image = drawn(shape)
    np.testing.assert_array_equal(
        largest_near(image, side), ndi.maximum_filter(image, side, mode="nearest")
    )
    np.testing.assert_array_equal(
        smallest_near(image, side), ndi.minimum_filter(image, side, mode="nearest")
    )
    np.testing.assert_array_equal(median3(image), ndi.median_filter(image, 3, mode="nearest"))


@pytest.mark.parametrize("shape", SHAPES)
def test_laplacian_is_that_of_scipy(shape):
    image = drawn(shape)
    expected = ndi.laplace(image.astype(float), mode="nearest")
    np.testing.assert_allclose(laplacian(image), expected, atol=2e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [1, 2, 3, 16])
def test_block_means_are_means_of_what_lies_in_the_image(shape, factor):
    image = drawn(shape)
    expected = [
        [
            image[y : y + factor, x : x + factor].mean(dtype=float)
            for x in range(0, shape[1], factor)
        ]
        for y in range(0, shape[0], factor)
    ]
    np.testing.assert_allclose(block_means(image, factor), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_enlarged_is_straight_between_the_middles_of_pixels(shape):
    image = drawn(shape)
    wide = (2 * shape[0] + 1, 3 * shape[1])
    places = [
        np.clip((np.arange(to) + 0.5) * of / to - 0.5, 0, of - 1)
        for of, to in zip(shape, wide, strict=True)
    ]
    expected = ndi.map_coordinates(
        image.astype(float), np.meshgrid(*places, indexing="ij"), order=1, mode="nearest"
    )
    np.testing.assert_allclose(enlarged(image, wide), expected, rtol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 8, 16])
def test_means_of_a_part_have_the_bits_of_the_whole(factor):
    image = drawn((8 * factor, 60 * factor))
    means = block_means(image, factor)
    for left, width in [(0, 7), (1, 8), (3, 29), (7, 33), (20, 40)]:
        of_part = block_means(image[factor:, factor * left : factor * (left + width)], factor)
        np.testing.assert_array_equal(of_part, means[1:, left : left + width])


@pytest.mark.parametrize("factor", [2, 4, 8, 16])
def test_a_part_enlarged_by_a_power_of_two_has_the_bits_of_the_whole(factor):
    image = drawn((8, 60))
    wide = enlarged(image, (8 * factor, 60 * factor))
    for left, width in [(0, 7), (1, 8), (3, 29), (7, 33), (20, 40)]:
        of_part = enlarged(image[:, left : left + width].copy(), (8 * factor, width * factor))
        inside = np.s_[:, factor:-factor]
        whole = wide[:, factor * left : factor * (left + width)]
        np.testing.assert_array_equal(of_part[inside], whole[inside])


def test_laplacian_of_a_part_has_the_bits_of_the_whole():
    image = drawn((40, 500))
    whole = laplacian(image)
    for left, width in [(0, 64), (3, 97), (101, 399)]:
        part = laplacian(image[:, left : left + width])
        np.testing.assert_array_equal(part[:, 1:-1], whole[:, left + 1 : left + width - 1])


@pytest.mark.parametrize("reach", [1, 2, 3, 4, 6, 12])
def test_a_part_has_the_bits_of_the_whole(reach):
    """Wherever it begins and however wide it is, further from its edge than the filter reaches."""
    image = drawn((150, 500))
    along_y = gaussian_kernel(reach / 3, 3.0)
    along_x = np.gradient(np.gradient(along_y)).astype(np.float32)
    whole = separable(image, along_y, along_x, border="nearest")
    for left, width in [(0, 64), (3, 97), (37, 165), (100, 256), (101, 399), (200, 300)]:
        part = separable(image[20:130, left : left + width], along_y, along_x, border="nearest")
        inside = part[reach:-reach, reach:-reach]
        beside = whole[20 + reach : 130 - reach, left + reach : left + width - reach]
        np.testing.assert_array_equal(inside, beside)
        if left + width == 500:
            np.testing.assert_array_equal(
                part[reach:-reach, -1], whole[20 + reach : 130 - reach, -1]
            )


def test_threads_change_no_bit():
    image = drawn((700, 900))
    before = cv2.getNumThreads()
    try:
        found = []
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            found.append([gaussian(image, 2.0), median3(image), largest_near(image, 5)])
            found[-1] += [laplacian(image), block_means(image, 2), block_means(image, 3)]
            found[-1] += [enlarged(image, (1500, 1000)), gaussian(image, 1.0, double=True)]
            found[-1] += [connected_parts(gaussian(image, 2.0) > 1000)[0]]
    finally:
        cv2.setNumThreads(before)
    for more in found[1:]:
        for one, other in zip(found[0], more, strict=True):
            np.testing.assert_array_equal(one, other)


def test_an_image_without_pixels_stays_one():
    empty = np.zeros((0, 5), np.float32)
    assert gaussian(empty, 1.0).shape == median3(empty).shape == (0, 5)
    assert largest_near(empty, 3).shape == smallest_near(empty, 3).shape == (0, 5)
    assert laplacian(empty).shape == block_means(empty, 1).shape == (0, 5)
    assert enlarged(empty, (0, 9)).shape == (0, 9)
    assert gaussian(empty, 1.0, double=True).shape == (0, 5)
    assert connected_parts(empty > 0)[0].shape == (0, 5)
    assert block_means(empty, 2).shape == block_means(empty.T, 2).T.shape == (0, 3)


def test_an_even_side_is_refused():
    with pytest.raises(ValueError, match="odd"):
        largest_near(np.zeros((4, 4), np.float32), 2)
