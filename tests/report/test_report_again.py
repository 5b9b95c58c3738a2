"""The report of a case folder: made again as it was, without its images, and after a review."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from report_pages import Page

from fishcount.batch import CaseJob, FieldJob, score_job
from fishcount.errors import AlteredLogError
from fishcount.guidelines import add_ihc
from fishcount.io import read_case_folder, verify_case_folder
from fishcount.report import render_folder, write_reports
from fishcount.report.agreement import write_second_count
from fishcount.review import (
    AcceptNucleus,
    AddSignal,
    NoteNucleus,
    RejectNucleus,
    Review,
    SecondCount,
    SetCopies,
    verify_review,
    write_reviewed,
)
from fishcount.synthetic import simulate_case, write_case
from fishcount.workup import resume, write_workup


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    place = tmp_path_factory.mktemp("again")
    drawn = simulate_case("amplified", seed=4, n_fields=2, size=288, snr="easy")
    files = sorted(write_case(place / "in", drawn))
    job = CaseJob(name="case_1", fields=tuple(FieldJob(files=path) for path in files), ihc="2+")
    score_job(job, place / "case_1")
    return place


@pytest.fixture
def folder(scored, tmp_path):
    """A copy that a test may change; the images stay where they were."""
    return shutil.copytree(scored / "case_1", tmp_path / "case_1")


@pytest.fixture
def reviewed(folder):
    first = read_case_folder(folder).nuclei.query("scored").iloc[0]
    field, nucleus = first["field"], int(first["nucleus"])
    other = int(
        read_case_folder(folder).nuclei.query("scored and field == @field")["nucleus"].max()
    )
    with Review.open(folder, reader="A. <Reader>") as review:
        review.do(RejectNucleus(field=field, nucleus=nucleus), reason="crushed & torn")
        review.do(AddSignal(field=field, channel="HER2", y_px=1.0, x_px=2.0))
        review.undo()
    with Review.open(folder, reader="B") as review:
        review.do(AcceptNucleus(field=field, nucleus=other))
        review.do(NoteNucleus(field=field, nucleus=other, text="look <again>"))
    write_reviewed(folder)
    return folder


def test_from_the_folder_it_is_the_page_that_the_run_wrote(call, folder):
    written = (folder / "report.html").read_text(encoding="utf-8")
    assert render_folder(read_case_folder(folder)) == written
    assert call("report", folder)[0] == 0
    assert (folder / "report.html").read_text(encoding="utf-8") == written
    assert verify_case_folder(folder).ok


def test_a_page_that_was_lost_or_damaged_is_whole_again(folder):
    written = (folder / "report.html").read_bytes()
    (folder / "report.html").write_text("<html>")
    write_reports(folder)
    assert (folder / "report.html").read_bytes() == written


def test_nothing_is_made_of_a_table_that_was_changed(call, folder, tmp_path):
    table = folder / "nuclei.csv"
    table.write_bytes(table.read_bytes().replace(b"\n", b"\r\n"))
    for more in ((), ("--csv", tmp_path / "row.csv")):
        code, _, err = call("report", folder, *more)
        assert code == 2
        assert "is not as it was written" in err
    assert not (tmp_path / "row.csv").exists()


def test_made_in_another_place_it_says_the_same(scored, tmp_path, monkeypatch):
    monkeypatch.chdir(scored)
    job = CaseJob(name="near", fields=(FieldJob(files=Path("in/field_1.ome.tif")),))
    score_job(job, tmp_path / "case")
    shutil.copytree(tmp_path / "case", scored / "moved")
    written = (tmp_path / "case" / "report.html").read_bytes()
    monkeypatch.chdir(tmp_path)
    (again,) = write_reports(scored / "moved")
    assert not again.missing_images
    assert again.path.read_bytes() == written


def test_without_its_image_a_field_is_drawn_with_outlines_and_says_so(folder):
    record = json.loads((folder / "provenance.json").read_text())
    name = next(iter(record["reading"]))
    record["reading"][name]["files"] = "gone.ome.tif"
    (folder / "provenance.json").write_text(json.dumps(record))
    (again,) = write_reports(folder)
    assert set(again.missing_images) == {name}
    page = Page(again.path.read_text(encoding="utf-8"))
    assert page.words.count("Drawn without its image.") == 1
    assert len(page.classes("card")) == len(read_case_folder(folder).nuclei)
    assert sum("l-dapi" in (a.get("class") or "") for a in page.all("g")) == 1


def test_both_pages_put_the_automatic_beside_the_reviewed_result(reviewed):
    automatic, ours = (Page(one.path.read_text("utf-8")) for one in write_reports(reviewed))
    summary = read_case_folder(reviewed / "reviewed").summary
    for page in (automatic, ours):
        assert "A. <Reader>" in page.words
        assert "1 × nucleus left out" in page.words
        assert "crushed & torn" in page.words
        assert "3 edits stand" in page.words
        figures = f"{summary['review']['automatic']['n_scored']} {summary['n_scored']} yes"
        assert f"Scored nuclei {figures}" in page.words
    assert any(attrs["href"] == "reviewed/report.html" for attrs in automatic.all("a"))
    assert "reviewed by A. <Reader>, B" in ours.words
    assert "Rejected by a reader" in ours.words
    assert "Note: look <again>" in ours.words
    assert all(check.status == "unchanged" for check in verify_review(reviewed))


def test_the_reviewed_page_is_told_from_the_automatic_one_on_paper(reviewed):
    texts = [one.path.read_text("utf-8") for one in write_reports(reviewed)]
    heads = [re.findall(r"@top-\w+ \{ content: (.*); \}", text) for text in texts]
    assert heads[0][0] != heads[1][0]
    assert "reviewed" in heads[1][0]
    assert heads[0][1] != heads[1][1]


def test_edits_after_the_reviewed_result_are_pointed_out(reviewed):
    field = read_case_folder(reviewed).summary["fields"][1]["name"]
    with Review.open(reviewed, reader="B") as review:
        review.do(AcceptNucleus(field=field, nucleus=1))
    page = Page(render_folder(read_case_folder(reviewed)))
    assert "1 later line of the log is not in this result" in page.words


def test_an_altered_log_is_no_report(reviewed):
    log = reviewed / "edits.jsonl"
    log.write_bytes(log.read_bytes().replace(b"crushed", b"missing"))
    with pytest.raises(AlteredLogError):
        write_reports(reviewed)


def test_a_second_count_and_the_work_up_stand_in_both_pages(reviewed):
    nuclei = read_case_folder(reviewed).nuclei.query("scored")
    with SecondCount.open(reviewed, reader="C", n_nuclei=0) as count:
        for field, nucleus, her2 in nuclei[["field", "nucleus", "her2"]].itertuples(index=False):
            count.count((field, int(nucleus)), her2=int(her2), cep17=2)
        record = write_second_count(count)
    for written in write_reports(reviewed):
        words = Page(written.path.read_text("utf-8")).words
        sums = f"C {len(nuclei)} {nuclei['her2'].sum()} {2 * len(nuclei)}"
        assert sums in words
        assert ("not taken into the work-up" in words) == (record["refused"] is not None)
        assert f"HER2 copies {record['agreement'][0]['n']}" in words
    assert ("Work-up" in words) == (record["workup"] is not None)


def test_the_work_up_is_told(folder):
    state = add_ihc(resume(read_case_folder(folder)), "2+")
    write_workup(state, read_case_folder(folder))
    page = Page(render_folder(read_case_folder(folder)))
    assert "with what has come in since (IHC 2+)" in page.words
    count = state.counts[0]
    assert f"first count fishcount {count.n_nuclei} {count.her2} {count.cep17}" in page.words


def test_a_case_without_a_review_says_that_it_has_none(folder):
    page = Page(render_folder(read_case_folder(folder)))
    assert "No reader has reviewed this case" in page.words


def test_the_lines_of_the_log_say_how_and_why(reviewed):
    with Review.open(reviewed, reader="B") as review:
        signal = next(
            row
            for row in read_case_folder(reviewed).signals.itertuples()
            if row.status == "kept" and row.copies < 9
        )
        review.do(SetCopies(field=signal.field, signal=signal.signal, copies=9))
    write_reviewed(reviewed)
    words = Page(render_folder(read_case_folder(reviewed))).words
    assert "rejected by a reader; crushed & torn" in words
    assert "9 copies" in words


def test_copies_that_a_reader_counted_are_no_estimate(folder):
    case = read_case_folder(folder)
    row = case.nuclei[case.nuclei["scored"] & case.nuclei["flags"].str.contains("HER2_ESTIMATED")]
    field, nucleus = row["field"].iloc[0], int(row["nucleus"].iloc[0])
    of_nucleus = (case.signals["field"] == field) & (case.signals["nucleus"] == nucleus)
    mine = case.signals[of_nucleus & (case.signals["channel"] == "HER2")]
    with Review.open(folder, reader="A") as review:
        for signal in mine.query("status == 'kept'")["signal"].tolist():
            review.do(SetCopies(field=field, signal=int(signal), copies=29))
    write_reviewed(folder)
    before, after = (
        Page(render_folder(read_case_folder(place))).words
        for place in (folder, folder / "reviewed")
    )
    assert "×29" not in before
    assert "≈29" not in after
    assert after.count("×29") == len(mine.query("status == 'kept'"))


def test_edits_that_no_result_holds_are_not_passed_over(folder):
    first = read_case_folder(folder).nuclei.query("scored").iloc[0]
    with Review.open(folder, reader="A") as review:
        review.do(RejectNucleus(field=first["field"], nucleus=int(first["nucleus"])))
    words = Page(render_folder(read_case_folder(folder))).words
    assert "its log has 1 line that is in no reviewed result yet" in words
    assert "No reader has reviewed this case" not in words


@pytest.mark.parametrize("note", ["", "7", "odd"])
def test_a_note_is_what_was_written(folder, note):
    first, other = read_case_folder(folder).nuclei.query("scored").iloc[:2].itertuples()
    with Review.open(folder, reader="A") as review:
        review.do(RejectNucleus(field=first.field, nucleus=int(first.nucleus)))
        if note:
            review.do(NoteNucleus(field=other.field, nucleus=int(other.nucleus), text=note))
    write_reviewed(folder)
    reviewed = read_case_folder(folder / "reviewed")
    assert sorted(reviewed.nuclei["note"].unique()) == sorted({"", note})
    words = Page(render_folder(reviewed)).words
    assert words.count("Note: ") == (note != "")
    assert f"Note: {note}" in words or not note


def test_a_recount_goes_to_the_result_that_it_is_compared_with(folder):
    """Rejecting takes the reviewed case to other counts than the automatic ones."""
    nuclei = read_case_folder(folder).nuclei.query("scored")
    first = nuclei.iloc[0]
    with Review.open(folder, reader="A") as review:
        review.do(RejectNucleus(field=first["field"], nucleus=int(first["nucleus"])))
    with SecondCount.open(folder, reader="C", n_nuclei=0) as count:
        for field, nucleus in nuclei[["field", "nucleus"]].itertuples(index=False):
            count.count((field, int(nucleus)), her2=5, cep17=3)
        record = write_second_count(count)
        assert "not exported" in record["refused"]
        write_reviewed(folder)
        record = write_second_count(count)
    assert "not exported" not in (record["refused"] or "")
    assert not (folder / "workup.json").exists()
    assert (folder / "reviewed" / "workup.json").exists() == (record["workup"] is not None)
    words = Page(render_folder(read_case_folder(folder / "reviewed"))).words
    needed = words[words.index("What is needed") : words.index("Scored nuclei")]
    assert "Counted a second time by C" in needed
