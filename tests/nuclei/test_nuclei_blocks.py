"""A large image is searched block by block on its own grid: every nucleus is there once."""

import numpy as np
import pytest

from fishcount.nuclei import OutlinedNuclei, segment_nuclei, segment_windows
from fishcount.nuclei.geometry.label_runs import LabelRuns
from fishcount.nuclei.geometry.runs import Runs, find_runs
from fishcount.slide.sample import SMALL_PX, mosaic, sample_windows

SHAPE = (300, SMALL_PX + 200)
MIDDLE = SHAPE[1] // 2


def strip(centres, radius=28):
    rng = np.random.default_rng(3)
    image = rng.normal(100, 4, SHAPE)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = 500.0 * (np.hypot(y, x) < radius)
    for cy, cx in centres:
        image[cy - radius : cy + radius + 1, cx - radius : cx + radius + 1] += disk
    return image.clip(0).astype(np.uint16)


@pytest.fixture(scope="module")
def centres():
    spread = [(y, x) for y in (80, 210) for x in range(60, SHAPE[1] - 40, 120)]
    apart = [c for c in spread if abs(c[1] - MIDDLE) > 150]
    # On both sides of the border of two blocks, on it, and touching over it.
    return [*apart, (70, MIDDLE), (170, MIDDLE - 26), (170, MIDDLE + 27), (240, MIDDLE - 1)]


@pytest.fixture(scope="module")
def nuclei(centres):
    return segment_nuclei(strip(centres), pixel_size_um=0.14)


def test_every_nucleus_is_found_once(nuclei, centres):
    assert len(nuclei) == len(centres)
    found = np.stack([nuclei.y_px, nuclei.x_px], axis=1)
    distance = np.hypot(*(found[:, None] - np.array(centres)[None]).transpose(2, 0, 1))
    assert (distance.min(axis=0) < 2).all()
    assert len(set(distance.argmin(axis=0))) == len(centres)


def test_labels_are_in_the_order_of_centroids_and_cover_what_the_table_says(nuclei):
    assert np.lexsort((nuclei.x_px, nuclei.y_px)).tolist() == list(range(len(nuclei)))
    area = np.bincount(nuclei.labels.ravel(), minlength=len(nuclei) + 1)[1:]
    np.testing.assert_array_equal(area, nuclei.area_px)
    for row, (top, left, bottom, right) in enumerate(nuclei.bbox_px):
        assert np.count_nonzero(nuclei.labels[top:bottom, left:right] == row + 1) == area[row]


def test_read_by_windows_it_is_the_same(nuclei, centres):
    dapi = strip(centres).astype(np.float32)
    windows = sample_windows(SHAPE, lambda window: dapi[window])
    outlined = segment_windows(
        lambda window: dapi[window],
        shape=SHAPE,
        sample=mosaic([dapi[window] for window in windows]),
        dtype=np.dtype(np.uint16),
        pixel_size_um=0.14,
    )
    np.testing.assert_array_equal(outlined.painted().labels, nuclei.labels)
    for name, column in outlined.figures().items():
        np.testing.assert_array_equal(column, getattr(nuclei, name), err_msg=name)


def test_an_image_without_nuclei_has_none():
    nuclei = segment_nuclei(strip([]), pixel_size_um=0.14)
    assert len(nuclei) == 0
    assert nuclei.labels.shape == SHAPE


def test_windows_of_painted_runs_are_windows_of_the_label_image(nuclei):
    runs = LabelRuns.of(find_runs(nuclei.labels), SHAPE)
    for window in ((slice(0, 40), slice(1000, 1500)), (slice(33, 290), slice(7, 8))):
        np.testing.assert_array_equal(runs.window(window), nuclei.labels[window])


@pytest.mark.parametrize(
    "window",
    [
        (slice(-40, SHAPE[0] + 90), slice(1000, SHAPE[1] + 1)),
        (slice(None), slice(-60, -7)),
        (slice(3, None, 7), slice(None, None, 11)),
        (slice(None, None, -1), slice(90, 11, -4)),
        (slice(SHAPE[0], SHAPE[0] + 5), slice(0, 9)),
        (slice(30, 20), slice(9, 9)),
    ],
    ids=["beyond", "from the end", "steps", "downwards", "outside", "empty"],
)
def test_a_window_is_one_of_an_array_wherever_labels_are_held(nuclei, window):
    """Rows from -40 on were those of another place; steps were passed over."""
    expected = nuclei.labels_in(window)
    found = OutlinedNuclei.of(nuclei).labels_in(window)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == expected.shape


def test_a_pixel_of_two_nuclei_has_the_lower_label_wherever_it_is_asked():
    """Nuclei of two blocks may overlap by some pixels: a window and a look-up say the same."""
    rng = np.random.default_rng(3)
    high, wide = 40, 60
    for _ in range(50):
        y, x = np.mgrid[:high, :wide]
        parts = [
            find_runs((np.hypot(y - cy, x - cx) < radius).astype(np.int32))
            for cy, cx, radius in zip(
                rng.uniform(0, high, 6), rng.uniform(0, wide, 6), rng.uniform(1, 20, 6), strict=True
            )
        ]
        runs = LabelRuns.of(Runs.concatenate(parts), (high, wide))
        expected = np.full((high, wide), 9)
        for label, part in enumerate(parts, start=1):
            own = LabelRuns.of(part, (high, wide)).window((slice(0, high), slice(0, wide))) > 0
            expected[own] = np.minimum(expected[own], label)
        expected[expected == 9] = 0
        np.testing.assert_array_equal(runs.label_at(y, x), expected)
        np.testing.assert_array_equal(runs.window((slice(0, high), slice(0, wide))), expected)
        assert (runs.start[1:] >= runs.stop[:-1]).all()
        assert (runs.start // wide == (runs.stop - 1) // wide).all()
