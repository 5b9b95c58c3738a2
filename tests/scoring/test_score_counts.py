from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fishcount.errors import CountError, InputError
from fishcount.scoring import score_counts
from fishcount.scoring.replicates import degrees_of_freedom
from fishcount.settings import ScoringSettings


@pytest.fixture
def case():
    rng = np.random.default_rng(5)
    her2 = rng.poisson(3.0, 60) + 1
    cep17 = rng.poisson(1.2, 60) + 1
    return her2, cep17, np.repeat(["a", "b", "c"], 20)


@pytest.mark.parametrize("side", ["cep17_low", "cep17_high"])
def test_a_range_of_cep17_goes_with_its_counts(side):
    """It was dropped, and the case taken for one of a single probe."""
    with pytest.raises(CountError, match="CEP17: a range without the counts"):
        score_counts([2, 3], **{side: [2, 2]})


def test_the_ratio_is_a_ratio_of_sums():
    score = score_counts([3] * 10 + [4] * 10, [1] * 10 + [4] * 10)
    assert (score.her2_signals, score.cep17_signals) == (70, 50)
    assert score.her2_cep17_ratio == 1.4  # the mean of ratios would be 2.0
    assert score.areas is None


def test_no_nuclei_is_a_value():
    score = score_counts([], [])
    assert (score.n_scored, score.her2_signals, score.cep17_signals) == (0, 0, 0)
    assert score.mean_her2_per_nucleus is None
    assert score.her2_cep17_ratio is None
    assert dict(score.intervals_95) == {}
    assert len(score.replicates) == 0


@pytest.mark.parametrize(("her2", "cep17"), [([4], [2]), ([0, 0], [2, 2]), ([2, 2], [0, 0])])
def test_no_interval_where_there_is_nothing_to_vary(her2, cep17):
    assert dict(score_counts(her2, cep17).intervals_95) == {}


def test_single_probe_has_no_ratio(case):
    score = score_counts(case[0], field=case[2])
    assert score.cep17_signals is None
    assert list(score.intervals_95) == ["mean_her2_per_nucleus"]


def test_intervals_hold_the_figures_and_repeat(case):
    her2, cep17, field = case
    first = score_counts(her2, cep17, field=field)
    again = score_counts(her2, cep17, field=field)
    assert first.intervals_95 == again.intervals_95
    for name, (low, high) in first.intervals_95.items():
        assert low < getattr(first, name) < high
    other = score_counts(her2, cep17, field=field, settings=ScoringSettings(seed=18))
    assert other.intervals_95 != first.intervals_95


def test_spread_is_that_of_field_totals():
    """With five fields the standard error comes from the totals of fields, t with 4 df."""
    rng = np.random.default_rng(2)
    effect = np.repeat(rng.normal(0, 0.6, 5), 40)
    her2 = rng.poisson(5 * np.exp(effect))
    field = np.repeat(np.arange(5), 40)
    settings = ScoringSettings(bootstrap_replicates=50_000)
    score = score_counts(her2, field=field, settings=settings)
    means = her2.reshape(5, 40).mean(axis=1)
    standard_error = means.std(ddof=1) / np.sqrt(5) / means.mean()
    low, high = np.log(score.intervals_95["mean_her2_per_nucleus"])
    assert_allclose((high - low) / 2, 2.776 * standard_error, rtol=0.05)


def test_nuclei_all_alike_still_leave_room_for_a_next_one():
    low, high = score_counts([2] * 20, [2] * 20, field=[0, 1, 2, 3, 4] * 4).intervals_95[
        "mean_her2_per_nucleus"
    ]
    assert 1.7 < low < 1.95
    assert 2.05 < high < 2.3


def test_estimated_counts_widen_the_interval(case):
    her2, cep17, field = case
    plain = score_counts(her2, cep17, field=field).intervals_95
    low, high = np.maximum(her2 - 2, 0), her2 + 6
    wide = score_counts(her2, cep17, field=field, her2_low=low, her2_high=high).intervals_95
    name = "mean_her2_per_nucleus"
    assert wide[name][1] - wide[name][0] > 1.3 * (plain[name][1] - plain[name][0])
    assert wide[name][1] - plain[name][1] > plain[name][0] - wide[name][0]


def test_order_of_nuclei_does_not_matter(case):
    her2, cep17, field = case
    order = np.random.default_rng(0).permutation(len(her2))
    straight = score_counts(her2, cep17, field=field)
    shuffled = score_counts(her2[order], cep17[order], field=field[order])
    assert straight.intervals_95 == shuffled.intervals_95
    assert_array_equal(straight.replicates.sums()[0], shuffled.replicates.sums()[0])


def test_more_nuclei_narrow_the_replicates(case):
    replicates = score_counts(case[0], case[1], field=case[2]).replicates
    now, later = replicates.means()[:, 0], replicates.means(n_nuclei=4 * 60)[:, 0]
    assert_allclose(np.std(np.log(later)), np.std(np.log(now)) / 2, rtol=1e-6)


