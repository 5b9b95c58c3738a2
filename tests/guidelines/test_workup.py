from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fishcount.errors import CountError, FishcountError, InputError
from fishcount.guidelines import (
    Count,
    Recount,
    add_ihc,
    add_nuclei,
    add_recount,
    classify,
    start_workup,
)

GROUP_4 = Count(n_nuclei=20, her2=100, cep17=60, areas=2)
SECOND = Recount(n_nuclei=20, her2=104, cep17=62, reader="B")


def test_from_the_first_count_to_the_end():
    state = start_workup(GROUP_4)
    assert (state.state, state.needs) == ("ihc", ("ihc",))
    state = add_ihc(state, "2+")
    assert (state.state, state.outcome.category) == ("recount", "NEEDS_RECOUNT")
    state = add_recount(state, SECOND)
    assert (state.state, state.needs) == ("done", ())
    assert (state.outcome.category, state.outcome.group) == ("NEGATIVE", 4)
    assert state.classification.tags == ("HER2-low",)
    assert state.counts == (GROUP_4,)
    assert state.recount == SECOND


def test_a_changed_group_is_left_to_people():
    state = add_recount(
        start_workup(GROUP_4, ihc="2+"), Recount(n_nuclei=20, her2=100, cep17=48, reader="B")
    )
    assert (state.state, state.outcome.category, state.outcome.group) == (
        "adjudication",
        "ADJUDICATE",
        4,
    )
    assert state.classification.tags == ()
    with pytest.raises(CountError, match="a recount already"):
        add_recount(state, Recount(n_nuclei=20, her2=100, cep17=60, reader="C"))


@pytest.mark.parametrize(
    ("recount", "problem"),
    [
        (Recount(n_nuclei=19, her2=95, cep17=57, reader="B"), "fewer than 20"),
        (Recount(n_nuclei=20, her2=95, cep17=57, reader="B", blinded=False), "not blinded"),
        (Recount(n_nuclei=20, her2=95, cep17=0, reader="B"), "no ratio"),
        (Recount(n_nuclei=20, her2=95, cep17=57), "another observer"),
    ],
)
def test_a_recount_that_does_not_count_is_refused(recount, problem):
    with pytest.raises(CountError, match=problem):
        add_recount(start_workup(GROUP_4, ihc="2+"), recount)


def test_a_recount_nobody_needs_is_refused():
    with pytest.raises(CountError, match="not what the case needs"):
        add_recount(start_workup(GROUP_4, ihc="1+"), SECOND)


def test_too_few_nuclei_are_counted_more_and_pooled():
    first = Count(n_nuclei=12, her2=40, cep17=24, areas=1)
    state = start_workup(first)
    assert state.needs == ("more_nuclei", "more_areas")
    more = Count(n_nuclei=20, her2=70, cep17=40, areas=2)
    state = add_nuclei(state, more)
    assert state.state == "done"
    assert (state.pooled.n_nuclei, state.pooled.her2, state.pooled.cep17) == (32, 110, 64)
    assert state.counts == (first, more)


def test_27_a_borderline_ratio_asks_for_twenty_more_once():
    state = start_workup(Count(n_nuclei=20, her2=79, cep17=40, areas=2), ihc="2+")
    assert state.advice == ("count_20_more",)
    state = add_nuclei(state, Count(n_nuclei=20, her2=83, cep17=40, areas=2))
    assert (state.outcome.group, state.outcome.category) == (1, "POSITIVE")
    assert state.advice == ()


def test_further_nuclei_are_those_of_the_first_reader():
    state = start_workup(GROUP_4, ihc="2+")
    with pytest.raises(CountError, match="first reader"):
        add_nuclei(state, Count(n_nuclei=20, her2=100, cep17=60, reader="B"))
    with pytest.raises(CountError, match="same probes"):
        add_nuclei(state, Count(n_nuclei=20, her2=100))
    with pytest.raises(CountError, match="as it was"):
        add_nuclei(add_recount(state, SECOND), GROUP_4)


