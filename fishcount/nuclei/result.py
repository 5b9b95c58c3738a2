"""What segmentation finds: one row of figures for each nucleus, and a label image or outlines."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fishcount.image import Window
from fishcount.nuclei.geometry.label_runs import LabelRuns
from fishcount.nuclei.geometry.runs import Runs, find_runs
from fishcount.read_only import ReadOnlyArrays

__all__ = ["Nuclei", "NucleiTable", "OutlinedNuclei"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NucleiTable(ReadOnlyArrays):
    """Figures of the nuclei of one field; row ``i`` describes label ``i + 1``.

    Labels are 1 to n without gaps, in the order of their centroids (y first, then x).

    Attributes
    ----------
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
        Coefficient of variation of DAPI inside the nucleus.
    edge_width_px : ndarray of float64, (n,)
        Width of the edge: the step of DAPI over its slope; large where out of focus.
    detail : ndarray of float64, (n,)
        Strength of the fine detail of DAPI inside, as a share of its mean: low where out of focus,
        NaN where the nucleus is too small to tell.
    neck : ndarray of float64, (n,)
        Length of the best cut from dent to dent over the width of what it cuts off, less for deep
        dents: low where two nuclei may hide, 9 where there are no dents.
    contact_width : ndarray of float64, (n,)
        Length of its longest contact over the width of the smaller of both; 0 where it is free.
    overlap : ndarray of float64, (n,)
        What its ellipse has in common with those of nuclei that it touches, over its area: high
        where they lie over one another.
    saturated_fraction : ndarray of float64, (n,)
        Share of its pixels at the camera's limit.
    plane : ndarray of int64, (n,)
        The plane in which the nucleus is sharpest; 0 in a single plane.
    depth_distance_um : ndarray of float64, (n,)
        Distance of the two depths at which it is sharp; 0 where at one, NaN where not looked for.
    flags : ndarray of uint32, (n,)
        Bit mask of `fishcount.flags` for nuclei.
    diameter_px : float
        The nuclear diameter that was estimated from the image; NaN where nothing was found.
    threshold_counts : float
        Typical DAPI threshold above background, for the record; NaN where nothing was found, or
        the outlines are another program's.
    """

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
    detail: NDArray[np.float64]
    neck: NDArray[np.float64]
    contact_width: NDArray[np.float64]
    overlap: NDArray[np.float64]
    saturated_fraction: NDArray[np.float64]
    plane: NDArray[np.int64]
    depth_distance_um: NDArray[np.float64]
    flags: NDArray[np.uint32]
    diameter_px: float
    threshold_counts: float

    def __len__(self) -> int:
        return len(self.y_px)

    @property
    def outlines_given(self) -> bool:
        """Whether the outlines are another program's: they were not cut at any height of DAPI."""
        return len(self) > 0 and math.isnan(self.threshold_counts)

    def figures(self) -> dict[str, Any]:
        """The columns and figures by their names, without labels or outlines."""
        return {column.name: getattr(self, column.name) for column in fields(NucleiTable)}

    @classmethod
    def _none(cls, **pixels: Any) -> Self:
        """No nuclei: every column is there and has no rows."""
        none = np.zeros(0)
        return cls(
            **pixels,
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
            detail=none.copy(),
            neck=none.copy(),
            contact_width=none.copy(),
            overlap=none.copy(),
            saturated_fraction=none.copy(),
            plane=none.astype(np.int64),
            depth_distance_um=none.copy(),
            flags=none.astype(np.uint32),
            diameter_px=float("nan"),
            threshold_counts=float("nan"),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nuclei(NucleiTable):
    """Segmented nuclei of one field with their label image; see `NucleiTable` for the rest.

    Attributes
    ----------
    labels : ndarray of int32, (y, x)
        0 is background.
    """

    labels: NDArray[np.int32]

    @property
    def stored_labels(self) -> NDArray[np.int32]:
        """The label image as it is held: here, the array."""
        return self.labels

    def labels_in(self, window: Window) -> NDArray[np.int32]:
        """Label image (y, x) of a window."""
        return self.labels[window]

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Nuclei:
        """No nuclei in a field of the given height and width."""
        return cls._none(labels=np.zeros(shape, np.int32))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutlinedNuclei(NucleiTable):
    """Nuclei of a field of any size: their label image as runs; see `NucleiTable` for the rest.

    Attributes
    ----------
    outlines : LabelRuns
        Windows of the label image are painted from it.
    """

    outlines: LabelRuns

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> OutlinedNuclei:
        """No nuclei in a field of the given height and width."""
        return cls._none(outlines=LabelRuns.of(Runs.empty(), shape))

    @classmethod
    def of(cls, nuclei: Nuclei) -> OutlinedNuclei:
        """The same nuclei, their label image as runs."""
        shape = (nuclei.labels.shape[0], nuclei.labels.shape[1])
        return cls(**nuclei.figures(), outlines=LabelRuns.of(find_runs(nuclei.labels), shape))

    @property
    def stored_labels(self) -> LabelRuns:
        """The label image as it is held: here, the outlines."""
        return self.outlines

    @property
    def labels(self) -> NDArray[np.int32]:
        """The whole label image (y, x), painted at each call; it must fit into memory."""
        high, wide = self.outlines.shape
        return self.labels_in((slice(0, high), slice(0, wide)))

    def painted(self) -> Nuclei:
        """The same nuclei with their label image."""
        return Nuclei(**self.figures(), labels=self.labels)

    def labels_in(self, window: Window) -> NDArray[np.int32]:
        """Label image (y, x) of a window."""
        return self.outlines.window(window)
