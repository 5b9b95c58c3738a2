"""Verification: says of every input and file whether it is as it was."""

from __future__ import annotations

import json

import numpy as np
import pytest
from test_case_folder import empty_signals, nuclei, summary

from fishcount.errors import InputError, MetadataError
from fishcount.io import provenance, sha256_of, verify_case_folder, write_case_folder
from fishcount.settings import Settings


@pytest.fixture
def case(tmp_path):
    source = tmp_path / "field_1.tif"
    source.write_bytes(b"pixels")
    record = summary(["field_1"]) | {"settings_sha256": Settings().sha256()}
    return write_case_folder(
        tmp_path / "case",
        summary=record,
        nuclei=nuclei(["field_1"]),
        signals=empty_signals(),
        labels={"field_1": np.ones((3, 4), np.int32)},
        settings_toml=Settings().to_toml(),
        provenance=provenance({"field_1.tif": sha256_of(source)}, Settings()),
        report_html="<p>report</p>",
    )


def changes(case):
    found = verify_case_folder(case, inputs_from=case.parent)
    return {(check.what, check.name, check.status) for check in found.changes}


def test_an_untouched_case_is_as_it_was(case):
    verification = verify_case_folder(case, inputs_from=case.parent)
    assert verification.ok
    assert {check.name for check in verification.checks} == {
        "field_1.tif",
        "summary.json",
        "nuclei.csv",
        "signals.csv",
        "settings.toml",
        "labels/field_1.tif",
        "report.html",
    }
    assert json.dumps(verification.to_record())


def test_inputs_are_found_from_above_the_case_folder_too(case, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert verify_case_folder(case).ok
    # A file of that name in the current folder is not the one that was scored.
    (elsewhere / "field_1.tif").write_bytes(b"of another study")
    assert verify_case_folder(case).ok
    (found,) = verify_case_folder(case, inputs_from=elsewhere).changes
    assert (found.name, found.status) == ("field_1.tif", "changed")
    (case.parent / "field_1.tif").unlink()
    assert [check.status for check in verify_case_folder(case).changes] == ["changed"]
    (elsewhere / "field_1.tif").unlink()
    assert [check.status for check in verify_case_folder(case).changes] == ["missing"]


def test_it_says_what_changed(case):
    (case.parent / "field_1.tif").write_bytes(b"other pixels")
    (case / "report.html").unlink()
    text = (case / "nuclei.csv").read_text()
    (case / "nuclei.csv").write_text(text.replace("3", "4", 1))
    (case / "settings.toml").write_text("")
    (case / "notes.txt").write_text("mine")
    assert changes(case) == {
        ("input", "field_1.tif", "changed"),
        ("output", "report.html", "missing"),
        ("output", "nuclei.csv", "changed"),
        ("output", "settings.toml", "changed"),
        ("output", "notes.txt", "added"),
        ("settings", "settings.toml", "changed"),
    }
    assert "missing  output report.html" in verify_case_folder(case).to_text()


def test_a_missing_input_is_told(case):
    (case.parent / "field_1.tif").unlink()
    assert changes(case) == {("input", "field_1.tif", "missing")}


def test_a_review_is_no_change(case):
    (case / "edits.jsonl").write_text("{}\n")
    (case / "reviewed").mkdir()
    (case / "reviewed" / "summary.json").write_text("{}")
    assert changes(case) == set()


def test_what_cannot_be_compared_is_an_error(case, tmp_path):
    with pytest.raises(InputError, match=r"no such case folder \(found .*score --out"):
        verify_case_folder(tmp_path / "nothing")
    record = json.loads((case / "provenance.json").read_text())
    record["outputs"]["../x"] = "0"
    (case / "provenance.json").write_text(json.dumps(record))
    with pytest.raises(MetadataError, match="outside the folder"):
        verify_case_folder(case)
    (case / "provenance.json").unlink()
    with pytest.raises(MetadataError, match="no hashes"):
        verify_case_folder(case)
