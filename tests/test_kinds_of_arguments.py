"""What a function does not take is refused in words of ours, with what to do."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest

import fishcount
from fishcount import tables
from fishcount.batch import (
    CaseJob,
    cases_in_folder,
    example_case,
    read_manifest,
    run_batch,
    write_case,
)
from fishcount.errors import CalibrationError, FishcountError, OutputError
from fishcount.io import inspect_file, read_case_folder, read_scored_image
from fishcount.metrics import count_errors, match_labels
from fishcount.nuclei import Nuclei
from fishcount.report import render_folder, render_report, write_reports
from fishcount.review import touching_nuclei
from fishcount.settings import NucleiSettings, Settings, read_settings, with_overrides
from fishcount.synthetic import (
    draw_field,
    random_spec,
    read_truth,
    resolvable_copies,
    saturation_curve,
    simulate_case,
)
from fishcount.synthetic import write_case as write_drawn


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
        (lambda case: write_reports(None), "case: is of another kind (found NoneType"),
        (lambda case: read_scored_image("path", "x"), "fishcount.io.read_case_folder"),
        (lambda case: inspect_file(None), "path: is of another kind (found NoneType"),
        (lambda case: cases_in_folder(None), "folder of cases: is of another kind"),
        (lambda case: read_manifest(None), "path of a manifest: is of another kind"),
        (lambda case: run_batch([3], "out"), "cases: is of another kind (found int"),
        (lambda case: run_batch([CaseJob(name="a", fields=())], None), "out: is of another kind"),
        (lambda case: read_truth(None), "path of an image: is of another kind"),
        (lambda case: write_drawn(None, []), "folder: is of another kind (found NoneType"),
        (lambda case: write_drawn("x", [(1, 2)]), "image: is of another kind (found int"),
        (lambda case: draw_field(rng=3), "rng: is of another kind (found int"),
        (lambda case: draw_field(rng=None), "numpy.random.default_rng"),
        (lambda case: draw_field("mixed", rng=RNG), "spec: is of another kind (found str"),
        (lambda case: random_spec("mixed", rng=3), "rng: is of another kind"),
        (lambda case: saturation_curve(len, rng=RNG, copies=()), "copies: none to draw"),
        (lambda case: saturation_curve(len, rng=RNG, n_fields=0), "n_fields: none to draw"),
        (lambda case: saturation_curve(len, rng=3), "rng: is of another kind"),
        (lambda case: resolvable_copies([[0, np.nan]], resolution_px=3), "finite numbers"),
        (lambda case: resolvable_copies([[0, 1]], resolution_px=np.nan), "resolution_px: must"),
        (lambda case: resolvable_copies("ab", resolution_px=1), "yx_px: positions are numbers"),
        (lambda case: count_errors("a", "b"), "counted: counts are numbers"),
        (lambda case: MATCH.pairs("x"), "min_iou: is of another kind"),
        (lambda case: touching_nuclei([1.5]), "labels: no label image"),
        (
            lambda case: fishcount.detect_spots(PLANE, point_sigma_um=10**400),
            "point_sigma_um: is not plausible",
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


@pytest.mark.parametrize(
    "call",
    [
        cases_in_folder,
        read_manifest,
        read_settings,
        read_truth,
        lambda path: run_batch([CaseJob(name="a", fields=())], path),
        lambda path: write_drawn(path, simulate_case("negative", seed=1, n_fields=1, size=64)),
    ],
)
def test_a_path_with_a_nul_is_none(call):
    with pytest.raises(FishcountError):
        call("\0")


def test_a_case_goes_to_no_path_with_a_nul(case):
    with pytest.raises(OutputError, match="NUL"):
        write_case("a\0b", case)


def test_labels_that_touch_may_stand_in_a_list():
    assert touching_nuclei([[1, 1, 2], [0, 0, 0], [3, 3, 0]]).tolist() == [1, 2]


@pytest.mark.parametrize("settings", [{"spots": {"min_snr": 5}}, "study.toml", NucleiSettings()])
def test_settings_of_another_kind_are_refused(image, settings):
    with pytest.raises(FishcountError, match=r"expected Settings\)"):
        fishcount.score_field(image, settings=settings)
    with pytest.raises(FishcountError, match="expected SpotSettings"):
        fishcount.detect_spots(image.channel("HER2"), settings=Settings())


MATCH = match_labels(np.eye(3, dtype=int), np.eye(3, dtype=int))
RNG = np.random.default_rng(1)
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
