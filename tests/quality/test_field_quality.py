"""Figures of a field: bleed-through and glow are measured as they were put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from fishcount import FishImage, score_case, score_field, segment_nuclei
from fishcount.flags import mask_of
from fishcount.nuclei import Nuclei, nuclei_from_labels
from fishcount.quality.field import (
    cross_talk,
    field_findings,
    share_blurred,
    tissue_glow,
)
from fishcount.settings import QualitySettings, SelectionSettings, Settings
from fishcount.signals import count_signals
from fishcount.spots import detect_spots
from fishcount.synthetic import simulate_case, spec_of_case

SIZE = 400
PIXEL_UM = 0.1


def field(
    *, leak: float = 0.0, glow: float = 0.0, dome: float = 0.0, beside: int = 0, seed: int = 1
):
    """Sixteen round nuclei with two HER2 and two CEP17 signals each, and what is found there."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((SIZE, SIZE))
    labels = np.zeros((SIZE, SIZE), np.int32)
    points = {"HER2": np.zeros((SIZE, SIZE)), "CEP17": np.zeros((SIZE, SIZE))}
    for number, (cy, cx) in enumerate(np.mgrid[50:SIZE:100, 50:SIZE:100].reshape(2, -1).T):
        labels[np.hypot(y - cy, x - cx) < 38] = number + 1
        for at, role in enumerate(["HER2", "CEP17", "HER2", "CEP17"]):
            dy, dx = 20 * np.sin(at * np.pi / 2), 20 * np.cos(at * np.pi / 2)
            points[role][round(cy + dy), round(cx + dx)] = 1
    at_her2 = np.argwhere(points["HER2"])
    points["CEP17"][at_her2[:beside, 0], at_her2[:beside, 1] + 8] = 1
    light = {
        r: 400 * 2 * np.pi * 1.5**2 * ndimage.gaussian_filter(p, 1.5) for r, p in points.items()
    }
    seen = {
        "HER2": light["HER2"],
        "CEP17": light["CEP17"] + leak * light["HER2"],
    }
    tissue = ndimage.gaussian_filter((labels > 0).astype(float), 8.0)
    channels = [rng.poisson(20 + 300 * (labels > 0))]
    seen["CEP17"] += dome * np.exp(-(((y % 100 - 50) ** 2 + (x % 100 - 50) ** 2) / (2 * 26.0**2)))
    channels += [rng.poisson(20 + glow * 400 * tissue + seen[role]) for role in ("HER2", "CEP17")]
    image = FishImage.from_array(
        np.stack(channels).astype(np.uint16),
        axes="CYX",
        channels=["DAPI", "HER2", "CEP17"],
        pixel_size_um=PIXEL_UM,
    )
    nuclei = nuclei_from_labels(labels, image.channel("DAPI"))
    spots = {
        role: detect_spots(image.channel(role), pixel_size_um=PIXEL_UM)
        for role in ("HER2", "CEP17")
    }
    return image, nuclei, count_signals(spots, nuclei, pixel_size_um=PIXEL_UM)


@pytest.mark.parametrize("leak", [0.0, 0.1, 0.3])
def test_bleed_through_is_measured_as_it_was_put_in(leak):
    image, _, counts = field(leak=leak)
    assert cross_talk(image, counts, source="CEP17", target="HER2") == pytest.approx(0, abs=0.03)
    if leak < 0.2:  # above, the leak is itself taken for signals, and none stands alone
        found = cross_talk(image, counts, source="HER2", target="CEP17")
        assert found == pytest.approx(leak, abs=0.03) or found == 0.0


def test_a_signal_of_the_other_probe_nearby_is_no_bleed_through_and_hides_none():
    image, _, counts = field(leak=0.15, beside=20)
    found = cross_talk(image, counts, source="HER2", target="CEP17")
    assert found == pytest.approx(0.15, abs=0.03)


def test_the_dome_of_a_glowing_nucleus_is_no_bleed_through():
    image, _, counts = field(dome=2500.0)
    assert cross_talk(image, counts, source="HER2", target="CEP17") == pytest.approx(0, abs=0.05)


def test_nuclei_that_the_edge_cuts_say_nothing_of_the_focus():
    _, nuclei, _ = field()
    cut = np.arange(len(nuclei)) % 2 == 0
    edges = np.where(cut, 60.0, 2.0)
    flags = np.where(cut, mask_of(["BORDER"]), 0).astype(np.uint32)
    soft = replace(nuclei, edge_width_px=edges)
    assert share_blurred(soft, max_edge_width=0.2) == 0.5
    assert share_blurred(replace(soft, flags=flags), max_edge_width=0.2) == 0


@pytest.mark.parametrize("glow", [0.0, 0.5, 4.0])
def test_glow_is_measured_in_heights_of_signals(glow):
    image, nuclei, counts = field(glow=glow)
    inside = nuclei.labels > 0
    tissue = ndimage.gaussian_filter(inside.astype(float), 8.0)
    expected = glow * (np.median(tissue[inside]) - np.median(tissue[~inside]))
    found = tissue_glow(image, nuclei, counts, probe="HER2")
    assert found == pytest.approx(expected, rel=0.15, abs=0.05)
    codes = {finding.code for finding in field_findings(image, nuclei, counts)}
    assert ("AUTOFLUORESCENCE" in codes) == (expected > 2.5)


