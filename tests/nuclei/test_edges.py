"""How wide an edge is, is seen where a nucleus ends towards background, not where it touches."""

import numpy as np
from numpy.testing import assert_allclose
from scipy import ndimage as ndi

from fishcount.flags import mask_of
from fishcount.nuclei import nuclei_from_labels

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
