"""Probes of which one is blurred, or in nothing but clusters; nuclei of no possible size."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage as ndi

from fishcount import score_field
from fishcount.quality import field_findings, unlike_signals
from fishcount.settings import QualitySettings
from fishcount.spots import Spots
from fishcount.synthetic import simulate_case, spec_of_case


@pytest.fixture(scope="module")
def image():
    return simulate_case("amplified", seed=4, n_fields=1, size=768)[0][0]


@pytest.fixture(scope="module")
def result(image):
    return score_field(image, threads=1)


def told(result) -> list[str]:
    return [one.detail for one in result.findings if one.code == "UNLIKE_PROBES"]


def test_probes_in_focus_are_alike(result):
    assert told(result) == []


@pytest.mark.parametrize("probe", ["HER2", "CEP17"])
def test_a_probe_out_of_focus_is_told(image, probe):
    pixels = image.pixels.astype(np.float64)
    plane = pixels[image.channels.index(probe)]
    noise = np.random.default_rng(0).normal(0, 3, plane.shape)
    plane[:] = ndi.gaussian_filter(plane, (0, 2, 2)) + noise
    blurred = replace(image, pixels=pixels.clip(0).astype(np.uint16))
    (words,) = told(score_field(blurred, threads=1))
    assert words.startswith(f"{probe}: ")
    assert "as wide as" in words


def test_nothing_but_clusters_is_told():
    """Each nucleus has one heap of copies that nothing resolves, so no single signal is left."""
    spec = spec_of_case("amplified", size=768, snr="easy")
    kind = spec.population[1][1].model_copy(update={"clusters": {1: 1.0}, "clustered": 1.0})
    pitch = spec.signals.model_copy(update={"cluster_pitch_um": 0.1})
    heaps = spec.model_copy(update={"population": ((1.0, kind),), "signals": pitch})
    field, truth = simulate_case("heaps", seed=3, n_fields=1, spec=heaps)[0]
    result = score_field(field, threads=1)
    assert truth.nuclei.her2.mean() > 10
    assert result.counts.copies["HER2"].best[result.scored].mean() < 3  # what the flag is for
    assert len(told(result)) == 1


def test_limits_are_settings_and_nothing_says_nothing(result):
    flux = result.counts.single_flux_counts
    strict = QualitySettings(max_times_as_wide=0.5)
    assert len(unlike_signals(result.spots, flux, settings=strict)) == 2
    bright = {"HER2": 5.0, "CEP17": 1.0}
    (finding,) = unlike_signals(result.spots, bright)
    assert finding.figure == 5.0
    # A satellite probe may well be brighter than one of a locus.
    assert unlike_signals(result.spots, {"HER2": 1.0, "CEP17": 5.0}) == ()
    none = Spots.empty(min_snr=4.0)
    assert unlike_signals({"HER2": none, "CEP17": none}, {"HER2": np.nan, "CEP17": np.nan}) == ()
    assert unlike_signals({"HER2": result.spots["HER2"]}, flux) == ()


@pytest.mark.parametrize(("times", "expected"), [(0.4, True), (1.0, False), (3.0, True)])
def test_a_pixel_size_that_makes_no_nuclei_is_told(image, result, times, expected):
    rescaled = replace(image, pixel_size_um=times * image.pixel_size_um)
    found = field_findings(rescaled, result.nuclei, result.counts)
    assert ("DOUBTFUL_SIZE" in {one.code for one in found}) == expected
