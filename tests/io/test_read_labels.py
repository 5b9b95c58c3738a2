"""Another program's nuclei: label images and outlines."""

import json
import zipfile

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from fishcount.errors import FileFormatError, MetadataError
from fishcount.io import read_labels


def square(y, x, size):
    """A GeoJSON polygon of whole pixels, corner coordinates."""
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(geometry, **more):
    return {"type": "Feature", "geometry": geometry, "properties": {}, **more}


@pytest.fixture
def expected():
    labels = np.zeros((20, 30), np.int64)
    labels[2:7, 3:8] = 1
    labels[10:14, 20:24] = 2
    return labels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_label_image(tmp_path, expected, dtype):
    tifffile.imwrite(tmp_path / "labels.tif", expected.astype(dtype))
    np.testing.assert_array_equal(
        read_labels(tmp_path / "labels.tif", shape=expected.shape), expected
    )


def test_outlines_take_the_nucleus_of_a_cell(tmp_path, expected):
    cells = [
        feature(square(2, 3, 5)),
        feature(square(8, 18, 10), nucleusGeometry=square(10, 20, 4)),
    ]
    path = tmp_path / "cells.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": cells}))
    np.testing.assert_array_equal(read_labels(path, shape=expected.shape), expected)


def test_another_size_is_refused(tmp_path, expected):
    tifffile.imwrite(tmp_path / "labels.tif", expected.astype(np.uint16))
    with pytest.raises(MetadataError, match="another size"):
        read_labels(tmp_path / "labels.tif", shape=(20, 31))


def test_labels_without_a_nucleus_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "labels.tif", np.zeros((20, 30), np.uint16))
    with pytest.raises(MetadataError, match="no nucleus"):
        read_labels(tmp_path / "labels.tif", shape=(20, 30))


def test_probabilities_are_no_labels(tmp_path):
    tifffile.imwrite(tmp_path / "labels.tif", np.full((20, 30), 0.5, np.float32))
    with pytest.raises(MetadataError, match="not a label image"):
        read_labels(tmp_path / "labels.tif", shape=(20, 30))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        "[1, 2]",
        "[null]",
        '{"type": "Feature", "geometry": 3}',
        '{"type": "Polygon", "coordinates": [[[1, 1], [1, Infinity], [5, 5]]]}',
        '{"type": "Polygon", "coordinates": [[[1, 1], [5, 5]]]}',
        '{"type": "Polygon", "coordinates": []}',
    ],
)
def test_json_that_is_no_geojson_is_refused(tmp_path, text):
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(FileFormatError, match="GeoJSON"):
        read_labels(tmp_path / "labels.json", shape=(20, 30))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint32, np.int64])
def test_whole_numbers_of_any_type_are_labels(tmp_path, expected, dtype):
    """PyTorch and Fiji hold labels as floating point; numbers may be large and have gaps."""
    expected[expected == 2] = 70_001
    tifffile.imwrite(tmp_path / "labels.tif", expected.astype(dtype))
    np.testing.assert_array_equal(
        read_labels(tmp_path / "labels.tif", shape=expected.shape), expected
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1.5])
def test_what_is_no_whole_number_is_refused(tmp_path, expected, bad):
    values = expected.astype(np.float32)
    values[0, 0] = bad
    tifffile.imwrite(tmp_path / "labels.tif", values)
    with pytest.raises(MetadataError, match=r"not a label image.*float32.*probabilities"):
        read_labels(tmp_path / "labels.tif", shape=expected.shape)


def test_a_stack_of_labels_says_how_to_make_a_plane(tmp_path, expected):
    stack = np.stack([expected] * 3).astype(np.uint16)
    tifffile.imwrite(tmp_path / "plain.tif", stack, photometric="minisblack")
    tifffile.imwrite(tmp_path / "imagej.tif", stack, imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "ome.ome.tif", stack, metadata={"axes": "ZYX"})
    for name in ("plain.tif", "imagej.tif", "ome.ome.tif"):
        with pytest.raises(MetadataError, match=r"not a label image.*labels\.max\(axis=0\)"):
            read_labels(tmp_path / name, shape=expected.shape)


def test_a_mask_without_numbers_is_refused(tmp_path, expected):
    path = tmp_path / "mask.tif"
    tifffile.imwrite(path, np.where(expected, 255, 0).astype(np.uint8))
    with pytest.raises(MetadataError, match=r"in all of 2 parts\).*skimage\.measure\.label"):
        read_labels(path, shape=expected.shape)


def test_one_nucleus_is_no_mask(tmp_path, expected):
    alone = np.where(expected == 2, 2, 0)
    tifffile.imwrite(tmp_path / "labels.tif", alone.astype(np.uint16))
    np.testing.assert_array_equal(read_labels(tmp_path / "labels.tif", shape=alone.shape), alone)


def test_numbers_that_ran_over_are_refused(tmp_path, expected):
    tifffile.imwrite(tmp_path / "labels.tif", (expected + 32_767 * (expected > 0)).astype(np.int16))
    with pytest.raises(MetadataError, match=r"numbers from -32768.*uint16"):
        read_labels(tmp_path / "labels.tif", shape=expected.shape)


def test_a_picture_that_changes_its_pixels_is_refused(tmp_path, expected):
    iio.imwrite(tmp_path / "labels.jpg", expected.astype(np.uint8))
    with pytest.raises(FileFormatError, match=r"found JPEG.*save the label image as TIFF"):
        read_labels(tmp_path / "labels.jpg", shape=expected.shape)


def test_outlines_that_are_compressed_are_refused(tmp_path, expected):
    with zipfile.ZipFile(tmp_path / "objects.zip", "w") as archive:
        archive.writestr("objects.geojson", json.dumps(feature(square(2, 3, 5))))
    with pytest.raises(FileFormatError, match=r"ZIP archive.*GeoJSON without compression"):
        read_labels(tmp_path / "objects.zip", shape=expected.shape)


def test_the_image_in_place_of_its_labels_is_refused(tmp_path):
    """Its counts would be thousands of nuclei of one pixel each."""
    counts = np.random.default_rng(1).poisson(200, (20, 30)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "DAPI.tif", counts)
    with pytest.raises(MetadataError, match=r"not a label image .*the image in place"):
        read_labels(tmp_path / "DAPI.tif", shape=(20, 30))


def test_touching_nuclei_of_few_pixels_are_labels(tmp_path):
    labels = np.kron(np.arange(1, 151).reshape(10, 15), np.ones((2, 2), int))
    tifffile.imwrite(tmp_path / "labels.tif", labels.astype(np.uint16))
    np.testing.assert_array_equal(read_labels(tmp_path / "labels.tif", shape=(20, 30)), labels)
