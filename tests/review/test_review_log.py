"""The log: durable, chained, readable after a kill; any altered byte is found."""

from __future__ import annotations

import contextlib
import itertools
import json
import multiprocessing
import os
import signal
import sys
import time

import numpy as np
import pytest

from fishcount.errors import AlteredLogError, MetadataError, OutputError, ReviewError
from fishcount.io import put_file
from fishcount.review import (
    AcceptNucleus,
    AddSignal,
    DeleteSignal,
    RejectNucleus,
    Review,
    read_log,
    replay_folder,
    verify_review,
    write_reviewed,
)

FIELD = "field_1"
N_KILLS = 15
CODES = ("OVERLAPPED", "BLURRED", "DIM", "DEBRIS", "MITOTIC")


def edit_a_little(case):
    with Review.open(case, reader="A. Reader") as review:
        review.do(RejectNucleus(field=FIELD, nucleus=1), reason="crushed \u00b5")
        review.do(AddSignal(field=FIELD, channel="HER2", y_px=12.5, x_px=34.0))
        review.undo()
        return review.state


def test_a_line_says_who_what_when_and_why(case):
    edit_a_little(case)
    first, second, third = [json.loads(line) for line in (case / "edits.jsonl").open()]
    assert list(first) == [
        "time",
        "reader",
        "action",
        "object",
        "old",
        "new",
        "reason",
        "software",
        "input_sha256",
        "previous",
        "sha256",
    ]
    assert (first["reader"], first["reason"]) == ("A. Reader", "crushed \u00b5")
    assert first["object"] == {"nuclei": ["field_1/1"], "signals": []}
    assert first["new"]["nuclei"]["field_1/1"]["review"] == "rejected"
    assert first["previous"] == first["input_sha256"]
    assert second["previous"] == first["sha256"]
    assert second["new"]["signals"] == {"field_1/29": third["old"]["signals"]["field_1/29"]}
    assert third["action"] == {"kind": "undo"}


def test_replay_is_the_live_state_and_goes_on(case):
    live = edit_a_little(case)
    assert replay_folder(case)[0] == live
    with Review.open(case, reader="B") as review:
        assert review.state == live
        assert len(review.history.undone) == 1
        review.redo()
        with pytest.raises(ReviewError, match="no such nucleus"):
            review.do(AcceptNucleus(field=FIELD, nucleus=40))
        assert len(review.log.content.events) == 4
    assert replay_folder(case)[0] == review.state


def test_every_altered_byte_is_found(case, tmp_path):
    edit_a_little(case)
    whole = b"".join((case / "edits.jsonl").read_bytes().splitlines(keepends=True)[:2])
    path = tmp_path / "edits.jsonl"
    last = len(whole) - 1
    for place, old in enumerate(whole):
        # An end of line at every fifth place, because each attempt waits for the disk.
        values = (old ^ 1, ord("\n")) if place % 5 == 0 else (old ^ 1,)
        for new in {*(range(256) if place == last else values)} - {old}:
            path.write_bytes(whole[:place] + bytes([new]) + whole[place + 1 :])
            with pytest.raises(AlteredLogError, match=r"line \d: the line is not as"):
                read_log(path)


@pytest.mark.parametrize("order", [(1, 2), (0, 2), (1, 0, 2), (0, 0, 1, 2), (0, 1, 1, 2)])
def test_a_missing_moved_or_doubled_line_is_found(case, order):
    edit_a_little(case)
    path = case / "edits.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[i] for i in order))
    with pytest.raises(ReviewError, match=r"not as it was written|another automatic result"):
        replay_folder(case)
    (check,) = verify_review(case)
    assert check.status == "changed"
    assert "line" in check.name


def test_a_torn_line_loses_that_action_only(case):
    edit_a_little(case)
    path = case / "edits.jsonl"
    whole = path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    for cut in (1, 2, 3, *range(4, last, 5), last):
        path.write_bytes(whole[: len(whole) - cut])
        content = read_log(path)
        # Without its end of line alone, a line is whole.
        assert len(content.events) == (3 if cut == 1 else 2)
        assert content.torn == (0 if cut == 1 else last - cut)
    path.write_bytes(whole[:-10])
    with Review.open(case, reader="B") as review:
        review.do(AcceptNucleus(field=FIELD, nucleus=2))
    assert replay_folder(case)[0] == review.state
    path.write_bytes(path.read_bytes()[:-1])
    with Review.open(case, reader="B") as review:
        review.do(AcceptNucleus(field=FIELD, nucleus=3))
    assert len(read_log(path).events) == 4


def test_a_log_of_another_result_is_refused(case):
    edit_a_little(case)
    text = (case / "nuclei.csv").read_text().replace("field_1,1,11.5", "field_1,1,11.6")
    put_file(case, "nuclei.csv", data=text.encode())
    with pytest.raises(ReviewError, match="another automatic result"):
        Review.open(case, reader="A")


