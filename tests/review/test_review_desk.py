"""The desk: the list, where the reader is, and what follows an edit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from reviewed_cases import draw_case

from fishcount.errors import ReviewError
from fishcount.review import (
    AcceptNucleus,
    AddSignal,
    DeleteNucleus,
    Desk,
    MergeNuclei,
    NoteNucleus,
    RejectNucleus,
    SetCopies,
    SplitNucleus,
    replay_folder,
    reviewed_nuclei,
    signal_near,
    signal_place,
    signals_of,
)


@pytest.fixture
def desk(case) -> Iterator[Desk]:
    desk = Desk.open(case, reader="A")
    yield desk
    desk.close()


def test_most_doubtful_comes_first_with_its_reasons(desk):
    # The first nucleus of each field has a ratio of 2, the last an estimated cluster.
    assert [key[1] for key in desk.shown[:4]] == [1, 1, 4, 4]
    assert desk.nucleus == desk.shown[0]
    assert "near a decision" in desk.table.why[0]
    assert "estimated cluster" in desk.table.why[2]
    doubts = list(desk.table.doubt)
    assert doubts == sorted(doubts, reverse=True)


def test_one_action_accepts_and_goes_on(desk):
    first, second = desk.shown[:2]
    told = []
    desk.listeners.append(told.append)

    desk.accept_and_go_on()

    assert desk.nucleus == second
    assert told == ["moved", "edited"]
    assert desk.state.nuclei[first].review == "accepted"
    assert (desk.scored.n_reviewed, desk.scored.n_nuclei) == (1, 8)


def test_accepting_twice_goes_on_without_a_line_in_the_log(desk):
    desk.accept_and_go_on()
    desk.step(-1)
    desk.accept_and_go_on()
    assert len(desk.review.log.content.events) == 1
    assert desk.nucleus == desk.shown[1]


def test_the_filter_lets_go_of_what_was_reviewed(desk):
    desk.arrange(show="unreviewed")
    second = desk.shown[1]
    desk.accept_and_go_on()
    assert len(desk.shown) == 7
    assert desk.nucleus == second == desk.shown[0]


def test_words_and_columns_arrange_the_list(desk):
    desk.arrange(text="field_2 cluster")
    assert desk.shown == (("field_2", 4),)
    desk.arrange(by="her2", descending=True)
    copies = dict(zip(desk.table.ids, desk.table.her2.tolist(), strict=True))
    listed = [copies[key] for key in desk.shown]
    assert listed == sorted(listed, reverse=True)
    desk.arrange(by="her2")
    assert [copies[key] for key in desk.shown] == sorted(listed)


def test_what_has_no_ratio_is_sorted_last(tmp_path):
    case = draw_case(tmp_path / "case", her2=(4, 3, 2), cep17=(2, 0, 2), fields=("field_1",))
    desk = Desk.open(case, reader="A")
    for descending in (False, True):
        desk.arrange(by="ratio", descending=descending)
        assert desk.shown[-1] == ("field_1", 2)
    desk.close()


def test_steps_stay_within_the_list(desk):
    desk.step(-1)
    assert desk.nucleus == desk.shown[0]
    desk.step(100)
    assert desk.nucleus == desk.shown[-1]
    desk.step(1)
    assert desk.nucleus == desk.shown[-1]


def test_next_unreviewed_goes_round(desk):
    desk.go_to(desk.shown[-1])
    desk.do(AcceptNucleus(field=desk.shown[0][0], nucleus=desk.shown[0][1]))
    desk.next_unreviewed()
    assert desk.nucleus == desk.shown[1]


def test_opening_again_goes_on_where_it_was_left(case):
    first = Desk.open(case, reader="A")
    first.accept_and_go_on()
    where = first.nucleus
    first.close()

    second = Desk.open(case, reader="A")
    assert second.nucleus == where
    assert second.scored.n_reviewed == 1
    second.close()


def test_undo_goes_where_the_edit_was(desk):
    first = desk.nucleus
    desk.do_and_go_on(RejectNucleus(field=first[0], nucleus=first[1]))
    desk.step(3)
    desk.undo()
    assert desk.nucleus == first
    assert desk.scored.n_reviewed == 0
    desk.redo()
    assert desk.scored.progress["rejected"] == 1


def test_a_merged_nucleus_takes_the_place_of_its_parents(desk):
    desk.go_to(("field_1", 2))
    place = min(desk.shown.index(("field_1", 2)), desk.shown.index(("field_1", 3)))
    desk.do(MergeNuclei(field="field_1", nuclei=(2, 3)))
    assert desk.nucleus == ("field_1", 5)
    assert desk.shown.index(("field_1", 5)) == place


def test_a_split_leaves_the_reader_at_a_half(desk):
    desk.go_to(("field_1", 1))
    desk.do(SplitNucleus(field="field_1", nucleus=1, cut_yx_px=((12.0, 0.0), (12.0, 20.0))))
    assert desk.nucleus in (("field_1", 5), ("field_1", 6))
    assert len(desk.shown) == 9


def test_after_a_deletion_the_next_of_the_list_is_looked_at(desk):
    first, second = desk.shown[:2]
    desk.do(DeleteNucleus(field=first[0], nucleus=first[1]))
    assert desk.nucleus == second


def test_signals_are_stepped_through_and_picked_by_place(desk):
    desk.go_to(("field_1", 1))
    own = signals_of(desk.state, ("field_1", 1))
    assert len(own) == 6
    desk.step_signal(1)
    assert desk.signal == own[0]
    desk.step_signal(-1)
    assert desk.signal == own[-1]
    z_px, y_px, x_px = signal_place(desk.state, own[2])
    assert signal_near(desk.state, "field_1", (y_px + 0.5, x_px)) is not None
    assert signal_near(desk.state, "field_1", (y_px + 500, x_px)) is None
    assert z_px == 0


def test_merging_and_splitting_signals_moves_counts_and_score(desk):
    desk.go_to(("field_1", 1))
    before = desk.scored.score.her2_signals
    desk.step_signal(1)
    desk.merge_with_nearest()
    assert desk.scored.score.her2_signals == before - 1
    desk.split_in_two()
    assert desk.scored.score.her2_signals == before
    desk.undo()
    desk.undo()
    assert desk.scored.score.her2_signals == before
    assert np.array_equal(desk.state.columns.copies, desk.state.automatic.signals.copies)


def test_without_a_picked_signal_it_says_what_to_do(desk):
    with pytest.raises(ReviewError, match="point at one"):
        desk.split_in_two()


def test_a_note_changes_no_count_and_survives(desk, case):
    name, number = desk.nucleus
    score = desk.scored.score
    desk.do(NoteNucleus(field=name, nucleus=number, text="  mitosis? "))
    assert desk.table.notes[desk.table.ids.index((name, number))] == "mitosis?"
    assert desk.scored.score.her2_signals == score.her2_signals
    assert desk.scored.n_reviewed == 0

    table = reviewed_nuclei(replay_folder(case)[0])
    noted = table[(table["field"] == name) & (table["nucleus"] == number)]
    assert noted["note"].tolist() == ["mitosis?"]
    desk.undo()
    assert set(desk.table.notes) == {""}


def test_who_takes_the_seat_signs_from_then_on(desk, case):
    desk.accept_and_go_on()
    desk.review.reader = " B "
    desk.accept_and_go_on()
    desk.review.reader = " "
    with pytest.raises(ReviewError, match="name of its reader"):
        desk.accept_and_go_on()
    assert [event.reader for event in replay_folder(case)[1].events] == ["A", "B"]


def test_undo_and_redo_tell_which_edit_they_meant(desk):
    first = desk.nucleus
    desk.accept_and_go_on()
    desk.do(NoteNucleus(field=first[0], nucleus=first[1], text="odd"))
    assert [desk.undo().action["kind"] for _ in range(2)] == ["note_nucleus", "accept_nucleus"]
    assert [desk.redo().action["kind"] for _ in range(2)] == ["accept_nucleus", "note_nucleus"]
    assert desk.undo().action["text"] == "odd"


def test_who_leaves_the_nuclei_decides_on_none_and_comes_back(desk):
    desk.step(2)
    was = desk.nucleus
    desk.leave()
    assert desk.nucleus is None
    with pytest.raises(ReviewError, match="no nucleus is chosen"):
        desk.accept_and_go_on()
    # An edit elsewhere does not send the reader to a nucleus that it did not touch.
    desk.do(AddSignal(field="field_1", channel="HER2", y_px=0.0, x_px=0.0))
    assert desk.nucleus is None
    desk.step(1)
    assert desk.nucleus == was


def test_estimates_are_told_from_counts_until_a_reader_counts_them(desk):
    row = int(np.flatnonzero(desk.table.estimated["HER2"])[0])
    nucleus = desk.table.ids[row]
    assert "estimated cluster" in desk.table.why[row]
    for signal in signals_of(desk.state, nucleus):
        if desk.state.signal(signal).channel == "HER2":
            desk.do(SetCopies(field=signal[0], signal=signal[1], copies=3))
    assert not desk.table.estimated["HER2"][desk.table.ids.index(nucleus)]
