"""What segmentation finds: a label image and one row of figures for each nucleus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.read_only import ReadOnlyArrays

__all__ = ["Nuclei"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nuclei(ReadOnlyArrays):
    """Segmented nuclei of one field; row ``i`` describes label ``i + 1``.

    Attributes
    ----------
    labels : ndarray of int32, (y, x)
        0 is background; labels are 1 to n without gaps, in the order of their centroids
        (y first, then x).
    y_px, x_px : ndarray of float64, (n,)
        Centroids; the origin is the centre of the first pixel.
    area_px : ndarray of int64, (n,)
    bbox_px : ndarray of int64, (n, 4)
        Bounding boxes: first row, first column, last row + 1, last column + 1.
    eccentricity, solidity : ndarray of float64, (n,)
        Of the ellipse with equal moments; area over the area of the convex hull.
    mean_dapi_counts : ndarray of float64, (n,)
        Mean DAPI above the local background.
    dose_counts : ndarray of float64, (n,)
        Sum of DAPI above the local background: the DNA dose.
    texture : ndarray of float64, (n,)
        Coefficient of variation of DAPI inside the nucleus, away from its edge.
    edge_width_px : ndarray of float64, (n,)
        Width of the edge: the step of DAPI over its slope; large where out of focus.
    saturated_fraction : ndarray of float64, (n,)
        Share of its pixels at the camera's limit.
    plane : ndarray of int64, (n,)
        The plane in which the nucleus is sharpest; 0 in a single plane.
    flags : ndarray of uint32, (n,)
        Bit mask of `fishcount.flags` for nuclei.
    diameter_px : float
        The nuclear diameter that was estimated from the image; NaN where nothing was found.
    threshold_counts : float
        Typical DAPI threshold above background, for the record; NaN where nothing was found.
    """

    labels: NDArray[np.int32]
    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    area_px: NDArray[np.int64]
    bbox_px: NDArray[np.int64]
    eccentricity: NDArray[np.float64]
    solidity: NDArray[np.float64]
    mean_dapi_counts: NDArray[np.float64]
    dose_counts: NDArray[np.float64]
    texture: NDArray[np.float64]
    edge_width_px: NDArray[np.float64]
    saturated_fraction: NDArray[np.float64]
    plane: NDArray[np.int64]
    flags: NDArray[np.uint32]
    diameter_px: float
    threshold_counts: float

    def __len__(self) -> int:
        return len(self.y_px)

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Nuclei:
        """No nuclei in a field of the given height and width."""
        none = np.zeros(0)
        return cls(
            labels=np.zeros(shape, np.int32),
            y_px=none.copy(),
            x_px=none.copy(),
            area_px=none.astype(np.int64),
            bbox_px=np.zeros((0, 4), np.int64),
            eccentricity=none.copy(),
            solidity=none.copy(),
            mean_dapi_counts=none.copy(),
            dose_counts=none.copy(),
            texture=none.copy(),
            edge_width_px=none.copy(),
            saturated_fraction=none.copy(),
            plane=none.astype(np.int64),
            flags=none.astype(np.uint32),
            diameter_px=float("nan"),
            threshold_counts=float("nan"),
        )
