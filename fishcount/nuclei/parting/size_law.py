"""How the nuclei of a field differ in size, and what that says of two that look like one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.runs import find_runs
from fishcount.nuclei.geometry.shape import disk_area
from fishcount.nuclei.parting.contacts import cut_by_the_edge
from fishcount.nuclei.parting.pieces import measure_outlines
from fishcount.robust import middle, quantile, robust_sigma

__all__ = ["SizeLaw", "measure_sizes"]

# Nuclei that fill this share of their convex hull, and have between these nuclear areas, are taken
# for single and whole. Fewer of them than _LEAST give no law.
_SINGLE_SOLIDITY, _SMALLEST, _LARGEST = 0.95, 0.3, 3.0
_LEAST = 15
# Where some nuclei are much larger than most, as those of a tumour among lymphocytes, the law is as
# wide as its upper end: this share of a normal law lies below this many standard deviations.
_UPPER_SHARE, _UPPER_SIGMAS = 0.95, 1.645
# Areas are not known to differ by less than this, in logs.
_LEAST_SPREAD = 0.2
# Deviations beyond these are not counted in full: no law holds so far out.
_MOST_SPREADS, _MOST_ODDS = 4.0, 6.0


@dataclass(frozen=True, slots=True)
class SizeLaw:
    """Areas of nuclei are log-normal.

    Attributes
    ----------
    log_area : float
        Median of the log of areas, in areas of a disk of the typical diameter.
    spread : float
        Standard deviation of that log; infinite where it is not known.
    """

    log_area: float = 0.0
    spread: float = math.inf

    def odds_of_two(
        self, one: NDArray[np.float64], other: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How much areas speak for two nuclei and against one, in log odds.

        For two: that both together are larger than nuclei are. Against: that one is smaller.

        Parameters
        ----------
        one, other : ndarray of float64, (n,)
            Areas of both sides, in areas of a disk of the typical diameter.

        Examples
        --------
        >>> import numpy as np
        >>> from fishcount.nuclei.parting.size_law import SizeLaw
        >>> law = SizeLaw(log_area=0.0, spread=0.25)
        >>> law.odds_of_two(np.array([0.9, 0.5]), np.array([0.9, 0.5])).round(1)
        array([ 2.6, -6. ])
        """
        too_large = np.clip(self._deviation(one + other), 0, _MOST_SPREADS)
        too_small = [np.clip(self._deviation(side), -_MOST_SPREADS, 0) for side in (one, other)]
        odds = 0.5 * (np.square(too_large) - sum(np.square(z) for z in too_small))
        return np.asarray(np.clip(odds, -_MOST_ODDS, _MOST_ODDS), np.float64)

    def _deviation(self, area: NDArray[np.float64]) -> NDArray[np.float64]:
        log_area: NDArray[np.float64] = np.log(np.maximum(area, 1e-6))
        return (log_area - self.log_area) / self.spread


def measure_sizes(labels: NDArray[np.int32], *, diameter_px: float) -> SizeLaw:
    """The law of areas from the nuclei 1 to n (y, x) that are surely single; unknown from few."""
    shapes = measure_outlines(find_runs(labels))
    if len(shapes) < _LEAST:
        return SizeLaw()
    area = shapes.area / disk_area(diameter_px)
    solidity = shapes.area / (shapes.area + shapes.hollow())
    single = (solidity > _SINGLE_SOLIDITY) & (area > _SMALLEST) & (area < _LARGEST)
    log_area = np.log(area[single & ~cut_by_the_edge(labels)[1:]])
    if len(log_area) < _LEAST:
        return SizeLaw()
    median = middle(log_area)
    upper = (quantile(log_area, _UPPER_SHARE) - median) / _UPPER_SIGMAS
    return SizeLaw(median, max(robust_sigma(log_area), upper, _LEAST_SPREAD))
