"""The light of a single signal: of one field, and of the fields of a case beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.robust import robust_sigma

__all__ = ["MEDIAN_ERROR", "SingleFlux", "pooled_flux", "single_flux"]

# Standard error of a median over that of a mean of normal numbers.
MEDIAN_ERROR = math.sqrt(math.pi / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleFlux:
    """Integrated intensity of single signals.

    Attributes
    ----------
    typical_counts : float
        What most of them show; NaN where there are too few.
    spread : float
        Robust standard deviation of the logarithm: how much signals differ.
    n : int
        Number of signals behind it.

    Examples
    --------
    >>> from fishcount.signals import single_flux
    >>> round(single_flux([90.0, 100.0, 110.0, 100.0, 900.0], least=5).typical_counts)
    98
    """

    typical_counts: float
    spread: float
    n: int


def single_flux(flux_counts: NDArray[np.float64] | list[float], *, least: int) -> SingleFlux:
    """Typical integrated intensity of single signals: the mode of a log-normal law.

    Isolated signals are not all single: pairs that do not resolve are among them, and drive the
    mean up, and the median with it. The mode is what most of them show. It follows from the
    median and the 1.4826 MAD of the logarithms: exp(median - spread^2), steadier than a search
    for the densest place among a few dozen values.

    Parameters
    ----------
    flux_counts : array_like, (n,)
        Of isolated, kept signals; what is not finite or not positive is left out.
    least
        Fewer signals than this give NaN.

    Returns
    -------
    SingleFlux
        Of none or too few the flux is NaN.

    Examples
    --------
    >>> from fishcount.signals import single_flux
    >>> round(single_flux([90, 100, 100, 110, 210], least=5).typical_counts)
    98
    """
    flux = np.asarray(flux_counts, np.float64)
    logarithm = np.log(flux[np.isfinite(flux) & (flux > 0)])
    if len(logarithm) < max(least, 1):
        return SingleFlux(typical_counts=math.nan, spread=math.nan, n=len(logarithm))
    median = float(np.median(logarithm))
    spread = robust_sigma(logarithm, centre=median)
    # Noise widens the law without moving its mode: never less than two thirds of the median.
    mode = median - min(spread**2, math.log(1.5))
    return SingleFlux(typical_counts=math.exp(mode), spread=spread, n=len(logarithm))


def pooled_flux(fields: Sequence[SingleFlux]) -> SingleFlux:
    """What a single signal shows in most fields of a case.

    Parameters
    ----------
    fields : sequence of SingleFlux
        As each field shows it by itself, in pixels of one size.

    Returns
    -------
    SingleFlux
        Geometric median of the fields that show any; NaN where none does.

    Examples
    --------
    >>> from fishcount.signals import SingleFlux, pooled_flux
    >>> def shown(counts):
    ...     return SingleFlux(typical_counts=counts, spread=0.3, n=20)
    >>> pooled = pooled_flux([shown(90.0), shown(110.0), shown(800.0)])
    >>> round(pooled.typical_counts), pooled.n
    (110, 60)
    """
    known = [one for one in fields if math.isfinite(one.typical_counts)]
    if not known:
        return SingleFlux(typical_counts=math.nan, spread=math.nan, n=0)
    return SingleFlux(
        typical_counts=math.exp(np.median(np.log([one.typical_counts for one in known]))),
        spread=float(np.median([one.spread for one in known])),
        n=sum(one.n for one in known),
    )