@pytest.mark.parametrize("name", ["nuclei.csv", "summary.json", "labels/field_1.tif"])
def test_a_result_that_was_altered_is_not_reviewed(case, name):
    """As by a spreadsheet that saved a table it had opened."""
    with (case / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(MetadataError, match="is not as it was written; put the earlier file back"):
        Review.open(case, reader="A")


def test_what_the_log_says_must_come_of_the_replay(case):
    edit_a_little(case)
    path = case / "edits.jsonl"
    event = read_log(path).events[0]
    forged = event.model_copy(update={"action": {**event.action, "nucleus": 2}}).sealed()
    path.write_bytes(forged.line())
    with pytest.raises(ReviewError, match="line 1: the replay changes something else"):
        replay_folder(case)


def test_two_reviews_at_once_are_refused(case):
    with (
        Review.open(case, reader="A"),
        pytest.raises(ReviewError, match="open in another review"),
    ):
        Review.open(case, reader="B")
    with pytest.raises(ReviewError, match="name of its reader"):
        Review.open(case, reader=" ")


def test_an_edit_that_is_not_written_is_not_made(case, monkeypatch):
    with Review.open(case, reader="A") as review:
        review.do(AcceptNucleus(field=FIELD, nucleus=1))
        before, state = (case / "edits.jsonl").read_bytes(), review.state

        def fail(file):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OutputError, match="No space left"):
            review.do(AcceptNucleus(field=FIELD, nucleus=2))
        assert review.state == state
        assert (case / "edits.jsonl").read_bytes() == before


def edit_for_ever(case, told):
    with Review.open(case, reader="K") as review:
        told.send(len(review.log.content.events))
        for i in itertools.count(len(review.log.content.events)):
            if i % 7 == 6:
                review.undo()
            else:
                code = CODES[i % 5]  # never the one that the nucleus has already
                review.do(RejectNucleus(field=FIELD, nucleus=1 + i % 4, reject_reason=code))
            told.send(len(review.log.content.events))


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_a_kill_loses_at_most_one_action(case):
    rng = np.random.default_rng(9)
    fork = multiprocessing.get_context("fork")
    n_events = 0
    for _ in range(N_KILLS):
        reading, writing = fork.Pipe(duplex=False)
        editor = fork.Process(target=edit_for_ever, args=(case, writing))
        editor.start()
        writing.close()
        assert reading.recv() == n_events
        time.sleep(rng.uniform(0, 0.03))
        os.kill(editor.pid, signal.SIGKILL)
        editor.join()
        told = n_events
        with contextlib.suppress(EOFError, OSError):
            while True:
                told = reading.recv()
        content = read_log(case / "edits.jsonl")
        # What was told was durable; at most one more was written before it could be told.
        assert told <= len(content.events) <= told + 1
        n_events = len(content.events)
    assert n_events > N_KILLS
    with Review.open(case, reader="A") as review:
        review.do(DeleteSignal(field="field_2", signal=1))
    assert replay_folder(case)[0] == review.state
    assert verify_review(case)[0].status == "unchanged"


def test_an_edit_is_durable_within_50_ms(case):
    with Review.open(case, reader="A") as review:
        times_s = []
        for i in range(40):
            action = RejectNucleus(field=FIELD, nucleus=1, reject_reason=CODES[i % 5])
            start = time.perf_counter()
            review.do(action)
            times_s.append(time.perf_counter() - start)
    # The median: this machine may be busy with something else now and then.
    assert np.median(times_s) < 0.05


def test_a_log_that_was_cut_off_is_found_by_the_reviewed_result(case):
    edit_a_little(case)
    write_reviewed(case)
    assert {check.status for check in verify_review(case)} == {"unchanged"}
    path = case / "edits.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    changed = [check.name for check in verify_review(case) if check.status == "changed"]
    assert len(changed) == 1
    assert "it had 3 lines" in changed[0]
    with pytest.raises(AlteredLogError, match="it had 3 lines"):
        write_reviewed(case)  # what would be written is less than what was read
    assert write_reviewed(case, again=True).n_reviewed
    assert {check.status for check in verify_review(case)} == {"unchanged"}


def test_a_log_that_is_gone_is_found_by_the_reviewed_result(case):
    edit_a_little(case)
    write_reviewed(case)
    (case / "edits.jsonl").unlink()
    check = verify_review(case)[0]
    assert (check.name, check.status) == ("edits.jsonl", "missing")


def test_every_fault_of_a_reviewed_case_is_told_at_once(case, call):
    edit_a_little(case)
    write_reviewed(case)
    (case / "nuclei.csv").write_text((case / "nuclei.csv").read_text() + "\n")
    (case / "reviewed" / "signals.csv").unlink()
    code, said, _ = call("verify", case)
    assert code == 1
    assert "changed  output nuclei.csv" in said
    assert "changed  review edits.jsonl, nuclei.csv: " in said
    assert "changed  review reviewed, signals.csv: cannot be read" in said


def test_a_damaged_reviewed_result_is_made_again(case):
    edit_a_little(case)
    write_reviewed(case)
    (case / "reviewed" / "signals.csv").unlink()
    write_reviewed(case)
    assert {check.status for check in verify_review(case)} == {"unchanged"}