def test_the_error_of_detection_does_not_shrink_with_more_nuclei(case):
    settings = ScoringSettings(detection_sd=0.2, bootstrap_replicates=20_000)
    her2, cep17, field = case
    by_person = score_counts(her2, cep17, field=field, settings=settings).replicates
    by_program = score_counts(her2, cep17, field=field, detected=True, settings=settings).replicates
    assert not by_person.log_detection.any()
    assert_array_equal(by_person.log_deviation, by_program.log_deviation)
    endless = np.log(by_program.means(n_nuclei=10**9))
    assert_allclose(endless.std(axis=0), 0.2, rtol=0.03)
    assert_allclose(np.log(by_person.means(n_nuclei=10**9)).std(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize(("correlation", "sd_of_ratio"), [(0.0, 0.2), (0.5, 0.1414), (1.0, 0.0)])
def test_what_both_probes_share_leaves_the_ratio_alone(case, correlation, sd_of_ratio):
    settings = ScoringSettings(
        detection_sd=0.1414, detection_correlation=correlation, bootstrap_replicates=20_000
    )
    error = score_counts(
        case[0], case[1], field=case[2], detected=True, settings=settings
    ).replicates.log_detection
    assert_allclose((error[:, 0] - error[:, 1]).std(), sd_of_ratio, rtol=0.03, atol=1e-12)


def test_without_an_error_of_detection_counts_of_a_program_are_those_of_a_person(case):
    settings = ScoringSettings(detection_sd=0)
    her2, cep17, field = case
    one = score_counts(her2, cep17, field=field, detected=True, settings=settings)
    assert one.intervals_95 == score_counts(her2, cep17, field=field).intervals_95


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"her2": [-1, 2]}, "negative count"),
        ({"her2": [1.5, 2]}, "whole numbers"),
        ({"her2": [1, 2], "cep17": [1]}, "one count for each nucleus"),
        ({"her2": [1, 2], "field": [1]}, "one field for each nucleus"),
        ({"her2": [3, 2], "her2_low": [4, 2]}, "does not hold the count"),
    ],
)
def test_impossible_counts_are_refused(arguments, problem):
    with pytest.raises(CountError, match=problem):
        score_counts(**arguments)


@pytest.mark.parametrize("n_fields", [2, 5, 10])
def test_equal_fields_have_one_degree_of_freedom_less_than_they_are(n_fields):
    assert_allclose(degrees_of_freedom(np.full(n_fields, 1 / n_fields)), n_fields - 1)


def test_unequal_fields_are_worth_fewer():
    shares = np.array([24, 13, 7, 4, 2]) / 50
    influence = np.eye(5) - shares  # of each field's mean on the residual of each field
    corrected = shares * influence.T / np.sqrt(1 - shares)
    # Where nuclei are alike, the mean of a field varies by 1 / its share.
    covariance = corrected.T @ np.diag(1 / shares) @ corrected
    expected = np.trace(covariance) ** 2 / np.trace(covariance @ covariance)
    assert_allclose(np.trace(covariance), 1)
    assert_allclose(degrees_of_freedom(shares), expected)
    assert degrees_of_freedom(shares) < 3


def test_one_field_says_nothing_about_fields():
    assert degrees_of_freedom(np.array([1.0])) == 0


@pytest.mark.parametrize(
    "sizes", [[10] * 10, [25, 20, 15, 12, 8, 6, 5, 4, 3, 2], [30, 20, 15, 10, 10, 15]]
)
def test_the_intervals_hold_the_truth_as_often_as_they_say(sizes):
    rng = np.random.default_rng(6)
    settings = ScoringSettings(bootstrap_replicates=500)
    field, n_cases = np.repeat(np.arange(len(sizes)), sizes), 2000
    held = 0
    for _ in range(n_cases):
        her2 = rng.poisson(4 * rng.lognormal(-0.02, 0.2, len(sizes))[field])
        interval = score_counts(her2, field=field, settings=settings, rng=rng).intervals_95
        low, high = interval["mean_her2_per_nucleus"]
        held += low <= 4 <= high
    assert 0.93 <= held / n_cases <= 0.97


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_nuclei", [0, -1, float("nan")])
def test_replicates_are_of_nuclei(case, n_nuclei):
    replicates = score_counts(*case[:2]).replicates
    for of_so_many in (replicates.means, replicates.sums):
        with pytest.raises(CountError, match="n_nuclei: no nuclei"):
            of_so_many(n_nuclei)
    with pytest.raises(InputError, match="n_nuclei"):
        replicates.means("many")


def test_a_seed_is_no_generator(case):
    with pytest.raises(InputError, match=r"rng: .*default_rng"):
        score_counts(*case[:2], rng=3)
