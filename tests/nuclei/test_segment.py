"""Nuclei of drawn fields are found where they were drawn, and bad fields give no surprise."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fishcount.errors import MetadataError, PixelError
from fishcount.flags import codes_of
from fishcount.nuclei import dapi_plane, nuclei_from_labels, segment_nuclei, select_nuclei
from fishcount.synthetic import simulate_case


def draw(centres, *, radius=20.0, shape=(256, 256), counts=800.0, seed=3):
    """Disks with soft edges on a noisy background; where they overlap, DAPI adds."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.full(shape, 100.0)
    for cy, cx in centres:
        image += counts / (1 + np.exp((np.hypot(y - cy, x - cx) - radius) / 1.5))
    return rng.poisson(image).astype(np.uint16)


APART = [(60.0, 60.0), (60.0, 180.0), (180.0, 120.0)]
TOUCHING = [(60.0, 60.0), (60.0, 98.0), (180.0, 120.0), (200.0, 190.0), (120.0, 190.0)]


@pytest.mark.parametrize("centres", [APART, TOUCHING])
def test_nuclei_lie_where_they_were_drawn(centres):
    nuclei = segment_nuclei(draw(centres))
    assert len(nuclei) == len(centres)
    for cy, cx in centres:
        row = nuclei.labels[int(cy), int(cx)] - 1
        assert_allclose([nuclei.y_px[row], nuclei.x_px[row]], [cy, cx], atol=2)
        # The outline lies at a third of the height: on this soft edge a pixel outside the middle.
        assert_allclose(nuclei.area_px[row], np.pi * 21**2, rtol=0.08)


def test_labels_are_numbered_by_centroid_without_gaps():
    nuclei = segment_nuclei(draw(TOUCHING))
    assert np.unique(nuclei.labels).tolist() == list(range(len(nuclei) + 1))
    order = np.lexsort((nuclei.x_px, nuclei.y_px))
    assert order.tolist() == list(range(len(nuclei)))


def test_cut_by_the_edge_is_flagged():
    nuclei = segment_nuclei(draw([*APART, (128.0, 2.0)]))
    cut = nuclei.labels[128, 2] - 1
    assert "BORDER" in codes_of(nuclei.flags[cut])
    assert sum("BORDER" in codes_of(mask) for mask in nuclei.flags) == 1


def bad_fields():
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:200, :200]
    yield "zeros", np.zeros((200, 200), np.uint16)
    yield "one value", np.full((200, 200), 900, np.uint16)
    yield "all bright", np.full((200, 200), 255, np.uint8)
    yield "noise", rng.poisson(100, (200, 200)).astype(np.uint16)
    yield "hot pixels", np.where(rng.random((200, 200)) < 0.01, 4000, 100).astype(np.uint16)
    yield "many hot pixels", np.where(rng.random((300, 300)) < 0.04, 4000, 100).astype(np.uint16)
    yield "gradient", (100 + 5 * x + y).astype(np.uint16)
    yield "one pixel", np.ones((1, 1), np.uint8)
    yield "one row", np.ones((1, 50), np.uint8)


@pytest.mark.parametrize(
    ("name", "image"), list(bad_fields()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_field_without_nuclei_gives_none(name, image):
    nuclei = segment_nuclei(image)
    scored, _ = select_nuclei(nuclei.flags)
    assert len(nuclei) <= 1, name
    assert not scored.any(), name
    assert nuclei.labels.shape == image.shape


def test_a_nucleus_larger_than_the_field_is_flagged():
    nuclei = segment_nuclei(draw([(128.0, 128.0)], radius=160))
    assert len(nuclei) <= 1
    assert all("BORDER" in codes_of(mask) for mask in nuclei.flags)


def test_saturated_nuclei_are_flagged():
    image = np.minimum(draw(APART, counts=300), 255).astype(np.uint8)
    nuclei = segment_nuclei(image)
    assert len(nuclei) == len(APART)
    assert all("SATURATED" in codes_of(mask) for mask in nuclei.flags)


def test_a_stack_names_the_sharpest_plane():
    sharp = draw(APART).astype(float)
    blank = np.full_like(sharp, 100)
    stack = np.stack([blank, sharp, blank])
    nuclei = segment_nuclei(stack)
    assert len(nuclei) == len(APART)
    assert (nuclei.plane == 1).all()


def test_region_flags_what_lies_outside():
    roi = np.zeros((256, 256), bool)
    roi[:120] = True
    nuclei = segment_nuclei(draw(APART), roi=roi)
    outside = ["OUTSIDE_ROI" in codes_of(mask) for mask in nuclei.flags]
    assert outside == [False, False, True]


def test_foreign_labels_are_renumbered_and_measured():
    labels = np.zeros((64, 64), np.uint16)
    labels[40:50, 10:20], labels[5:15, 30:40] = 9, 400
    nuclei = nuclei_from_labels(labels, labels.astype(float))
    assert nuclei.y_px.tolist() == [9.5, 44.5]
    assert nuclei.area_px.tolist() == [100, 100]
    assert np.unique(nuclei.labels).tolist() == [0, 1, 2]


@pytest.mark.parametrize("planes", [1, 4])
def test_another_program_is_given_the_image_that_is_measured(planes):
    image, truth = simulate_case("negative", seed=3, n_fields=1, size=256, n_planes=planes)[0]
    plane = dapi_plane(image)
    assert plane.shape == image.shape
    assert plane.dtype == np.float32
    nuclei = nuclei_from_labels(truth.labels, image.raw("DAPI"), z_step_um=image.z_step_um)
    means = [plane[nuclei.labels == number + 1].mean() for number in range(len(nuclei))]
    # What is measured lies above the background, which is flat in so small a field.
    assert_allclose(np.diff(nuclei.mean_dapi_counts), np.diff(means), rtol=1e-3)


def test_what_is_no_image_is_refused():
    with pytest.raises(MetadataError, match="not an image"):
        segment_nuclei(np.zeros(5))
    with pytest.raises(PixelError, match="NaN"):
        segment_nuclei(np.full((8, 8), np.nan))
    with pytest.raises(MetadataError, match="another size"):
        nuclei_from_labels(np.zeros((4, 4), int), np.zeros((5, 5)))


@pytest.mark.parametrize("planes", [1, 3])
def test_counts_are_the_same_numbers_in_any_type(planes):
    rng = np.random.default_rng(8)
    y, x = np.mgrid[:160, :200]
    lit = sum(np.hypot(y - cy, x - cx) < 18 for cy, cx in ((40, 40), (60, 120), (120, 60)))
    stack = rng.poisson(100 + 300 * lit, (planes, *lit.shape)).astype(np.uint16)
    stored = stack[0] if planes == 1 else stack
    before = stored.copy()
    one = segment_nuclei(stored)
    assert len(one) == 3
    for other in (np.float32, np.float64, np.int32, ">u2"):
        same = segment_nuclei(stored.astype(other))
        assert_array_equal(same.labels, one.labels)
        assert_array_equal(same.dose_counts, one.dose_counts)
        assert_array_equal(same.edge_width_px, one.edge_width_px)
    assert_array_equal(stored, before)
