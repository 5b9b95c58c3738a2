"""The blinded second count: its log, its choice, its outcome."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from reviewed_cases import draw_case

from fishcount.errors import AlteredLogError, OutputError, ReviewError
from fishcount.io import read_case_folder, verify_case_folder
from fishcount.report.agreement import write_second_count
from fishcount.review import (
    AcceptNucleus,
    Review,
    SecondCount,
    second_count_logs,
    verify_review,
)


def open_count(case, *, reader="B", n_nuclei=0, seed=3):
    return SecondCount.open(case, reader=reader, n_nuclei=n_nuclei, rng=np.random.default_rng(seed))


def test_every_count_is_on_the_disk_and_is_gone_on_with(case):
    with open_count(case, n_nuclei=3) as first:
        chosen = first.chosen
        first.count(chosen[0], her2=4, cep17=2)
        first.skip(chosen[1])
    with open_count(case, n_nuclei=99, seed=8) as again:
        assert again.chosen == chosen
        assert again.counted == {chosen[0]: (4, 2)}
        assert again.skipped == {chosen[1]}
        again.undo()
        assert again.skipped == set()
        again.count(chosen[0], her2=5, cep17=2)
        assert again.counted == {chosen[0]: (5, 2)}
        again.undo()
        assert again.counted == {chosen[0]: (4, 2)}
        again.undo()
        with pytest.raises(ReviewError, match="nothing to undo"):
            again.undo()


def test_chance_takes_fit_outlines_whatever_was_counted_in_them(tmp_path):
    case = draw_case(tmp_path / "case", her2=(4, 0, 2, 6), cep17=(2, 0, 0, 2))
    seen = set()
    for seed in range(8):
        with open_count(case, reader=f"R{seed}", n_nuclei=4, seed=seed) as count:
            assert len(set(count.chosen)) == 4
            seen |= set(count.chosen)
    # Nuclei without a signal or of one colour may be chosen: that is a count.
    assert seen == set(count.automatic.nucleus_at)


def test_chance_chooses_others_for_those_that_were_skipped(case):
    rng = np.random.default_rng(1)
    with open_count(case, n_nuclei=6) as count:
        began = count.chosen
        assert count.replace_skipped(rng) == ()
        count.skip(began[0])
        (other,) = count.replace_skipped(rng)
        assert other not in began
        assert count.chosen == (*began, other)
        # What is taken back and skipped again asks for no further one.
        count.undo()
        count.skip(began[0])
        assert count.replace_skipped(rng) == ()
        count.skip(other)
        count.skip(began[1])
        # There are eight in the case.
        assert len(count.replace_skipped(rng)) == 1
        chosen = count.chosen
    with open_count(case, n_nuclei=6) as again:
        assert again.chosen == chosen
        assert again.replace_skipped(rng) == ()
    with open_count(case, reader="C", n_nuclei=0) as free:
        free.skip(free.nuclei[0])
        assert free.replace_skipped(rng) == (), "the reader chooses"


def test_where_chance_is_to_choose_it_needs_what_draws(case):
    with pytest.raises(ReviewError, match="n_nuclei=0"):
        SecondCount.open(case, reader="B", n_nuclei=3)
    assert second_count_logs(case) == ()
    with open_count(case, n_nuclei=3) as count:
        chosen = count.chosen
    with SecondCount.open(case, reader="B", n_nuclei=3) as again:
        assert again.chosen == chosen


def test_where_nothing_can_be_written_that_is_said(case, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="copy the case to a folder"):
        open_count(case)


def test_the_log_holds_nothing_of_the_first_count(case):
    with open_count(case, n_nuclei=3) as count:
        count.count(count.chosen[0], her2=91, cep17=17)
    lines = [json.loads(line) for line in second_count_logs(case)[0].read_text().splitlines()]
    assert [line["action"]["kind"] for line in lines] == ["choose_nuclei", "count_nucleus"]
    assert lines[1]["old"] == {lines[1]["object"]["nuclei"][0]: None}
    assert lines[1]["reader"] == "B"


def test_the_second_reader_is_another_one(case):
    with Review.open(case, reader="A") as review:
        review.do(AcceptNucleus(field="field_1", nucleus=1))
    with pytest.raises(ReviewError, match="another observer"):
        open_count(case, reader="A")
    with pytest.raises(ReviewError, match="name of its reader"):
        open_count(case, reader=" ")


@pytest.mark.parametrize(
    ("nucleus", "counts", "problem"),
    [
        (("field_1", 99), {"her2": 1, "cep17": 1}, "no such nucleus"),
        (("field_1", 1), {"her2": -1, "cep17": 1}, "not a count"),
        (("field_1", 1), {"her2": 1}, "count HER2 and CEP17"),
    ],
)
def test_what_is_no_count_is_refused_and_not_written(case, nucleus, counts, problem):
    with open_count(case) as count:
        with pytest.raises(ReviewError, match=problem):
            count.count(nucleus, **counts)
        assert count.log.content.events == ()


def test_agreement_is_with_the_first_count(case):
    first = read_case_folder(case).nuclei
    with open_count(case) as count:
        for field, nucleus, her2, cep17 in zip(
            first["field"], first["nucleus"], first["her2"], first["cep17"], strict=True
        ):
            count.count((field, nucleus), her2=int(her2), cep17=int(cep17))
        her2, cep17, ratio = count.agreement()
        assert (her2.exact_share, her2.kappa, her2.icc) == (1.0, 1.0, pytest.approx(1.0))
        assert cep17.n == ratio.n == len(first)
        assert ratio.bland_altman.bias == 0


@pytest.fixture
def equivocal(tmp_path):
    """Group 4 with IHC 2+: the rule book asks for a recount."""
    return draw_case(tmp_path / "case", her2=(5,) * 11 + (2,), cep17=(3,) * 12, per_row=4)


def test_the_outcome_goes_into_the_work_up(equivocal):
    with open_count(equivocal) as count:
        for nucleus in count.nuclei:
            count.count(nucleus, her2=5, cep17=3)
        record = write_second_count(count)
    assert record["refused"] is None
    assert record["workup"]["recount"]["reader"] == "B"
    assert record["workup"]["outcome"]["category"] == "NEGATIVE"
    workup = json.loads((equivocal / "workup.json").read_text())
    assert workup["recount"]["n_nuclei"] == 24
    beside = sorted(path.suffix for path in (equivocal / "second_counts").iterdir())
    assert beside == [".csv", ".json", ".jsonl", ".png"]
    assert (equivocal / "second_counts" / "B.png").read_bytes()[:4] == b"\x89PNG"
    # What people add is no change of the automatic result.
    assert verify_case_folder(equivocal).ok


def test_a_recount_that_is_too_small_says_so_and_stays_out(equivocal):
    with open_count(equivocal) as count:
        with pytest.raises(ReviewError, match="nothing was counted"):
            write_second_count(count)
        count.count(count.nuclei[0], her2=5, cep17=3)
        record = write_second_count(count)
    assert record["workup"] is None
    assert "fewer than 20" in record["refused"]
    assert not (equivocal / "workup.json").exists()


def test_an_altered_line_is_found(case):
    with open_count(case) as count:
        count.count(("field_1", 1), her2=4, cep17=2)
    (log,) = second_count_logs(case)
    assert {check.status for check in verify_review(case)} == {"unchanged"}
    log.write_bytes(log.read_bytes().replace(b'"her2":4', b'"her2":5'))
    assert {check.status for check in verify_review(case)} == {"changed"}
    with pytest.raises(AlteredLogError, match="not as it was written"):
        open_count(case)


def test_a_whole_log_that_takes_back_more_than_was_counted_is_refused(case):
    with open_count(case) as count:
        count.count(("field_1", 1), her2=4, cep17=2)
        count.undo()
        count.log.append(count.log.content.events[-1])
    assert {check.status for check in verify_review(case)} == {"changed"}
    with pytest.raises(ReviewError, match="nothing to undo"):
        open_count(case)


def test_after_the_comparison_nothing_more_is_counted(case):
    with open_count(case) as count:
        count.count(("field_1", 1), her2=4, cep17=2)
        first = write_second_count(count)
        for more in (
            lambda: count.count(("field_1", 2), her2=4, cep17=2),
            lambda: count.skip(("field_1", 2)),
            count.undo,
        ):
            with pytest.raises(ReviewError, match="not blinded"):
                more()
        # The comparison may be seen again, and is the same.
        assert write_second_count(count) == first
    with open_count(case) as again:
        assert again.finished
        assert again.counted == {("field_1", 1): (4, 2)}
        with pytest.raises(ReviewError, match="let another observer count"):
            again.undo()


def test_a_log_that_goes_on_after_its_end_is_refused(case):
    with open_count(case) as count:
        count.count(("field_1", 1), her2=4, cep17=2)
        counted = count.log.content.events[-1]
        count.finish()
        count.log.append(counted)
    assert {check.status for check in verify_review(case)} == {"changed"}
    with pytest.raises(ReviewError, match="after the comparison was seen"):
        open_count(case)


@pytest.mark.parametrize("spelt", ["A. Reader", "a reader", " A.Reader "])
def test_another_spelling_is_no_other_observer(case, spelt):
    with Review.open(case, reader="A. Reader") as review:
        review.do(AcceptNucleus(field="field_1", nucleus=1))
    with pytest.raises(ReviewError, match="another observer"):
        open_count(case, reader=spelt)
