"""Arrays that are no camera counts are refused by name, and no others."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fishcount import FishImage
from fishcount.errors import PixelError

COUNTS = np.random.default_rng(1).poisson(50, (2, 30, 40)).astype(np.uint16)


def image(array):
    return FishImage.from_array(array, axes="CYX", channels=["DAPI", "HER2"], pixel_size_um=0.1)


@pytest.mark.parametrize("scale", [1 / COUNTS.max(), 1 / 65535])
def test_what_was_rescaled_to_one_is_refused(scale):
    """Noise is compared with whole counts: other signals would be found, or the channel blank."""
    one = COUNTS.astype(float)
    one[1] *= scale
    with pytest.raises(PixelError, match=r"HER2: pixels from 0 to 1 .* not rescaled"):
        image(one)


def test_masked_pixels_are_refused():
    with pytest.raises(PixelError, match="masked pixels"):
        image(np.ma.masked_greater(COUNTS, 60))
    assert_array_equal(image(np.ma.masked_greater(COUNTS, 10_000)).pixels[:, 0], COUNTS)


@pytest.mark.parametrize("dtype", [np.float32, ">u2", np.int64])
def test_counts_of_any_type_are_taken_as_they_are(dtype):
    flipped = COUNTS.astype(dtype)[:, ::-1]
    assert_array_equal(image(flipped).pixels[:, 0], COUNTS[:, ::-1])


def test_a_dark_channel_of_floats_is_a_channel():
    dark = np.stack([COUNTS[0].astype(float), np.zeros((30, 40))])
    assert image(dark).pixels.max() == COUNTS[0].max()
