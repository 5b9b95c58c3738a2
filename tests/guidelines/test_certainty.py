from __future__ import annotations

import numpy as np
import pytest

from fishcount.errors import CountError
from fishcount.guidelines import builtin_schemes, classify, find_scheme, leave_one_out
from fishcount.guidelines.certainty import category_probability, nearest_change, nuclei_to_settle
from fishcount.guidelines.evaluate import Setting, decide
from fishcount.guidelines.tally import Tally
from fishcount.scoring import CaseScore, Replicates, score_counts

DUAL = find_scheme("asco-cap-2018-dual")
FIELDS = np.repeat(np.arange(6), 20)


def scored(mean_her2: float, mean_cep17: float = 2.0) -> CaseScore:
    """A case of 120 nuclei whose sums are exactly those of the means."""
    rng = np.random.default_rng(8)
    her2 = _with_sum(rng.poisson(mean_her2 - 1, 120) + 1, round(120 * mean_her2))
    cep17 = _with_sum(rng.poisson(mean_cep17 - 1, 120) + 1, round(120 * mean_cep17))
    return score_counts(her2, cep17, field=FIELDS)


def _with_sum(counts, total):
    step = np.sign(total - counts.sum())
    for index in range(abs(total - counts.sum())):
        counts[index % len(counts)] += step
    return counts


def of(score: CaseScore, scheme: str = DUAL.id):
    return classify(
        score.n_scored,
        score.her2_signals,
        score.cep17_signals,
        areas=score.areas,
        replicates=score.replicates,
    ).under(scheme)


@pytest.mark.parametrize("mean", [2.5, 3.9, 4.0, 4.6, 9.0])
def test_probabilities_add_up_for_every_scheme(mean):
    score = scored(mean)
    for name in builtin_schemes():
        if name == "crc-heracles":
            continue
        result = classify(
            score.n_scored,
            score.her2_signals,
            score.cep17_signals,
            replicates=score.replicates,
            schemes=[name],
        ).under(name)
        assert sum(result.probability.values()) == pytest.approx(1)


def test_far_from_a_threshold_the_category_is_sure():
    category = of(scored(9.0))
    assert category.category == "POSITIVE"
    assert category.probability["POSITIVE"] > 0.99
    assert category.more_nuclei == 0


def test_on_a_threshold_it_is_a_coin_and_counting_does_not_settle_it():
    category = of(scored(4.0), "seed-copies")
    assert category.category == "EQUIVOCAL"
    assert 0.3 < category.probability["EQUIVOCAL"] < 0.7
    assert category.more_nuclei is None


def test_the_nearer_the_threshold_the_more_nuclei():
    needed = [of(scored(mean), "seed-copies").more_nuclei for mean in (4.4, 4.25, 4.2, 4.15)]
    assert all(count is not None for count in needed)
    assert needed == sorted(needed)
    assert needed[-1] > 0


def test_so_many_more_nuclei_do_bring_the_chance_under_5_percent():
    score = scored(4.2)
    scheme, setting = find_scheme("seed-copies"), Setting(variant="equivocal")
    more = nuclei_to_settle(scheme, score.replicates, setting=setting, category="POSITIVE")
    assert more
    enough, too_few = (
        category_probability(scheme, score.replicates, setting=setting, n_nuclei=120 + count)
        for count in (more, more - 1)
    )
    assert enough["POSITIVE"] > 0.95
    assert too_few["POSITIVE"] <= 0.95


def test_the_minimum_of_nuclei_plays_no_part_in_the_probability():
    score = score_counts([8, 9, 7, 8, 9], [2, 2, 2, 2, 2], field=[0, 0, 0, 1, 1])
    category = of(score)
    assert category.category == "INDETERMINATE"
    assert category.probability["POSITIVE"] > 0.9


def test_without_replicates_nothing_is_claimed():
    category = classify(20, 80, 40).under(DUAL.id)
    assert dict(category.probability) == {}
    assert category.more_nuclei is None
    assert category_probability(DUAL, Replicates.empty(), setting=Setting()) == {}


@pytest.mark.parametrize(
    ("counts", "change"),
    [
        ((20, 80, 40), "1 HER2 signal fewer would make it NEGATIVE"),
        ((20, 45, 40), "35 HER2 signals more would make it POSITIVE"),
        ((20, 119, 80), "40 HER2 signals fewer would make it NEGATIVE"),
    ],
)
def test_the_nearest_change(counts, change):
    tally = Tally(n=counts[0], her2=counts[1], cep17=counts[2])
    assert nearest_change(DUAL, tally, setting=Setting(ihc="unknown")) == change


@pytest.mark.parametrize("her2", range(60, 140, 7))
def test_no_nearer_change_is_missed(her2):
    setting = Setting(ihc="2+")

    def category(count):
        return decide(DUAL, Tally(n=20, her2=count, cep17=45), setting=setting).category

    words = nearest_change(DUAL, Tally(n=20, her2=her2, cep17=45), setting=setting)
    distance = next(
        step
        for step in range(1, 1000)
        if {category(her2 - step), category(her2 + step)} != {category(her2)}
    )
    assert words.startswith(f"{distance} HER2 signal")


def test_a_nucleus_and_a_field_that_hold_the_category():
    found = leave_one_out(
        [4] * 19 + [5], [2] * 20, field=["a"] * 10 + ["b"] * 10, scheme=find_scheme("seed-copies")
    )
    assert found.category == "POSITIVE"
    assert found.deciding_nuclei.tolist() == [False] * 19 + [True]
    assert found.deciding_fields.tolist() == [False, True]
    assert not found.stable


def test_leaving_out_agrees_with_counting_anew():
    rng = np.random.default_rng(1)
    her2, cep17 = rng.poisson(4, 24), rng.poisson(2, 24) + 1
    field = np.repeat([0, 1, 2], 8)
    found = leave_one_out(her2, cep17, field=field, scheme=DUAL, ihc="1+")
    for left_out, category in enumerate(found.without_nucleus):
        rest = np.arange(24) != left_out
        again = classify(23, her2[rest].sum(), cep17[rest].sum(), ihc="1+").under(DUAL.id)
        assert again.category == category
    for name, category in zip(found.fields, found.without_field, strict=True):
        rest = field != name
        tally = Tally(n=int(rest.sum()), her2=int(her2[rest].sum()), cep17=int(cep17[rest].sum()))
        assert decide(DUAL, tally, setting=Setting(ihc="1+")).category == category


def test_leaving_out_of_nothing_decides_nothing():
    found = leave_one_out([], [], field=[], scheme=DUAL)
    assert found.category == "NOT_EVALUABLE"
    assert found.stable


def test_leaving_out_needs_equal_columns():
    with pytest.raises(CountError, match="one field for each nucleus"):
        leave_one_out([1, 2], field=[0], scheme=find_scheme("seed-copies"))
