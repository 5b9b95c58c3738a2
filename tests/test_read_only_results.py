"""Results cannot be changed, and what is no field is refused in words."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fishcount import FishImage, score_case, score_field
from fishcount.errors import CalibrationError, InputError, MetadataError, PixelError
from fishcount.guidelines import find_scheme, leave_one_out
from fishcount.nuclei import OutlinedNuclei
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def case():
    image = simulate_case("negative", seed=1, n_fields=1, size=256)[0][0]
    return score_case([score_field(image)])


@pytest.mark.parametrize("name", ["scored", "flags", "reject_reason"])
def test_arrays_of_a_field_are_read_only(case, name):
    column = getattr(case.fields[0], name)
    with pytest.raises(ValueError, match="read-only"):
        column[:] = column


def test_mappings_of_results_are_read_only(case):
    field = case.fields[0]
    mappings = [
        field.spots,
        field.counts.copies,
        field.counts.single_flux,
        case.score.intervals_95,
        case.categories[0].probability,
        field.image.files,
        field.image.optics.emission_nm,
    ]
    for mapping in mappings:
        with pytest.raises(TypeError, match="read-only"):
            mapping["HER2"] = 0


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy])
def test_results_go_to_other_processes_and_stay_read_only(case, copied):
    """As in a pool of processes that score a field each."""
    again = copied(case)
    field = again.fields[0]
    assert again.categories == case.categories
    assert again.score == case.score
    assert_array_equal(field.scored, case.fields[0].scored)
    assert_array_equal(field.image.pixels, case.fields[0].image.pixels)
    for array in (field.scored, field.nuclei.labels, field.image.pixels, field.spots["HER2"].y_px):
        assert not array.flags.writeable


def from_array(array, **options):
    given = {"axes": "CYX", "channels": ["DAPI", "HER2"], "pixel_size_um": 0.1, **options}
    return FishImage.from_array(array, **given)


COUNTS = np.random.default_rng(1).poisson(50, (2, 30, 40)).astype(np.uint16)


def test_the_region_is_a_copy_of_its_own():
    mine = np.ones((30, 40), bool)
    image = from_array(COUNTS, roi=mine)
    mine[:] = False
    assert image.roi.all()
    assert not image.roi.flags.writeable
    assert_array_equal(from_array(COUNTS, roi=np.eye(30, 40, dtype=int) * 3).roi, np.eye(30, 40))


@pytest.mark.parametrize("roi", [np.full((30, 40), np.nan), np.full((30, 40), "in")])
def test_what_is_no_mask_is_no_region(roi):
    with pytest.raises(MetadataError, match="region is not a mask"):
        from_array(COUNTS, roi=roi)


@pytest.mark.parametrize("size", ["0.1", (0.1, 0.1), True])
def test_what_is_no_number_is_no_pixel_size(size):
    with pytest.raises(CalibrationError, match="pixel size is not a number"):
        from_array(COUNTS, pixel_size_um=size)


def test_axes_are_text():
    with pytest.raises(MetadataError, match="axes"):
        from_array(COUNTS, axes=None)


def test_more_than_a_camera_counts_is_refused():
    """Squares of such pixels leave float32, and other nuclei and signals would be found."""
    with pytest.raises(PixelError, match=r"HER2: pixels are not camera counts .*at most 1e\+09"):
        from_array(COUNTS.astype(float) * [[[1]], [[1e30]]])
    assert from_array(COUNTS.astype(float) * 1e6).shape == (30, 40)


@pytest.mark.parametrize("no_field", ["field_1.ome.tif", COUNTS, None])
def test_what_is_no_field_is_refused_with_a_remedy(no_field):
    with pytest.raises(InputError, match=r"expected FishImage.*fishcount\.read_image"):
        score_field(no_field)
    with pytest.raises(InputError, match="expected FishImage"):
        score_case([no_field])


def test_one_field_alone_is_no_case(case):
    with pytest.raises(InputError, match="in a list"):
        score_case(case.fields[0])


def test_one_scheme_may_be_named_alone(case):
    (category,) = score_case(case.fields, schemes="seed-copies").categories
    assert category.scheme == "seed-copies"


def test_printed_results_say_how_large_they_are_not_all_that_they_hold(case):
    field = case.fields[0]
    printed = repr(field)
    assert len(printed) < 1000
    assert f"scored=<bool ({len(field.nuclei)},)>" in printed
    assert f"<Nuclei of {len(field.nuclei)}>" in printed
    assert f"'HER2': <Spots of {len(field.spots['HER2'])}>" in printed
    assert "name='field_1'" in repr(field.image)
    assert "pixel_size_um=0.1" in repr(field.image)
    assert len(repr(case)) < 5000
    assert f"category={case.categories[0].category!r}" in repr(case)


def test_results_that_are_equal_can_stand_in_a_set(case):
    again = copy.deepcopy(case)
    assert set(again.categories) == set(case.categories)
    assert len({case.score, again.score}) == 1
    assert len({case.selection, again.selection}) == 1


def test_arrays_of_heterogeneity_stability_and_outlines_are_read_only(case):
    left_out = leave_one_out([4, 5], field=["a", "b"], scheme=find_scheme("seed-copies"))
    outlines = OutlinedNuclei.of(case.fields[0].nuclei).outlines
    arrays = (case.heterogeneity.high, left_out.fields, left_out.without_nucleus, outlines.label)
    for array in arrays:
        assert not array.flags.writeable
