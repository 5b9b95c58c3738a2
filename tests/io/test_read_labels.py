"""Another program's nuclei: label images and outlines."""

import json

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


def test_json_that_is_no_geojson_is_refused(tmp_path):
    (tmp_path / "labels.json").write_text('{"a": 1}')
    with pytest.raises(FileFormatError, match="GeoJSON"):
        read_labels(tmp_path / "labels.json", shape=(20, 30))
