"""The report as PDF and the tables for a spreadsheet: whole, equal, and never live."""

import io
import stat
import sys
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from fishcount.batch import CaseJob, FieldJob, score_job
from fishcount.errors import OutputError
from fishcount.io import read_case_folder
from fishcount.report import pdf
from fishcount.report.pdf import print_pdf
from fishcount.report.workbook import case_csv, case_row, case_xlsx
from fishcount.synthetic import simulate_case, write_case

HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "＝1", "\t=1", "#N/A", "a\x07b", "<b>"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("exports")
    fields = write_case(place / "in", simulate_case("equivocal", seed=4, n_fields=1, size=288))
    job = CaseJob(name="case_1", fields=tuple(FieldJob(files=path) for path in sorted(fields)))
    score_job(job, place / "case_1")
    return read_case_folder(place / "case_1")


def hostile(folder, text):
    return replace(
        folder,
        summary={**folder.summary, "case": text, "flags": [text]},
        nuclei=folder.nuclei.assign(field=text),
        signals=folder.signals.assign(field=text),
    )


def test_csv_is_one_row_of_the_summary(folder):
    table = pd.read_csv(io.BytesIO(case_csv(folder)))
    assert len(table) == 1
    for key in ("n_scored", "her2_signals", "cep17_signals"):
        assert table.at[0, key] == folder.summary[key]
    assert table.at[0, "her2_cep17_ratio"] == pytest.approx(folder.summary["her2_cep17_ratio"])
    for category in folder.summary["categories"]:
        assert table.at[0, category["scheme"]] == category["category"]


def test_a_case_without_a_result_has_gaps_not_zeros():
    row = case_row(
        {
            "case": "empty",
            "n_scored": 0,
            "her2_cep17_ratio": None,
            "intervals_95": {"her2_cep17_ratio": None},
            "categories": [{"scheme": "s", "category": "NOT_EVALUABLE", "group": None}],
        }
    )
    assert row["her2_cep17_ratio"] is None
    assert row["her2_cep17_ratio_low_95"] is None
    assert "s_group" not in row


def test_workbook_holds_every_row(folder):
    book = openpyxl.load_workbook(io.BytesIO(case_xlsx(folder)))
    assert book.sheetnames == ["case", "categories", "nuclei", "signals"]
    for title, table in (("nuclei", folder.nuclei), ("signals", folder.signals)):
        rows = list(book[title].iter_rows(values_only=True))
        assert list(rows[0]) == list(table.columns)
        assert len(rows) == len(table) + 1
    assert [row[7] for row in book["nuclei"].iter_rows(min_row=2, values_only=True)] == list(
        folder.nuclei.iloc[:, 7]
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_live(folder, text):
    bad = hostile(folder, text)
    book = openpyxl.load_workbook(io.BytesIO(case_xlsx(bad)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "b"}
    assert not any(cell.hyperlink for cell in cells)
    starts = tuple("=+-@\t＝")
    assert not any(c.value.startswith(starts) for c in cells if isinstance(c.value, str))
    assert not case_csv(bad).splitlines()[1].lstrip(b'"').startswith((b"=", b"+", b"-", b"@"))


def test_without_openpyxl_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(OutputError, match=r"fishcount\[xlsx\]"):
        case_xlsx(folder)


def test_command_writes_beside_and_leaves_the_folder(call, folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    arguments = ["--csv", tmp_path / "a.csv", "--xlsx", tmp_path / "a.xlsx"]
    assert call("report", folder.path, *arguments)[0] == 0
    assert (tmp_path / "a.csv").read_bytes() == case_csv(folder)
    assert (tmp_path / "a.xlsx").read_bytes().startswith(b"PK")
    after = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    assert after == before


def test_a_file_that_is_there_is_not_replaced_unasked(call, folder, tmp_path):
    image = tmp_path / "img.tif"
    image.write_bytes(b"pixels")
    for option in ("--csv", "--xlsx", "--pdf"):
        code, _, err = call("report", folder.path, option, image)
        assert (code, image.read_bytes()) == (2, b"pixels")
        assert "exists already" in err
    assert call("report", folder.path, "--csv", image, "--overwrite")[0] == 0
    assert image.read_bytes().startswith(b"case,")


@pytest.mark.parametrize("arguments", [["--csv", "{case}/x.csv"], ["--no-such"]])
def test_command_refuses_in_one_line(call, folder, arguments):
    told = [text.format(case=folder.path) for text in arguments]
    code, _, err = call("report", folder.path, *told)
    assert code == 2
    assert err.count("\n") == 1
    assert not (folder.path / "x.csv").exists()


def test_without_a_browser_it_says_so(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="install Chromium"):
        print_pdf(folder.path / "report.html", tmp_path / "a.pdf")
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the browser")
@pytest.mark.parametrize("script", ["exit 3", "exit 0", "exec sleep 30"])
def test_a_failing_browser_leaves_the_earlier_file(folder, tmp_path, monkeypatch, script):
    fake = tmp_path / "chromium"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(pdf, "find_browser", lambda: str(fake))
    out = tmp_path / "a.pdf"
    out.write_bytes(b"earlier")
    with pytest.raises(OutputError, match="cannot be printed"):
        print_pdf(folder.path / "report.html", out, timeout_s=1)
    assert out.read_bytes() == b"earlier"
