"""Objective and dyes: read where a file says them, never made up, and told where they cannot be."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from fishcount import read_image
from fishcount.io import inspect_file, open_slide

ROLES = ("DAPI", "HER2", "CEP17")
WAVELENGTH = "emission wavelength of "
OBJECTIVES = (
    '<Instrument ID="Instrument:0"><Objective ID="Objective:0" LensNA="{na}"/></Instrument>'
)


def write(path, *, na=None, emission=None, units=None, settings=None, objectives=None):
    """An OME-TIFF with so much about its optics."""
    pixels = np.random.default_rng(1).integers(50, 900, (3, 64, 80)).astype(np.uint16)
    channel = {"Name": list(ROLES)}
    if emission is not None:
        channel["EmissionWavelength"] = list(emission)
        channel["EmissionWavelengthUnit"] = list(units or ["nm"] * 3)
    metadata = {"axes": "CYX", "Channel": channel, "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1}
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata=metadata)
    xml = tifffile.tiffcomment(path)
    if emission is not None and units is None:
        xml = xml.replace(' EmissionWavelengthUnit="nm"', "")
    if na is not None or objectives is not None:
        told = OBJECTIVES.format(na=na) if objectives is None else objectives
        xml = xml.replace("<Image ", f"{told}<Image ", 1)
    if settings is not None:
        xml = xml.replace("<Pixels ", f'<ObjectiveSettings ID="{settings}"/><Pixels ', 1)
    tifffile.tiffcomment(path, xml.encode())
    return path


def details(image):
    return [found.detail for found in image.findings if found.code == "OPTICS_IGNORED"]


@pytest.mark.parametrize("settings", [None, "Objective:0"])
def test_optics_that_a_file_says_are_read(tmp_path, settings):
    path = write(
        tmp_path / "a.ome.tif", na="1.3", emission=("461", "588", "530"), settings=settings
    )
    for image in (read_image(path), open_slide(path)):
        assert image.optics.numerical_aperture == 1.3
        assert dict(image.optics.emission_nm) == {"DAPI": 461, "HER2": 588, "CEP17": 530}
        assert details(image) == []
    report = inspect_file(path)
    assert report.exit_code == 0
    text = report.to_text()
    assert "1 HER2 -> HER2 by its name, emits 588 nm" in text
    assert "NA 1.3, from OME-XML LensNA" in text
    (series,) = report.to_record()["series"]
    assert series["numerical_aperture"] == 1.3
    assert [one["emission_nm"] for one in series["channels"]] == [461, 588, 530]


def test_wavelengths_have_units(tmp_path):
    emission, units = ("0.461", "5.88e-7", "530000"), ("µm", "m", "pm")
    image = read_image(write(tmp_path / "a.ome.tif", emission=emission, units=units))
    assert dict(image.optics.emission_nm) == pytest.approx({"DAPI": 461, "HER2": 588, "CEP17": 530})
    assert image.optics.point_sigma_um("HER2") is None


def test_a_file_that_says_nothing_leaves_the_optics_unknown(tmp_path):
    path = write(tmp_path / "a.ome.tif")
    image = read_image(path)
    assert image.optics.numerical_aperture is None
    assert not image.optics.emission_nm
    assert details(image) == []
    assert "objective" not in inspect_file(path).to_text()


@pytest.mark.parametrize(
    ("na", "emission", "units", "expected"),
    [
        ("0", ("461", "588", "530"), None, ["numerical aperture: 0"]),
        ("-1.3", None, None, ["numerical aperture: -1.3"]),
        ("oil", None, None, ["numerical aperture: no number"]),
        ("inf", None, None, ["numerical aperture: inf"]),
        ("130", None, None, ["numerical aperture: 130"]),
        ("1.3", ("461", "5.88e-7", "530"), None, [WAVELENGTH + "HER2: 5.88e-07 nm"]),
        ("1.3", ("461", "588", "0"), None, [WAVELENGTH + "CEP17: 0 nm"]),
        ("1.3", ("461", "588", "green"), None, [WAVELENGTH + "CEP17: no number nm"]),
        (None, ("461", "588", "530"), ("nm", "m", "nm"), [WAVELENGTH + "HER2: 5.88e+11 nm"]),
        (None, ("461", "588", "530"), ("nm", "Hz", "nm"), [WAVELENGTH + "HER2: no number nm"]),
    ],
)  # fmt: skip
def test_optics_that_cannot_be_are_told_and_not_used(tmp_path, na, emission, units, expected):
    path = write(tmp_path / "a.ome.tif", na=na, emission=emission, units=units)
    image = read_image(path)
    assert details(image) == expected
    assert image.optics.point_sigma_um("HER2") is None or "CEP17" in expected[0]
    assert image.optics.point_sigma_um("CEP17") is None or "HER2" in expected[0]
    report = inspect_file(path)
    assert report.exit_code == 0
    assert [found.code for found in report.findings] == ["OPTICS_IGNORED"]


def test_of_several_objectives_the_one_that_the_image_names_counts(tmp_path):
    objectives = (
        '<Instrument ID="Instrument:0"><Objective ID="Objective:0" LensNA="0.4"/>'
        '<Objective ID="Objective:1" LensNA="1.4"/></Instrument>'
    )
    for settings, expected in (("Objective:1", 1.4), ("Objective:7", None), (None, None)):
        path = write(tmp_path / "a.ome.tif", objectives=objectives, settings=settings)
        assert read_image(path).optics.numerical_aperture == expected


def test_files_that_differ_in_the_aperture_leave_it_unknown(tmp_path):
    files = {}
    for role, na in zip(ROLES, ("1.3", "1.3", "0.75"), strict=True):
        path = tmp_path / f"{role}.ome.tif"
        metadata = {"axes": "YX", "Channel": {"Name": role}, "PhysicalSizeX": 0.1}
        metadata["PhysicalSizeY"] = 0.1
        pixels = np.random.default_rng(len(files)).integers(50, 900, (64, 80)).astype(np.uint16)
        tifffile.imwrite(path, pixels, metadata=metadata)
        xml = tifffile.tiffcomment(path)
        told = xml.replace("<Image ", f"{OBJECTIVES.format(na=na)}<Image ", 1)
        tifffile.tiffcomment(path, told.encode())
        files[role] = path
    image = read_image(files)
    assert image.optics.numerical_aperture is None
    assert details(image) == ["numerical aperture: 0.75, 1.3 in different channels"]
