"""A second run scores what has changed, and nothing else."""

import dataclasses
import json
import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

import fishcount
from fishcount.batch import CaseJob, FieldJob, cases_in_folder, process, read_manifest, run_batch
from fishcount.errors import InputError, OutputError
from fishcount.settings import Settings, with_overrides

ALL = [f"case_{number}" for number in range(1, 6)]


def table(out):
    return pd.read_csv(out / "cases.csv", keep_default_na=False).drop(columns="seconds")


def touch_pixels(path):
    """Another last byte of the metadata: the file is as good, its hash another."""
    data = path.read_bytes()
    path.write_bytes(data + b"\0")


def test_a_finished_batch_is_not_scored_again(cases, run, scored, tmp_path):
    first = run(cases_in_folder(cases))
    assert (first.progress.n_scored, scored) == (5, ALL)
    before = table(tmp_path / "out")
    second = run(cases_in_folder(cases))
    assert (second.progress.n_kept, second.progress.n_scored) == (5, 0)
    assert scored == ALL
    assert table(tmp_path / "out").equals(before)


TOLD = {
    "channels": {"DAPI": "0"},
    "rgb": {"red": "HER2"},
    "axes": "CYX",
    "series": 1,
    "pixel_size_um": 0.2,
    "z_step_um": 0.5,
    "offset_counts": 100.0,
    "roi": Path("roi.geojson"),
    "labels": Path("labels.tif"),
}


def test_whatever_is_told_of_a_field_is_a_call_of_its_own():
    assert {one.name for one in dataclasses.fields(FieldJob)} == {"files", *TOLD}
    plain = FieldJob(files=Path("field.tif"))
    fields = [plain, *(dataclasses.replace(plain, **{key: TOLD[key]}) for key in TOLD)]
    calls = {process.call_sha256(CaseJob(name="case", fields=(one,))) for one in fields}
    assert len(calls) == 1 + len(TOLD)


def test_what_changed_is_scored_again(cases, run, scored, monkeypatch):
    two = ["case_1", "case_2"]
    for number in (3, 4, 5):
        shutil.rmtree(cases / f"case_{number}")
    run(cases_in_folder(cases))
    scored.clear()

    touch_pixels(cases / "case_2" / "field_1.ome.tif")
    run(cases_in_folder(cases))
    assert scored == ["case_2"]

    scored.clear()
    other = with_overrides(Settings(), ["spots.min_snr=6"])
    run(cases_in_folder(cases, settings=other))
    assert scored == two
    run(cases_in_folder(cases, settings=other))
    assert scored == two

    monkeypatch.setattr(fishcount, "__version__", "99")
    run(cases_in_folder(cases, settings=other))
    assert scored == two * 2
    run(cases_in_folder(cases, settings=other), again=True)
    assert scored == two * 3


def test_a_damaged_or_absent_case_folder_is_written_again(cases, run, scored, tmp_path):
    run(cases_in_folder(cases))
    scored.clear()
    (tmp_path / "out" / "case_1" / "nuclei.csv").write_text("nothing\n")
    (tmp_path / "out" / "case_4" / "labels" / "field_1.tif").unlink()
    run(cases_in_folder(cases))
    assert scored == ["case_1", "case_4"]


def test_a_lost_state_costs_nothing_but_the_times(cases, run, scored, tmp_path):
    run(cases_in_folder(cases))
    before = table(tmp_path / "out")
    scored.clear()
    (tmp_path / "out" / "batch.sqlite").unlink()
    run(cases_in_folder(cases))
    assert scored == []
    assert table(tmp_path / "out").equals(before)


