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


HEAD = "index,shape-type,vertex-index,axis-0,axis-1"


def shape(number, kind, vertices):
    return [f"{number},{kind},{at},{y},{x}" for at, (y, x) in enumerate(vertices)]


def test_shapes_of_napari_cover_their_pixels(tmp_path):
    """Its pixels have their centre at whole numbers."""
    rectangle = [(2.5, 1.5), (2.5, 11.5), (8.5, 11.5), (8.5, 1.5)]
    box = [(10, 10), (10, 18), (18, 18), (18, 10)]
    line = [(0, 0), (19, 29)]
    rows = [
        *shape(0, "rectangle", rectangle),
        *shape(1, "line", line),
        *shape(2, "ellipse", box),
    ]
    path = tmp_path / "shapes.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    mask = read_roi(path, shape=(20, 30))
    y, x = np.indices(mask.shape)
    expected = np.zeros((20, 30), bool)
    expected[3:9, 2:12] = True
    inside, outside = (np.hypot(y - 14, x - 14) < radius for radius in (3.9, 4.1))
    assert mask[expected | inside].all()
    assert not mask[~(expected | outside)].any()


def test_shapes_that_napari_wrote_are_read(tmp_path):
    writer = pytest.importorskip("napari_builtins.io", reason="needs the extra 'napari'")
    polygon = np.array([[0, 0.5, 1.5], [0, 0.5, 19.5], [0, 14.5, 1.5]])
    path = writer.napari_write_shapes(
        str(tmp_path / "shapes"), [polygon], {"shape_type": ["polygon"]}
    )
    mask = read_roi(path, shape=(20, 30))
    assert mask[2, 3]
    assert not mask[14, 18]
    assert mask.sum() == pytest.approx(0.5 * 14 * 18, rel=0.1)


@pytest.mark.parametrize(
    "text", [HEAD + "\n0,polygon,0,1", HEAD + "\n0,polygon,0,1,a", HEAD + "\n0,polygon,0,1,2"]
)
def test_damaged_shapes_are_an_error(tmp_path, text):
    path = tmp_path / "shapes.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match="neither GeoJSON nor shapes"):
        read_roi(path, shape=(20, 30))


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


def test_what_qupath_is_to_ignore_is_left_out(tmp_path):
    def feature(left, right, name):
        ring = [[left, 0], [right, 0], [right, 8], [left, 8], [left, 0]]
        return {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"objectType": "annotation", **name},
        }

    features = [
        feature(0, 4, {"classification": {"name": "Tumor"}}),
        feature(4, 6, {"classification": {"name": "Ignore*"}}),
        feature(6, 8, {}),
    ]
    path = tmp_path / "annotations.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert read_roi(path, shape=(8, 8))[0].tolist() == [True] * 4 + [False] * 2 + [True] * 2
