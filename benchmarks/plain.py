"""The plain script that many laboratories write: scikit-image, one step after the other.

Otsu and a distance watershed for nuclei, `blob_log` for signals, points counted per label; a
stack is projected first. It is a yardstick for speed and memory, with its usual settings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage import feature, filters, measure, segmentation

from fishcount.image import FishImage, project

BLOB_THRESHOLD = 0.1


def unit_range(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Counts brought to 0..1 between the 1st and the 99.95th percentile."""
    low, high = np.percentile(plane, [1, 99.95])
    return np.clip((plane - low) / max(high - low, 1e-9), 0, 1.5).astype(np.float32)


def plain_nuclei(image: FishImage) -> NDArray[np.int32]:
    """Smooth, Otsu, distance transform, watershed."""
    dapi = filters.gaussian(project(image.channel("DAPI")), 2, preserve_range=True)
    mask = ndi.binary_fill_holes(dapi > filters.threshold_otsu(dapi))
    distance = filters.gaussian(ndi.distance_transform_edt(mask), 2)
    peaks = feature.peak_local_max(distance, min_distance=20, labels=measure.label(mask))
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(segmentation.watershed(-distance, markers, mask=mask), np.int32)


def plain_spots(image: FishImage, probe: str) -> NDArray[np.float64]:
    """Points of `blob_log`, (n, 2)."""
    plane = unit_range(project(image.channel(probe)))
    found = feature.blob_log(
        plane, min_sigma=1.2, max_sigma=2.4, num_sigma=5, threshold=BLOB_THRESHOLD
    )
    return np.asarray(found[:, :2], np.float64)


def plain_counts(labels: NDArray[np.int32], yx: NDArray[np.float64]) -> NDArray[np.int64]:
    """Points in each label."""
    y, x = np.rint(yx).astype(int).T
    return np.bincount(labels[y, x], minlength=int(labels.max()) + 1)[1:]
