"""Counts and IHC that no case can have, each with its answer."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.errors import CountError, SchemeError
from fishcount.guidelines import Recount, classify


@pytest.mark.parametrize(
    ("arguments", "options", "answer"),
    [
        ((20, -1, 40), {}, r"HER2 signals: negative count \(found -1, expected 0 or more\)"),
        ((-20, 1, 40), {}, r"nuclei: negative count"),
        ((20, 80, -40), {}, r"CEP17 signals: negative count"),
        ((20, 80.5, 40), {}, r"HER2 signals: not a whole number \(found 80\.5"),
        ((20, "80", 40), {}, r"not a whole number \(found '80'"),
        ((0, 80, 40), {}, r"signals without a nucleus"),
        (
            (20, 80, 40),
            {"ihc": "4+"},
            r"no such IHC score \(found '4\+', expected 0, 1\+, 2\+, 3\+",
        ),
        ((20, 80, 40), {"ihc": "2"}, r"no such IHC score"),
        ((20, 80, 40), {"ihc": "1+", "faint_staining": True}, r"goes with IHC 0 only"),
        ((20, 80, 40), {"faint_staining": True}, r"goes with IHC 0 only"),
        ((20, 80, 40), {"areas": -1}, r"areas: negative count"),
        ((20, 60, 30), {"recount": [(20, 60, 30), (20, 61, 30)]}, r"only one recount is taken"),
        ((20, 60, 30), {"recount": (20, 60)}, r"not a recount"),
        ((20, 60, 30), {"recount": (20, -60, 30)}, r"recount HER2: negative count"),
        ((2, 6, 3), {"nucleus_counts": ([3, 4], [1, 2])}, r"do not add up"),
        ((2, 6, 3), {"nucleus_counts": ([3, 3], [3])}, r"one HER2 and one CEP17 count"),
        ((2, 6, 3), {"nucleus_counts": ([7, -1], [1, 2])}, r"negative count"),
    ],
)
def test_impossible_input_is_refused(arguments, options, answer):
    with pytest.raises(CountError, match=answer):
        classify(*arguments, **options)


def test_a_recount_object_is_checked_when_it_is_made():
    with pytest.raises(CountError, match="recount CEP17 signals: negative count"):
        Recount(n_nuclei=20, her2=60, cep17=-1)


def test_an_unknown_scheme_is_refused():
    with pytest.raises(SchemeError, match="unknown scheme"):
        classify(20, 80, 40, schemes=["asco-cap-2028-dual"])


@pytest.mark.parametrize("none", [[], (), iter([])], ids=["list", "tuple", "iterator"])
def test_a_case_is_decided_by_some_scheme(none):
    """Nothing was said of it, and nothing that nothing was."""
    with pytest.raises(SchemeError, match="schemes: no scheme to decide by"):
        classify(20, 80, 40, schemes=none)


@pytest.mark.parametrize("cep17", [None, 0])
def test_no_nuclei_is_not_evaluable_under_any_scheme(cep17):
    result = classify(0, 0, cep17, ihc="3+", areas=0)
    assert {one.category for one in result.categories} == {"NOT_EVALUABLE"}
    assert {one.reason for one in result.categories} == {"no nucleus was scored"}
    assert result.tags == ()


def test_a_recount_that_does_not_count_leaves_the_need_and_says_why():
    for recount in (
        Recount(n_nuclei=19, her2=57, cep17=28),
        Recount(n_nuclei=20, her2=60, cep17=30, blinded=False),
        Recount(n_nuclei=20, her2=60, cep17=0),
    ):
        now = classify(20, 60, 30, ihc="2+", areas=2, recount=recount).under("asco-cap-2018-dual")
        assert now.category == "NEEDS_RECOUNT"
        assert recount.objection in now.reason


def test_a_recount_that_nobody_asked_for_changes_nothing():
    plain = classify(20, 80, 40, ihc="2+", areas=2)
    recounted = classify(20, 80, 40, ihc="2+", areas=2, recount=(20, 40, 40))
    assert plain.categories == recounted.categories


def test_a_scheme_that_the_data_do_not_allow_says_so_when_it_is_asked_for():
    assert classify(20, 80, schemes=["gea-ratio"]).categories[0].reason == (
        "the scheme needs CEP17 counts"
    )
    heracles = classify(20, 80, 40, schemes=["crc-heracles"]).categories[0]
    assert heracles.category == "NOT_EVALUABLE"
    assert heracles.reason == "the scheme needs the counts of each nucleus"


def test_numpy_integers_are_counts():
    result = classify(np.int64(20), np.int32(80), np.uint16(40))
    assert result == classify(20, 80, 40)


@pytest.mark.parametrize(
    ("her2", "cep17", "n", "flagged"),
    [(1999, 1000, 100, True), (2000, 1000, 100, False), (1990, 1000, 100, False)],
)
def test_a_rounded_figure_across_a_cutoff_is_flagged(her2, cep17, n, flagged):
    result = classify(n, her2, cep17, areas=2)
    now = result.under("asco-cap-2018-dual")
    assert ("SHOWN_ACROSS_CUTOFF" in now.flags) == flagged
    assert now.group == (1 if her2 >= 2 * cep17 else 3)


def test_two_copies_is_an_option_of_the_seed_scheme():
    from fishcount.settings import ScoringSettings

    strict = ScoringSettings(two_copies="negative")
    assert classify(20, 40, settings=strict).under("seed-copies").category == "NEGATIVE"
    assert classify(20, 41, settings=strict).under("seed-copies").category == "EQUIVOCAL"
    assert classify(20, 40).under("seed-copies").category == "EQUIVOCAL"


def test_seed_copies_has_no_minimum_but_a_flag():
    seed = classify(3, 15, areas=1).under("seed-copies")
    assert seed.category == "POSITIVE"
    assert "FEW_NUCLEI" in seed.flags


@pytest.mark.parametrize(
    ("n", "areas", "words"),
    [(1, 2, "1 nucleus was"), (19, 2, "19 nuclei were"), (20, 1, "1 area was")],
)
def test_what_is_too_few_is_said_in_numbers(n, areas, words):
    now = classify(n, 2 * n, 2 * n, areas=areas).under("asco-cap-2018-dual")
    assert now.reason.startswith(f"{words} scored, fewer than")


def test_areas_that_are_not_stated_are_flagged_and_no_more():
    now = classify(20, 40, 40).under("asco-cap-2018-dual")
    assert now.category == "NEGATIVE"
    assert "AREAS_UNKNOWN" in now.flags


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ((20, 60, 29), "MONOSOMY"),
        ((20, 120, 80), "COAMPLIFICATION"),
        ((20, 100, 60), "POLYSOMY"),
        ((20, 80, 40), "BORDERLINE_RATIO"),
        ((20, 40, 300), "CEP17_EXCEEDS"),
    ],
)
def test_flags_carry_their_figure(counts, code):
    findings = {finding.code: finding.figure for finding in classify(*counts).findings}
    assert findings[code] == pytest.approx(
        counts[2] / counts[0] if code in ("MONOSOMY", "POLYSOMY") else counts[1] / counts[2]
    )


@pytest.mark.parametrize(("her2", "exceeds"), [(0, False), (1, True), (39, True), (40, False)])
def test_far_more_cep17_than_her2_is_flagged_where_cep17_is_read(her2, exceeds):
    now = classify(20, her2, 80, areas=2)
    assert ("CEP17_EXCEEDS" in [finding.code for finding in now.findings]) == exceeds
    assert ("CEP17_EXCEEDS" in now.under("asco-cap-2018-dual").flags) == exceeds
    assert "CEP17_EXCEEDS" not in now.under("seed-copies").flags


def test_heterogeneity_is_found_from_single_nuclei():
    her2, cep17 = [12] * 5 + [2] * 15, [2] * 20
    result = classify(20, sum(her2), sum(cep17), nucleus_counts=(her2, cep17))
    findings = {finding.code: finding.figure for finding in result.findings}
    assert findings["HETEROGENEOUS"] == 0.25
    assert findings["SECOND_POPULATION"] == 0.25


def test_a_single_probe_case_is_asked_for_a_second_population_too():
    result = classify(40, 180, nucleus_counts=([2] * 30 + [12] * 10, None), areas=2)
    found = {finding.code: finding for finding in result.findings}
    assert {"HETEROGENEOUS", "SECOND_POPULATION"} <= set(found)
    apart = found["SECOND_POPULATION"].detail
    assert apart == "30 nuclei, mean HER2 2.00, and 10 nuclei, mean HER2 12.00"
