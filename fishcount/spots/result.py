"""What detection finds in one probe channel: candidates, kept or rejected, with their figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.read_only import ColumnTable, stacked_columns

__all__ = ["Spots", "gaussian_flux"]


def gaussian_flux(
    height_counts: float | NDArray[np.float64], sigma_px: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Integral of Gaussians (n,) of a height and a width."""
    return np.asarray(2 * np.pi * height_counts * sigma_px**2, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spots(ColumnTable):
    """Candidates of one probe channel, ordered by z, then y, then x.

    Attributes
    ----------
    z_px, y_px, x_px : ndarray of float64, (n,)
        Sub-pixel position; the origin is the centre of the first voxel; z is 0 in 2D.
    amplitude_counts : ndarray of float64, (n,)
        Height of the fitted signal above its background.
    background_counts : ndarray of float64, (n,)
        Local background under the signal.
    sigma_px : ndarray of float64, (n,)
        Fitted width (standard deviation) in y and x.
    flux_counts : ndarray of float64, (n,)
        Integrated intensity above background.
    snr : ndarray of float64, (n,)
        Response of the matched filter in sigmas of its noise at this place.
    kept : ndarray of bool, (n,)
    reason : ndarray of str, (n,)
        Code of the flag for which a candidate was rejected; empty where kept.
    psf_sigma_px : float
        Width of a point in this channel, as it was used.
    min_snr : float
        The threshold that was applied, in sigmas.
    typical_counts : float
        Height of a typical single signal of the whole channel; NaN where it is not known.
    cluster : ndarray of int64, (n,)
        0 for an isolated spot; spots of one unresolved or crowded group share a number from 1.
    score : ndarray of float64, (n,)
        Log odds that it is a signal, from how it looks; NaN where it was not computed.
    min_score : float
        The least score that was asked for; NaN where scores were not looked at.
    significance : ndarray of float64, (n,)
        What speaks for a point beside others: its height over its error in the joint fit, in which
        places and heights of all near it are free. For a lone point that is its height over the
        noise; NaN where it was not computed.
    """

    z_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    amplitude_counts: NDArray[np.float64]
    background_counts: NDArray[np.float64]
    sigma_px: NDArray[np.float64]
    flux_counts: NDArray[np.float64]
    snr: NDArray[np.float64]
    kept: NDArray[np.bool_]
    reason: NDArray[np.str_]
    cluster: NDArray[np.int64]
    psf_sigma_px: float
    min_snr: float
    typical_counts: float = math.nan
    score: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    min_score: float = math.nan
    significance: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name in ("score", "significance"):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self.y_px), np.nan))
        ColumnTable.__post_init__(self)

    def __len__(self) -> int:
        return len(self.y_px)

    @property
    def yx_px(self) -> NDArray[np.float64]:
        """Positions in the plane, (n, 2)."""
        return np.stack([self.y_px, self.x_px], axis=1)

    @property
    def typical_flux_counts(self) -> float:
        """Integrated intensity of a typical single signal; NaN where its height is not known."""
        return float(gaussian_flux(self.typical_counts, self.psf_sigma_px))

    def enlarged(self, factor: int) -> Spots:
        """The same spots on pixels that are smaller by a factor, as before blocks became pixels."""
        if factor == 1:
            return self
        middle = (factor - 1) / 2
        return replace(
            self,
            y_px=factor * self.y_px + middle,
            x_px=factor * self.x_px + middle,
            sigma_px=factor * self.sigma_px,
            flux_counts=factor**2 * self.flux_counts,
            psf_sigma_px=factor * self.psf_sigma_px,
        )

    def sorted(self) -> Spots:
        """The same spots in the order of the table: by z, then y, then x."""
        return self.take(np.lexsort((self.x_px, self.y_px, self.z_px)))

    @classmethod
    def concatenate(cls, parts: Sequence[Spots]) -> Spots:
        """The spots of several parts of one channel, in the order of the table.

        Numbers of crowded groups count on from part to part. What holds for the whole channel is
        that of the first part in which the width of a point is known.
        """
        columns = stacked_columns(parts)
        before = np.cumsum([0, *(int(part.cluster.max(initial=0)) for part in parts)])
        start = np.repeat(before[:-1], [len(part) for part in parts])
        columns["cluster"] = np.where(columns["cluster"] > 0, columns["cluster"] + start, 0)
        # In a part that a scanner filled with one value, no width of a point could be measured.
        measured = next((part for part in parts if math.isfinite(part.psf_sigma_px)), parts[0])
        return replace(measured, **columns).sorted()

    @classmethod
    def empty(cls, *, psf_sigma_px: float = float("nan"), min_snr: float = float("nan")) -> Spots:
        """No candidates: every column is there and has no rows."""
        none = np.zeros(0)
        return cls(
            z_px=none.copy(),
            y_px=none.copy(),
            x_px=none.copy(),
            amplitude_counts=none.copy(),
            background_counts=none.copy(),
            sigma_px=none.copy(),
            flux_counts=none.copy(),
            snr=none.copy(),
            kept=none.astype(np.bool_),
            reason=none.astype("U16"),
            cluster=none.astype(np.int64),
            psf_sigma_px=psf_sigma_px,
            min_snr=min_snr,
        )