def test_ihc_does_not_change_in_silence():
    state = start_workup(GROUP_4, ihc="2+")
    with pytest.raises(CountError, match="another IHC score"):
        add_ihc(state, "1+")
    with pytest.raises(CountError, match="no such IHC score"):
        add_ihc(start_workup(GROUP_4), "4+")


def test_faint_staining_stays_where_the_score_is_given_again():
    """It was dropped with its tag, though nobody had taken it back."""
    negative = Count(n_nuclei=20, her2=40, cep17=40, areas=2)
    state = start_workup(negative, ihc="0", faint_staining=True)
    assert state.classification.tags == ("HER2-ultralow",)
    again = add_ihc(state, "0")
    assert again.faint_staining
    assert again.classification.tags == ("HER2-ultralow",)
    told = add_ihc(add_ihc(start_workup(negative), "0"), "0", faint_staining=True)
    assert told.classification.tags == ("HER2-ultralow",)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda state: start_workup((20, 80, 40)), "first: .*found tuple, expected Count"),
        (lambda state: start_workup(SECOND), "first: .*found Recount, expected Count"),
        (lambda state: add_ihc("x", "2+"), "workup: .*expected WorkUp"),
        (lambda state: add_ihc(state, 2), "ihc: .*expected str"),
        (lambda state: add_nuclei(state, None), "more: .*expected Count"),
        (lambda state: add_nuclei(None, GROUP_4), "workup: .*expected WorkUp"),
        (lambda state: add_recount(state, None), "recount: .*expected Recount"),
        (lambda state: add_recount(state, (20, 104, 62)), "recount: .*expected Recount"),
        (lambda state: classify(20, 80, 40, replicates=3), "replicates: .*expected Replicates"),
    ],
)
def test_other_kinds_are_refused_in_a_workup(call, said):
    with pytest.raises(InputError, match=said):
        call(start_workup(GROUP_4, ihc="2+"))


def test_a_single_probe_case_asks_for_the_dual_probe():
    state = start_workup(Count(n_nuclei=20, her2=100, areas=2))
    assert state.state == "ihc_or_dual_probe"
    assert add_ihc(state, "2+").state == "dual_probe"
    assert add_ihc(state, "3+").outcome.category == "POSITIVE"


def test_what_cannot_be_evaluated_is_not_done():
    assert start_workup(Count(n_nuclei=0, her2=0, cep17=0)).state == "evaluable_counts"
    assert start_workup(Count(n_nuclei=20, her2=40, cep17=0)).state == "evaluable_counts"


def test_the_record_keeps_counts_and_outcome_apart():
    state = add_recount(start_workup(GROUP_4, ihc="2+"), SECOND)
    record = json.loads(json.dumps(state.record()))
    assert record["counts"] == [
        {
            "n_nuclei": 20,
            "her2": 100,
            "cep17": 60,
            "areas": 2,
            "reader": "",
            "images": [],
            "source": "",
        }
    ]
    assert record["recount"]["reader"] == "B"
    assert record["outcome"]["category"] == "NEGATIVE"
    assert (record["state"], record["tags"]) == ("done", ["HER2-low"])


def test_sums_of_numpy_are_plain_numbers_in_the_record():
    """As sums of a table are; those of eight bits wrapped around when they were pooled."""
    first = Count(n_nuclei=np.uint8(150), her2=np.int64(700), cep17=np.int64(350))
    workup = add_nuclei(start_workup(first), replace(first, areas=np.int64(3)))
    assert workup.pooled.n_nuclei == 300
    assert json.loads(json.dumps(workup.record())) == workup.record()
    recount = Recount(n_nuclei=np.int64(20), her2=np.int64(60), cep17=np.int64(30))
    assert type(recount.her2) is int


def test_a_reader_has_a_name():
    for count in (Count, Recount):
        with pytest.raises(FishcountError, match="reader: is of another kind"):
            count(n_nuclei=20, her2=60, cep17=30, reader=None)
