"""Where a camera was full, told from its counts alone."""

import numpy as np
import pytest

from fishcount.camera import full_count
from fishcount.filters import gaussian_kernel, separable


def light(seed: int = 0) -> np.ndarray:
    """Blobs on a dark ground with the noise of a camera, up to some 4,000 counts."""
    rng = np.random.default_rng(seed)
    seeds = (rng.random((256, 256)) > 0.999).astype(np.float32)
    kernel = gaussian_kernel(6.0, 4.0)
    blobs = separable(seeds, kernel, kernel, border="reflect")
    return rng.poisson(100 + 4000 * blobs / blobs.max()).astype(np.float64)


@pytest.mark.parametrize("seed", range(5))
def test_light_that_no_limit_cut_off_has_none(seed):
    for counts in (light(seed), light(seed) // 16, np.sqrt(light(seed)).astype(int)):
        assert full_count(counts.astype(np.uint16)) is None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scale", [1, 1 / 16, 16])
def test_a_heap_of_the_brightest_counts_is_a_limit(scale, seed):
    cut = np.minimum(light(seed), 3001) * scale
    assert full_count(cut.astype(np.uint16)) == int(3001 * scale)
    assert full_count(cut.astype(np.float32)) == np.float32(3001 * scale)


def test_what_no_camera_took_is_not_full():
    disc = np.hypot(*np.indices((96, 96)) - 48.0) < 20
    kernel = gaussian_kernel(2.0, 4.0)
    smooth = separable(1000.0 * disc.astype(np.float32), kernel, kernel, border="reflect")
    painted = np.random.default_rng(0).poisson(100, disc.shape)
    painted[disc] = 1000
    for drawn in (1000 * disc, smooth.astype(np.uint16), painted):
        assert full_count(drawn) is None


def test_salt_above_all_light_is_no_limit():
    salted = light()
    salted[np.random.default_rng(1).random(salted.shape) < 0.002] = 9000
    assert full_count(salted.astype(np.uint16)) is None
