"""One file for each plane: put together in the order of the numbers, and never with a gap."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from fishcount import read_image
from fishcount.errors import ChannelError, InputError, MetadataError
from fishcount.io import inspect_file, stem_of

ROLES = ["DAPI", "HER2", "CEP17"]
SIZES = {"pixel_size_um": 0.1, "z_step_um": 0.4}


@pytest.fixture
def truth():
    return np.random.default_rng(1).integers(1, 4000, (3, 11, 20, 30)).astype(np.uint16)


def write(folder, array, names):
    for name, planes in zip(names, array, strict=True):
        for z, plane in enumerate(planes):
            tifffile.imwrite(folder / f"f_{name}_z{z + 1}.tif", plane, metadata=None)


def test_files_named_by_probe(tmp_path, truth):
    write(tmp_path, truth, ROLES)
    image = read_image(tmp_path / "f_{c}_z{z}.tif", **SIZES)
    np.testing.assert_array_equal(image.pixels, truth)
    assert len(image.files) == 33
    assert inspect_file(tmp_path / "f_{c}_z{z}.tif").series[0].sizes == (3, 11, 20, 30)


def test_files_numbered_by_channel(tmp_path, truth):
    write(tmp_path, truth, ["0", "1", "2"])
    with pytest.raises(ChannelError, match="no names"):
        read_image(tmp_path / "f_{c}_z{z}.tif", **SIZES)
    image = read_image(tmp_path / "f_{c}_z{z}.tif", channels=ROLES, **SIZES)
    np.testing.assert_array_equal(image.pixels, truth)


def test_a_pattern_for_each_role(tmp_path, truth):
    write(tmp_path, truth, ROLES)
    files = {role: tmp_path / f"f_{role}_z{{z}}.tif" for role in ROLES}
    np.testing.assert_array_equal(read_image(files, **SIZES).pixels, truth)


def test_gaps_and_strangers_are_errors(tmp_path, truth):
    write(tmp_path, truth, ROLES)
    (tmp_path / "f_HER2_z5.tif").unlink()
    with pytest.raises(MetadataError, match=r"plane is missing.*c=HER2, z=5"):
        read_image(tmp_path / "f_{c}_z{z}.tif", **SIZES)
    tifffile.imwrite(tmp_path / "f_HER2_z5.tif", truth[0, 0, :10], metadata=None)
    with pytest.raises(MetadataError, match="files differ"):
        read_image(tmp_path / "f_{c}_z{z}.tif", **SIZES)
    tifffile.imwrite(
        tmp_path / "f_HER2_z5.tif", truth[0, :2], metadata=None, photometric="minisblack"
    )
    with pytest.raises(MetadataError, match="more than one plane"):
        read_image(tmp_path / "f_{c}_z{z}.tif", **SIZES)
    with pytest.raises(InputError, match="no file fits"):
        read_image(tmp_path / "g_{c}.tif", **SIZES)


def test_the_name_of_a_pattern_leaves_the_places_out():
    assert stem_of("a/field_3_c{c}_z{z}.ome.tif") == "field_3"
    assert stem_of("field_{c}.tif") == "field"
