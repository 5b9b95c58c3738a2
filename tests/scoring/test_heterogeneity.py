from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fishcount.errors import CountError
from fishcount.scoring import Pattern, check_selection, heterogeneity, selection_findings
from fishcount.scoring.clustering import LIE_TOGETHER, clustering_of


@pytest.mark.parametrize(
    ("n_above", "pattern", "half"),
    [
        (1, Pattern.HOMOGENEOUS, False),
        (2, Pattern.HETEROGENEOUS, False),
        (5, Pattern.HETEROGENEOUS, False),
        (10, Pattern.AMPLIFIED, True),
        (11, Pattern.AMPLIFIED, False),
    ],
)
def test_39_nuclei_above_ratio_2_2(n_above, pattern, half):
    found = heterogeneity([5] * n_above + [4] * (20 - n_above), [2] * 20)
    assert (found.pattern, found.exactly_half) == (pattern, half)
    assert found.n_amplified == n_above


def test_exactly_2_2_is_not_above():
    assert heterogeneity([11] * 20, [5] * 20).n_amplified == 0


def test_no_nuclei_and_no_ratio_are_unknown():
    empty = heterogeneity([], [])
    assert empty.pattern is Pattern.UNKNOWN
    assert [one.n_nuclei for one in empty.populations] == [0]
    assert heterogeneity([3, 3], [0, 0]).pattern is Pattern.UNKNOWN


def test_a_second_population_is_counted_apart_and_found_in_its_field():
    rng = np.random.default_rng(3)
    truth = np.repeat([False, True], [80, 20])
    her2 = np.where(truth, rng.poisson(15, 100), rng.poisson(2, 100) + 1)
    field = np.where(truth, "b", "a")
    found = heterogeneity(her2, np.full(100, 2), field=field)
    assert (found.high == truth).mean() > 0.97
    low, high = found.populations
    assert low.mean_her2_per_nucleus == pytest.approx(her2[~truth].mean(), rel=0.1)
    assert high.mean_her2_per_nucleus == pytest.approx(15, rel=0.1)
    assert found.separation > 4


def test_ten_percent_is_not_more_than_ten_percent():
    assert len(heterogeneity([2] * 90 + [16] * 10, [2] * 100).populations) == 1
    assert len(heterogeneity([2] * 89 + [16] * 11, [2] * 100).populations) == 2


@pytest.mark.parametrize("mean", [2, 5, 15])
def test_one_poisson_population_is_rarely_split(mean):
    rng = np.random.default_rng(mean)
    split = [
        len(heterogeneity(rng.poisson(mean, 60), np.full(60, 2)).populations) == 2
        for _ in range(100)
    ]
    assert np.mean(split) <= 0.05


def test_order_does_not_matter():
    rng = np.random.default_rng(0)
    her2, cep17 = rng.poisson(6, 50), rng.poisson(2, 50)
    order = rng.permutation(50)
    one, other = heterogeneity(her2, cep17), heterogeneity(her2[order], cep17[order])
    assert one.separation == pytest.approx(other.separation, rel=1e-9)
    assert_array_equal(one.high[order], other.high)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(CountError, match="one value for each nucleus"):
        heterogeneity([1, 2], [1])


def test_skipping_empty_nuclei_raises_the_mean():
    her2, cep17 = [2, 2, 0, 3, 2, 9], [2, 2, 0, 2, 0, 9]
    check = check_selection(her2, cep17, scored=[1, 1, 0, 1, 0, 0], eligible=[1, 1, 1, 1, 1, 0])
    assert check.share_skipped == pytest.approx(0.4)
    assert (check.scored.her2_signals, check.eligible.her2_signals) == (7, 9)
    assert check.her2_shift == pytest.approx((7 / 3) / (9 / 5) - 1)


def test_many_skipped_is_a_finding():
    many = check_selection([2, 0, 3], scored=[1, 0, 1], eligible=[1, 1, 1])
    (finding,) = selection_findings(many)
    assert (finding.code, finding.figure) == ("MANY_SKIPPED", pytest.approx(1 / 3))
    few = check_selection([2, 0, 3, 3], scored=[1, 0, 1, 1], eligible=[1, 1, 1, 1])
    assert selection_findings(few) == ()


def test_selection_without_nuclei():
    check = check_selection([], scored=[], eligible=[])
    assert selection_findings(check) == ()
    assert (check.share_skipped, check.her2_shift) == (None, None)


def test_a_scored_nucleus_is_eligible():
    with pytest.raises(CountError, match="must be eligible"):
        check_selection([1], scored=[True], eligible=[False])


def test_a_single_probe_asks_every_nucleus_for_its_copies():
    found = heterogeneity([7] * 5 + [6] * 15)
    assert found.criterion == "over 6 copies"
    assert (found.pattern, found.n_amplified, found.n_with_ratio) == (Pattern.HETEROGENEOUS, 5, 20)
    mixed = heterogeneity([2] * 30 + [14] * 10)
    assert [one.n_nuclei for one in mixed.populations] == [30, 10]
    assert [one.cep17_signals for one in mixed.populations] == [None, None]
    assert mixed.populations[1].her2_cep17_ratio is None


def _grid(n_rows, n_columns):
    return np.stack(np.mgrid[:n_rows, :n_columns], axis=-1).reshape(-1, 2).astype(float)


def test_a_patch_of_many_copies_lies_together_and_a_mosaic_does_not():
    yx_px = _grid(12, 12)
    patch = (yx_px < 5).all(axis=1)
    mosaic = np.random.default_rng(3).permutation(patch)
    together, apart = (
        heterogeneity(np.where(high, 14, 2), np.full(144, 2), yx_px=yx_px).clustering
        for high in (patch, mosaic)
    )
    assert together.together
    assert together.share > 0.7
    assert not apart.together
    assert together.expected == apart.expected == pytest.approx(24 / 143)


def test_a_field_of_its_own_is_together_and_neighbours_are_of_the_same_field():
    # Two fields with the same positions: every nucleus of the second has many copies.
    yx_px, field = np.vstack([_grid(6, 6)] * 2), np.repeat([0, 1], 36)
    found = clustering_of(field == 1, field=field, yx_px=yx_px)
    assert found.share == 1
    assert found.together


def test_the_moments_of_the_joins_are_those_of_random_labels():
    rng = np.random.default_rng(5)
    yx_px, field = rng.random((60, 2)), np.repeat([0, 1, 2], 20)
    kind = np.arange(60) < 15
    z = [clustering_of(rng.permutation(kind), field=field, yx_px=yx_px).z for _ in range(2000)]
    assert np.mean(z) == pytest.approx(0, abs=0.1)
    assert np.std(z) == pytest.approx(1, abs=0.06)
    assert np.mean(np.array(z) >= LIE_TOGETHER) < 0.012


def test_without_neighbours_or_positions_nothing_is_said():
    none = clustering_of(np.arange(4) < 2, field=np.arange(4), yx_px=_grid(2, 2))
    assert none is None
    unknown = np.full((40, 2), np.nan)
    assert heterogeneity([2] * 30 + [12] * 10, [2] * 40, yx_px=unknown).clustering is None
    assert heterogeneity([2] * 30 + [12] * 10, [2] * 40).clustering is None


def test_one_place_for_all_nuclei_is_no_error():
    found = clustering_of(np.arange(20) < 8, field=np.zeros(20, int), yx_px=np.zeros((20, 2)))
    assert np.isfinite([found.share, found.expected, found.z]).all()
