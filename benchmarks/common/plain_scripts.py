"""What a careful person writes with scikit-image in an afternoon: the peer of the count table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage import feature, filters, measure, segmentation

from fishcount import FishImage


def plane_of(image: FishImage, role: str) -> NDArray[np.float64]:
    """Brightest projection of a channel."""
    plane = np.asarray(image.channel(role), np.float64)
    return plane.max(axis=0) if plane.ndim == 3 else plane


def otsu_nuclei(image: FishImage) -> NDArray[np.int32]:
    """The tutorial recipe: smooth, Otsu, distance transform, watershed; border ones removed."""
    dapi = filters.gaussian(plane_of(image, "DAPI"), 2)
    mask = ndi.binary_fill_holes(dapi > filters.threshold_otsu(dapi))
    distance = filters.gaussian(ndi.distance_transform_edt(mask), 2)
    peaks = feature.peak_local_max(distance, min_distance=20, labels=measure.label(mask))
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = segmentation.clear_border(segmentation.watershed(-distance, markers, mask=mask))
    area = np.bincount(labels.ravel())
    areas = area[1:][area[1:] > 0]
    labels[(area < 0.3 * (np.median(areas) if len(areas) else 0))[labels]] = 0
    return segmentation.relabel_sequential(labels)[0].astype(np.int32)


def count_points(labels: NDArray[np.int32], yx_px: NDArray[np.float64]) -> NDArray[np.int64]:
    """Points in each label: one point one copy."""
    y, x = np.rint(yx_px).astype(int).reshape(-1, 2).T
    return np.bincount(labels[y, x], minlength=int(labels.max()) + 1)[1:]


def blobs(image: FishImage, probe: str, *, threshold: float) -> NDArray[np.float64]:
    """Points of `blob_log`, (n, 2)."""
    found = feature.blob_log(
        plane_of(image, probe), min_sigma=1.2, max_sigma=2.4, num_sigma=5, threshold=threshold
    )
    return found[:, :2]
