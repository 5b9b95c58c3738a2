"""`fishcount workup`: recounts and further nuclei are kept, checked, and never settled."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from answers import SIDE_PX, one_line

from fishcount.batch import write_case
from fishcount.io import put_file
from fishcount.pipeline import score_case
from fishcount.review import AcceptNucleus, Review
from fishcount.settings import Settings, with_overrides
from fishcount.synthetic import simulate_case
from fishcount.workup import verify_workup


@pytest.fixture(scope="module")
def group4_folder(tmp_path_factory):
    """A scored case folder whose numbers are then set: group 4 with IHC 2+, and its recount."""
    images = [image for image, _ in simulate_case("negative", seed=5, n_fields=2, size=SIDE_PX)]
    scored = score_case(images, ihc="2+")
    folder = tmp_path_factory.mktemp("workup")
    for name, her2, cep17 in (("first", 100, 60), ("same", 104, 62), ("other", 100, 48)):
        write_case(folder / name, replace(scored, name=name))
        path = folder / name / "summary.json"
        summary = json.loads(path.read_text())
        summary |= {"n_scored": 20, "her2_signals": her2, "cep17_signals": cep17}
        for field in summary["fields"]:
            field["n_scored"] = 10
            field["sha256"] = f"{name} {field['name']}"
        put_file(folder / name, "summary.json", data=json.dumps(summary).encode())
    return folder


@pytest.mark.parametrize(
    ("recount", "state", "category"),
    [("same", "done", "NEGATIVE"), ("other", "adjudication", "ADJUDICATE")],
)
def test_workup_keeps_the_recount_and_never_settles_it(
    call, group4_folder, tmp_path, recount, state, category
):
    folder = tmp_path / "case"
    shutil.copytree(group4_folder / "first", folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert json.loads(call("workup", folder, "--json")[1])["state"] == "recount"
    code, out, err = call(
        "workup", folder, "--recount", group4_folder / recount, "--reader", "B", "--json"
    )
    assert (code, err) == (0, "")
    record = json.loads(out)
    assert (record["state"], record["outcome"]["category"]) == (state, category)
    assert record["recount"]["reader"] == "B"
    assert json.loads(call("workup", folder, "--json")[1]) == record
    for name, content in before.items():
        assert (folder / name).read_bytes() == content
    code, _, err = call("workup", folder, "--recount", group4_folder / recount, "--reader", "C")
    assert code == 2
    assert "recount" in one_line(err)


@pytest.fixture
def group4(group4_folder, tmp_path):
    """A folder of one's own, with IHC 2+ in group 4."""
    return shutil.copytree(group4_folder / "first", tmp_path / "case")


def same_images(folder, like):
    """Let the fields of a folder be those of another."""
    summary = json.loads((folder / "summary.json").read_text())
    other = json.loads((like / "summary.json").read_text())
    for field, one in zip(summary["fields"], other["fields"], strict=True):
        field["sha256"] = one["sha256"]
    put_file(folder, "summary.json", data=json.dumps(summary).encode())
    return folder


def test_a_count_is_no_recount_of_itself(call, group4, group4_folder, tmp_path):
    own = same_images(shutil.copytree(group4_folder / "same", tmp_path / "own"), group4)
    inside = shutil.copytree(group4_folder / "same", group4 / "reviewed")
    for folder in (group4, own, inside):
        code, _, err = call("workup", group4, "--recount", folder, "--reader", "B")
        assert code == 2
        assert "recount" in one_line(err)
    assert not (group4 / "workup.json").exists()


def test_a_summary_that_was_altered_is_not_worked_up(call, group4):
    text = (group4 / "summary.json").read_text()
    (group4 / "summary.json").write_text(text.replace("2+", "0"))
    code, _, err = call("workup", group4)
    assert code == 2
    assert "summary.json: is not as it was written" in one_line(err)


def test_no_image_is_counted_twice(call, group4, group4_folder, tmp_path):
    same = same_images(shutil.copytree(group4_folder / "same", tmp_path / "again"), group4)
    code, _, err = call("workup", group4, "--more", same)
    assert code == 2
    assert "counted already" in one_line(err)
    more = group4_folder / "other"
    code, out, _ = call("workup", group4, "--more", more, "--json")
    assert code == 0
    first, second = json.loads(out)["counts"]
    assert (first["areas"], second["areas"]) == (2, 4)
    code, _, err = call("workup", group4, "--more", more)
    assert code == 2
    assert "counted already" in one_line(err)
    said = call("workup", group4)[1]
    assert f"pooled: {group4}: 20 nuclei, HER2 100, CEP17 60, ratio 1.67\n" in said
    assert f"pooled: {more}: 20 nuclei, HER2 100, CEP17 48, ratio 2.08\n" in said


def test_workup_says_what_speaks_against_the_outcome(call, group4_folder, tmp_path):
    folder = shutil.copytree(group4_folder / "first", tmp_path / "case")
    summary = json.loads((folder / "summary.json").read_text())
    summary |= {"her2_signals": 120, "cep17_signals": 40, "ihc": None}
    put_file(folder, "summary.json", data=json.dumps(summary).encode())
    assert "DISCORDANT" not in call("workup", folder)[1]
    said = call("workup", folder, "--ihc", "0")[1]
    assert "\nDISCORDANT: IHC and ISH contradict each other.\n" in said


