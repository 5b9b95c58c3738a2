"""The width of a point is measured on the image, whatever else shines in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fishcount import score_field
from fishcount.errors import SettingsError
from fishcount.optics import KnownOptics, diffraction_sigma_um
from fishcount.settings import Settings, SpotSettings, parse_settings, with_overrides
from fishcount.spots import detect_in_channels, detect_spots, measure_channel
from fishcount.spots.channel.psf import PointWidth, expected_width, likeliest_width
from fishcount.synthetic import simulate_case


def drawn(
    *, points=60, granules=0, sigma_px=1.5, spread=0.0, height=60.0, noise=5.0, side=512, seed=0
):
    """Points, and granules three times as wide and twice as high, on an even background."""
    rng = np.random.default_rng(seed)
    image = rng.normal(100, noise, (side, side))
    y, x = np.mgrid[:side, :side]
    widths = np.r_[sigma_px * np.exp(rng.normal(0, spread, points)), np.full(granules, 4.5)]
    for number, (cy, cx) in enumerate(rng.uniform(10, side - 10, (len(widths), 2))):
        square = (y - cy) ** 2 + (x - cx) ** 2
        peak = height if number < points else 2 * height
        image += peak * np.exp(-square / (2 * widths[number] ** 2))
    return image.astype(np.float32)


@pytest.mark.parametrize("sigma_px", [1.1, 1.6, 2.2])
def test_width_is_that_of_the_points(sigma_px):
    found = measure_channel(drawn(sigma_px=sigma_px))
    assert_allclose(found.psf_sigma_px, sigma_px, rtol=0.05)


def test_many_hot_pixels_do_not_narrow_it():
    image, _ = simulate_case("amplified", seed=701, n_fields=1, size=640, snr="medium")[0]
    plane = image.channel("HER2").reshape(image.shape)
    clean = measure_channel(plane, pixel_size_um=0.1).psf_sigma_px
    for seed in (0, 2, 3):
        hot = np.random.default_rng(seed).random(plane.shape) < 1e-3
        found = measure_channel(plane + np.float32(500) * hot, pixel_size_um=0.1).psf_sigma_px
        assert_allclose(found, clean, rtol=0.08, err_msg=f"seed {seed}")


def test_granules_do_not_widen_it():
    found = measure_channel(drawn(points=20, granules=60), pixel_size_um=0.1)
    assert_allclose(found.psf_sigma_px, 1.5, rtol=0.08)


def test_spread_is_that_of_the_points_and_not_the_error_of_their_fits():
    alike = measure_channel(drawn(noise=5.0)).width_spread
    noisy = measure_channel(drawn(noise=12.0)).width_spread
    uneven = measure_channel(drawn(spread=0.25)).width_spread
    assert alike < 0.06
    assert noisy < 0.1
    assert_allclose(uneven, 0.25, atol=0.08)


def test_without_points_the_pixel_size_decides():
    noise = np.random.default_rng(0).normal(100, 5, (256, 256)).astype(np.float32)
    assert_allclose(measure_channel(noise, pixel_size_um=0.08).psf_sigma_px, 2.0, rtol=0.1)
    assert_allclose(expected_width(0.08).sigma_px, 2.0)
    expected = PointWidth(sigma_px=1.3, spread=0.2)
    nothing = likeliest_width(np.zeros(0), np.zeros(0), expected=expected)
    assert_allclose(nothing.sigma_px, 1.3, rtol=0.02)


def test_a_few_hot_pixels_or_lumps_of_debris_are_not_typical():
    image = drawn(points=30)
    image[[40, 90, 300], [50, 200, 400]] += 4000
    y, x = np.mgrid[:512, :512]
    image += 3000 * np.exp(-((y - 256) ** 2 + (x - 256) ** 2) / (2 * 1.5**2)).astype(np.float32)
    assert_allclose(measure_channel(image).typical_counts, 60, rtol=0.15)


def test_an_export_clipped_to_black_is_not_full_of_signals():
    """Where nothing but single grey levels flicker, there is no noise to measure and no signal."""
    image = drawn(points=30, height=120.0, noise=4.0, side=384)
    rng = np.random.default_rng(1)
    black = np.clip(np.rint(image - 108), 0, 255)
    black += rng.random(black.shape) < 0.02
    spots = detect_spots(black.astype(np.float32), pixel_size_um=0.1)
    assert 25 <= spots.kept.sum() <= 33


def test_optics_that_are_known_say_how_wide_a_faint_point_is():
    # An overview at NA 0.5: three faint points, far wider than the pixel size alone suggests.
    sigma_um = float(np.hypot(diffraction_sigma_um(0.588, na=0.5), 0.145))
    image = drawn(points=3, sigma_px=sigma_um / 0.2, height=20.0, side=192)
    guessed = measure_channel(image, pixel_size_um=0.2).psf_sigma_px
    known = measure_channel(
        image, pixel_size_um=0.2, point_sigma_um=diffraction_sigma_um(0.588, na=0.5)
    )
    assert guessed < 0.7 * sigma_um / 0.2
    assert_allclose(known.psf_sigma_px, sigma_um / 0.2, rtol=0.1)


@pytest.mark.parametrize("sigma_px", [1.2, 2.4])
def test_the_image_has_the_last_word_over_the_optics(sigma_px):
    # Out of focus, in a thick section, or with a wavelength that is wrong: the points tell.
    image = drawn(points=80, sigma_px=sigma_px)
    point_sigma_um = diffraction_sigma_um(0.588, na=1.3)
    assert_allclose(expected_width(0.1, point_sigma_um).sigma_px, 1.73, atol=0.01)
    found = measure_channel(image, pixel_size_um=0.1, point_sigma_um=point_sigma_um)
    assert_allclose(found.psf_sigma_px, sigma_px, rtol=0.06)


def test_optics_reach_detection_from_the_file_and_from_the_settings_which_win():
    overview = drawn(points=3, sigma_px=1.44, height=20.0, side=192)
    channels = {"HER2": overview, "CEP17": overview[::-1].copy()}

    def widths(optics=None, **told):
        found = detect_in_channels(
            channels, pixel_size_um=0.2, optics=optics, settings=SpotSettings(**told)
        )
        return {role: spots.psf_sigma_px for role, spots in found.items()}

    file = KnownOptics(numerical_aperture=0.5, emission_nm={"HER2": 588.0})
    nothing, from_file = widths(), widths(file)
    assert from_file["HER2"] > 1.2 * nothing["HER2"]
    # Nobody said what the other dye emits.
    assert from_file["CEP17"] == nothing["CEP17"]
    assert widths(numerical_aperture=0.5) == nothing
    assert widths(numerical_aperture=0.5, her2_emission_nm=588) == from_file
    finer = widths(file, numerical_aperture=1.3)
    assert finer["HER2"] < from_file["HER2"]


def test_tiles_and_slides_use_the_optics_of_the_image():
    ((image, _),) = simulate_case("negative", seed=2, n_fields=1, size=256, snr=3.0)
    known = KnownOptics(numerical_aperture=0.4, emission_nm={"HER2": 588.0, "CEP17": 530.0})
    plain, told = score_field(image), score_field(replace(image, optics=known))
    for role in ("HER2", "CEP17"):
        assert told.spots[role].psf_sigma_px > plain.spots[role].psf_sigma_px
    overruled = with_overrides(
        Settings(),
        [
            "spots.numerical_aperture=0.4",
            "spots.her2_emission_nm=588",
            "spots.cep17_emission_nm=530",
        ],
    )
    again = score_field(image, settings=overruled)
    assert again.spots["HER2"].psf_sigma_px == told.spots["HER2"].psf_sigma_px


@pytest.mark.parametrize(
    "wrong",
    [
        "numerical_aperture=0",
        "numerical_aperture=130",
        "her2_emission_nm=5.88e-7",
        "cep17_emission_nm=0.53",
        "cep17_emission_nm='green'",
    ],
)
def test_optics_of_another_unit_are_refused_by_name(wrong):
    with pytest.raises(SettingsError, match=f"spots.{wrong.partition('=')[0]}"):
        with_overrides(Settings(), [f"spots.{wrong}"])


def test_optics_come_back_from_the_settings_file():
    optics = ["spots.numerical_aperture=1.3", "spots.her2_emission_nm=588"]
    told = with_overrides(Settings(), optics)
    assert parse_settings(told.to_toml()) == told
    assert "numerical_aperture" not in Settings().to_toml()
