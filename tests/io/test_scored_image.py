"""The image of a scored field is found again, read the same way, or refused."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal

from fishcount.batch import CaseJob, FieldJob, score_job
from fishcount.errors import InputError
from fishcount.io import read_case_folder, read_image, read_scored_image
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def planes():
    image, _ = simulate_case("negative", seed=3, n_fields=1, size=192)[0]
    return {role: image.raw(role) for role in image.channels}


def scored(tmp_path, field):
    score_job(CaseJob(name="case", fields=(field,)), tmp_path / "case")
    return read_case_folder(tmp_path / "case")


def grey_files(folder, planes):
    files = {role: folder / f"{role.lower()}.tif" for role in planes}
    for role, path in files.items():
        tifffile.imwrite(path, planes[role])
    return files


def test_one_grey_file_for_each_role(tmp_path, planes):
    files = grey_files(tmp_path, planes)
    folder = scored(tmp_path, FieldJob(files=files, pixel_size_um=0.1))
    image = read_scored_image(folder, folder.summary["fields"][0]["name"])
    assert_array_equal(image.pixels, read_image(files, pixel_size_um=0.1).pixels)
    assert image.pixel_size_um == 0.1


def test_a_pattern_with_channels_in_another_order(tmp_path, planes):
    for number, role in enumerate(("CEP17", "DAPI", "HER2")):
        tifffile.imwrite(tmp_path / f"f_c{number}.tif", planes[role])
    job = FieldJob(
        files=tmp_path / "f_c{c}.tif",
        channels={"DAPI": 1, "HER2": 2, "CEP17": 0},
        pixel_size_um=0.1,
    )
    folder = scored(tmp_path, job)
    image = read_scored_image(folder, folder.summary["fields"][0]["name"])
    for role, plane in planes.items():
        assert_array_equal(image.raw(role), plane)


def test_a_colour_merge(tmp_path, planes):
    merge = np.stack([planes[role] for role in ("HER2", "CEP17", "DAPI")], axis=-1)
    tifffile.imwrite(tmp_path / "merge.tif", (merge // 16).astype(np.uint8), photometric="rgb")
    rgb = {"red": "HER2", "green": "CEP17", "blue": "DAPI"}
    folder = scored(tmp_path, FieldJob(files=tmp_path / "merge.tif", rgb=rgb, pixel_size_um=0.1))
    assert_array_equal(read_scored_image(folder, "merge").raw("HER2"), planes["HER2"] // 16)


def test_relative_paths_start_above_the_case_folder(tmp_path, planes, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {
        role: path.relative_to(tmp_path) for role, path in grey_files(tmp_path, planes).items()
    }
    folder = scored(tmp_path, FieldJob(files=files, pixel_size_um=0.1))
    monkeypatch.chdir("/")
    name = folder.summary["fields"][0]["name"]
    assert_array_equal(read_scored_image(folder, name).raw("HER2"), planes["HER2"])
    # From elsewhere they are not found, though they may be where they were.
    (tmp_path / "case").rename(tmp_path.parent / f"{tmp_path.name}_moved")
    moved = read_case_folder(tmp_path.parent / f"{tmp_path.name}_moved")
    with pytest.raises(InputError, match="start from the folder where the case was scored"):
        read_scored_image(moved, name)


@pytest.mark.parametrize("other", [lambda plane: plane + 1, lambda plane: plane[:50]])
def test_a_file_of_that_name_in_the_current_folder_does_not_hide_it(
    tmp_path, planes, monkeypatch, other
):
    monkeypatch.chdir(tmp_path)
    grey_files(tmp_path, planes)
    files = {role: f"{role.lower()}.tif" for role in planes}
    folder = scored(tmp_path, FieldJob(files=files, pixel_size_um=0.1))
    elsewhere = tmp_path / "another_study"
    elsewhere.mkdir()
    grey_files(elsewhere, planes | {"HER2": other(planes["HER2"])})
    monkeypatch.chdir(elsewhere)
    name = folder.summary["fields"][0]["name"]
    assert_array_equal(read_scored_image(folder, name).raw("HER2"), planes["HER2"])


def test_another_file_is_refused(tmp_path, planes):
    files = grey_files(tmp_path, planes)
    folder = scored(tmp_path, FieldJob(files=files, pixel_size_um=0.1))
    name = folder.summary["fields"][0]["name"]
    tifffile.imwrite(files["HER2"], planes["HER2"] + 1)
    with pytest.raises(InputError, match="changed since"):
        read_scored_image(folder, name)
    files["HER2"].unlink()
    with pytest.raises(InputError, match="not there"):
        read_scored_image(folder, name)
    with pytest.raises(InputError, match="no field"):
        read_scored_image(folder, "other")
