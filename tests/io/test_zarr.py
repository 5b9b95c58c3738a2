"""OME-Zarr: both versions give back their pixels; a missing chunk is an error, never zeros."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fishcount import read_image
from fishcount.errors import (
    CalibrationError,
    CorruptFileError,
    FileFormatError,
    MetadataError,
    TooLargeError,
    UnsafeFileError,
)
from fishcount.io import check_unchanged, inspect_file
from fishcount.settings import ReadingSettings

zarr = pytest.importorskip("zarr", minversion="3.0", reason="needs the extra 'scale'")

ROLES = ["DAPI", "HER2", "CEP17"]


def pixels(shape=(3, 4, 40, 50)) -> np.ndarray:
    return np.random.default_rng(1).integers(1, 4000, shape).astype(np.uint16)


def metadata(axes: str, version: str) -> dict:
    units = {"z": 0.4, "y": 100.0, "x": 100.0}
    described = [
        {"name": a, "type": "channel"}
        if a == "c"
        else {"name": a, "type": "time"}
        if a == "t"
        else {"name": a, "type": "space", "unit": "micrometer" if a == "z" else "nanometer"}
        for a in axes
    ]
    scale = {"type": "scale", "scale": [units.get(a, 1.0) for a in axes]}
    multiscale = {
        "axes": described,
        "datasets": [{"path": "0", "coordinateTransformations": [scale]}],
        "name": "field",
    }
    if version == "0.4":
        multiscale["version"] = version
    return {"multiscales": [multiscale], "omero": {"channels": [{"label": r} for r in ROLES]}}


def write(path: Path, array: np.ndarray, axes: str, version: str, **options) -> Path:
    old = version == "0.4"
    attributes = metadata(axes, version)
    group = zarr.open_group(str(path), mode="w", zarr_format=2 if old else 3)
    group.attrs.update(attributes if old else {"ome": {"version": version, **attributes}})
    options.setdefault("chunks", (*[1] * (array.ndim - 2), 16, 16))
    if old:
        options["chunk_key_encoding"] = {"name": "v2", "separator": "/"}
    stored = group.create_array(
        "0", shape=array.shape, dtype=array.dtype, config={"write_empty_chunks": True}, **options
    )
    stored[:] = array
    return path


def chunks_of(path: Path) -> list[Path]:
    return sorted(f for f in (path / "0").rglob("*") if f.is_file() and f.name.isdecimal())


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["cyx", "czyx", "tczyx"])
def test_both_versions_give_back_their_pixels(tmp_path, version, axes):
    truth = pixels() if "z" in axes else pixels((3, 1, 40, 50))
    stored = truth if "z" in axes else truth[:, 0]
    path = write(tmp_path / "f.zarr", stored[None] if "t" in axes else stored, axes, version)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, truth)
    assert (image.name, image.channels) == ("f", ("DAPI", "HER2", "CEP17"))
    assert image.pixel_size_um == pytest.approx(0.1)
    assert image.z_step_um == (pytest.approx(0.4) if "z" in axes else None)
    report = inspect_file(path)
    assert (report.format, report.exit_code) == (f"OME-Zarr {version}", 0)
    check_unchanged(image.files)


def test_shards_are_read_and_their_gaps_found(tmp_path):
    truth = pixels()
    path = write(
        tmp_path / "f.zarr", truth, "czyx", "0.5", chunks=(1, 1, 8, 8), shards=(1, 4, 32, 32)
    )
    np.testing.assert_array_equal(read_image(path).pixels, truth)
    shard = chunks_of(path)[0]
    data = bytearray(shard.read_bytes())
    index = 16 * 4 * 4 * 4 + 4
    data[-index : -index + 16] = b"\xff" * 16
    shard.write_bytes(data)
    with pytest.raises(CorruptFileError, match="inside the shard"):
        read_image(path)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_missing_or_broken_chunk_is_an_error(tmp_path, version):
    path = write(tmp_path / "f.zarr", pixels(), "czyx", version)
    chunk = chunks_of(path)[7]
    data = chunk.read_bytes()
    chunk.write_bytes(data[: len(data) // 2])
    with pytest.raises(CorruptFileError, match="does not decode"):
        read_image(path)
    chunk.unlink()
    with pytest.raises(CorruptFileError, match=r"chunks are missing.*found 1 of"):
        read_image(path)
    assert inspect_file(path).exit_code == 2
    shutil.rmtree(path / "0")
    with pytest.raises(MetadataError, match="array is missing"):
        read_image(path)


def change(path: Path, edit) -> None:
    file = path / "zarr.json"
    record = json.loads(file.read_text())
    edit(record["attributes"]["ome"])
    file.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("edit", "error", "match"),
    [
        (lambda o: o["omero"]["channels"].pop(), MetadataError, "number of channels"),
        (lambda o: o["multiscales"][0]["axes"].pop(), MetadataError, "axes"),
        (lambda o: o["multiscales"][0].pop("datasets"), MetadataError, "malformed"),
        (
            lambda o: o["multiscales"][0]["datasets"][0].update(path="../../x"),
            UnsafeFileError,
            "outside its folder",
        ),
        (lambda o: o.pop("multiscales"), FileFormatError, "no multiscale image"),
    ],
)
def test_metadata_that_contradict_are_errors(tmp_path, edit, error, match):
    path = write(tmp_path / "f.zarr", pixels(), "czyx", "0.5")
    change(path, edit)
    with pytest.raises(error, match=match):
        read_image(path)


@pytest.mark.parametrize("told", [None, [{"type": "identity"}]])
def test_a_unit_without_a_scale_is_no_pixel_size(tmp_path, told):
    path = write(tmp_path / "f.zarr", pixels(), "czyx", "0.5")
    change(path, lambda o: o["multiscales"][0]["datasets"][0].pop("coordinateTransformations"))
    if told:
        change(path, lambda o: o["multiscales"][0].update(coordinateTransformations=told))
    with pytest.raises(CalibrationError, match="no pixel size"):
        read_image(path, z_step_um=0.3)


def test_size_and_bad_json(tmp_path):
    path = write(tmp_path / "f.zarr", pixels((3, 1, 500, 500)), "czyx", "0.5")
    with pytest.raises(TooLargeError):
        read_image(path, settings=ReadingSettings(max_memory_mib=1))
    (path / "zarr.json").write_text("{")
    with pytest.raises(MetadataError, match="not JSON"):
        read_image(path)


def test_several_series_need_a_choice(tmp_path):
    root = tmp_path / "f.zarr"
    zarr.open_group(str(root), mode="w", zarr_format=3)
    truth = [pixels((3, 1, 40, 50)), pixels((3, 1, 40, 50)) + 1]
    for number, array in enumerate(truth):
        write(root / str(number), array, "czyx", "0.5")
    with pytest.raises(MetadataError, match="--series"):
        read_image(root)
    np.testing.assert_array_equal(read_image(root, series=1).pixels, truth[1])


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "f.zarr", pixels(), "czyx", "0.5")
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(FileFormatError, match=r"fishcount\[scale\]"):
        read_image(path)
