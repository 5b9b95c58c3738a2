import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from fishcount.errors import InputError
from fishcount.metrics import count_errors, match_labels, match_points
from fishcount.metrics.assignment import assign_pairs


def squares(*corners, size=10, shape=(64, 64)):
    image = np.zeros(shape, np.int32)
    for label, (y, x) in enumerate(corners, start=1):
        image[y : y + size, x : x + size] = label
    return image


class TestLabels:
    def test_identical_images_match_fully(self):
        truth = squares((0, 0), (20, 20), (40, 5))
        match = match_labels(truth, truth)
        assert_array_equal(match.pairs(0.99), [[1, 2, 3], [1, 2, 3]])
        assert match.mean_jaccard == 1
        assert match.score(1.0).f1 == 1
        assert (match.n_splits, match.n_merges) == (0, 0)

    def test_iou_is_that_of_shifted_squares(self):
        match = match_labels(squares((0, 2)), squares((0, 0)))
        assert_allclose(match.iou, 80 / 120)

    def test_shift_by_a_third_is_a_match_at_half_and_none_above(self):
        found, truth = squares((0, 3), size=9), squares((0, 0), size=9)
        match = match_labels(found, truth)
        assert match.score(0.5).true_positives == 1
        assert match.score(0.51).true_positives == 0

    def test_gaps_and_order_of_labels_do_not_matter(self):
        truth = squares((0, 0), (20, 20))
        found = np.choose(truth, [0, 900, 7])
        assert_array_equal(match_labels(found, truth).pairs(), [[900, 7], [1, 2]])

    @pytest.mark.parametrize(
        ("found", "truth", "f1", "precision", "recall"),
        [
            (squares(), squares(), 1.0, np.nan, np.nan),
            (squares((0, 0)), squares(), 0.0, 0.0, np.nan),
            (squares(), squares((0, 0)), 0.0, np.nan, 0.0),
        ],
    )
    def test_nothing_is_defined(self, found, truth, f1, precision, recall):
        score = match_labels(found, truth).score()
        assert_array_equal([score.f1, score.precision, score.recall], [f1, precision, recall])

    def test_nothing_to_find_has_no_jaccard(self):
        assert np.isnan(match_labels(squares(), squares()).mean_jaccard)

    def test_split_and_merge_are_told_apart(self):
        one = squares((10, 10), size=20)
        two = one.copy()
        two[10:30, 20:30] = 2
        assert (match_labels(two, one).n_splits, match_labels(two, one).n_merges) == (1, 0)
        assert (match_labels(one, two).n_splits, match_labels(one, two).n_merges) == (0, 1)

    def test_ignored_truth_is_neither_missed_nor_wrong(self):
        truth = squares((0, 0), (20, 20), (40, 40))
        found = squares((0, 0), (20, 27), (50, 0))
        score = match_labels(found, truth).score(0.5, ignored_labels=[2, 3])
        assert score.true_positives == 1
        assert score.false_positives == 1
        assert score.false_negatives == 0

    def test_low_threshold_makes_as_many_pairs_as_possible(self):
        truth = np.repeat([[1, 1, 1, 2, 2, 2, 0, 0]], 4, axis=0)
        found = np.repeat([[0, 1, 1, 1, 1, 2, 2, 0]], 4, axis=0)
        # Found 1 overlaps both; giving it to the true 1 leaves the true 2 for found 2.
        assert match_labels(found, truth).score(0.2).true_positives == 2

    def test_labels_may_be_larger_than_the_image(self):
        truth = squares((0, 0), (20, 20))
        found = np.choose(truth, np.array([0, 2**40, 7]))
        match = match_labels(found, truth)
        assert_array_equal(match.pairs(), [[2**40, 7], [1, 2]])
        assert_array_equal(match.found_area_px, [100, 100])

    def test_mean_ap_falls_with_the_overlap(self):
        truth, found = squares((0, 0), size=20), squares((0, 2), size=20)
        # IoU is 18 / 22: a hit at 0.5 to 0.8, none at 0.85, 0.9 and 0.95.
        assert match_labels(found, truth).mean_ap() == pytest.approx(0.7)
        assert match_labels(found, truth).mean_ap([0.9]) == 0

    def test_shapes_and_types_are_checked(self):
        with pytest.raises(InputError, match="shapes differ"):
            match_labels(np.zeros((2, 2), int), np.zeros((3, 2), int))
        with pytest.raises(InputError, match="found: must be a label image"):
            match_labels(np.zeros((2, 2)), np.zeros((2, 2), int))
        with pytest.raises(InputError, match="no negative labels"):
            match_labels(np.zeros((2, 2), int), np.full((2, 2), -1))


