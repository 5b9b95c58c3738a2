"""What is no image, mask, label image or size is refused by each step, as by a whole field."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fishcount import FishImage, count_signals, detect_spots, segment_nuclei
from fishcount.errors import (
    CalibrationError,
    ChannelError,
    FishcountError,
    InputError,
    MetadataError,
    PixelError,
)
from fishcount.nuclei import nuclei_from_labels
from fishcount.optics import KnownOptics
from fishcount.settings import SpotSettings
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def drawn():
    return simulate_case("negative", seed=1, n_fields=1, size=256)[0]


@pytest.fixture(scope="module")
def dapi(drawn):
    return drawn[0].raw("DAPI")


@pytest.fixture(scope="module")
def labels(drawn):
    return drawn[1].labels


def from_array(array, **options):
    given = {"axes": "CYX", "channels": ["DAPI", "HER2"], "pixel_size_um": 0.1, **options}
    return FishImage.from_array(array, **given)


COUNTS = np.random.default_rng(1).poisson(50, (2, 30, 40)).astype(np.uint16)


@pytest.mark.parametrize("step", [segment_nuclei, detect_spots])
@pytest.mark.parametrize(
    "change",
    [
        lambda counts: np.ma.masked_greater(counts, int(counts.mean())),
        lambda counts: counts.astype(np.uint64) + np.uint64(2**63),
        lambda counts: counts * 1e18,
        lambda counts: [[1], [1, 2]],
        lambda counts: counts > counts.mean(),
    ],
    ids=["masked", "beyond 64 bits", "beyond squares", "rows of unequal length", "a mask"],
)
def test_steps_refuse_the_pixels_that_a_field_refuses(dapi, step, change):
    """They were used for all that, or found nothing in them."""
    with pytest.raises(PixelError):
        step(change(dapi))


@pytest.mark.parametrize(
    "take", [segment_nuclei, detect_spots, lambda dapi: from_array(np.stack([dapi, dapi]))]
)
@pytest.mark.parametrize("dtype", [np.uint32, np.int64, np.float64])
def test_counts_that_single_precision_changes_are_refused(dapi, take, dtype):
    """A little above the offset they were rounded to even numbers: 1 nucleus of 4 was found."""
    with pytest.raises(PixelError, match=r"not exact in float32 .*take off what was added"):
        take(dapi.astype(dtype) + dtype(2**24))
    take(dapi.astype(dtype) + dtype(2**16))
    take(np.float64(2**9) * dapi)
    take(dapi / 3.0)


def test_lists_are_projected_too(drawn):
    stack = [drawn[0].raw("HER2").tolist()] * 2
    settings = SpotSettings(project_stacks=True)
    assert len(detect_spots(stack, settings=settings)) == len(detect_spots(stack[0]))


@pytest.mark.parametrize(
    "call",
    [
        lambda dapi, labels, roi: segment_nuclei(dapi, roi=roi),
        lambda dapi, labels, roi: nuclei_from_labels(labels, dapi, roi=roi),
    ],
    ids=["segmented", "from labels"],
)
class TestRegions:
    def test_a_mask_of_255_is_a_mask(self, dapi, labels, call):
        """Its pixels counted 255 times: a nucleus with one in 500 inside was taken for inside."""
        roi = np.zeros(dapi.shape, bool)
        roi[:, : dapi.shape[1] // 2] = True
        expected = call(dapi, labels, roi).flags
        assert len(set(expected.tolist())) > 1
        for mask in (roi * np.uint8(255), roi.tolist()):
            assert_array_equal(call(dapi, labels, mask).flags, expected)

    @pytest.mark.parametrize(
        "change",
        [
            lambda mask: np.full(mask.shape, np.nan),
            lambda mask: np.full(mask.shape, "False"),
            lambda mask: np.ma.masked_array(mask, mask),
            lambda mask: [[True], [True, False]],
            lambda mask: mask[1:],
        ],
        ids=["NaN", "text", "masked", "unequal rows", "another size"],
    )
    def test_what_is_no_mask_is_refused(self, dapi, labels, call, change):
        with pytest.raises(MetadataError, match="region"):
            call(dapi, labels, change(np.ones(dapi.shape, bool)))


@pytest.mark.parametrize(
    "change",
    [
        lambda labels: np.where(labels > 0, labels.astype(np.uint64) + np.uint64(2**63), 0),
        lambda labels: np.ma.masked_equal(labels, 1),
        lambda labels: [[1], [1, 2]],
        lambda labels: labels * -1,
        lambda labels: labels[1:],
    ],
    ids=["beyond 64 bits", "masked", "unequal rows", "negative", "another size"],
)
def test_what_are_no_labels_is_refused_by_name(dapi, labels, change):
    with pytest.raises(MetadataError, match="labels: "):
        nuclei_from_labels(change(labels), dapi)


@pytest.mark.parametrize("size", [65.0, 1e-4, 10**400], ids=["nm", "mm", "huge"])
def test_a_pixel_size_in_another_unit_is_refused(dapi, labels, size):
    """In 65 um there is no nucleus, and 0 copies: 65 nm were meant."""
    nuclei, spots = nuclei_from_labels(labels, dapi), detect_spots(dapi)
    for call in (
        lambda: segment_nuclei(dapi, pixel_size_um=size),
        lambda: detect_spots(dapi, pixel_size_um=size),
        lambda: count_signals({"HER2": spots}, nuclei, pixel_size_um=size),
    ):
        with pytest.raises(CalibrationError, match="pixel_size_um: is not plausible"):
            call()


@pytest.mark.parametrize("step", [0, -1.0, float("nan"), float("inf"), "0.5", (1, 2), True])
def test_the_distance_of_planes_is_checked_for_a_single_plane_too(step):
    with pytest.raises(CalibrationError, match="plane distance"):
        from_array(COUNTS, z_step_um=step)
    assert from_array(COUNTS, z_step_um=0.5).z_step_um == 0.5


def test_roles_in_a_set_have_no_order():
    """Which channel was HER2 was up to the hashes of the day."""
    with pytest.raises(ChannelError, match="channels: a set has no order"):
        from_array(COUNTS, channels={"DAPI", "HER2"})


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"path": 5}, InputError),
        ({"findings": "ab"}, InputError),
        ({"findings": None}, InputError),
        ({"files": ["a.tif"]}, InputError),
        ({"optics": {"numerical_aperture": 1.3}}, InputError),
        ({"roi": np.ma.masked_array(np.ones((30, 40), bool), np.eye(30, 40))}, MetadataError),
    ],
    ids=str,
)
def test_other_kinds_of_arguments_are_refused_when_a_field_is_made(options, error):
    with pytest.raises(error):
        from_array(COUNTS, **options)


@pytest.mark.parametrize("aperture", [0, -1.3, float("nan"), "1.3", True])
def test_an_aperture_is_one_of_an_objective(aperture):
    with pytest.raises(MetadataError, match="numerical_aperture: is not plausible"):
        KnownOptics(numerical_aperture=aperture, emission_nm={"HER2": 588})


@pytest.mark.parametrize("wavelength", [0.588, 0, -588, float("nan"), "588"])
def test_a_wavelength_is_one_of_light_in_nanometres(wavelength):
    with pytest.raises(MetadataError, match="emission_nm of HER2: is not plausible"):
        KnownOptics(numerical_aperture=1.3, emission_nm={"HER2": wavelength})


@pytest.mark.parametrize(
    "assigned",
    [
        {},
        {"HER2": None},
        {"HER2": [1]},
        {"HER2": np.full(3, 99)},
        {"HER2": np.full(3, -1)},
        {"HER2": np.zeros(3)},
        "HER2",
    ],
    ids=str,
)
def test_spots_are_assigned_to_nuclei_that_are_there(dapi, labels, assigned):
    nuclei, spots = nuclei_from_labels(labels, dapi), detect_spots(dapi)
    spots = spots.take(np.arange(3))
    with pytest.raises(FishcountError, match="assigned"):
        count_signals({"HER2": spots}, nuclei, pixel_size_um=0.1, assigned=assigned)
    counts = count_signals({"HER2": spots}, nuclei, pixel_size_um=0.1, assigned={"HER2": [0, 0, 0]})
    assert not counts.copies["HER2"].best.any()


def test_the_scale_of_a_channel_is_measured(dapi):
    with pytest.raises(InputError, match=r"scale: .*measure_channels"):
        detect_spots(dapi, scale=3)
