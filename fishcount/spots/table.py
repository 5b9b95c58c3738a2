"""Candidates that were judged, and granules, as the table that detection gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.candidates.find import Candidates
from fishcount.spots.channel.scale import HEIGHT_SHARE, ChannelScale
from fishcount.spots.judgement.judge import Verdict
from fishcount.spots.points.groups import connected_groups
from fishcount.spots.points.model import Points
from fishcount.spots.result import Spots, gaussian_flux

__all__ = ["as_spots"]

# Kept points closer than this many widths are one crowded group: their images overlap.
_CLUSTER_REACH = 3.0


def as_spots(
    found: Candidates,
    points: Points,
    verdict: Verdict,
    scale: ChannelScale,
    *,
    min_snr: float,
    min_score: float,
) -> Spots:
    """The table of a plane, by y, then x.

    Parameters
    ----------
    found : Candidates
    points : Points
        Where these are, (n,): signals are fitted once more when all are judged.
    verdict : Verdict
    scale : ChannelScale
    min_snr, min_score
        The thresholds that were applied.

    Returns
    -------
    Spots
        All candidates, and all granules as TOO_WIDE.
    """
    granules, fits = found.granules, found.appearance.fits
    height, psf_sigma_px = HEIGHT_SHARE * points.amplitude_counts, scale.psf_sigma_px
    y, x = np.append(points.y_px, granules.y_px), np.append(points.x_px, granules.x_px)
    order = np.lexsort((x, y))

    def column(of_points: NDArray[Any], of_granules: Any) -> NDArray[Any]:
        """Points and granules together, in the order of the table."""
        of_each = np.broadcast_to(of_granules, len(granules)).astype(of_points.dtype)
        return np.append(of_points, of_each)[order]

    return Spots(
        z_px=np.zeros(len(order)),
        y_px=y[order],
        x_px=x[order],
        amplitude_counts=column(height, granules.amplitude_counts),
        background_counts=column(fits.background_counts, granules.background_counts),
        sigma_px=column(fits.sigma_px, granules.sigma_px),
        # Of a point of the known width: the free width of a faint one is mostly noise.
        flux_counts=column(
            gaussian_flux(height, psf_sigma_px),
            gaussian_flux(granules.amplitude_counts, granules.sigma_px),
        ),
        snr=column(found.figure("snr"), granules.snr),
        kept=column(verdict.kept, False),
        reason=column(verdict.reason, "TOO_WIDE"),
        cluster=column(_clusters(points, verdict.kept, scale.search_sigma_px), 0),
        score=column(verdict.score, np.nan),
        significance=column(found.figure("significance"), np.nan),
        psf_sigma_px=psf_sigma_px,
        min_snr=min_snr,
        typical_counts=scale.typical_height_counts,
        min_score=min_score,
    )


def _clusters(points: Points, kept: NDArray[np.bool_], sigma_px: float) -> NDArray[np.int64]:
    """Numbers of crowded groups of kept points, from 1; 0 for the others."""
    rows = np.flatnonzero(kept)
    group = connected_groups(points.y_px[rows], points.x_px[rows], _CLUSTER_REACH * sigma_px)
    crowded = np.bincount(group, minlength=1) > 1
    number = np.where(crowded, np.cumsum(crowded), 0)
    cluster = np.zeros(len(kept), np.int64)
    cluster[rows] = number[group]
    return cluster
