"""The case folder: written whole or not at all, read back as it was, and inert in spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tomllib

import numpy as np
import pandas as pd
import pytest
import tifffile

from fishcount.errors import InputError, MetadataError, OutputError
from fishcount.io import (
    check_out_folder,
    provenance,
    read_case_folder,
    slug_of,
    unique_names,
    write_case_folder,
)
from fishcount.io.text import csv_bytes, json_bytes, read_csv
from fishcount.settings import Settings
from fishcount.tables import NUCLEI_COLUMNS, NUCLEUS_FIGURES, SIGNAL_FIGURES, SIGNALS_COLUMNS

HOSTILE = [
    "=1+1",
    "+A1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "'=1",
    '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "a,b",
    'a"b',
    "../../etc/passwd",
    "..\\..\\x",
    "/abs",
    "NA",
    "nan",
    "",
    "con",
    "Präparat µ",
    "a" * 300,
    "\x00",
    "＝1",
    "a\nb",
]


def summary(names) -> dict:
    return {
        "schema_version": 1,
        "case": "example",
        "fields": [{"name": n, "path": "a.tif", "sha256": "0", "flags": []} for n in names],
        "n_scored": np.int64(2),
        "her2_signals": 4,
        "cep17_signals": 0,
        "mean_her2_per_nucleus": np.float64(2.0),
        "mean_cep17_per_nucleus": 0.0,
        "her2_cep17_ratio": float("nan"),
        "intervals_95": {"her2": [1.0, float("inf")]},
        "categories": [],
        "flags": [],
        "software": "fishcount",
        "settings_sha256": "0",
    }


def nuclei(names) -> pd.DataFrame:
    n = len(names)
    columns = {
        name: {
            "object": np.array(["reason"] * n, object),
            "bool": np.array([True] * n),
            "Int64": pd.array([3] * n, dtype="Int64"),
        }.get(kind, np.linspace(0.1, 0.9, n) if kind == "float64" else np.arange(1, n + 1))
        for name, kind in NUCLEI_COLUMNS.items()
    }
    table = pd.DataFrame(columns)
    table["field"] = pd.Series(names, dtype=object)
    return table.astype(dict(NUCLEI_COLUMNS))


def empty_signals() -> pd.DataFrame:
    return pd.DataFrame(columns=list(SIGNALS_COLUMNS)).astype(dict(SIGNALS_COLUMNS))


def write(out, names=("field_1",), **options):
    names = list(names)
    return write_case_folder(
        out,
        summary=summary(names),
        nuclei=nuclei(names),
        signals=empty_signals(),
        labels={name: np.arange(12, dtype=np.int32).reshape(3, 4) for name in names},
        settings_toml=Settings().to_toml(),
        provenance=provenance({"a.tif": "0"}, Settings()),
        **options,
    )


def test_it_comes_back_as_it_was_written(tmp_path):
    out = write(tmp_path / "case", ["field_1", "field_2"], report_html="<p>µ</p>")
    assert sorted(os.listdir(out)) == [
        "labels",
        "nuclei.csv",
        "provenance.json",
        "report.html",
        "settings.toml",
        "signals.csv",
        "summary.json",
    ]
    case = read_case_folder(out)
    expected = nuclei(["field_1", "field_2"])
    pd.testing.assert_frame_equal(case.nuclei, expected, check_dtype=True)
    assert list(case.signals.columns) == list(SIGNALS_COLUMNS)
    assert len(case.signals) == 0
    np.testing.assert_array_equal(case.label_image("field_2"), np.arange(12).reshape(3, 4))
    assert tomllib.loads(case.settings_toml) == tomllib.loads(Settings().to_toml())
    assert case.summary["her2_cep17_ratio"] is None
    assert case.summary["intervals_95"] == {"her2": [1.0, None]}
    assert case.summary["n_scored"] == 2


def test_the_same_case_gives_the_same_bytes(tmp_path):
    one, other = write(tmp_path / "a"), write(tmp_path / "b")
    for path in one.rglob("*"):
        if path.is_file() and path.name != "provenance.json":
            assert path.read_bytes() == (other / path.relative_to(one)).read_bytes()
    records = [json.loads((d / "provenance.json").read_text()) for d in (one, other)]
    for record in records:
        del record["times"]
    assert records[0] == records[1]


def test_label_images_keep_large_labels(tmp_path):
    labels = np.array([[0, 70_000]], np.int32)
    out = write_case_folder(
        tmp_path / "case",
        summary=summary(["f"]),
        nuclei=nuclei(["f"]),
        signals=empty_signals(),
        labels={"f": labels},
        settings_toml="",
        provenance={},
    )
    np.testing.assert_array_equal(tifffile.imread(out / "labels" / "f.tif"), labels)


def test_nothing_is_overwritten_unless_told(tmp_path):
    out = write(tmp_path / "case")
    before = (out / "summary.json").read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        write(out, ["other"])
    assert (out / "summary.json").read_bytes() == before
    write(out, ["other"], overwrite=True)
    assert list(read_case_folder(out).labels) == ["other"]
    assert os.listdir(tmp_path) == ["case"]


def test_overwrite_spares_what_is_not_ours(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="not a case folder"):
        write(home, overwrite=True)
    assert (home / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["edits.jsonl", "workup.json"])
def test_overwrite_spares_the_work_of_a_reader(tmp_path, name):
    out = write(tmp_path / "case")
    (out / name).write_text("{}")
    with pytest.raises(OutputError, match="work of a reader"):
        write(out, overwrite=True)
    assert (out / name).read_text() == "{}"


def test_a_folder_that_a_kill_left_put_away_comes_back(tmp_path):
    out = write(tmp_path / "case")
    out.rename(tmp_path / ".case.old")
    with pytest.raises(OutputError, match="exists already"):
        check_out_folder(out, overwrite=False)
    assert read_case_folder(out).summary["case"] == "example"


def test_a_folder_that_was_half_removed_never_comes_back(tmp_path, monkeypatch):
    out = write(tmp_path / "case")

    def killed(folder, **_):
        (folder / "nuclei.csv").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr("fishcount.io.atomic.shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        write(out, overwrite=True)
    monkeypatch.undo()
    assert read_case_folder(out).summary["case"] == "example"
    shutil.rmtree(out)
    assert not check_out_folder(out, overwrite=False).exists()
    write(out)
    write(out, overwrite=True)
    assert os.listdir(tmp_path) == ["case"]


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "case").mkdir()
    assert read_case_folder(write(tmp_path / "case")).summary["case"] == "example"


def test_an_unwritable_folder_is_said_before_the_work(tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    if os.geteuid() == 0:  # who may write everywhere, as most that run in a container
        monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(OutputError, match="cannot be written"):
        check_out_folder(tmp_path / "case", overwrite=False)


@pytest.mark.parametrize("out", ["", ".", "/"])
def test_a_folder_without_a_name_is_refused_in_words(out):
    """An empty one is what a script with a variable that is not set passes."""
    with pytest.raises(OutputError, match=r"is not a folder of its own .* give it a name"):
        check_out_folder(out, overwrite=True)


@pytest.mark.parametrize("parent", ["file", "/proc"])
def test_where_nothing_can_be_written(tmp_path, parent):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be"):
        write(tmp_path / parent / "x" / "case")


def test_a_failure_leaves_the_old_folder_and_no_rest(tmp_path, monkeypatch):
    out = write(tmp_path / "case")
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}

    def full_disk(_):
        raise OSError(28, "No space left on device")

    for name in ("fsync",):
        monkeypatch.setattr(os, name, full_disk)
        with pytest.raises(OutputError, match="No space left"):
            write(out, ["other"], overwrite=True)
        monkeypatch.undo()
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert os.listdir(tmp_path) == ["case"]


def test_text_is_inert_and_comes_back(tmp_path):
    table = pd.DataFrame({"field": pd.Series(HOSTILE, dtype=object), "x_px": -1.5})
    data = csv_bytes(table)
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]
    assert len(rows) == len(HOSTILE)
    for text, number in rows:
        assert not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
        assert number == "-1.5"
    back = read_csv(data, schema={"field": "object", "x_px": "float64"})
    assert list(back["field"]) == [text.replace("\0", "\ufffd") for text in HOSTILE]


def test_json_has_no_nan():
    record = {"a": float("nan"), "b": [np.float32("inf"), np.int64(3)], "c": pd.NA, "d": True}
    assert json.loads(json_bytes(record)) == {"a": None, "b": [None, 3], "c": None, "d": True}


def test_hostile_names_stay_inside_the_folder(tmp_path):
    names = unique_names(HOSTILE * 8)
    assert len(names) == 200 == len({name.lower() for name in names})
    out = write(tmp_path / "deep" / "case", names)
    inside = list(tmp_path.rglob("*.tif"))
    assert len(inside) == 200
    assert all(path.parent == out / "labels" for path in inside)
    with (out / "nuclei.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            assert not row["field"].startswith(("=", "+", "-", "@", "\t", "\r"))
            assert "<" not in row["field"]
    with pytest.raises(OutputError, match="not a file name"):
        write(tmp_path / "other", ["../escape"])


@pytest.mark.parametrize("name", ["field_1", "Case-7.b", "x"])
def test_plain_names_stay_as_they_are(name):
    assert slug_of(name) == name


@pytest.mark.parametrize(
    ("file", "content", "error"),
    [
        ("summary.json", b"{", MetadataError),
        ("summary.json", b"[]", MetadataError),
        ("summary.json", b"{}", MetadataError),
        ("nuclei.csv", b"", MetadataError),
        ("nuclei.csv", b"field,nucleus\n", MetadataError),
        ("signals.csv", b"\xff\xfe\x00", MetadataError),
        ("signals.csv", None, InputError),
        ("labels/field_1.tif", None, InputError),
    ],
)
def test_a_broken_folder_is_told(tmp_path, file, content, error):
    out = write(tmp_path / "case")
    (out / file).unlink()
    if content is not None:
        (out / file).write_bytes(content)
    with pytest.raises(error, match=file.split("/")[-1]):
        read_case_folder(out)


def test_a_summary_cannot_point_outside(tmp_path):
    out = write(tmp_path / "case")
    record = json.loads((out / "summary.json").read_text())
    record["fields"][0]["name"] = "../../x"
    (out / "summary.json").write_text(json.dumps(record))
    with pytest.raises(MetadataError, match="not a file name"):
        read_case_folder(out)


def test_a_folder_of_before_the_figures_of_nuclei_and_signals_is_read(tmp_path):
    out = write(tmp_path / "case")
    table = pd.read_csv(out / "nuclei.csv").drop(columns=list(NUCLEUS_FIGURES))
    table.to_csv(out / "nuclei.csv", index=False)
    table = pd.read_csv(out / "signals.csv").drop(columns=list(SIGNAL_FIGURES))
    table.to_csv(out / "signals.csv", index=False)
    signals = read_case_folder(out).signals
    assert {name: str(kind) for name, kind in signals.dtypes.items()} == dict(SIGNALS_COLUMNS)
    nuclei = read_case_folder(out).nuclei
    assert list(nuclei[list(NUCLEI_COLUMNS)]) == list(NUCLEI_COLUMNS)
    assert nuclei[list(NUCLEUS_FIGURES)].isna().all(axis=None)