def test_a_region_is_an_input_too(cases, run, scored, tmp_path):
    ring = [[0, 0], [256, 0], [256, 256], [0, 256], [0, 0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    roi = tmp_path / "roi.json"
    roi.write_text(json.dumps(geometry))
    manifest = tmp_path / "cases.csv"
    manifest.write_text("case,field,roi\na,cases/case_1/field_1.ome.tif,roi.json\n")
    run(read_manifest(manifest))
    run(read_manifest(manifest))
    assert scored == ["a"]
    roi.write_text(json.dumps(geometry) + " ")
    run(read_manifest(manifest))
    assert scored == ["a", "a"]


def test_failed_cases_are_rows_and_are_tried_again(cases, run, scored, tmp_path):
    whole = (cases / "case_3" / "field_1.ome.tif").read_bytes()
    (cases / "case_3" / "field_1.ome.tif").write_bytes(whole[:3000])
    (cases / "case_6").mkdir()
    result = run(cases_in_folder(cases))
    assert (result.progress.n_scored, result.progress.n_failed) == (4, 2)
    rows = table(tmp_path / "out").set_index("case")
    assert list(rows.index) == [*ALL, "case_6"]
    assert list(rows["state"]) == ["done", "done", "failed", "done", "done", "failed"]
    assert rows.loc["case_3", "error"] == "TruncatedFileError"
    assert "3000 bytes" in rows.loc["case_3", "message"]
    assert rows.loc["case_6", "error"] == "InputError"
    assert not (tmp_path / "out" / "case_3").exists()
    page = (tmp_path / "out" / "index.html").read_text()
    assert 'href="case_2/report.html"' in page
    assert "case_3/report.html" not in page
    assert "<b>No result:</b> TruncatedFileError" in page
    assert "3000 bytes" in page

    scored.clear()
    (cases / "case_3" / "field_1.ome.tif").write_bytes(whole)
    run(cases_in_folder(cases))
    assert scored == ["case_3", "case_6"]
    assert table(tmp_path / "out").set_index("case").loc["case_3", "state"] == "done"


def test_an_error_of_our_own_is_a_row_and_says_where(cases, run, scored, tmp_path, monkeypatch):
    score_job = process.score_job

    def fail(job, *arguments, **options):
        return 1 / 0 if job.name == "case_2" else score_job(job, *arguments, **options)

    monkeypatch.setattr(process, "score_job", fail)
    assert run(cases_in_folder(cases)).progress.n_failed == 1
    row = table(tmp_path / "out").set_index("case").loc["case_2"]
    assert row["error"] == "ZeroDivisionError"
    assert row["message"].startswith("division by zero (in fail, test_batch_resume.py line ")


def test_the_table_has_the_order_of_the_manifest(cases, run, tmp_path):
    manifest = tmp_path / "cases.csv"
    order = [4, 1, 3, 5]
    lines = [f"patient_{n},cases/case_{n}/field_1.ome.tif,2+" for n in order]
    manifest.write_text("\n".join(["case,field,ihc", *lines]))
    run_batch(read_manifest(manifest), tmp_path / "out", workers=2)
    rows = table(tmp_path / "out")
    assert list(rows["case"]) == [f"patient_{n}" for n in order]
    summary = json.loads((tmp_path / "out" / "patient_3" / "summary.json").read_text())
    row = rows.set_index("case").loc["patient_3"]
    assert int(row["her2_signals"]) == summary["her2_signals"] > 0
    assert summary["ihc"] == "2+"
    # Another manifest: what it does not name leaves the table, and the state.
    manifest.write_text("\n".join(["case,field,ihc", *lines[::-1][:2]]))
    result = run(read_manifest(manifest))
    assert result.progress.n_kept == 2
    assert list(table(tmp_path / "out")["case"]) == ["patient_5", "patient_3"]
    with sqlite3.connect(tmp_path / "out" / "batch.sqlite") as state:
        names = state.execute("SELECT name FROM cases ORDER BY position").fetchall()
    assert names == [("patient_5",), ("patient_3",)]


def test_the_same_image_is_no_second_field(cases, run, tmp_path):
    field = cases / "case_1" / "field_1.ome.tif"
    (cases / "case_1" / "copy.ome.tif").write_bytes(field.read_bytes())
    run(cases_in_folder(cases)[:1])
    row = table(tmp_path / "out").iloc[0]
    assert row["error"] == "InputError"
    assert "same image" in row["message"]


def test_a_folder_of_something_else_is_left_alone(cases, run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "diary.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"diary\.txt"):
        run(cases_in_folder(cases))
    with pytest.raises(InputError, match="no cases"):
        run([])


def test_a_manifest_is_no_table_and_is_not_written_over(cases, run, scored, tmp_path):
    """It may be called as the table is, and lie where a batch is written by mistake."""
    out = tmp_path / "out"
    out.mkdir()
    manifest = out / "cases.csv"
    manifest.write_text("case,field\na,../cases/case_1/field_1.ome.tif\n")
    with pytest.raises(OutputError, match="not a folder of a batch"):
        run(read_manifest(manifest))
    assert manifest.read_text().startswith("case,field")
    assert scored == []
