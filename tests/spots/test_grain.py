"""Noise that was smoothed is told from a camera's, and its grain is not counted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi
from scipy.spatial import KDTree

from fishcount.background import background_map
from fishcount.image import PROBES
from fishcount.spots import detect_in_channels, measure_channel
from fishcount.spots.channel.grain import pixel_noise_share
from fishcount.spots.points.response import blob_response
from fishcount.synthetic import simulate_case
from fishcount.synthetic.truth import SpotKind


@pytest.fixture(scope="module")
def field():
    image, truth = simulate_case("scattered", seed=5, n_fields=1, size=640, snr="medium")[0]
    return {role: image.channel(role).reshape(image.shape) for role in PROBES}, truth.spots


SMOOTHED = {
    "gaussian": lambda plane: ndi.gaussian_filter(plane, 0.8),
    "median": lambda plane: ndi.median_filter(plane, 3),
    "enlarged": lambda plane: ndi.zoom(plane, 2, order=3),
}
AS_TAKEN = {
    "camera": lambda plane: plane,
    "rescaled": lambda plane: 0.01 * plane + 7,
    "8 bits": lambda plane: np.rint(255 * (plane / plane.max())).astype(np.uint8),
    "photons": lambda plane: np.random.default_rng(1).poisson(3, plane.shape).astype(np.uint16),
    "clipped to black": lambda plane: np.maximum(plane - np.quantile(plane, 0.7), 0),
    "even": lambda plane: np.full(plane.shape, 9, np.uint16),
}


@pytest.mark.parametrize("how", SMOOTHED)
def test_smoothed_noise_is_told(field, how):
    assert measure_channel(SMOOTHED[how](field[0]["HER2"])).smoothed


@pytest.mark.parametrize("how", AS_TAKEN)
def test_noise_of_a_camera_is_not_taken_for_smoothed(field, how):
    assert not measure_channel(AS_TAKEN[how](field[0]["HER2"])).smoothed


@pytest.mark.parametrize("shape", [(64, 1), (1, 64), (300, 257)])
def test_white_noise_is_all_there_and_a_row_says_nothing(shape):
    plane = np.random.default_rng(2).normal(100, 5, shape).astype(np.float32)
    response = blob_response(plane, 4)
    share = pixel_noise_share(plane, response, background_map(plane), passes=4)
    assert share is None if 1 in shape else share == pytest.approx(1, abs=0.05)


def test_little_grain_of_a_smoothed_channel_is_counted(field):
    """A third of what was kept were grain when it was judged like a camera's."""
    channels, truth = field
    smoothed = {role: SMOOTHED["gaussian"](plane) for role, plane in channels.items()}
    spots = detect_in_channels(smoothed, pixel_size_um=0.1)["CEP17"]
    theirs = truth.channel == PROBES.index("CEP17")
    places = np.stack([truth.y, truth.x], axis=1)
    found = spots.yx_px[spots.kept]
    signals = places[theirs & (truth.kind != SpotKind.DEBRIS)]
    assert np.mean(KDTree(places[theirs]).query(found)[0] > 3) < 0.25
    assert np.mean(KDTree(found).query(signals)[0] < 3) > 0.75
