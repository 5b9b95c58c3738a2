"""Files as Cellpose, StarDist, InstanSeg and QuPath write them, without these programs."""

from __future__ import annotations

import json

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from fishcount.errors import FileFormatError
from fishcount.io import read_labels

SHAPE = (40, 60)


@pytest.fixture
def masks():
    labels = np.zeros(SHAPE, np.int64)
    labels[5:15, 8:20] = 1
    labels[5:15, 20:30] = 2
    labels[20:38, 30:55] = 300
    return labels


@pytest.mark.parametrize("name", ["field_1_cp_masks.tif", "field_1_cp_masks.png"])
def test_masks_of_cellpose(tmp_path, masks, name):
    """`cellpose --save_tif` and `--save_png`: plain images of uint16."""
    path = tmp_path / name
    if path.suffix == ".tif":
        tifffile.imwrite(path, masks.astype(np.uint16), compression="zlib")
    else:
        iio.imwrite(path, masks.astype(np.uint16))
    np.testing.assert_array_equal(read_labels(path, shape=SHAPE), masks)


def test_masks_of_large_fields_of_cellpose(tmp_path, masks):
    """More than 65,535 masks are uint32."""
    masks[masks == 300] = 70_000
    tifffile.imwrite(tmp_path / "cp_masks.tif", masks.astype(np.uint32))
    np.testing.assert_array_equal(read_labels(tmp_path / "cp_masks.tif", shape=SHAPE), masks)


def test_the_session_file_of_cellpose_is_refused(tmp_path, masks):
    """``_seg.npy`` is a pickle, which runs code when it is opened: it is not opened."""
    path = tmp_path / "field_1_seg.npy"
    np.save(path, {"masks": masks}, allow_pickle=True)
    with pytest.raises(FileFormatError, match=r"an array of NumPy.*save the label image as TIFF"):
        read_labels(path, shape=SHAPE)


def test_labels_of_stardist(tmp_path, masks):
    """`csbdeep.io.save_tiff_imagej_compatible`: ImageJ, int32 stored as int16, axes YX."""
    path = tmp_path / "labels.tif"
    tifffile.imwrite(path, masks.astype(np.int16)[None, None, None, ..., None], imagej=True)
    np.testing.assert_array_equal(read_labels(path, shape=SHAPE), masks)


def test_labels_of_stardist_in_fiji(tmp_path, masks):
    """The plugin shows labels as 16 bits, and Fiji saves them big-endian."""
    path = tmp_path / "Label Image.tif"
    tifffile.imwrite(path, masks.astype(np.uint16), imagej=True, metadata={"axes": "YX"})
    np.testing.assert_array_equal(read_labels(path, shape=SHAPE), masks)


def test_labels_of_instanseg(tmp_path, masks):
    """A tensor (1, 1, y, x) of the nuclei, squeezed as in the recipe."""
    path = tmp_path / "instanseg.tif"
    tifffile.imwrite(path, masks[None, None].squeeze().astype(np.uint16))
    np.testing.assert_array_equal(read_labels(path, shape=SHAPE), masks)


def ring(y0, x0, y1, x1):
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]


def test_cells_of_qupath(tmp_path, masks):
    """Cells with a nucleus of their own, a detection without one, and what they carry."""
    box = {"type": "Polygon", "coordinates": [ring(2, 4, 18, 19)]}
    nucleus = {"type": "Polygon", "coordinates": [ring(5, 8, 15, 20)]}
    split = [[ring(20, 30, 38, 40)], [ring(20, 40, 38, 55)]]
    features = [
        {
            "type": "Feature",
            "id": "7f1d0f52-5c0f-4b8e-9a11-000000000001",
            "geometry": box,
            "nucleusGeometry": nucleus,
            "properties": {"objectType": "cell", "measurements": {"Nucleus: Area": 120.0}},
        },
        {
            "type": "Feature",
            "id": "7f1d0f52-5c0f-4b8e-9a11-000000000002",
            "geometry": {"type": "Polygon", "coordinates": [ring(5, 20, 15, 30)]},
            "properties": {"objectType": "detection", "isLocked": False},
        },
        {
            "type": "Feature",
            "id": "7f1d0f52-5c0f-4b8e-9a11-000000000003",
            "geometry": {"type": "MultiPolygon", "coordinates": split},
            "properties": {"objectType": "detection"},
        },
    ]
    path = tmp_path / "nuclei.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    masks[masks == 300] = 3
    np.testing.assert_array_equal(read_labels(path, shape=SHAPE), masks)
    # "Export as FeatureCollection" not ticked: the features alone, in a list.
    path.write_text(json.dumps(features))
    np.testing.assert_array_equal(read_labels(path, shape=SHAPE), masks)


def test_all_objects_of_qupath(tmp_path, masks):
    """*All objects*: the annotation in which cells were detected comes too, before or after."""
    around = {"type": "Polygon", "coordinates": [ring(0, 0, 40, 60)]}
    boxes = [ring(5, 8, 15, 20), ring(5, 20, 15, 30), ring(20, 30, 38, 55)]
    polygons = [{"type": "Polygon", "coordinates": [box]} for box in boxes]
    masks[masks == 300] = 3
    path = tmp_path / "objects.geojson"
    for kind, number, say in (
        ("annotation", "detection", lambda kind: {"properties": {"objectType": kind}}),
        ("annotation", "cell", lambda kind: {"properties": {"object_type": kind}}),
        (
            "PathAnnotationObject",
            "PathDetectionObject",
            lambda kind: {"id": kind, "properties": {}},
        ),
    ):
        annotation = {"type": "Feature", "geometry": around, **say(kind)}
        nuclei = [{"type": "Feature", "geometry": one, **say(number)} for one in polygons]
        for features in ([annotation, *nuclei], [*nuclei, annotation]):
            path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
            np.testing.assert_array_equal(read_labels(path, shape=SHAPE), masks)


def test_annotations_of_qupath_alone_are_nuclei(tmp_path, masks):
    """Nuclei that were drawn by hand are annotations."""
    box = {"type": "Polygon", "coordinates": [ring(5, 8, 15, 20)]}
    drawn = {"type": "Feature", "geometry": box, "properties": {"objectType": "annotation"}}
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [drawn]}))
    np.testing.assert_array_equal(read_labels(path, shape=SHAPE), np.where(masks == 1, 1, 0))


def test_a_hole_in_a_polygon_of_qupath_stays_a_hole(tmp_path, masks):
    """What lies in the hole keeps its own number, whichever of the two comes first."""
    around = {"type": "Polygon", "coordinates": [ring(4, 6, 18, 34), ring(5, 8, 15, 20)]}
    within = {"type": "Polygon", "coordinates": [ring(5, 8, 15, 20)]}
    features = [
        {"type": "Feature", "geometry": shape, "properties": {"objectType": "detection"}}
        for shape in (around, within)
    ]
    path = tmp_path / "around.geojson"
    for order in ([0], [0, 1], [1, 0]):
        path.write_text(json.dumps([features[k] for k in order]))
        expected = np.zeros(SHAPE, np.int64)
        expected[4:18, 6:34] = order.index(0) + 1
        expected[5:15, 8:20] = order.index(1) + 1 if 1 in order else 0
        np.testing.assert_array_equal(read_labels(path, shape=SHAPE), expected)
