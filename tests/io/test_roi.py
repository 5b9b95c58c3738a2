"""Regions: polygons with holes become masks that agree with the pixel grid."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fishcount.errors import FileFormatError, MetadataError
from fishcount.io import read_roi


def square(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]


def test_polygon_with_a_hole_covers_exactly_its_pixels(tmp_path):
    geometry = {"type": "Polygon", "coordinates": [square(2, 3, 12, 9), square(4, 5, 6, 7)]}
    feature = {"type": "Feature", "geometry": geometry, "properties": {}}
    path = tmp_path / "roi.geojson"
    expected = np.zeros((20, 30), bool)
    expected[3:9, 2:12] = True
    expected[5:7, 4:6] = False
    for tree in (feature, [feature], {"type": "FeatureCollection", "features": [feature]}):
        path.write_text(json.dumps(tree))
        np.testing.assert_array_equal(read_roi(path, shape=(20, 30)), expected)
    multi = {
        "type": "MultiPolygon",
        "coordinates": [geometry["coordinates"], [square(20, 0, 22, 2)]],
    }
    path.write_text(json.dumps(multi))
    expected[0:2, 20:22] = True
    np.testing.assert_array_equal(read_roi(path, shape=(20, 30)), expected)


@pytest.mark.parametrize(
    "text", ["", "no json", "{}", '{"type": "Polygon", "coordinates": [[[1, "a"]]]}', "[" * 5000]
)
def test_what_is_no_geojson_is_an_error(tmp_path, text):
    path = tmp_path / "roi.geojson"
    path.write_text(text)
    with pytest.raises(FileFormatError):
        read_roi(path, shape=(20, 30))


def test_a_region_off_the_image_is_an_error(tmp_path):
    path = tmp_path / "roi.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [square(50, 50, 60, 60)]}))
    with pytest.raises(MetadataError, match="micrometres"):
        read_roi(path, shape=(20, 30))
