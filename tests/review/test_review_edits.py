"""Every edit does to counts, flags and labels what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fishcount.errors import ReviewError
from fishcount.review import (
    AcceptNucleus,
    AddSignal,
    DeleteNucleus,
    DeleteSignal,
    DrawNucleus,
    History,
    MergeNuclei,
    MergeSignals,
    ReassignSignal,
    Redo,
    RedrawNucleus,
    RejectNucleus,
    RestoreNucleus,
    SetCopies,
    SplitNucleus,
    SplitSignal,
    Undo,
    parse_action,
    reviewed_nuclei,
    reviewed_signals,
    score_review,
)

FIELD = "field_1"
# Signals 1 to 15 are HER2 of nuclei 1 to 4 (4, 3, 2, 6 points), 16 to 23 CEP17, two each;
# 24 to 27 are rejected candidates, one in each nucleus; 28 lies outside.
CLUSTER = 10
REJECTED, OUTSIDE = 24, 28


def after(state, *actions):
    history = History(present=state)
    for action in actions:
        history, _ = history.after(action)
    return history.present


def row(state, nucleus, field=FIELD):
    table = reviewed_nuclei(state)
    found = table[(table["field"] == field) & (table["nucleus"] == nucleus)]
    return found.iloc[0] if len(found) else None


def counts(state, nucleus):
    found = row(state, nucleus)
    return tuple(int(found[name]) for name in ("her2_low", "her2", "her2_high", "cep17"))


def signal(state, number):
    table = reviewed_signals(state)
    return table[(table["field"] == FIELD) & (table["signal"] == number)].iloc[0]


def test_without_edits_it_is_the_automatic_result(start):
    folder = start.automatic.folder
    nuclei = reviewed_nuclei(start)
    assert (nuclei.pop("review") == "unreviewed").all()
    assert (nuclei.pop("note") == "").all()
    assert nuclei.equals(folder.nuclei)
    signals = reviewed_signals(start)
    assert not signals.pop("edited").any()
    assert signals.equals(folder.signals)
    reviewed = score_review(start)
    assert reviewed.score.her2_signals == folder.summary["her2_signals"]
    assert {k: list(v) for k, v in reviewed.score.intervals_95.items()} == (
        folder.summary["intervals_95"]
    )
    for category, stored in zip(
        reviewed.classification.categories, folder.summary["categories"], strict=True
    ):
        assert category.category == stored["category"]
        assert dict(category.probability) == stored["probability"]


def test_accept_and_reject_and_restore(start):
    state = after(start, AcceptNucleus(field=FIELD, nucleus=1))
    assert (row(state, 1)["review"], row(state, 1)["scored"]) == ("accepted", True)
    state = after(state, RejectNucleus(field=FIELD, nucleus=1, reject_reason="OVERLAPPED"))
    found = row(state, 1)
    assert (found["review"], found["scored"], found["reject_reason"]) == (
        "rejected",
        False,
        "OVERLAPPED",
    )
    assert score_review(state).score.n_scored == 7
    state = after(state, RestoreNucleus(field=FIELD, nucleus=1))
    assert (row(state, 1)["scored"], row(state, 1)["reject_reason"]) == (True, "")
    assert score_review(state).progress == {
        "unreviewed": 7,
        "accepted": 1,
        "rejected": 0,
        "edited": 0,
    }


def test_delete_takes_pixels_and_signals_and_restore_brings_them_back(start):
    state = after(start, DeleteNucleus(field=FIELD, nucleus=4))
    assert row(state, 4) is None
    assert 4 not in state.labels(FIELD)
    assert (signal(state, CLUSTER)["status"], signal(state, CLUSTER)["copies"]) == ("outside", 0)
    assert signal(state, CLUSTER)["reason"] == "NOT_IN_NUCLEUS"
    state = after(state, RestoreNucleus(field=FIELD, nucleus=4))
    assert counts(state, 4) == (8, 9, 11, 2)
    np.testing.assert_array_equal(state.labels(FIELD), start.labels(FIELD))


def test_merge_adds_up(start):
    state = after(start, MergeNuclei(field=FIELD, nuclei=(1, 2)))
    assert row(state, 1) is None
    assert counts(state, 5) == (7, 7, 7, 4)
    np.testing.assert_array_equal(state.labels(FIELD) == 5, np.isin(start.labels(FIELD), [1, 2]))
    assert row(state, 5)["area_um2"] == pytest.approx(2 * row(start, 1)["area_um2"])
    assert row(state, 5)["x_px"] == pytest.approx(
        (row(start, 1)["x_px"] + row(start, 2)["x_px"]) / 2
    )


def test_split_divides_pixels_and_signals(start):
    middle = float(row(start, 4)["x_px"])
    state = after(
        start, SplitNucleus(field=FIELD, nucleus=4, cut_yx_px=((0.0, middle), (9.0, middle)))
    )
    five, six = counts(state, 5), counts(state, 6)
    assert tuple(np.add(five, six)) == (8, 9, 11, 2)
    labels = state.labels(FIELD)
    np.testing.assert_array_equal(np.isin(labels, [5, 6]), start.labels(FIELD) == 4)
    columns = state.columns
    for y, x, nucleus in zip(columns.y_px, columns.x_px, columns.nucleus, strict=True):
        if nucleus in (5, 6):
            assert labels[round(y), round(x)] == nucleus


def test_redraw_keeps_the_number_and_the_neighbours(start):
    whole = DrawNucleus(field=FIELD, polygon_yx_px=((0, 0), (0, 47), (23, 47), (23, 0)))
    with_neighbours = RedrawNucleus(field=FIELD, nucleus=1, polygon_yx_px=whole.polygon_yx_px)
    state = after(start, with_neighbours)
    labels = state.labels(FIELD)
    np.testing.assert_array_equal(labels == 2, start.labels(FIELD) == 2)
    assert (labels[:24, :24] == 1).all()
    assert signal(state, OUTSIDE)["nucleus"] == 1  # it lies in the new outline
    assert counts(state, 1) == (5, 5, 5, 2)
    assert [counts(state, other) for other in (2, 3, 4)] == [
        counts(start, other) for other in (2, 3, 4)
    ]
    assert row(state, 1)["reject_reason"] == "BORDER"
    top = RedrawNucleus(field=FIELD, nucleus=1, runs_px=((4, 4, 20), (5, 4, 20)))
    state = after(state, top)
    assert int(row(state, 1)["her2"]) < 5
    assert row(state, 1)["area_um2"] == pytest.approx(32 * 0.01)


def test_draw_takes_free_pixels_only(start):
    deleted = after(start, DeleteNucleus(field=FIELD, nucleus=1))
    state = after(deleted, DrawNucleus(field=FIELD, polygon_yx_px=((2, 2), (2, 30), (21, 2))))
    np.testing.assert_array_equal(state.labels(FIELD) == 2, start.labels(FIELD) == 2)
    assert (state.labels(FIELD) == 5).sum() > 100
    with pytest.raises(ReviewError, match="no pixel is left"):
        after(start, DrawNucleus(field=FIELD, runs_px=((8, 8, 12),)))


def test_add_and_delete_a_signal(start):
    state = after(start, AddSignal(field=FIELD, channel="HER2", y_px=10, x_px=10))
    assert counts(state, 1) == (5, 5, 5, 2)
    assert row(state, 1)["review"] == "edited"
    assert np.isnan(signal(state, 29)["snr"])
    state = after(state, DeleteSignal(field=FIELD, signal=1))
    assert counts(state, 1) == (4, 4, 4, 2)
    assert (signal(state, 1)["status"], signal(state, 1)["reason"]) == (
        "rejected",
        "READER_DELETED",
    )
    outside = after(start, AddSignal(field=FIELD, channel="CEP17", y_px=0, x_px=47))
    assert signal(outside, 29)["status"] == "outside"


@pytest.mark.parametrize(
    ("y_px", "x_px", "inside"),
    [
        (-0.5, 5, True),
        (-0.51, 5, False),
        (23.49, 5, True),
        (23.5, 5, False),
        (5, -0.51, False),
        (5, 95.49, True),
        (5, 95.5, False),
    ],
)
def test_a_field_reaches_to_the_rims_of_its_outermost_pixels(start, y_px, x_px, inside):
    assert start.shape(FIELD) == (24, 96)
    action = AddSignal(field=FIELD, channel="HER2", y_px=y_px, x_px=x_px)
    if inside:
        assert signal(after(start, action), 29)["y_px"] == y_px
        return
    with pytest.raises(ReviewError, match="outside the field"):
        after(start, action)


def test_reassign_takes_copies_and_range_along(start):
    state = after(start, ReassignSignal(field=FIELD, signal=CLUSTER, nucleus=1))
    assert counts(state, 1) == (7, 8, 10, 2)
    assert counts(state, 4) == (5, 5, 5, 2)
    assert "HER2_ESTIMATED" in row(state, 1)["flags"]
    assert row(state, 4)["flags"] == ""
    state = after(start, ReassignSignal(field=FIELD, signal=OUTSIDE, nucleus=2))
    assert counts(state, 2) == (4, 4, 4, 2)


def test_set_copies_settles_the_range(start):
    state = after(start, SetCopies(field=FIELD, signal=CLUSTER, copies=7))
    assert counts(state, 4) == (12, 12, 12, 2)
    assert row(state, 4)["flags"] == ""
    state = after(start, SetCopies(field=FIELD, signal=REJECTED, copies=1))
    assert counts(state, 1) == (5, 5, 5, 2)
    assert signal(state, REJECTED)["reason"] == ""


def test_merge_and_split_signals(start):
    state = after(start, MergeSignals(field=FIELD, signals=(2, 1)))
    assert counts(state, 1) == (3, 3, 3, 2)
    assert [signal(state, n)["status"] for n in (1, 2)] == ["merged", "kept"]
    assert signal(state, 1)["merged_into"] == 2
    undone = after(state, SetCopies(field=FIELD, signal=1, copies=1))
    assert pd.isna(signal(undone, 1)["merged_into"])
    state = after(state, SplitSignal(field=FIELD, signal=2, into_yx_px=((9, 9), (9, 11), (11, 9))))
    assert counts(state, 1) == (5, 5, 5, 2)
    assert signal(state, 2)["reason"] == "READER_SPLIT"


def test_losing_all_signals_of_a_colour_skips_the_nucleus(start):
    first, second = 16, 17
    state = after(
        start,
        DeleteSignal(field=FIELD, signal=first),
        DeleteSignal(field=FIELD, signal=second),
    )
    found = row(state, 1)
    assert (found["scored"], found["reject_reason"]) == (False, "ONE_COLOUR")
    assert np.isnan(found["ratio"])
    assert score_review(state).score.n_scored == 7
    state = after(state, RestoreNucleus(field=FIELD, nucleus=1))
    assert row(state, 1)["scored"]


def test_undo_and_redo_walk_one_history(start):
    one = after(start, RejectNucleus(field=FIELD, nucleus=1))
    two = after(one, DeleteSignal(field="field_2", signal=1))
    history = History(present=start)
    for action, expected in (
        (RejectNucleus(field=FIELD, nucleus=1), one),
        (DeleteSignal(field="field_2", signal=1), two),
        (Undo(), one),
        (Undo(), start),
        (Redo(), one),
        (Redo(), two),
    ):
        history, _ = history.after(action)
        assert history.present == expected
    with pytest.raises(ReviewError, match="nothing to redo"):
        history.after(Redo())
    history, _ = history.after(Undo())
    history, _ = history.after(AcceptNucleus(field=FIELD, nucleus=3))
    assert not history.undone


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (AcceptNucleus(field="field_9", nucleus=1), "no such field"),
        (AcceptNucleus(field=FIELD, nucleus=9), "no such nucleus"),
        (DeleteSignal(field=FIELD, signal=99), "no such signal"),
        (DeleteSignal(field=FIELD, signal=REJECTED), "rejected already"),
        (SetCopies(field=FIELD, signal=OUTSIDE, copies=1), "in no nucleus"),
        (MergeSignals(field=FIELD, signals=(1, 16)), "one channel and one nucleus"),
        (ReassignSignal(field=FIELD, signal=1, nucleus=1), "there already"),
        (ReassignSignal(field=FIELD, signal=1, nucleus=7), "no such nucleus"),
        (AddSignal(field=FIELD, channel="DAPI", y_px=1, x_px=1), "no such channel"),
        (AddSignal(field=FIELD, channel="HER2", y_px=-3, x_px=1), "outside the field"),
        (SplitNucleus(field=FIELD, nucleus=1, cut_yx_px=((0, 90), (9, 90))), "does not cut"),
        (RestoreNucleus(field=FIELD, nucleus=9), "no such nucleus"),
        (Undo(), "nothing to undo"),
    ],
)
def test_what_cannot_be_done_is_an_error(start, action, problem):
    with pytest.raises(ReviewError, match=problem):
        History(present=start).after(action)


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "accept_nucleus", "field": FIELD},
        {"kind": "accept_nucleus", "field": FIELD, "nucleus": 1, "nuclues": 2},
        {"kind": "reject_nucleus", "field": FIELD, "nucleus": 1, "reject_reason": "LOW_SNR"},
        {"kind": "merge_nuclei", "field": FIELD, "nuclei": [1, 1]},
        {"kind": "draw_nucleus", "field": FIELD},
        {"kind": "set_copies", "field": FIELD, "signal": 1, "copies": 0},
        {"kind": "split_nucleus", "field": FIELD, "nucleus": 1, "cut_yx_px": [[1, 1], [1, 1]]},
        {"kind": "explode"},
        {},
    ],
)
def test_a_malformed_record_is_no_action(record):
    with pytest.raises(ReviewError, match="not an action"):
        parse_action(record)


def test_an_action_with_values_that_do_not_hold_is_an_error_of_ours():
    with pytest.raises(ReviewError, match=r"AcceptNucleus: nucleus: .* greater than or equal to 1"):
        AcceptNucleus(field=FIELD, nucleus=0)
    with pytest.raises(ReviewError, match="MergeNuclei: nuclei: name each of them once"):
        MergeNuclei(field=FIELD, nuclei=(1, 1))
    with pytest.raises(ReviewError, match="DrawNucleus: give polygon_yx_px or runs_px"):
        DrawNucleus(field=FIELD)
