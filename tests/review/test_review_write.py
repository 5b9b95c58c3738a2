"""`reviewed/` beside the automatic result, `fishcount replay` and `fishcount verify`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fishcount.errors import ReviewError
from fishcount.io import put_file, read_case_folder, verify_case_folder
from fishcount.records import CASE_FIGURES
from fishcount.review import (
    MergeNuclei,
    RejectNucleus,
    Review,
    SecondCount,
    SetCopies,
    SplitSignal,
    reviewed_nuclei,
    reviewed_signals,
    write_reviewed,
)
from fishcount.tables import NUCLEI_COLUMNS, SIGNALS_COLUMNS

FIELD = "field_1"


@pytest.fixture
def edited(case):
    with Review.open(case, reader="A") as review:
        review.do(RejectNucleus(field=FIELD, nucleus=1))
        review.do(SetCopies(field=FIELD, signal=10, copies=20))
        review.do(MergeNuclei(field=FIELD, nuclei=(2, 3)))
        review.do(SplitSignal(field="field_2", signal=1, into_yx_px=((8, 8), (12, 12))))
    return case


def test_the_reviewed_folder_keeps_the_contract(edited):
    before = {path: path.read_bytes() for path in edited.rglob("*") if path.is_file()}
    write_reviewed(edited)
    assert {path: path.read_bytes() for path in before} == before
    assert verify_case_folder(edited).ok
    reviewed = read_case_folder(edited / "reviewed")
    assert verify_case_folder(reviewed.path).ok
    nuclei, signals = reviewed.nuclei, reviewed.signals
    scored = nuclei[nuclei["scored"]]
    summary = reviewed.summary
    assert summary["n_scored"] == len(scored) == 6
    assert summary["her2_signals"] == scored["her2"].sum()
    for field in reviewed.labels:
        own = nuclei[nuclei["field"] == field]["nucleus"].to_numpy()
        np.testing.assert_array_equal(np.unique(reviewed.label_image(field)), [0, *own])
    kept = signals[(signals["status"] == "kept") & (signals["channel"] == "HER2")]
    sums = kept.groupby(["field", "nucleus"])["copies"].sum()
    counts = nuclei.set_index(["field", "nucleus"])["her2"]
    np.testing.assert_array_equal(sums, counts)
    automatic = read_case_folder(edited).summary
    assert summary["review"]["automatic"]["her2_signals"] == automatic["her2_signals"]
    assert summary["review"]["readers"] == ["A"]
    assert (summary["review"]["n_events"], summary["review"]["rejected"]) == (4, 1)


def test_the_reviewed_result_is_not_reviewed_in_place_of_its_case(edited):
    write_reviewed(edited)
    reviewed = edited / "reviewed"
    with pytest.raises(ReviewError, match="open the case itself"):
        Review.open(reviewed, reader="A")
    with pytest.raises(ReviewError, match="open the case itself"):
        SecondCount.open(reviewed, reader="B")
    # So the case can be exported again.
    write_reviewed(edited)
    # A copy elsewhere is a case of its own.
    alone = shutil.copytree(reviewed, edited.parent / "alone" / "case")
    Review.open(alone, reader="A").close()


def test_replay_prints_both_headlines_and_writes(call, edited):
    code, out, err = call("replay", edited)
    assert (code, err) == (0, "")
    automatic, reviewed = (read_case_folder(path).summary for path in (edited, edited / "reviewed"))
    rows = {line[:26].strip(): line[26:].split() for line in out.splitlines()}
    assert set(CASE_FIGURES.values()) <= set(rows)
    assert rows["HER2 signals"] == [
        str(automatic["her2_signals"]),
        str(reviewed["her2_signals"]),
    ]
    assert "4 of 7 nuclei reviewed, log of 4 by A" in out
    assert "asco-cap-2018-dual" in rows
    assert "For research use only." in out
    again = json.loads(call("replay", edited, "--json")[1])
    assert again["her2_signals"] == reviewed["her2_signals"]


def test_replay_evaluates_the_schemes_that_score_does(call, case, tmp_path):
    text = (
        'id = "{}"\nname = "Mine"\nedition = "1"\ncitation = "nobody"\nprobes = "any"\n'
        '[[rule]]\ncategory = "POSITIVE"\nmean_her2_per_nucleus = ">= 0"\n'
    )
    mine, clash = tmp_path / "mine.toml", tmp_path / "clash.toml"
    mine.write_text(text.format("mine"))
    clash.write_text(text.format("seed-copies"))
    put_file(case, "settings.toml", data=b'[scoring]\nschemes = ["gea-ratio"]\n')
    with Review.open(case, reader="A") as review:
        review.do(RejectNucleus(field=FIELD, nucleus=1))
    summary = json.loads(call("replay", case, "--scheme-file", mine, "--json")[1])
    schemes = [one["scheme"] for one in summary["categories"]]
    always = ["seed-copies", "asco-cap-2018-dual", "asco-cap-2018-single"]
    assert schemes == [*always, "gea-ratio", "mine"]
    code, _, err = call("replay", case, "--scheme-file", clash)
    assert code == 2
    assert "such a scheme already" in err


def test_verify_finds_an_altered_log(call, edited):
    assert call("verify", edited)[0] == 0
    path = edited / "edits.jsonl"
    path.write_text(path.read_text().replace('"copies":20', '"copies":21', 1))
    code, out, _ = call("verify", edited)
    assert code == 1
    assert "edits.jsonl, line 2: the line is not as it was written" in out
    code, _, err = call("replay", edited)
    assert code == 2
    assert "line 2" in err


def test_without_edits_there_is_nothing_to_replay(call, case):
    with pytest.raises(ReviewError, match="no edit was made"):
        write_reviewed(case)
    assert call("verify", case)[0] == 0
    assert call("replay", case)[0] == 2


def test_columns_that_a_review_adds_are_documented(start):
    page = Path(__file__).parents[2] / "docs" / "reference" / "case_folder.md"
    lines = page.read_text("utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith("| `reviewed/`"))
    added = set(reviewed_nuclei(start)) - set(NUCLEI_COLUMNS)
    added |= set(reviewed_signals(start)) - set(SIGNALS_COLUMNS)
    assert added
    assert [name for name in added if f"`{name}`" not in row] == []