class TestPoints:
    def test_one_found_point_serves_one_true_point(self):
        match = match_points([[0, 0]], [[0, 1], [0, -0.5]], max_distance_px=3)
        assert_array_equal(match.true, [1])
        assert_array_equal(match.missed, [0])

    def test_as_many_pairs_as_possible_before_the_closest(self):
        # The closest pair is found 0 with true 1, but then true 0 would have nobody.
        match = match_points([[0, 2], [0, 5]], [[0, 0], [0, 2.5]], max_distance_px=2.6)
        assert_array_equal(match.found, [0, 1])
        assert_array_equal(match.true, [0, 1])
        assert_allclose(match.rmse_px, np.sqrt((4 + 6.25) / 2))

    @pytest.mark.parametrize(
        ("found", "true", "f1"), [([], [], 1.0), ([[1, 1]], [], 0.0), ([], [[1, 1]], 0.0)]
    )
    def test_nothing_is_defined(self, found, true, f1):
        match = match_points(found, true, max_distance_px=1)
        assert match.f1 == f1
        assert np.isnan(match.rmse_px)

    def test_empty_three_dimensional_points(self):
        assert match_points(np.zeros((0, 3)), np.ones((2, 3)), max_distance_px=1).recall == 0

    def test_two_halves_of_a_split_signal_are_one_hit(self):
        true, group = [[0, 0], [0, 4], [20, 20]], [7, 7, 9]
        both = match_points([[0, 0], [0, 4]], true, max_distance_px=2, group=group)
        assert (both.score.true_positives, both.score.false_positives) == (1, 0)
        assert_array_equal(both.missed, [2])
        none = match_points([], true, max_distance_px=2, group=group)
        assert_array_equal(none.missed, [0, 2])

    def test_single_points_give_no_licence_for_doubles(self):
        match = match_points([[0, 0], [0, 0.5]], [[0, 0]], max_distance_px=2, group=[3])
        assert match.score.false_positives == 1

    def test_ignored_points_are_neither_missed_nor_wrong(self):
        match = match_points(
            [[0, 0], [9, 9]], [[0, 0], [30, 30]], max_distance_px=1, ignored=[True, True]
        )
        assert_array_equal(match.false, [1])
        assert match.missed.size == match.true.size == 0

    def test_ignored_points_do_not_take_from_wanted_ones(self):
        match = match_points([[0, 0]], [[0, 0], [0, 1]], max_distance_px=2, ignored=[True, False])
        assert_array_equal(match.true, [1])

    def test_arguments_are_checked(self):
        with pytest.raises(InputError, match="max_distance_px: must be above 0"):
            match_points([], [], max_distance_px=0)
        with pytest.raises(InputError, match="same d"):
            match_points([[1, 2]], [[1, 2, 3]], max_distance_px=1)
        with pytest.raises(InputError, match="expected 1"):
            match_points([], [[1, 2]], max_distance_px=1, group=[1, 2])

    def test_result_is_read_only(self):
        with pytest.raises(ValueError, match="read-only"):
            match_points([[0, 0]], [[0, 0]], max_distance_px=1).found[0] = 3


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), unique=True, max_size=9), st.data()
)
def test_assignment_is_the_best_of_all(edges, data):
    cost = np.array([data.draw(st.floats(0, 1, width=16)) for _ in edges])
    rows = np.array([edge[0] for edge in edges], np.int64)
    cols = np.array([edge[1] for edge in edges], np.int64)
    chosen = assign_pairs(rows, cols, cost=cost)
    assert np.unique(rows[chosen]).size == np.unique(cols[chosen]).size == chosen.size
    best = max(
        (len(subset), -cost[list(subset)].sum())
        for size in range(len(edges) + 1)
        for subset in itertools.combinations(range(len(edges)), size)
        if len(set(rows[list(subset)])) == len(set(cols[list(subset)])) == len(subset)
    )
    assert chosen.size == best[0]
    assert_allclose(-cost[chosen].sum(), best[1], atol=1e-9)


class TestCounts:
    def test_figures(self):
        errors = count_errors([2, 4, 10], [2, 2, 20])
        assert_allclose([errors.mae, errors.bias, errors.exact], [4, -8 / 3, 1 / 3])
        assert_allclose([errors.relative, errors.rmse], [16 / 24 - 1, np.sqrt(104 / 3)])

    def test_no_true_copies_have_no_relative_error(self):
        assert np.isnan(count_errors([1], [0]).relative)

    def test_lengths_are_checked(self):
        with pytest.raises(InputError, match="found 1 and 2"):
            count_errors([1], [1, 2])
