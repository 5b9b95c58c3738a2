"""What a function does not take is refused in words of ours, with what to do."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest

import fishcount
from fishcount import tables
from fishcount.batch import example_case, write_case
from fishcount.errors import CalibrationError, FishcountError
from fishcount.io import read_case_folder
from fishcount.nuclei import Nuclei
from fishcount.report import render_folder, render_report, write_reports
from fishcount.settings import NucleiSettings, Settings, read_settings, with_overrides
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def case():
    image, _ = simulate_case("negative", seed=1, n_fields=1, size=256)[0]
    return fishcount.score_case([image], name="a")


@pytest.fixture(scope="module")
def image(case):
    return case.fields[0].image


def test_tables_take_a_case_a_field_or_fields(case):
    (field,) = case.fields
    for table in (tables.nuclei_table, tables.signals_table):
        expected = table([field])
        for given in (case, field, case.fields, iter(case.fields)):
            assert table(given).equals(expected)
        assert list(table([]).columns) == list(expected.columns)


def test_a_report_is_made_of_a_path(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = example_case()
    assert render_folder(str(folder)) == render_folder(read_case_folder(folder))
    assert write_reports(read_case_folder(folder)) == write_reports(str(folder))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda case: tables.nuclei_table(None), "score_field or fishcount.score_case"),
        (lambda case: tables.signals_table(["a"]), "found str, expected FieldResult or CaseResult"),
        (lambda case: tables.summary_record(case.fields[0]), "expected CaseResult"),
        (lambda case: render_report("case"), "found str, expected CaseResult"),
        (lambda case: render_folder(case), "found CaseResult, expected str or PathLike"),
        (lambda case: write_case(case, "folder"), "path of a case folder"),
        (lambda case: read_case_folder(None), "found NoneType"),
        (lambda case: read_settings(None), "path of settings"),
        (lambda case: with_overrides(Settings(), [5]), "assignment: is of another kind"),
        (lambda case: fishcount.score_case(case.fields, name=5), "name: is of another kind"),
        (
            lambda case: fishcount.FishImage.from_array(
                np.ones((2, 9, 9)),
                axes="CYX",
                channels=["DAPI", "HER2"],
                pixel_size_um=0.1,
                name=None,
            ),
            "name: is of another kind (found NoneType, expected str)",
        ),
        (lambda case: fishcount.dapi_plane(np.zeros((9, 9))), "segment_nuclei takes an array"),
        (lambda case: fishcount.read_image(np.zeros((9, 9))), "FishImage.from_array"),
        (lambda case: fishcount.read_image(["a.tif", "b.tif"]), "one by one"),
        (lambda case: fishcount.read_image("a.tif", axes=5), "--axes: no text"),
    ],
)
def test_other_kinds_are_refused(case, call, said):
    with pytest.raises(FishcountError) as error:
        call(case)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("settings", [{"spots": {"min_snr": 5}}, "study.toml", NucleiSettings()])
def test_settings_of_another_kind_are_refused(image, settings):
    with pytest.raises(FishcountError, match=r"expected Settings\)"):
        fishcount.score_field(image, settings=settings)
    with pytest.raises(FishcountError, match="expected SpotSettings"):
        fishcount.detect_spots(image.channel("HER2"), settings=Settings())


BAD = [5, -1.5, float("nan"), "x", object(), np.zeros((2, 2)), np.array(["a"])]
PLANE = np.full((32, 32), 100, np.uint16)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: type(bad).__name__)
@pytest.mark.parametrize(
    "call",
    [
        lambda bad: fishcount.segment_nuclei(PLANE, pixel_size_um=0.1, roi=bad),
        lambda bad: fishcount.score_case(bad),
        lambda bad: fishcount.classify(20, 50, 10, nucleus_counts=bad),
        lambda bad: fishcount.classify(20, 50, 10, schemes=bad),
        lambda bad: fishcount.classify(20, 50, 10, ihc=bad),
        lambda bad: fishcount.FishImage.from_array(
            PLANE, axes="YX", channels=bad, pixel_size_um=0.1
        ),
        lambda bad: simulate_case(bad, seed=1),
    ],
)
def test_no_error_of_python_comes_of_another_kind(call, bad):
    with pytest.raises(FishcountError):
        call(bad)


@pytest.mark.parametrize("bad", [-1, 0.5, float("nan"), "x", None, object(), np.zeros(3)])
def test_numbers_of_fields_and_seeds_are_whole_and_not_negative(bad):
    with pytest.raises(FishcountError, match="seed"):
        simulate_case("negative", seed=bad, size=64)
    with pytest.raises(FishcountError, match="n_fields"):
        simulate_case("negative", seed=1, n_fields=bad, size=64)


@pytest.mark.parametrize("bad", [0, -1.0, float("nan"), float("inf"), "x", True, np.zeros(3)])
def test_sizes_are_numbers_above_0(bad):
    with pytest.raises(CalibrationError, match="pixel_size_um"):
        fishcount.detect_spots(PLANE, pixel_size_um=bad)
    with pytest.raises(CalibrationError, match="pixel_size_um"):
        fishcount.segment_nuclei(PLANE, pixel_size_um=bad)


def test_labels_are_no_path(image):
    with pytest.raises(FishcountError, match="read_labels"):
        fishcount.score_field(image, labels="masks.tif")


def test_counting_takes_spots_by_role(case):
    (field,) = case.fields
    nuclei = Nuclei.empty((9, 9))
    with pytest.raises(FishcountError, match="by role"):
        fishcount.count_signals(field.spots["HER2"], nuclei, pixel_size_um=0.1)
    with pytest.raises(FishcountError, match="detect_spots"):
        fishcount.count_signals({"HER2": np.zeros((9, 9))}, nuclei, pixel_size_um=0.1)
    with pytest.raises(FishcountError, match="nuclei_from_labels"):
        fishcount.count_signals(field.spots, np.zeros((9, 9), int), pixel_size_um=0.1)
