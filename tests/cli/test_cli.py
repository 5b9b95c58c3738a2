"""The command line as a person and as a program meet it: scoring, one-line errors, exit codes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from answers import SIDE_PX, one_line

from fishcount.batch import example_case

CHANNELS = ("DAPI", "HER2", "CEP17")


def write_field(path, planes, names=CHANNELS, pixel_size_um=0.1):
    tifffile.imwrite(
        path,
        planes,
        photometric="minisblack",
        metadata={
            "axes": "CYX",
            "Channel": {"Name": list(names)},
            "PhysicalSizeX": pixel_size_um,
            "PhysicalSizeY": pixel_size_um,
        },
    )
    return path


def test_without_a_command_the_help_can_be_read(call):
    code, out, err = call()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: fishcount")
    assert "\n  score " in err


def test_a_call_that_is_no_call_names_the_help(call):
    code, _, err = call("score", "a.tif")
    assert code == 2
    assert one_line(err) == "fishcount: error: Missing option '--out'; see fishcount score --help\n"


def test_score_writes_the_case_folder(call, case_files, tmp_path):
    out_dir = tmp_path / "case"
    code, out, err = call("score", *case_files, "--out", out_dir, "--ihc", "1+", "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert summary == json.loads((out_dir / "summary.json").read_text())
    assert [field["name"] for field in summary["fields"]] == ["field_1", "field_2"]
    assert summary["ihc"] == "1+"
    for name in ("nuclei.csv", "signals.csv", "settings.toml", "provenance.json", "report.html"):
        assert (out_dir / name).stat().st_size > 0
    assert tifffile.imread(out_dir / "labels" / "field_2.tif").shape == (SIDE_PX, SIDE_PX)


def test_score_never_overwrites_unless_told(call, case_files, tmp_path):
    out_dir = tmp_path / "case"
    assert call("score", case_files[0], "--out", out_dir)[0] == 0
    before = (out_dir / "summary.json").read_bytes()
    code, _, err = call("score", case_files[0], "--out", out_dir)
    assert code == 2
    assert "--overwrite" in one_line(err)
    assert (out_dir / "summary.json").read_bytes() == before
    assert call("score", case_files[0], "--out", out_dir, "--overwrite")[0] == 0


def test_one_grey_file_for_each_role(call, case_files, tmp_path):
    pixels = tifffile.imread(case_files[0])
    options = []
    for role, plane in zip(CHANNELS, pixels, strict=True):
        tifffile.imwrite(tmp_path / f"{role}.tif", plane)
        options += ["--channel", f"{role}={tmp_path / role}.tif"]
    grey = json.loads(
        call("score", *options, "--pixel-size-um", 0.1, "--out", tmp_path / "a", "--json")[1]
    )
    whole = json.loads(call("score", case_files[0], "--out", tmp_path / "b", "--json")[1])
    for key in ("n_scored", "her2_signals", "cep17_signals"):
        assert grey[key] == whole[key]


def test_own_labels_are_scored(call, case_files, tmp_path):
    truth = case_files[0].parent / "truth" / "field_1_labels.tif"
    code, out, _ = call(
        "score", case_files[0], "--labels", truth, "--out", tmp_path / "case", "--json"
    )
    assert code == 0
    field = json.loads(out)["fields"][0]
    assert field["n_nuclei"] == len(np.unique(tifffile.imread(truth))) - 1
    assert field["outlines_given"]
    found = json.loads(call("score", case_files[0], "--out", tmp_path / "ours", "--json")[1])
    assert not found["fields"][0]["outlines_given"]


def test_the_limits_of_reading_hold_for_labels_too(call, case_files, tmp_path):
    # The three channels of the image take less than 1 MiB.
    labels = tmp_path / "labels.tif"
    tifffile.imwrite(labels, np.ones((1024, 512), np.uint64))
    options = ("--labels", labels, "--out", tmp_path / "case")
    code, _, err = call("score", case_files[0], *options, "--set", "reading.max_memory_mib=2")
    assert code == 2
    assert str(labels) in one_line(err)
    assert "at most 2 MiB" in err


def test_a_setting_changes_the_result_and_is_kept(call, case_files, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("[spots]\nmin_snr = 30\n")
    strict = call(
        "score", case_files[0], "--settings", settings, "--out", tmp_path / "a", "--json"
    )[1]
    plain = call("score", case_files[0], "--out", tmp_path / "b", "--json")[1]
    assert json.loads(strict)["her2_signals"] < json.loads(plain)["her2_signals"]
    assert "min_snr = 30" in (tmp_path / "a" / "settings.toml").read_text()


def bad_input(name, folder):
    """Arguments of a bad call, and a word of the answer that it must get."""
    blank = np.zeros((3, 64, 64), np.uint16)
    path = folder / "field.ome.tif"
    if name == "missing channel":
        return [write_field(path, blank[:2], names=("DAPI", "CEP17"))], "HER2"
    if name == "empty file":
        path.touch()
        return [path], "empty"
    if name == "text named .tif":
        path.write_text("<!DOCTYPE html><title>not found</title>")
        return [path], "HTML"
    if name == "truncated":
        whole = write_field(path, np.full((3, 64, 64), 7, np.uint16)).read_bytes()
        path.write_bytes(whole[:-9000])
        return [path], "bytes"
    if name == "no pixel size":
        tifffile.imwrite(path, blank, photometric="minisblack")
        roles = [o for n, role in enumerate(CHANNELS) for o in ("--channel", f"{role}={n}")]
        return [path, *roles, "--axes", "CYX"], "--pixel-size-um"
    if name == "no file":
        return [path], "no such file"
    if name == "unknown setting":
        return [write_field(path, blank), "--set", "spots.min_snrr=3"], "min_snrr"
    return [], "FIELD"


@pytest.mark.parametrize(
    "name",
    [
        "missing channel",
        "empty file",
        "text named .tif",
        "truncated",
        "no pixel size",
        "no file",
        "unknown setting",
        "nothing",
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(call, tmp_path, name):
    arguments, word = bad_input(name, tmp_path)
    code, out, err = call("score", *arguments, "--out", tmp_path / "case")
    assert (code, out) == (2, "")
    assert word in one_line(err)
    assert not (tmp_path / "case").exists()


def test_unwritable_folder_is_said_before_the_work(call, case_files, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, err = call("score", case_files[0], "--out", tmp_path / "file" / "case")
    assert code == 2
    assert str(tmp_path / "file") in one_line(err)


@pytest.mark.parametrize("command", ["score", "batch"])
@pytest.mark.parametrize(
    "options",
    [
        ("--channel", "DAPI=0", "--channel", "HER2=1", "--channel", "HER2=2"),
        ("--rgb", "red=HER2,red=CEP17,blue=DAPI"),
    ],
)
def test_what_is_named_twice_is_refused(call, case_files, tmp_path, command, options):
    source = case_files[0] if command == "score" else case_files[0].parent
    code, _, err = call(command, source, *options, "--out", tmp_path / "out")

    assert code == 2
    assert "twice" in one_line(err)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("role", ["HER2", "CEP17"])
def test_a_blank_probe_is_not_evaluable(call, case_files, tmp_path, role):
    pixels = tifffile.imread(case_files[0])
    pixels[CHANNELS.index(role)] = 100
    field = write_field(tmp_path / "blank.ome.tif", pixels)
    code, out, _ = call("score", field, "--out", tmp_path / "case", "--json")
    summary = json.loads(out)
    assert code == 0
    assert "BLANK_CHANNEL" in summary["fields"][0]["flags"]
    assert {entry["category"] for entry in summary["categories"]} == {"NOT_EVALUABLE"}


def test_a_field_without_nuclei_is_not_evaluable(call, tmp_path):
    pixels = np.random.default_rng(1).poisson(100, (3, 128, 128)).astype(np.uint16)
    field = write_field(tmp_path / "empty.ome.tif", pixels)
    code, out, _ = call("score", field, "--out", tmp_path / "case", "--json")
    summary = json.loads(out)
    assert code == 0
    assert "NO_NUCLEI" in summary["fields"][0]["flags"]
    assert {entry["category"] for entry in summary["categories"]} == {"NOT_EVALUABLE"}


def test_info_says_what_a_file_holds(call, case_files, tmp_path):
    code, out, _ = call("info", case_files[0], "--json")
    assert code == 0
    assert json.loads(out)
    (tmp_path / "bad.tif").write_bytes(b"II*\0")
    assert call("info", tmp_path / "bad.tif")[0] == 2


def test_info_of_several_files_tells_of_each(call, case_files, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"II*\0")
    code, out, _ = call("info", tmp_path / "bad.tif", *case_files)
    assert code == 2
    assert all(str(path) in out for path in (tmp_path / "bad.tif", *case_files))
    code, out, _ = call("info", *case_files, "--json")
    assert code == 0
    assert [Path(record["path"]).name for record in json.loads(out)] == [
        path.name for path in case_files
    ]


def test_verify_compares_each_folder_that_is_named(call, tmp_path):
    whole, changed = example_case(), example_case()
    (changed / "report.html").write_text("")
    code, out, _ = call("verify", whole, changed)
    assert code == 1
    assert f"{whole}: " in out
    assert f"{changed}: 1 of" in out
    code, out, err = call("verify", tmp_path, whole, "--json")
    assert code == 2
    assert len(json.loads(out)) == 1
    assert err.startswith("fishcount: error: ")
    assert call("verify", whole)[0] == 0


def test_a_case_is_not_written_into_another(call, case_files):
    outer = example_case()
    code, _, err = call("score", case_files[0], "--out", outer / "again")
    assert code == 2
    assert "lies in the folder of another case" in err
    assert not (outer / "again").exists()


def test_an_empty_name_is_no_name(call, case_files, tmp_path):
    code, _, err = call("score", case_files[0], "--out", tmp_path / "case", "--name", "")
    assert code == 2
    assert "name" in err


def test_simulate_draws_the_same_twice(call, tmp_path):
    options = ("--case", "negative", "--size", 256, "--fields", 1, "--seed", 4)
    assert call("simulate", "--out", tmp_path / "a", *options)[0] == 0
    assert call("simulate", "--out", tmp_path / "b", *options)[0] == 0
    first, second = (tifffile.imread(tmp_path / name / "field_1.ome.tif") for name in "ab")
    np.testing.assert_array_equal(first, second)
    assert call("simulate", "--out", tmp_path / "a", *options)[0] == 2


def test_simulate_does_not_walk_through_all_of_a_disk(call):
    code, _, err = call("simulate", "--out", "/", "--size", 64, "--overwrite")
    assert code == 2
    assert "holds more than drawn fields" in err


def test_simulate_replaces_what_it_drew_and_nothing_else(call, tmp_path):
    options = ("--out", tmp_path, "--size", 96)
    assert call("simulate", *options, "--fields", 2)[0] == 0  # a folder that is empty
    assert call("simulate", *options, "--fields", 1, "--overwrite")[0] == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["field_1.ome.tif", "truth"]
    assert len(list((tmp_path / "truth").iterdir())) == 3
    mine = tmp_path / "truth" / "notes.txt"
    mine.write_text("mine")
    code, _, err = call("simulate", *options, "--overwrite")
    assert code == 2
    assert "truth/notes.txt" in err
    assert mine.read_text() == "mine"
    assert call("simulate", "--out", mine, "--overwrite")[0] == 2


def test_the_command_is_installed():
    done = subprocess.run(
        [sys.executable, "-m", "fishcount", "--version"], capture_output=True, text=True, check=True
    )
    assert "fishcount" in done.stdout


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("scoring.schemes=['nope']", "unknown scheme"),
        ("scoring.headline=['gea-ratio']", "not evaluated"),
        ("selection.reject=['NOPE']", "not a flag of a nucleus"),
        ("stability.laxer=['BLANK_CHANNEL']", "not a flag of a nucleus"),
    ],
)
def test_a_name_that_there_is_not_is_told_before_long_work(call, tmp_path, assignment, message):
    # The image does not exist: it is not even looked for.
    code, _, err = call("score", tmp_path / "no.tif", "--out", tmp_path / "o", "--set", assignment)
    assert code == 2
    assert message in one_line(err)


def test_the_headline_is_a_choice_beside_the_seed_and_the_guideline(call, case_files, tmp_path):
    options = ("--set", "scoring.schemes=['gea-ratio']", "--set", "scoring.headline=['gea-ratio']")
    code, out, _ = call("score", *case_files, "--out", tmp_path / "case", *options)
    assert code == 0
    shown = [line.split(":")[0].strip() for line in out.splitlines() if line.startswith("  ")]
    assert shown == ["seed-copies", "asco-cap-2018-dual", "gea-ratio"]
    assert "scheme gea-ratio" in " ".join(out.split())


def test_a_region_restricts_what_is_scored(call, case_files, tmp_path):
    region = tmp_path / "left.geojson"
    middle = SIDE_PX // 2
    ring = [[0, 0], [middle, 0], [middle, SIDE_PX], [0, SIDE_PX], [0, 0]]
    region.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    options = ("--roi", region, "--out", tmp_path / "left", "--json")
    left = json.loads(call("score", case_files[0], *options)[1])
    whole = json.loads(call("score", case_files[0], "--out", tmp_path / "whole", "--json")[1])
    assert left["fields"][0]["n_nuclei"] == whole["fields"][0]["n_nuclei"]
    assert 0 < left["n_scored"] < whole["n_scored"]
    nuclei = pd.read_csv(tmp_path / "left" / "nuclei.csv")
    assert (nuclei.loc[nuclei["x_px"] > middle, "reject_reason"] == "OUTSIDE_ROI").all()
    assert (nuclei.loc[nuclei["scored"], "x_px"] < middle).all()


def test_a_colour_merge_needs_its_map(call, case_files, tmp_path):
    pixels = tifffile.imread(case_files[0])
    merge = np.stack([pixels[1], pixels[2], pixels[0]], axis=-1)
    tifffile.imwrite(tmp_path / "merge.tif", merge, photometric="rgb")
    words = ("score", tmp_path / "merge.tif", "--pixel-size-um", 0.1, "--json", "--out")
    code, _, err = call(*words, tmp_path / "none")
    assert code == 2
    assert "--rgb" in one_line(err)
    mapped = call(*words, tmp_path / "mapped", "--rgb", "red=HER2,green=CEP17,blue=DAPI")[1]
    whole = call("score", case_files[0], "--out", tmp_path / "whole", "--json")[1]
    for key in ("n_scored", "her2_signals", "cep17_signals"):
        assert json.loads(mapped)[key] == json.loads(whole)[key]


def test_a_comment_stands_beside_its_category_wherever_it_is_said(call, tmp_path):
    """Groups 2 to 4 are negative with a comment, never just negative."""
    from fishcount.synthetic import simulate_case, write_case

    drawn = simulate_case("equivocal", seed=4, n_fields=2, size=576, snr="easy")
    fields = write_case(tmp_path / "drawn", drawn)
    case = tmp_path / "case"
    said = call("score", *fields, "--out", case, "--ihc", "1+")[1]
    assert "asco-cap-2018-dual: NEGATIVE with comment, group 4" in said
    assert "asco-cap-2018-dual: NEGATIVE with comment, group 4" in call("workup", case)[1]
    page = (case / "report.html").read_text(encoding="utf-8")
    assert page.count("<span>Negative with comment</span>") == 1
    assert "Negative with comment if a recount agrees" in page
    assert page.count("arithmetic category</span></h2>") == 2


def test_chances_of_what_is_withheld_are_told_as_such(call, case_files, tmp_path):
    """Under 20 nuclei a category is withheld; its chances are not those of the case as it is."""
    call("score", case_files[0], "--out", tmp_path / "case")
    page = (tmp_path / "case" / "report.html").read_text(encoding="utf-8")
    cards = page.split("<article")[1:3]
    assert "Allowing for the uncertainty of the count:" in cards[0]
    assert "Indeterminate" in cards[1]
    assert "With enough nuclei and areas:" in cards[1]


def test_a_region_without_nuclei_is_told_by_what_was_left_out(call, case_files, tmp_path):
    corner = [[0, 0], [3, 0], [3, 3], [0, 3], [0, 0]]
    region = tmp_path / "corner.geojson"
    region.write_text(json.dumps({"type": "Polygon", "coordinates": [corner]}))
    code, out, _ = call("score", case_files[0], "--roi", region, "--out", tmp_path / "none")
    assert code == 0
    found = re.search(r"nuclei found: (\d+), left out: (\d+) outside the region", out)
    assert found is not None
    assert int(found[1]) >= int(found[2]) > 0
    assert "NOT_EVALUABLE" in out
