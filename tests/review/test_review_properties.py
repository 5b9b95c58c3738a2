"""Whatever readers do: it can be undone, it can be replayed, and the tables fit together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reviewed_cases import FIELDS, draw_case

from fishcount.errors import ReviewError
from fishcount.io import read_case_folder
from fishcount.review import (
    LOG_NAME,
    History,
    Review,
    ReviewState,
    Undo,
    parse_action,
    read_automatic,
    replay_folder,
    reviewed_nuclei,
    reviewed_signals,
    score_review,
)

NUMBERS = st.integers(1, 7)
SIGNALS = st.integers(1, 32)
PLACES = st.tuples(st.floats(-1, 25, allow_nan=False), st.floats(-1, 97, allow_nan=False))


def kind(name, **parts):
    return st.fixed_dictionaries({"kind": st.just(name), "field": st.sampled_from(FIELDS), **parts})


ACTIONS = st.one_of(
    kind("accept_nucleus", nucleus=NUMBERS),
    kind("reject_nucleus", nucleus=NUMBERS, reject_reason=st.sampled_from(["DIM", "DEBRIS"])),
    kind("restore_nucleus", nucleus=NUMBERS),
    kind("delete_nucleus", nucleus=NUMBERS),
    kind("merge_nuclei", nuclei=st.lists(NUMBERS, min_size=2, max_size=3, unique=True)),
    kind("split_nucleus", nucleus=NUMBERS, cut_yx_px=st.tuples(PLACES, PLACES)),
    kind("redraw_nucleus", nucleus=NUMBERS, polygon_yx_px=st.lists(PLACES, min_size=3, max_size=5)),
    kind("draw_nucleus", polygon_yx_px=st.lists(PLACES, min_size=3, max_size=5)),
    kind(
        "add_signal",
        channel=st.sampled_from(["HER2", "CEP17"]),
        y_px=st.floats(-1, 25),
        x_px=st.floats(-1, 97),
    ),
    kind("delete_signal", signal=SIGNALS),
    kind("reassign_signal", signal=SIGNALS, nucleus=st.integers(0, 7)),
    kind("set_copies", signal=SIGNALS, copies=st.integers(1, 9)),
    kind("merge_signals", signals=st.lists(SIGNALS, min_size=2, max_size=3, unique=True)),
    kind("split_signal", signal=SIGNALS, into_yx_px=st.lists(PLACES, min_size=2, max_size=3)),
    st.just({"kind": "undo"}),
    st.just({"kind": "redo"}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return read_case_folder(draw_case(tmp_path_factory.mktemp("properties") / "case"))


@pytest.fixture(scope="module")
def automatic(folder):
    return read_automatic(folder)


def walk(history, records):
    """All actions that can be made, one after the other."""
    for record in records:
        try:
            history, _ = history.after(parse_action(record))
        except ReviewError:
            continue
    return history


@settings(max_examples=80, deadline=None)
@given(records=st.lists(ACTIONS, max_size=14))
def test_undoing_all_gives_the_automatic_result_and_redoing_all_brings_it_back(automatic, records):
    start = ReviewState(automatic)
    end = history = walk(History(present=start), records)
    while history.done:
        history, _ = history.after(Undo())
    assert history.present == start
    table = reviewed_nuclei(history.present).drop(columns=["review", "note"])
    assert table.equals(automatic.folder.nuclei)
    history = walk(history, [{"kind": "redo"}] * len(history.undone))
    if not end.undone:
        assert history.present == end.present


@settings(max_examples=80, deadline=None)
@given(records=st.lists(ACTIONS, max_size=14))
def test_tables_labels_and_score_fit_together(automatic, records):
    state = walk(History(present=ReviewState(automatic)), records).present
    nuclei, signals = reviewed_nuclei(state), reviewed_signals(state)
    for field in FIELDS:
        own = nuclei[nuclei["field"] == field]["nucleus"].tolist()
        assert own == sorted(set(own))
        assert set(np.unique(state.labels(field))) - {0} == set(own)
    kept = signals[signals["status"] == "kept"]
    assert (kept["copies"] > 0).all()
    assert (signals[signals["status"] != "kept"]["copies"] == 0).all()
    for channel in ("HER2", "CEP17"):
        sums = kept[kept["channel"] == channel].groupby(["field", "nucleus"])["copies"].sum()
        ids = list(zip(nuclei["field"], nuclei["nucleus"], strict=True))
        expected = sums.reindex(ids, fill_value=0).to_numpy()
        best, low, high = (
            nuclei[channel.lower() + suffix].to_numpy(np.int64) for suffix in ("", "_low", "_high")
        )
        np.testing.assert_array_equal(best, expected)
        assert sums.sum() == best.sum()
        assert ((low <= best) & (best <= high) & (low >= 0)).all()
    scored = nuclei[nuclei["scored"]]
    assert (scored["reject_reason"] == "").all()
    assert (nuclei[~nuclei["scored"]]["reject_reason"] != "").all()
    reviewed = score_review(state)
    assert reviewed.score.her2_signals == scored["her2"].sum()
    assert sum(reviewed.progress.values()) == len(nuclei)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=st.lists(ACTIONS, min_size=1, max_size=14))
def test_the_replay_of_the_log_is_the_live_state(folder, records):
    (folder.path / LOG_NAME).unlink(missing_ok=True)
    with Review.open(folder, reader="A") as review:
        for record in records:
            try:
                review.do(parse_action(record))
            except ReviewError:
                continue
        live = review.state
    assert replay_folder(folder)[0] == live