def test_further_nuclei_of_another_ihc_score_are_refused(call, group4, group4_folder, tmp_path):
    other = shutil.copytree(group4_folder / "other", tmp_path / "another")
    summary = json.loads((other / "summary.json").read_text())
    put_file(other, "summary.json", data=json.dumps(summary | {"ihc": "1+"}).encode())
    code, _, err = call("workup", group4, "--more", other)
    assert code == 2
    assert "another IHC score (found 1+, expected 2+); are they of this case?" in one_line(err)
    assert not (group4 / "workup.json").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"software": "fishcount 0.0.9"},
            "software: the further nuclei were counted by another version",
        ),
        ({"review": {"n_nuclei": 20}}, "only one was reviewed"),
    ],
)
def test_further_nuclei_of_another_reading_are_refused(
    call, group4, group4_folder, tmp_path, changes, problem
):
    other = shutil.copytree(group4_folder / "other", tmp_path / "another")
    summary = json.loads((other / "summary.json").read_text())
    put_file(other, "summary.json", data=json.dumps(summary | changes).encode())
    code, _, err = call("workup", group4, "--more", other)
    assert code == 2
    assert problem in one_line(err)
    assert not (group4 / "workup.json").exists()


@pytest.mark.parametrize(
    ("assignment", "counts_alike"),
    [("signals.weak_snr=9", False), ("spots.min_snr=5", False), ("scoring.seed=3", True)],
)
def test_nuclei_counted_under_other_settings_are_not_pooled(
    call, group4, group4_folder, tmp_path, assignment, counts_alike
):
    other = shutil.copytree(group4_folder / "other", tmp_path / "another")
    text = with_overrides(Settings(), [assignment]).to_toml()
    put_file(other, "settings.toml", data=text.encode())
    code, _, err = call("workup", group4, "--more", other)
    assert (code == 0) == counts_alike
    if not counts_alike:
        assert "under other settings" in one_line(err)
        assert assignment.partition("=")[0] in err
        assert str(group4 / "settings.toml") in err


@pytest.mark.parametrize(("given", "pooled"), [(True, False), (False, True), (None, True)])
def test_nuclei_in_outlines_of_another_program_are_not_pooled_with_ours(
    call, group4, group4_folder, tmp_path, given, pooled
):
    """A folder of before, which does not say, is taken as it is."""
    other = shutil.copytree(group4_folder / "other", tmp_path / "another")
    summary = json.loads((other / "summary.json").read_text())
    for field in summary["fields"]:
        del field["outlines_given"]
        if given is not None:
            field["outlines_given"] = given
    put_file(other, "summary.json", data=json.dumps(summary).encode())
    code, _, err = call("workup", group4, "--more", other)
    assert (code == 0) == pooled
    if not pooled:
        assert "only one has outlines of another program" in one_line(err)


def test_a_work_up_is_no_change_until_it_is_forged(call, group4_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(group4_folder / "first", "case")
    assert verify_workup("case") == ()
    call("workup", "case", "--recount", group4_folder / "same", "--reader", "B")
    assert [check.status for check in verify_workup(tmp_path / "case")] == ["unchanged"]
    path = tmp_path / "case" / "workup.json"
    record = json.loads(path.read_text())
    for key, value in (("state", "adjudication"), ("ihc", "3+"), ("counts", []), ("recount", 1)):
        path.write_text(json.dumps({**record, key: value}))
        assert [check.status for check in verify_workup("case")] == ["changed"], key
    path.write_text("[]")
    assert [check.status for check in verify_workup("case")] == ["changed"]


def test_a_folder_with_a_work_up_is_not_replaced(call, group4, case_files):
    assert call("workup", group4, "--recount", group4, "--reader", "B")[0] == 2
    (group4 / "workup.json").write_text("{}")
    code, _, err = call("score", case_files[0], "--out", group4, "--overwrite")
    assert code == 2
    assert "work of a reader" in one_line(err)
    assert (group4 / "workup.json").exists()


def test_workup_refuses_a_second_opinion_without_a_name(call, group4_folder):
    folder = group4_folder / "first"
    code, _, err = call("workup", folder, "--recount", folder)
    assert code == 2
    assert "--reader" in one_line(err)


def test_a_workup_says_that_there_are_reviewed_counts(call, case_files, tmp_path):
    """The counts of a reader stand in a folder of their own, and are easily passed over."""
    case = tmp_path / "case"
    call("score", *case_files, "--out", case)
    assert "reviewed" not in call("workup", case)[1]
    with Review.open(case, reader="A. Reader") as review:
        review.do(AcceptNucleus(field="field_1", nucleus=1))
    call("replay", case)
    assert f"Those that were reviewed: {case / 'reviewed'}" in call("workup", case)[1]
    assert "automatic counts" not in call("workup", case / "reviewed")[1]


def test_a_recount_by_nobody_is_no_recount(call, group4, group4_folder):
    other = group4_folder / "other"
    code, _, err = call("workup", group4, "--recount", other, "--reader", "  ")
    assert code == 2
    assert "another observer" in err


def test_an_empty_record_is_no_work_up(call, group4):
    (group4 / "workup.json").write_text("{}")
    code, _, err = call("workup", group4)
    assert code == 2
    assert "not a record of a work-up" in err
