"""Channels that are upside down, or in the place of another, are told, and no others."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from fishcount import FishImage, score_case, score_field, segment_nuclei
from fishcount.guidelines import explain
from fishcount.nuclei import edge_curvature
from fishcount.quality.channels import inverted_channels, swapped_channels
from fishcount.settings import QualitySettings
from fishcount.spots import dark_over_bright
from fishcount.synthetic import draw_field, random_spec, simulate_case, spec_of_case


@cache
def negative(*, planes: int, size: int = 384, snr: str = "medium") -> FishImage:
    """A drawn field that nothing is wrong with."""
    spec = spec_of_case("negative", size=size, n_planes=planes, snr=snr)
    ((image, _),) = simulate_case("negative", seed=4, n_fields=1, spec=spec)
    return image


@pytest.mark.parametrize("invert", [lambda a: a.max() - a, lambda a: 255 - a / a.max() * 255])
@pytest.mark.parametrize("planes", [1, 5])
def test_an_inverted_channel_makes_a_field_not_evaluable(invert, planes):
    image = negative(planes=planes)
    pixels = image.pixels.copy()
    pixels[1] = invert(pixels[1]).astype(pixels.dtype)
    upside_down = replace(image, pixels=pixels)
    assert inverted_channels(image) == ()
    (finding,) = inverted_channels(upside_down)
    assert (finding.code, finding.detail) == ("INVERTED_CHANNEL", "HER2")
    assert finding.figure > 1.5
    assert inverted_channels(upside_down, settings=QualitySettings(max_dark_over_bright=99)) == ()
    result = score_field(upside_down)
    assert "INVERTED_CHANNEL" in [found.code for found in result.findings]
    assert len(result.nuclei)
    assert not result.scored.any()


def test_fields_of_any_kind_are_called_neither_inverted_nor_swapped():
    rng = np.random.default_rng(31)
    for number in range(9):
        case = ("negative", "amplified", "mixed")[number % 3]
        spec = random_spec(case, rng=rng, size=256)
        # No probe bound: what stands out are nuclei, granules and hot pixels.
        unbound = spec.changed(signals={"snr": 1e-3}, artefacts={"debris_per_mm2": 0.0})
        for drawn in (spec, unbound):
            image, _ = draw_field(drawn, rng=rng)
            assert inverted_channels(image) == ()
            nuclei = segment_nuclei(image.channel("DAPI"), pixel_size_um=image.pixel_size_um)
            assert swapped_channels(image, nuclei) == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 9), (64, 64)])
def test_too_little_to_tell_is_not_inverted(shape):
    rng = np.random.default_rng(2)
    for plane in (np.full(shape, 7), np.add(*np.indices(shape)), rng.poisson(100, shape)):
        assert (dark_over_bright(plane.astype(np.uint16)) or 1.0) < 1.5


def test_a_few_specks_of_dust_do_not_make_a_channel_inverted():
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:256, :256]
    image = rng.normal(200, 5, (256, 256))
    for cy, cx in rng.uniform(20, 236, (3, 2)):
        image -= 120 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 1.6**2))
    assert dark_over_bright(image.astype(np.float32), pixel_size_um=0.1) < 1.5


def test_an_inverted_export_without_noise_is_told():
    image = np.full((200, 200), 255, np.uint8)
    image[20:180:16, 20:180:16] = 90
    smooth = ndimage.uniform_filter(image, 3)
    assert dark_over_bright(smooth, pixel_size_um=0.1) > 1.5
    assert dark_over_bright(255 - smooth, pixel_size_um=0.1) < 0.67


def upside_down(dapi):
    return dapi.max() - dapi


def clipped_export(dapi):
    """Eight bits, stretched so that half of the pixels are clipped, as for a figure."""
    low, high = np.percentile(dapi, [30, 80])
    return 255 - np.clip((dapi - low) / (high - low), 0, 1) * 255


@pytest.mark.parametrize("invert", [upside_down, clipped_export])
@pytest.mark.parametrize("planes", [1, 5])
def test_inverted_dapi_makes_a_field_not_evaluable(invert, planes):
    image = negative(planes=planes)
    pixels = image.pixels.copy()
    pixels[0] = invert(pixels[0].astype(float)).astype(pixels.dtype)
    dark = replace(image, pixels=pixels)
    finding = inverted_channels(dark)[0]
    assert (finding.code, finding.detail) == ("INVERTED_CHANNEL", "DAPI")
    assert 0.1 < finding.figure < 0.5
    assert inverted_channels(dark, settings=QualitySettings(max_dark_curvature_per_um=9)) == ()
    case = score_case([dark])
    assert case.score.n_scored == 0
    assert {category.category for category in case.categories} == {"NOT_EVALUABLE"}


def discs(*, pitch, size=400):
    """Round nuclei 7 um wide, with an edge as soft as the optics make it, clipped to eight bits."""
    y, x = np.indices((size, size))
    crowd = np.zeros((size, size), bool)
    for cy, cx in np.mgrid[20:size:pitch, 20:size:pitch].reshape(2, -1).T:
        crowd |= np.hypot(y - cy, x - cx) < 35
    return np.clip(ndimage.gaussian_filter(crowd * 400.0, 2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("pitch", "filled"), [(200, 0.05), (110, 0.25), (76, 0.55)])
def test_edges_turn_around_nuclei_however_many_there_are(pitch, filled):
    image = discs(pitch=pitch)
    assert np.mean(image > 127) > filled
    assert edge_curvature(image, pixel_size_um=0.1) < -0.2
    assert edge_curvature(255 - image, pixel_size_um=0.1) > 0.2


def test_gaps_in_a_crowd_are_not_taken_for_dark_nuclei():
    dapi = discs(pitch=58)
    assert np.mean(dapi > 127) > 0.8
    rng = np.random.default_rng(2)
    probe = rng.poisson(20, dapi.shape)
    image = FishImage.from_array(
        np.stack([dapi, probe]).astype(np.uint16),
        axes="CYX",
        channels=["DAPI", "HER2"],
        pixel_size_um=0.1,
    )
    assert "DAPI" not in [finding.detail for finding in inverted_channels(image)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 9), (64, 64)])
@pytest.mark.parametrize("pixel_size_um", [0.05, 0.7])
def test_an_even_image_has_no_edges(shape, pixel_size_um):
    assert edge_curvature(np.full(shape, 7, np.uint16), pixel_size_um=pixel_size_um) is None


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("planes", [1, 5])
def test_a_probe_in_the_place_of_dapi_makes_a_field_not_evaluable(order, planes):
    image = negative(planes=planes, size=448, snr="easy")
    swapped = replace(image, pixels=image.pixels[list(order)])
    result = score_field(swapped)
    details = [found.detail for found in result.findings if found.code == "SWAPPED_CHANNELS"]
    assert details == [f"DAPI, {image.channels[order.index(0)]}"]
    assert len(result.nuclei)
    assert not result.scored.any()


def test_how_many_points_dapi_may_show_is_a_setting():
    image = negative(planes=1, size=448, snr="easy")
    swapped = replace(image, pixels=image.pixels[[1, 0, 2]])
    nuclei = segment_nuclei(swapped.channel("DAPI"), pixel_size_um=swapped.pixel_size_um)
    (finding,) = swapped_channels(swapped, nuclei)
    assert finding.figure > 1.5
    lax = QualitySettings(max_points_in_dapi=2 * finding.figure)
    assert swapped_channels(swapped, nuclei, settings=lax) == ()


def test_a_field_that_is_inverted_is_left_out_in_words():
    ((good, _), (other, _)) = simulate_case("negative", seed=8, n_fields=2, size=400, snr="easy")
    pixels = other.pixels.copy()
    pixels[0] = upside_down(pixels[0])
    case = score_case([good, replace(other, pixels=pixels, name="field_2")])
    doubts = {
        field.image.name: [finding.code for finding in field.findings] for field in case.fields
    }
    told = explain(case.score, case.categories, doubts=doubts)
    assert "field_2 (inverted channel) could not be measured: nothing in it was scored." in told
    assert "field_1 (" not in told
