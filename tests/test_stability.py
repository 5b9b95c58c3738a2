"""A case counted again under other settings, and without single nuclei and fields."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fishcount import Settings, score_case, score_field
from fishcount.flags import mask_of
from fishcount.guidelines.library import parse_scheme
from fishcount.recount import recount_field
from fishcount.settings import with_overrides
from fishcount.synthetic import simulate_case
from fishcount.tables import summary_record


@pytest.fixture(scope="module")
def fields():
    images = [i for i, _ in simulate_case("equivocal", seed=5, n_fields=2, size=384)]
    return [score_field(image) for image in images]


@pytest.fixture(scope="module")
def case(fields):
    return score_case(fields)


def copies(field, probe):
    return field.counts.copies[probe].best


def test_unchanged_settings_change_nothing(fields):
    for field in fields:
        again = recount_field(field, was=Settings(), settings=Settings())
        assert (again.flags == field.flags).all()
        assert (again.scored == field.scored).all()
        assert (again.reject_reason == field.reject_reason).all()
        assert (copies(again, "HER2") == copies(field, "HER2")).all()


DEFAULT = Settings()
CUT = DEFAULT.spots.min_score


@pytest.mark.parametrize(
    "change",
    [
        f"spots.min_score={CUT + 1}",
        "signals.false_per_nucleus=0.02",
        "signals.false_per_nucleus=0.5",
        "signals.split_gap_diameters=0.25",
        "signals.border_tolerance_um=2",
        "selection.reject=['BORDER']",
    ],
)
def test_a_recount_is_the_run_from_the_pixels(fields, change):
    settings = with_overrides(Settings(), [change])
    for field in fields:
        again = recount_field(field, was=Settings(), settings=settings)
        anew = score_field(field.image, settings=settings)
        assert (again.scored == anew.scored).all()
        for probe in ("HER2", "CEP17"):
            assert (copies(again, probe) == copies(anew, probe)).all()


def test_a_lower_cut_is_nearly_the_run_from_the_pixels(fields):
    settings = with_overrides(Settings(), [f"spots.min_score={CUT - 1}"])
    again = [recount_field(field, was=Settings(), settings=settings) for field in fields]
    anew = [score_field(field.image, settings=settings) for field in fields]
    for probe in ("HER2", "CEP17"):
        total = [sum(int(copies(f, probe).sum()) for f in made) for made in (fields, again, anew)]
        before, recounted, rescored = total
        assert before <= recounted
        assert recounted == pytest.approx(rescored, rel=0.05)


def test_bleed_through_stays_out_at_any_cut(fields):
    settings = with_overrides(Settings(), ["spots.min_score=-50", "spots.min_share=0"])
    for field in fields:
        again = recount_field(field, was=Settings(), settings=settings)
        for spots in again.spots.values():
            assert not spots.kept[spots.reason == "BLEED_THROUGH"].any()
            assert set(spots.reason[spots.kept]) <= {""}


def test_every_setting_that_matters_is_tried_both_ways(case):
    tried = [(one.setting, one.value) for one in case.variations]
    steps = {
        "spots.min_score": (CUT, 1.0),
        "signals.min_share_of_typical": (DEFAULT.signals.min_share_of_typical, 0.1),
        "signals.split_gap_diameters": (DEFAULT.signals.split_gap_diameters, 0.5),
    }
    assert tried[:6] == [
        (setting, pytest.approx(value + sign * step))
        for setting, (value, step) in steps.items()
        for sign in (-1, 1)
    ]
    assert [setting for setting, _ in tried[6:]] == ["selection.reject"] * 3
    schemes = [category.scheme for category in case.categories]
    assert all(list(one.categories) == schemes for one in case.variations)


def test_a_lower_cut_counts_at_least_as_many_signals(case):
    lower, higher = case.variations[:2]
    assert lower.score.her2_signals >= case.score.her2_signals >= higher.score.her2_signals


def test_letting_skipped_nuclei_in_gives_the_eligible(case):
    assert case.variations[-1].score.n_scored == case.selection.eligible.n_scored
    assert case.variations[-1].score.her2_signals == case.selection.eligible.her2_signals


def test_a_stricter_selection_leaves_blurred_nuclei_out(fields):
    mark = np.uint32(mask_of(["BLURRED"]))
    blurred = [replace(field, flags=field.flags | mark) for field in fields]
    stricter = next(
        one for one in score_case(blurred).variations if "stricter selection" in one.words
    )
    assert stricter.score.n_scored == 0
    assert set(stricter.categories.values()) == {"NOT_EVALUABLE"}


def test_a_nucleus_on_the_threshold_decides(case):
    n, her2 = case.score.n_scored, case.score.her2_signals
    # A cut-off of one's own, just under the mean: losing one nucleus with more takes it away.
    cutoff = f"{her2 / n - 1e-4:.6f}"
    scheme = parse_scheme(
        f"""
id = "mine"
name = "Mine"
edition = "1"
citation = "nobody"
probes = "any"
[[rule]]
category = "POSITIVE"
mean_her2_per_nucleus = ">= {cutoff}"
[[rule]]
category = "NEGATIVE"
mean_her2_per_nucleus = "< {cutoff}"
""",
        file="mine.toml",
    )
    own = score_case(case.fields, schemes=[scheme])
    (found,) = own.left_out
    assert found.category == "POSITIVE"
    assert not found.stable
    many = {
        (field.image.name, number + 1)
        for field in case.fields
        for number in np.flatnonzero(field.scored & (copies(field, "HER2") > her2 / n))
    }
    assert {(field, nucleus) for field, nucleus, _ in found.nuclei} == many
    assert {category for *_, category in found.nuclei} == {"NEGATIVE"}


def test_secondary_schemes_are_passed_over(case):
    secondary = {one.scheme for one in case.categories if "SECONDARY" in one.flags}
    assert secondary
    assert not secondary & {one.scheme for one in case.left_out}


def test_the_summary_says_which_schemes_a_setting_changes(case):
    summary = summary_record(case)
    now = {one["scheme"]: one["category"] for one in summary["categories"]}
    for variation in summary["stability"]["variations"]:
        differing = [s for s, c in variation["categories"].items() if c != now[s]]
        assert variation["changed"] == differing


def test_the_summary_says_where_the_second_population_sits(case):
    record = summary_record(case)["heterogeneity"]
    assert [one["field"] for one in record["fields"]] == [f.image.name for f in case.fields]
    assert sum(one["n_scored"] for one in record["fields"]) == case.score.n_scored
    high = sum(one["n_high"] for one in record["fields"])
    assert high == int(case.heterogeneity.high.sum())
    assert all(one["n_high"] == len(one["nuclei"]) for one in record["fields"])
