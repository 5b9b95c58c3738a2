"""The forty bad inputs: each gets its own answer, quickly, in little memory, in our own words."""

from __future__ import annotations

import os
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
from bad_inputs import CASES, ROLES, Case, image_xml, pixels, scene, scene_file, write_ome

from fishcount import FishImage, read_image, score_case
from fishcount.errors import FishcountError, InputError
from fishcount.io import check_unchanged, inspect_file
from fishcount.quality import image_findings

LIMIT_S = 2.0
LIMIT_BYTES = 256 * 2**20


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_gets_its_answer(case: Case, tmp_path):
    path = case.build(tmp_path)
    tracemalloc.start()
    start = time.perf_counter()
    try:
        if case.error is None:
            image = read_image(path, **case.options)
        else:
            with pytest.raises(case.error, match=case.match) as caught:
                read_image(path, **case.options)
    finally:
        seconds = time.perf_counter() - start
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert seconds < LIMIT_S
    assert peak < LIMIT_BYTES
    if case.error is None:
        codes = {finding.code for finding in (*image.findings, *image_findings(image))}
        assert {case.match} - {""} <= codes
    else:
        message = str(caught.value)
        assert "\n" not in message
        named = path.values() if isinstance(path, dict) else [path]
        assert any(str(Path(one).parent) in message for one in named)


def test_all_forty_are_here():
    assert sorted({case.number for case in CASES}) == list(range(1, 41))


@pytest.mark.parametrize("case", [c for c in CASES if c.number <= 25], ids=str)
def test_inspection_says_the_same_and_never_raises(case: Case, tmp_path):
    report = inspect_file(case.build(tmp_path))
    if case.number == 14 or case.name == "bomb in a small page":
        # Damage inside the pixels shows only when they are read.
        assert (report.exit_code, report.faults) == (0, ())
    else:
        assert report.exit_code == 2
        assert any(type(fault) is case.error for fault in report.faults)
    assert report.to_text()
    assert report.to_record()["path"]


@pytest.mark.parametrize("case", [c for c in CASES if c.number == 37], ids=str)
def test_inspection_calls_wrong_calibration_a_fault_and_missing_a_note(case: Case, tmp_path):
    report = inspect_file(case.build(tmp_path))
    absent = case.name.endswith("absent")
    assert report.exit_code == (0 if absent else 2)
    assert any("--pixel-size-um" in note for note in report.notes) == absent


def test_all_faults_are_told_at_once(tmp_path):
    path = write_ome(
        tmp_path / "a.ome.tif", pixels(), image_xml(x=60, z=3) + image_xml(type="uint8")
    )
    with pytest.raises(FishcountError, match="also:"):
        read_image(path)


def test_channels_and_calibration_are_told_at_once(tmp_path):
    case = next(c for c in CASES if c.name == "plain pages")
    path = case.build(tmp_path)
    tifffile.imwrite(path, pixels(), photometric="minisblack", metadata=None)
    with pytest.raises(FishcountError, match=r"no names.*also: no pixel size"):
        read_image(path)


def test_a_faulty_file_is_described_as_far_as_it_goes(tmp_path):
    wrong = 'PhysicalSizeX="-0.1" PhysicalSizeY="-0.1"'
    xml = image_xml(x=60, type="uint8", physical=wrong)
    path = write_ome(tmp_path / "a.ome.tif", pixels(), xml)
    report = inspect_file(path)
    assert report.exit_code == 2
    told = " ".join(fault.brief() for fault in report.faults)
    assert "size differs" in told
    assert "type differs" in told
    assert "not plausible" in told
    (series,) = report.series
    assert series.sizes == (3, 1, 48, 60)
    assert series.channel_names == tuple(ROLES)
    with pytest.raises(FishcountError, match=r"size differs.*type differs.*not plausible"):
        read_image(path)


def test_a_time_series_is_described_and_refused(tmp_path):
    frames = np.stack([pixels()] * 2)
    tifffile.imwrite(tmp_path / "a.tif", frames, imagej=True, metadata={"axes": "TCYX"})
    report = inspect_file(tmp_path / "a.tif")
    assert [fault.problem for fault in report.faults] == ["a time series"]
    assert report.series[0].sizes == (3, 1, 48, 64)
    # Nothing is asked of the caller that would not help.
    assert not [note for note in report.notes if "--channel" in note]


def test_the_given_pixel_size_wins(tmp_path):
    for case in CASES:
        if case.number == 37:
            folder = tmp_path / case.name
            folder.mkdir()
            assert read_image(case.build(folder), pixel_size_um=0.2).pixel_size_um == 0.2


def test_an_offset_makes_signed_pixels_counts(tmp_path):
    case = next(c for c in CASES if c.name == "signed")
    image = read_image(case.build(tmp_path), offset_counts=32768)
    assert image.pixels.min() == 768


@pytest.mark.parametrize("name", ["blank channel", "identical channels"])
def test_no_image_is_not_evaluable_and_never_negative(tmp_path, name):
    case = next(c for c in CASES if c.name == name)
    result = score_case([read_image(case.build(tmp_path))])
    assert {category.category for category in result.categories} == {"NOT_EVALUABLE"}


def test_a_locked_file_is_an_input_error(tmp_path, monkeypatch):
    path = scene_file(tmp_path, scene(1), scene(2), scene(3))

    def locked(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", locked)
    with pytest.raises(InputError, match="Permission denied"):
        read_image(path)


def test_a_file_that_changed_during_the_run_is_found(tmp_path):
    path = scene_file(tmp_path, scene(1), scene(2), scene(3))
    image: FishImage = read_image(path)
    check_unchanged(image.files)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="changed during the run"):
        check_unchanged(image.files)
    os.remove(path)
    with pytest.raises(InputError, match="no such file"):
        check_unchanged(image.files)
