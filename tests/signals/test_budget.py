"""How many signals are expected to be false, and the cut that keeps them within a budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from fishcount import Settings, score_case, score_field
from fishcount.errors import SettingsError
from fishcount.recount import recount_field
from fishcount.report import render_report
from fishcount.settings import SignalSettings, with_overrides
from fishcount.signals import count_signals
from fishcount.signals.budget import expected_false, within_budget
from fishcount.spots import cut_at, false_probability
from fishcount.synthetic import simulate_case
from fishcount.tables import summary_record


@pytest.fixture(scope="session")
def scored_spots(make_spots):
    """Spots in a row within the first nucleus, kept from a score of 0 on."""

    def make(score, **columns):
        score = np.asarray(score, np.float64)
        yx = np.column_stack([np.full(len(score), 50.0), 20 + 0.01 * np.arange(len(score))])
        spots = make_spots(yx, kept=score > 0, reason=np.where(score > 0, "", "POOR_FIT"))
        return replace(spots, score=score, min_score=0.0, **columns)

    return make


def cut(spots, budget, *, n_nuclei=1, inside=True):
    nucleus = np.full(len(spots), int(inside))
    return within_budget(spots, nucleus, n_nuclei, budget=budget, min_share=0.3)


def test_the_score_is_the_chance_of_being_a_signal():
    score = np.array([-30.0, -1.0, 0.0, 1.0, 30.0, np.nan])
    chance = false_probability(score)
    assert_allclose(chance[[0, 2, 4]], [1, 0.5, 0], atol=1e-9)
    assert (np.diff(chance[:5]) < 0).all()
    assert np.isnan(chance[5])
    assert np.isnan(expected_false(score, np.ones(6, bool)))
    assert expected_false(score, np.zeros(6, bool)) == 0


@given(st.lists(st.floats(-6, 9), max_size=40), st.floats(0.01, 5), st.integers(1, 9))
def test_what_is_kept_is_within_the_budget_and_the_next_would_not_be(
    scored_spots, score, budget, n_nuclei
):
    spots = scored_spots(score)
    found = cut(spots, budget, n_nuclei=n_nuclei)
    assert expected_false(found.score, found.kept) <= budget * n_nuclei + 1e-9
    assert (found.score[found.kept] > found.min_score).all()
    left_out = found.score[~found.kept]
    if left_out.size:
        assert left_out.max() == found.min_score
        more = found.kept | (found.score == left_out.max())
        assert expected_false(found.score, more) > budget * n_nuclei
    assert (found.reason[found.kept] == "").all()
    assert (found.reason[~found.kept] != "").all()


def test_another_cut_moves_what_its_score_decides_and_nothing_else(scored_spots):
    spots = scored_spots([3.0, 1.0, -1.0, np.nan, -1.0], typical_counts=1.0)
    spots = replace(
        spots,
        kept=np.array([True, True, False, True, False]),
        reason=np.array(["", "", "POOR_FIT", "", "BLEED_THROUGH"], spots.reason.dtype),
        amplitude_counts=np.array([1.0, 1.0, 1.0, 0.1, 1.0]),
    )
    assert cut_at(spots, 2.0, min_share=0.3).kept.tolist() == [True, False, False, True, False]
    assert cut_at(spots, -2.0, min_share=0.3).kept.tolist() == [True, True, True, True, False]
    assert cut_at(spots, -2.0, min_share=2.0).kept.tolist() == [True, True, False, True, False]


def test_spots_of_one_score_stand_or_fall_together(scored_spots):
    found = cut(scored_spots([3.0, 1.0, 1.0, 1.0]), budget=0.5)
    assert found.kept.tolist() == [True, False, False, False]
    assert found.min_score == 1.0


def test_a_large_budget_lets_in_what_was_rejected_for_its_score_alone(scored_spots):
    spots = scored_spots([4.0, -1.0, -1.0, -1.0, 2.0, np.nan], typical_counts=100.0)
    reason = spots.reason.copy()
    reason[[2, 5]] = ["BLEED_THROUGH", "TOO_WIDE"]
    # The last but one looks like a signal and was rejected for something else: a granule's rim.
    kept = np.array([True, False, False, False, False, False])
    reason[4] = "TOO_WIDE"
    amplitude = np.array([100.0, 100, 100, 20, 100, 100])
    spots = replace(spots, kept=kept, reason=reason, amplitude_counts=amplitude)
    found = cut(spots, budget=5)
    assert found.kept.tolist() == [True, True, False, False, False, False]
    assert found.min_score == -np.inf
    assert found.reason.tolist() == ["", "", "BLEED_THROUGH", "POOR_FIT", "TOO_WIDE", "TOO_WIDE"]


def test_what_lies_outside_nuclei_costs_nothing_and_is_cut_alike(scored_spots):
    spots = scored_spots([4.0, 3.0, 0.1, 0.2])
    nucleus = np.array([1, 0, 0, 1])
    found = within_budget(spots, nucleus, 1, budget=0.1, min_share=0.3)
    assert found.kept.tolist() == [True, True, False, False]


def test_spots_without_scores_stay_as_they_are(make_spots, two_nuclei):
    spots = make_spots([(30, 50), (50, 30)], kept=[True, False], reason=["", "TOO_WIDE"])
    settings = SignalSettings(false_per_nucleus=0.01)
    counts = count_signals({"HER2": spots}, two_nuclei, pixel_size_um=0.1, settings=settings)
    assert counts.signals.status.tolist() == ["kept", "rejected"]
    assert np.isnan(counts.expected_false["HER2"])


@pytest.mark.parametrize("budget", ["0", "-0.1", "'few'"])
def test_a_budget_that_is_none_is_refused_by_name(budget):
    with pytest.raises(SettingsError, match=r"signals\.false_per_nucleus"):
        with_overrides(Settings(), [f"signals.false_per_nucleus={budget}"])


@pytest.fixture(scope="module")
def fields():
    drawn = simulate_case("equivocal", seed=8, n_fields=2, size=448, snr="hard")
    return [score_field(image) for image, _ in drawn]


def test_every_run_says_how_many_are_expected_to_be_false(fields):
    summary = summary_record(score_case(fields))
    sums, nuclei = {"HER2": 0.0, "CEP17": 0.0}, 0
    for field, record in zip(fields, summary["fields"], strict=True):
        signals, nuclei = field.counts.signals, nuclei + len(field.nuclei)
        for probe in sums:
            counted = (signals.channel == probe) & (signals.status == "kept")
            expected = float(false_probability(signals.score[counted]).sum())
            sums[probe] += expected
            told = record["expected_false_per_nucleus"][probe]
            assert told == pytest.approx(expected / len(field.nuclei))
        assert record["min_score"] == {"HER2": 0.0, "CEP17": 0.0}
    for probe, expected in sums.items():
        assert summary["expected_false_per_nucleus"][probe] == pytest.approx(expected / nuclei)


def test_a_smaller_budget_counts_less_and_keeps_to_it(fields):
    counted = []
    for budget in (0.4, 0.1, 0.02):
        settings = with_overrides(Settings(), [f"signals.false_per_nucleus={budget}"])
        again = [recount_field(one, was=Settings(), settings=settings) for one in fields]
        for one in again:
            for probe, expected in one.counts.expected_false.items():
                assert expected <= budget * len(one.nuclei)
                assert np.isfinite(one.counts.min_score[probe])
        counted.append(sum(int(one.counts.copies["HER2"].best.sum()) for one in again))
    assert counted == sorted(counted, reverse=True)
    assert counted[0] > counted[-1]


def test_half_and_twice_of_a_budget_are_tried(fields):
    settings = with_overrides(Settings(), ["signals.false_per_nucleus=0.1"])
    case = score_case(
        [recount_field(one, was=Settings(), settings=settings) for one in fields],
        settings=settings,
    )
    tried = [(one.setting, one.value) for one in case.variations]
    assert tried[:2] == [("signals.false_per_nucleus", 0.05), ("signals.false_per_nucleus", 0.2)]
    assert "spots.min_score" not in dict(tried)


def test_without_nuclei_there_is_no_figure(fields):
    empty = score_field(fields[0].image, labels=np.zeros(fields[0].image.shape, np.int32))
    record = summary_record(score_case([empty]))["fields"][0]
    assert record["expected_false_per_nucleus"] == {"HER2": None, "CEP17": None}


def test_the_report_tells_it_field_by_field(fields):
    case = score_case(fields)
    page = render_report(case)
    told = summary_record(case)["fields"][0]["expected_false_per_nucleus"]["HER2"]
    assert f"{told:.2f} false expected per nucleus" in page
    pooled = summary_record(case)["expected_false_per_nucleus"]["HER2"]
    assert f"for each nucleus of all fields: HER2 {pooled:.2f}, CEP17" in page
