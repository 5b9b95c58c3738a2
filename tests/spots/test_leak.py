"""Light of one probe in the channel of the other is measured, and what it explains is no signal."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial import KDTree

from fishcount.image import PROBES
from fishcount.spots import detect_in_channels, measure_channel, measure_channels
from fishcount.spots.channel.leak import leaked_share
from fishcount.spots.channel.scale import view_channel
from fishcount.synthetic import simulate_case, spec_of_case
from fishcount.synthetic.truth import SpotKind


@cache
def drawn(case, share):
    """Channels of a field by the share of each probe that the other sees, and their truth."""
    spec = spec_of_case(case, snr="easy", size=512).changed(
        artefacts={"her2_into_cep17": share, "cep17_into_her2": share}
    )
    image, truth = simulate_case(case, seed=6, n_fields=1, spec=spec)[0]
    return {role: image.channel(role) for role in PROBES}, truth.spots


def test_the_share_is_what_was_put_in():
    field, _ = drawn("scattered", 0.0)
    her2 = field["HER2"]
    cep17 = field["CEP17"] + np.float32(0.2) * (her2 - np.median(her2))
    views = [view_channel(plane, measure_channel(plane)) for plane in (cep17, her2)]
    before = leaked_share(view_channel(field["CEP17"], measure_channel(field["CEP17"])), views[1])
    assert_allclose(leaked_share(*views) - before, 0.2, atol=0.03)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.5])
def test_the_share_is_told_where_both_probes_leak(share):
    """Most maxima of CEP17 are those of an amplified HER2 then, and tell nothing of CEP17."""
    field, _ = drawn("amplified", share)
    scales = measure_channels(field, pixel_size_um=0.1)
    assert_allclose([scales[role].leaked_share for role in PROBES], share, atol=0.06)


@pytest.mark.parametrize("gain", [0.2, 1.0, 5.0])
def test_the_share_is_told_however_long_a_probe_was_exposed(gain):
    """In counts the light of HER2 is brighter in CEP17 then than where it comes from."""
    field, _ = drawn("amplified", 0.35)
    exposed = {"HER2": field["HER2"], "CEP17": 100 + gain * (field["CEP17"] - 100)}
    scales = measure_channels(exposed, pixel_size_um=0.1)
    assert_allclose(scales["CEP17"].leaked_share, 0.35 * gain, rtol=0.15)
    found = detect_in_channels(exposed, pixel_size_um=0.1)
    plain = detect_in_channels(field, pixel_size_um=0.1)
    for role, spots in plain.items():
        assert found[role].kept.sum() == pytest.approx(spots.kept.sum(), rel=0.05), role


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_what_leaks_over_is_no_signal(share):
    """Few ghosts of HER2 are left, and what is a signal of its own is not taken for one."""
    field, truth = drawn("scattered", share)
    spots = detect_in_channels(field, pixel_size_um=0.1)["CEP17"]
    own = (truth.channel == PROBES.index("CEP17")) & (truth.kind != SpotKind.DEBRIS)
    places = np.stack([truth.y, truth.x], axis=1)[own]
    found = spots.yx_px[spots.kept]
    assert np.mean(KDTree(places).query(found)[0] > 3) < 0.15
    assert np.mean(KDTree(found).query(places)[0] < 3) > 0.9
