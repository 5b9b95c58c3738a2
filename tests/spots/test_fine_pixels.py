"""Pixels finer than points ask for: of a camera, and of software that enlarged an image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from fishcount.errors import PixelError
from fishcount.metrics import match_points
from fishcount.optics import KnownOptics
from fishcount.settings import SpotSettings
from fishcount.spots import Spots, detect_in_channels, detect_spots, measure_channels
from fishcount.spots.channel.reduction import narrowest_px, reduce_channels, reduction_of
from fishcount.synthetic import simulate_case, spec_of_case

PIXEL_UM = 0.1
REACH_UM = 0.3


def field(pixel_size_um: float = PIXEL_UM, *, seed: int = 3, n_planes: int = 1):
    """Both probes of an easy field of 26 um, and where the true CEP17 points are."""
    size = round(25.6 / pixel_size_um)
    spec = spec_of_case("negative", size=size, snr="easy", n_planes=n_planes)
    (image, truth), *_ = simulate_case(
        "negative", seed=seed, n_fields=1, spec=spec.changed(pixel_size_um=pixel_size_um)
    )
    spots = truth.spots
    here = spots.channel == 1
    return {role: image.raw(role) for role in image.probes}, np.c_[spots.y, spots.x][here]


def matched(spots: Spots, true: np.ndarray, pixel_size_um: float):
    found = spots.yx_px[spots.kept]
    return match_points(found, true, max_distance_px=REACH_UM / pixel_size_um)


@pytest.mark.parametrize("pixel_size_um", [0.03, 0.02])
def test_points_are_found_on_pixels_of_any_fineness(pixel_size_um):
    channels, true = field(pixel_size_um)
    spots = detect_in_channels(channels, pixel_size_um=pixel_size_um)["CEP17"]
    match = matched(spots, true, pixel_size_um)
    assert len(true) >= 6
    assert match.f1 > 0.9
    assert match.rmse_px * pixel_size_um < 0.06
    assert spots.psf_sigma_px * pixel_size_um == pytest.approx(0.16, rel=0.2)


@pytest.mark.parametrize("times", [2, 3])
def test_an_enlarged_image_has_the_signals_of_the_image_that_it_was(times):
    channels, _ = field()
    plain = detect_in_channels(channels, pixel_size_um=PIXEL_UM)
    larger = {
        role: ndi.zoom(plane.astype(np.float32), times, order=3, grid_mode=True, mode="nearest")
        for role, plane in channels.items()
    }
    found = detect_in_channels(larger, pixel_size_um=PIXEL_UM / times)
    for role, spots in plain.items():
        there = (spots.yx_px[spots.kept] + 0.5) * times - 0.5
        match = match_points(
            found[role].yx_px[found[role].kept], there, max_distance_px=times * 0.5
        )
        assert match.f1 > 0.95
        flux = found[role].typical_flux_counts / spots.typical_flux_counts
        assert flux == pytest.approx(times**2, rel=0.1)


def test_a_stack_is_reduced_plane_by_plane():
    channels, true = field(0.03, n_planes=3)
    spots = detect_in_channels(channels, pixel_size_um=0.03, z_step_um=0.4)["CEP17"]
    assert channels["CEP17"].ndim == 3
    assert matched(spots, true, 0.03).f1 > 0.9
    assert spots.z_px.max() > 0


def test_one_channel_alone_and_with_its_scale_gives_the_same():
    channels, _ = field(0.03)
    scales = measure_channels(channels, pixel_size_um=0.03)
    assert scales["HER2"].factor == 3
    both = detect_in_channels(channels, pixel_size_um=0.03, scales=scales)
    alone = detect_spots(
        channels["CEP17"],
        pixel_size_um=0.03,
        other=channels["HER2"],
        scale=scales["CEP17"],
        other_scale=scales["HER2"],
    )
    np.testing.assert_array_equal(alone.yx_px, both["CEP17"].yx_px)
    np.testing.assert_array_equal(alone.kept, both["CEP17"].kept)


@pytest.mark.parametrize(
    ("pixel_size_um", "factor"), [(0.1, 1), (0.06, 1), (0.05, 1), (0.04, 2), (0.03, 3), (0.02, 5)]
)
def test_pixels_of_a_camera_are_used_as_they_are_up_to_a_fineness(pixel_size_um, factor):
    noise = {"HER2": np.random.default_rng(1).normal(100, 5, (120, 120)).astype(np.float32)}
    expected = narrowest_px(noise, pixel_size_um, KnownOptics())
    assert reduction_of(noise, expected_px=expected) == factor


def test_noise_that_neighbours_share_tells_an_enlarged_image():
    noise = np.random.default_rng(1).normal(100, 5, (200, 200)).astype(np.float32)
    enlarged = {"HER2": noise, "CEP17": ndi.gaussian_filter(noise, 1.5)}
    assert reduction_of(enlarged, expected_px=3.2) == 2
    assert reduction_of({"HER2": np.full((60, 60), 7.0)}, expected_px=3.2) == 1


def test_the_narrower_points_say_how_far_pixels_may_go():
    optics = SpotSettings(numerical_aperture=1.3, her2_emission_nm=588, cep17_emission_nm=480)
    both = narrowest_px(("HER2", "CEP17"), 0.1, KnownOptics().overruled_by(optics.optics))
    blue = narrowest_px(("CEP17",), 0.1, KnownOptics().overruled_by(optics.optics))
    assert both == blue < narrowest_px(("HER2",), 0.1, KnownOptics().overruled_by(optics.optics))
    assert narrowest_px((), 0.1, KnownOptics()) == 0


def test_blocks_become_pixels_and_places_come_back():
    plane = np.arange(16, dtype=np.uint16).reshape(4, 4)
    reduced = reduce_channels({"HER2": plane, "CEP17": np.stack([plane, plane])}, 2)
    np.testing.assert_array_equal(reduced["HER2"], [[2.5, 4.5], [10.5, 12.5]])
    assert reduced["CEP17"].shape == (2, 2, 2)
    spots = Spots.empty(psf_sigma_px=1.5).enlarged(2)
    assert spots.psf_sigma_px == 3


def test_what_is_no_image_is_refused_on_fine_pixels_too():
    noise = np.random.default_rng(1).normal(100, 5, (60, 60)).astype(np.float32)
    holed = noise.copy()
    holed[3, 4] = np.nan
    for image in (holed, noise[0]):
        with pytest.raises(PixelError):
            detect_spots(image, pixel_size_um=0.02)
    with pytest.raises(PixelError, match="differ in size"):
        detect_in_channels({"HER2": noise, "CEP17": noise[:59]}, pixel_size_um=0.02)
