"""Nuclei out of focus are told by their detail or, where there is none, by their edge."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage as ndi

from fishcount import score_field, segment_nuclei
from fishcount.flags import has_flag, mask_of
from fishcount.metrics import match_labels
from fishcount.nuclei import nuclei_from_labels
from fishcount.settings import NucleiSettings
from fishcount.synthetic import simulate_case, spec_of_case

BLURRED = np.uint32(mask_of(["BLURRED"]))


def disks(places, radius=20, shape=(140, 400)):
    """Label image of disks; of two for one pixel, the later."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.int32)
    for label, (cy, cx) in enumerate(places, 1):
        labels[np.hypot(y - cy, x - cx) <= radius] = label
    return labels


def image_of(labels, height, sigma_px):
    """Each label with its own height and blur, on a background of 100 counts."""
    image = np.full(labels.shape, 100.0)
    for label, (counts, sigma) in enumerate(zip(height, sigma_px, strict=True), 1):
        image += ndi.gaussian_filter(counts * (labels == label), sigma)
    return image


def test_a_dim_nucleus_beside_a_bright_one_is_as_sharp_as_the_others():
    labels = disks([(40, 40), (40, 120), (100, 160), (40, 200), (40, 237), (100, 300)])
    nuclei = nuclei_from_labels(
        labels, image_of(labels, [400, 400, 400, 1200, 300, 400], 6 * [1.0])
    )
    assert not (nuclei.flags & BLURRED).any()
    assert_allclose(nuclei.edge_width_px, np.median(nuclei.edge_width_px), rtol=0.1)


def test_a_blurred_nucleus_is_told_though_it_touches_another():
    labels = disks([(40, 40), (40, 120), (100, 160), (40, 200), (40, 237), (100, 300)])
    image = image_of(labels, 6 * [400], [1, 1, 1, 1, 6, 1])
    nuclei = nuclei_from_labels(labels, image)
    blurred = labels[40, 240]
    at = [nuclei.labels[40, x] - 1 for x in (40, 120, 200, 245)]
    assert blurred > 0
    assert (nuclei.flags[at] & BLURRED > 0).tolist() == [False, False, False, True]


def test_nuclei_without_a_free_edge_have_a_width_all_the_same():
    labels = np.repeat(np.arange(1, 5), 30)[None].repeat(50, axis=0).astype(np.int32)
    nuclei = nuclei_from_labels(labels, labels * 100.0 + 50)
    assert np.isfinite(nuclei.edge_width_px).all()


def chromatin(labels, height, sigma_px, *, electrons=20.0, seed=3):
    """As `image_of`, with the grain of chromatin in each, and photon noise."""
    rng = np.random.default_rng(seed)
    grain = ndi.gaussian_filter(rng.normal(size=labels.shape), 2)
    grain = 1 + 0.2 * grain / grain.std()
    image = np.full(labels.shape, 100.0)
    for label, (counts, sigma) in enumerate(zip(height, sigma_px, strict=True), 1):
        image += ndi.gaussian_filter(counts * grain * (labels == label), sigma)
    return rng.poisson(image * electrons) / electrons


PLACES = [(40, 40), (40, 120), (100, 80), (40, 200), (100, 160), (100, 300)]


def test_a_nucleus_without_the_detail_of_the_others_is_blurred_whatever_its_height():
    labels = disks(PLACES, radius=28)
    image = chromatin(labels, [400, 400, 900, 250, 400, 400], [1, 1, 1, 1, 3.5, 1])
    nuclei = nuclei_from_labels(labels, image)
    at = [nuclei.labels[y, x] - 1 for y, x in PLACES]
    assert has_flag(nuclei.flags[at], "BLURRED").tolist() == [False] * 4 + [True, False]
    sharp = nuclei.detail[at][[0, 1, 2, 3, 5]]
    assert_allclose(sharp, np.median(sharp), rtol=0.25)


def test_the_limit_of_detail_is_a_setting():
    labels = disks(PLACES, radius=28)
    image = chromatin(labels, 6 * [400], [1, 1, 1, 1, 3.5, 1])
    strict = nuclei_from_labels(labels, image, settings=NucleiSettings(blurred_detail=0.05))
    assert not (strict.flags & BLURRED).any()


@pytest.mark.parametrize("electrons", [0.05, 1.0, 20.0])
def test_noise_alone_is_no_detail_and_blurs_nobody(electrons):
    labels = disks(PLACES, radius=28)
    rng = np.random.default_rng(5)
    image = rng.poisson((100 + 400 * (labels > 0)) * electrons) / electrons
    nuclei = nuclei_from_labels(labels, image)
    assert not (nuclei.flags & BLURRED).any()
    # A tenth of what the noise itself would show as: root mean square over mean, times width.
    bare = np.sqrt(500 / electrons) / 400
    assert (nuclei.detail < 0.5 * bare).all()


def test_detail_of_a_nucleus_without_an_inside_is_unknown_and_no_reason():
    labels = disks(PLACES, radius=28)
    labels[70:73, 220:223] = 7
    nuclei = nuclei_from_labels(labels, chromatin(labels, 7 * [400], 7 * [1]))
    small = nuclei.labels[71, 221] - 1
    assert np.isnan(nuclei.detail[small])
    assert np.isfinite(np.delete(nuclei.detail, small)).all()
    assert not nuclei.flags[small] & BLURRED


def test_most_nuclei_that_were_drawn_out_of_focus_are_not_scored():
    spec = spec_of_case("mixed", size=1024, snr="medium")
    spec = spec.changed(nuclei={"out_of_focus": 0.25, "overlapping": 0.0})
    n_blurred = n_told = n_sharp = n_false = 0
    for image, truth in simulate_case("mixed", seed=1, n_fields=2, spec=spec):
        result = score_field(image)
        found, true = match_labels(result.nuclei.labels, truth.labels).pairs(0.5)
        depth = np.abs(truth.nuclei.defocus_um[np.searchsorted(truth.nuclei.id, true)])
        told = has_flag(result.nuclei.flags[found - 1], "BLURRED")
        assert not (told & result.scored[found - 1]).any()
        n_blurred, n_told = n_blurred + (depth > 0.8).sum(), n_told + told[depth > 0.8].sum()
        n_sharp, n_false = n_sharp + (depth < 0.4).sum(), n_false + told[depth < 0.4].sum()
    assert n_blurred >= 10
    assert n_told >= 0.6 * n_blurred
    assert n_false <= 0.02 * n_sharp


def test_a_field_without_nuclei_has_no_detail():
    assert segment_nuclei(np.full((64, 64), 100.0)).detail.shape == (0,)
