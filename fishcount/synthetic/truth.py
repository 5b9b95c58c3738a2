"""The exact truth of a drawn field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.read_only import ReadOnlyArrays

__all__ = ["NucleiTruth", "SpotKind", "SpotsTruth", "Truth"]


class SpotKind:
    """What a true point is; the numbers are those of the truth files."""

    SINGLE = 0
    SPLIT = 1
    CLUSTER = 2
    DEBRIS = 9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NucleiTruth(ReadOnlyArrays):
    """One row for each nucleus; the columns of ``FIELD_nuclei.csv``.

    Attributes
    ----------
    id : ndarray of int64
        Its label in the label image.
    y, x : ndarray of float64
        Centre of its outline in pixels; outside the field for some that are cut.
    area : ndarray of int64
        Pixels of its label.
    visible : ndarray of float64
        Share of its pixels in the field that no other nucleus covers.
    border : ndarray of bool
        True where it touches the edge of the field.
    cls : ndarray of int64
        Its kind: 0 normal, 1 polysomy, 2 low gain, 3 amplified in clusters, 4 amplified and
        scattered, 5 monosomy, 6 co-amplified.
    her2, cep17 : ndarray of int64
        Copies in the whole nucleus.
    defocus_um : ndarray of float64
        Height of its centre over the focal plane (of a stack: over its middle plane).
    """

    id: NDArray[np.int64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    area: NDArray[np.int64]
    visible: NDArray[np.float64]
    border: NDArray[np.bool_]
    cls: NDArray[np.int64]
    her2: NDArray[np.int64]
    cep17: NDArray[np.int64]
    defocus_um: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.id)

    @property
    def scorable(self) -> NDArray[np.bool_]:
        """Whole, hardly covered, with copies of both probes: what a counter should score."""
        whole: NDArray[np.bool_] = ~self.border & (self.visible > 0.9)
        return whole & (self.her2 > 0) & (self.cep17 > 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpotsTruth(ReadOnlyArrays):
    """One row for each true point inside the field; the columns of ``FIELD_spots.csv``.

    Attributes
    ----------
    channel : ndarray of int64
        0 HER2, 1 CEP17.
    y, x, z : ndarray of float64
        Position in pixels, z in planes; z is 0 in a single plane.
    amp : ndarray of float64
        Peak in electrons, where it is sharpest.
    sigma : ndarray of float64
        Width in pixels, where it is sharpest (1 sigma of the core).
    nucleus : ndarray of int64
        Label of the nucleus it belongs to; 0 for debris.
    kind : ndarray of int64
        0 single, 1 one of the two points of a split signal, 2 in a cluster, 9 debris.
    copy : ndarray of int64
        Number of the copy inside its nucleus and channel; the points of a split signal share
        it. -1 for debris.
    """

    channel: NDArray[np.int64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    z: NDArray[np.float64]
    amp: NDArray[np.float64]
    sigma: NDArray[np.float64]
    nucleus: NDArray[np.int64]
    kind: NDArray[np.int64]
    copy: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth(ReadOnlyArrays):
    """What is in a drawn field.

    Attributes
    ----------
    labels : ndarray of int32, (y, x)
        The nucleus on top at each pixel; 0 is background.
    nuclei : NucleiTruth
    spots : SpotsTruth
    """

    labels: NDArray[np.int32]
    nuclei: NucleiTruth
    spots: SpotsTruth
