"""Outlines are drawn with few corners: the same as scikit-image leaves, one line at a time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skimage.measure import approximate_polygon, find_contours

from fishcount.report.contours import simplified, svg_paths


@pytest.mark.parametrize("tolerance", [0.3, 0.5, 2.0])
def test_lines_keep_the_points_that_scikit_image_keeps(tolerance):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:64, :64]
    lines = [
        contour
        for _ in range(20)
        for contour in find_contours(
            (np.hypot(y - 32, (x - 32) * rng.uniform(0.5, 2)) < rng.uniform(1, 40)).astype(float)
        )
    ]
    lines += [rng.normal(size=(n, 2)).cumsum(axis=0) for n in (2, 3, 10, 200)]
    found = simplified(lines, tolerance)
    assert len(found) == len(lines)
    for mine, line in zip(found, lines, strict=True):
        assert_array_equal(mine, approximate_polygon(line, tolerance))


def test_paths_lie_where_the_masks_lie_and_an_empty_mask_has_none():
    square = np.ones((3, 4), np.bool_)
    paths = svg_paths([(square, 10, 20), (np.zeros((5, 5), np.bool_), 0, 0), (square, 0, 0)])
    assert paths[1] == ""
    corners = [tuple(map(float, part.split())) for part in paths[0].strip("MZ").split("L")]
    assert {x for x, _ in corners} <= {19.5, 20.0, 23.0, 23.5}
    assert {y for _, y in corners} <= {9.5, 10.0, 12.0, 12.5}
    assert len(paths[2]) > 0
    assert simplified([], 0.5) == []
