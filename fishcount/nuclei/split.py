"""Touching nuclei apart: a foreground into more pieces than it has nuclei, then joined again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage.segmentation import watershed

from fishcount.nuclei.pieces import Pieces, join_pieces

__all__ = ["inner_distance", "split_foreground"]

# Smoothing of the distance transform, and half the width in which a seed must be highest, in
# nuclear diameters: little, as a seed too many is joined again and one too few is a merge.
SMOOTHING, SEED_REACH = 0.03, 0.06


def split_foreground(
    mask: NDArray[np.bool_], signal: NDArray[np.float32], *, diameter_px: float
) -> tuple[NDArray[np.int32], Pieces]:
    """Nuclei of a mask (y, x), split where they touch.

    Parameters
    ----------
    mask
        Foreground.
    signal
        DAPI above background: a gap, or an overlap that is brighter, speaks for two nuclei.
    diameter_px
        Typical nuclear diameter.

    Returns
    -------
    labels, pieces
        1 to n, and their figures; parts of the mask too thin for a seed are left out.
    """
    depth = inner_distance(mask, smoothing_px=max(SMOOTHING * diameter_px, 0.7))
    size = max(2 * round(SEED_REACH * diameter_px) + 1, 3)
    peaks = (depth == ndi.maximum_filter(depth, size=size)) & (depth > 0.5)
    seeds, n_seeds = ndi.label(peaks, structure=np.ones((3, 3)))
    labels = _flood(-depth, seeds, mask) if n_seeds else np.zeros(mask.shape, np.int32)
    return join_pieces(labels, signal, depth, nucleus_area_px=np.pi / 4 * diameter_px**2)


def _flood(
    relief: NDArray[np.float32], seeds: NDArray[np.int32], mask: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Watershed of the components with several seeds; those with one are theirs as a whole."""
    components, n = ndi.label(mask)
    at = np.flatnonzero(seeds)
    seed, component = seeds.ravel()[at], components.ravel()[at]
    owner = np.zeros(n + 1, np.int32)
    owner[component] = seed
    # A seed that is not the one written last has company.
    shared = np.zeros(n + 1, bool)
    shared[component[owner[component] != seed]] = True
    owner[shared] = 0
    owner[0] = 0
    labels: NDArray[np.int32] = owner[components]
    if shared.any():
        crowded = shared[components]
        labels += watershed(  # type: ignore[no-untyped-call]
            relief, np.where(crowded, seeds, 0), mask=crowded
        )
    return labels


def inner_distance(mask: NDArray[np.bool_], *, smoothing_px: float) -> NDArray[np.float32]:
    """Smoothed distance to the outside of a mask; beyond the field's edge it goes on."""
    padded = np.pad(mask, 1, mode="edge")
    distance = ndi.distance_transform_edt(padded)[1:-1, 1:-1].astype(np.float32)
    smooth: NDArray[np.float32] = ndi.gaussian_filter(distance, smoothing_px, truncate=3)
    smooth[~mask] = 0
    return smooth
