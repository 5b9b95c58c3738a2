"""What cannot be compared with truth is refused in words of ours."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.errors import InputError
from fishcount.metrics import match_labels, match_points


@pytest.mark.parametrize("bad", [[[np.nan, 1]], [[1, np.inf]], [["a", "b"]], "ab"], ids=str)
def test_points_are_finite_numbers(bad):
    with pytest.raises(InputError, match="points"):
        match_points(bad, [[1, 1]], max_distance_px=3)
    with pytest.raises(InputError, match="points"):
        match_points([[1, 1]], bad, max_distance_px=3)


@pytest.mark.parametrize("reach", [None, "3", [3]])
def test_a_reach_is_a_number(reach):
    with pytest.raises(InputError, match="max_distance_px"):
        match_points([[1, 1]], [[1, 1]], max_distance_px=reach)


def test_labels_that_would_wrap_around_are_refused():
    """They became negative, and the background an object among the others."""
    labels = np.zeros((4, 4), np.uint64)
    labels[1:3, 1:3] = 2**63
    with pytest.raises(InputError, match="found: labels beyond 64 bits"):
        match_labels(labels, labels.astype(bool))
