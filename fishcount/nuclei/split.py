"""Touching nuclei apart: seeds in the distance transform, cuts that must look like contacts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from skimage.segmentation import watershed

__all__ = ["contacts", "split_by_distance"]

# A cut is a contact of two nuclei when its half length is under this part of the smaller
# piece's inner radius; a waist wider than that belongs to one nucleus.
CONTACT_RATIO = 0.9


def split_by_distance(mask: NDArray[np.bool_], *, diameter_px: float) -> NDArray[np.int32]:
    """Label the nuclei of a mask; those that touch at a waist become two."""
    distance = ndi.distance_transform_edt(mask).astype(np.float32)
    distance = ndi.gaussian_filter(distance, max(0.04 * diameter_px, 0.7), mode="constant")
    distance[~mask] = 0
    reach = 2 * round(0.08 * diameter_px) + 1
    peaks = (distance == ndi.maximum_filter(distance, size=max(reach, 3))) & (distance > 1)
    seeds, n_seeds = ndi.label(peaks, structure=np.ones((3, 3)))
    if n_seeds == 0:
        return np.zeros(mask.shape, np.int32)
    pieces = np.asarray(watershed(-distance, seeds, mask=mask), np.int32)  # type: ignore[no-untyped-call]
    height = ndi.maximum(distance, pieces, np.arange(n_seeds + 1))
    a, b, waist = contacts(pieces, distance)
    joined = waist > CONTACT_RATIO * np.minimum(height[a], height[b])
    return _join(pieces, a[joined], b[joined], n_seeds)


def contacts(
    pieces: NDArray[np.int32], height: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Pairs of touching pieces and the highest pass between them."""
    n = int(pieces.max(initial=0)) + 1
    codes, passes = [], []
    for one, other in (
        ((slice(None, -1),), (slice(1, None),)),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ):
        p, q = pieces[one], pieces[other]
        touch = (p != q) & (p > 0) & (q > 0)
        p, q = p[touch].astype(np.int64), q[touch].astype(np.int64)
        codes.append(np.minimum(p, q) * n + np.maximum(p, q))
        passes.append(np.minimum(height[one][touch], height[other][touch]))
    code, inverse = np.unique(np.concatenate(codes), return_inverse=True)
    top = np.zeros(len(code), np.float32)
    np.maximum.at(top, inverse, np.concatenate(passes))
    return code // n, code % n, top


def _join(
    pieces: NDArray[np.int32], a: NDArray[np.int64], b: NDArray[np.int64], n: int
) -> NDArray[np.int32]:
    graph = coo_matrix((np.ones(len(a), bool), (a, b)), shape=(n + 1, n + 1))
    _, group = connected_components(graph, directed=False)
    group = group.astype(np.int32)
    # Background is alone in its group; the others count from 1.
    group = np.where(group == group[0], 0, group + (group < group[0]))
    return group[pieces].astype(np.int32)