def test_most_nuclei_blurred_is_out_of_focus():
    image, nuclei, counts = field()
    blurred = np.full(len(nuclei), mask_of(["BLURRED"]), np.uint32)
    (finding,) = field_findings(image, replace(nuclei, flags=blurred), counts)
    assert (finding.code, finding.figure) == ("OUT_OF_FOCUS", 1.0)


@pytest.fixture(scope="module")
def sharp():
    """A drawn field in focus."""
    return simulate_case("negative", seed=3, n_fields=1, size=640, snr="easy")[0][0]


@pytest.mark.parametrize(("sigma_um", "expected"), [(0.0, False), (0.2, False), (1.0, True)])
def test_a_field_that_is_blurred_all_over_is_out_of_focus(sharp, sigma_um, expected):
    """No nucleus is softer than the others, so none is BLURRED."""
    image = sharp
    rng = np.random.default_rng(1)
    dapi = ndimage.gaussian_filter(image.channel("DAPI"), sigma_um / image.pixel_size_um)
    nuclei = segment_nuclei(
        np.maximum(dapi + rng.normal(0, 2, dapi.shape), 0).astype(np.float32),
        pixel_size_um=image.pixel_size_um,
    )
    assert np.mean((nuclei.flags & mask_of(["BLURRED"])) > 0) < 0.5
    counts = count_signals({}, nuclei, pixel_size_um=image.pixel_size_um)
    codes = [finding.code for finding in field_findings(image, nuclei, counts)]
    assert ("OUT_OF_FOCUS" in codes) == expected


def test_an_empty_field_has_no_findings():
    image, _, _ = field()
    nuclei = Nuclei.empty(image.shape)
    counts = count_signals({}, nuclei, pixel_size_um=PIXEL_UM)
    assert field_findings(image, nuclei, counts) == ()


@pytest.mark.parametrize(("snr", "weak"), [(2.5, True), (12.0, False)])
def test_a_field_of_faint_signals_says_that_as_many_were_missed(snr, weak):
    image, _ = simulate_case("negative", seed=2, n_fields=1, size=448, snr=snr)[0]
    codes = {finding.code for finding in score_field(image).findings}
    assert ("WEAK_SIGNALS" in codes) == weak


@pytest.mark.parametrize(
    ("pixel_size_um", "expected"),
    [(0.1, None), (0.15, None), (0.2, "COARSE_PIXELS"), (0.3, "PIXELS_TOO_LARGE")],
)
def test_pixels_that_are_too_coarse_to_count_are_told(pixel_size_um, expected):
    size = round(50 / pixel_size_um)
    spec = spec_of_case("amplified", size=size, snr="easy").changed(pixel_size_um=pixel_size_um)
    image, _ = simulate_case("amplified", seed=1, n_fields=1, spec=spec)[0]
    case = score_case([image])
    codes = {finding.code for finding in case.fields[0].findings}
    assert codes & {"COARSE_PIXELS", "PIXELS_TOO_LARGE"} == ({expected} if expected else set())
    # Where copies run together no category is better than one that is too low.
    void = expected == "PIXELS_TOO_LARGE"
    assert (case.score.n_scored == 0) == void
    assert ({category.category for category in case.categories} == {"NOT_EVALUABLE"}) == void
    fine = QualitySettings(max_pixel_um=0.5, coarse_pixel_um=0.5)
    field = case.fields[0]
    found = field_findings(image, field.nuclei, field.counts, settings=fine)
    assert not {one.code for one in found} & {"COARSE_PIXELS", "PIXELS_TOO_LARGE"}


def test_a_field_that_cannot_be_measured_is_not_scored_whatever_is_to_be_rejected():
    image, _ = simulate_case("amplified", seed=1, n_fields=1, size=400)[0]
    same = replace(image, pixels=image.pixels[[0, 1, 1]])
    settings = Settings(selection=SelectionSettings(reject=("BORDER",)))
    assert score_case([image], settings=settings).score.n_scored > 0
    case = score_case([same], settings=settings)
    assert "IDENTICAL_CHANNELS" in {finding.code for finding in case.fields[0].findings}
    assert {category.category for category in case.categories} == {"NOT_EVALUABLE"}


@pytest.mark.parametrize(("step_um", "expected"), [(0.5, False), (2.0, False), (20.0, True)])
def test_planes_that_are_far_apart_are_told(step_um, expected):
    drawn = simulate_case("negative", seed=2, n_fields=1, size=256, n_planes=3)[0][0]
    field = score_field(drawn, threads=1)
    found = field_findings(replace(drawn, z_step_um=step_um), field.nuclei, field.counts)
    assert ("COARSE_PLANES" in {one.code for one in found}) == expected
