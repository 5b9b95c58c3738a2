"""`fishcount batch` as a person and a program call it."""

import json
import shutil

import pandas as pd

from fishcount.batch import Progress
from fishcount.batch.state import CaseState
from fishcount.batch.table import write_table
from fishcount.cli.batch import _show
from fishcount.guidelines import classify
from fishcount.records import CASE_FIGURES, category_record
from fishcount.report.workbook import case_row


def test_exit_codes_and_summary(call, cases, scored, tmp_path):
    out = tmp_path / "out"
    code, said, err = call("batch", cases, "--out", out, "--json")
    assert (code, err) == (0, "")
    record = json.loads(said)
    assert (record["n_cases"], record["n_scored"], record["n_failed"]) == (5, 5, 0)
    assert len(pd.read_csv(record["table"])) == 5

    (cases / "case_2" / "field_1.ome.tif").write_bytes(b"")
    code, said, _ = call("batch", cases, "--out", out)
    assert code == 3
    assert "5 cases: 0 scored, 4 kept, 1 failed" in said
    assert "  case_2: " in said
    assert "field_1.ome.tif: the file is empty" in said
    # What was there before it failed is neither in the table nor on the page.
    assert (out / "case_2" / "summary.json").exists()
    assert pd.read_csv(out / "cases.csv")["n_scored"].isna().tolist() == [
        name == 1 for name in range(5)
    ]

    code, said, err = call("batch", tmp_path / "absent", "--out", out)
    assert (code, said) == (2, "")
    assert err.count("\n") == 1
    code, _, err = call("batch", cases, "--out", cases, "--set", "spots.typo=1")
    assert code == 2
    assert "typo" in err


def test_options_and_several_folders(call, cases, scored, tmp_path):
    folders = [cases / "case_4", cases / "case_1"]
    out = tmp_path / "out"
    headline = "scoring.headline=['asco-cap-2013-dual']"
    assert call("batch", *folders, "--out", out, "--set", headline)[0] == 0
    rows = pd.read_csv(out / "cases.csv")
    assert list(rows["case"]) == ["case_4", "case_1"]
    assert rows.columns[-1] == "asco-cap-2013-dual"
    assert rows["asco-cap-2013-dual"].notna().all()
    code, _, _ = call("batch", *folders, "--out", out, "--pixel-size-um", 0.2)
    assert code == 0
    assert scored[-2:] == ["case_4", "case_1"]
    summary = json.loads((out / "case_4" / "summary.json").read_text())
    assert summary["pixel_size_um"] == 0.2


def test_progress_tells_the_time_left_from_scored_cases():
    progress = Progress(100, n_scored=10, n_kept=50, n_failed=10, seconds=40.0)
    assert progress.n_ended == 70
    assert progress.seconds_left == 120.0
    assert Progress(100, n_kept=50).seconds_left is None


def test_progress_is_one_line_that_is_written_over(capsys):
    _show(Progress(3))
    _show(Progress(3, n_scored=1, n_failed=1, seconds=200.0))
    _show(Progress(3, n_scored=2, n_failed=1, seconds=300.0))
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.count("\r") == 3
    assert "2 of 3 cases, 1 failed, about 3 min left" in shown
    assert shown.endswith("3 of 3 cases, 1 failed, 5 min\n")


def test_a_comment_is_in_the_table_beside_its_category(tmp_path):
    result = classify(20, 100, 60, ihc="1+", areas=2)
    summary = {
        "case": "a",
        "fields": [],
        "flags": ["POLYSOMY"],
        "intervals_95": {},
        "categories": [category_record(category) for category in result.categories],
        **dict.fromkeys(CASE_FIGURES),
    }
    case = CaseState("a", "done", seconds=1.0, summary=summary, error="", message="")
    write_table([case], tmp_path)
    (row,) = pd.read_csv(tmp_path / "cases.csv").to_dict("records")
    assert row["asco-cap-2018-dual"] == "NEGATIVE"
    assert row["category_flags"] == "UNCERTAIN_BENEFIT"
    assert case_row(summary)["asco-cap-2018-dual_flags"] == "UNCERTAIN_BENEFIT;POLYSOMY"


def test_patterns_are_expanded_and_images_may_be_cases(call, cases, scored, tmp_path):
    code, said, _ = call("batch", cases / "case_[12]", "--out", tmp_path / "folders")
    assert code == 0
    assert "2 cases: 2 scored" in said
    flat = tmp_path / "flat"
    flat.mkdir()
    for case in ("case_1", "case_2"):
        shutil.copy(cases / case / "field_1.ome.tif", flat / f"{case}.ome.tif")
    code, said, _ = call("batch", flat / "*.tif", "--out", tmp_path / "images")
    assert code == 0
    assert list(pd.read_csv(tmp_path / "images" / "cases.csv")["case"]) == ["case_1", "case_2"]
    code, _, err = call("batch", flat / "*.czi", "--out", tmp_path / "none")
    assert code == 2
    assert "matches nothing" in err
    (flat / "notes.txt").write_text("")
    code, _, err = call("batch", flat / "*", "--out", tmp_path / "none")
    assert code == 2
    assert "notes.txt: is neither a folder nor an image" in err
