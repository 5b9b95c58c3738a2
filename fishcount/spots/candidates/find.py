"""Find everything in a plane that may be a signal, and describe it; nothing is rejected yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.candidates.features import FEATURES, Appearance, appearance
from fishcount.spots.candidates.granules import (
    Granules,
    find_granules,
    granule_beside,
    plane_without,
    without_granules,
)
from fishcount.spots.channel.leak import share_explained
from fishcount.spots.channel.scale import SHARP_COARSE, ChannelView
from fishcount.spots.crowds.crowded import resolve
from fishcount.spots.crowds.moments import Patches
from fishcount.spots.crowds.scene import Scene
from fishcount.spots.points.edges import fit_at_edges
from fishcount.spots.points.maxima import parabolic_offsets
from fishcount.spots.points.model import PointModel, Points

__all__ = ["Candidates", "find_candidates"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Points of one plane before they are judged.

    Attributes
    ----------
    points : Points
    model : PointModel
        What the points are fitted as.
    patches : Patches
        The image around each point, without its background.
    appearance : Appearance
    granules : Granules
        Wide blobs that were taken out of the plane first.
    leaked : ndarray of float64, (n,)
        Share of each height that light of the other probe explains; 0 without another probe.
    granule_counts : ndarray of float64, (n,)
        Height of the granule on whose rim a point lies; 0 where there is none.
    clarity : ndarray of float64, (n,)
        SNR of a typical signal in the noise at each point, its shape being known.
    """

    points: Points
    model: PointModel
    patches: Patches
    appearance: Appearance
    granules: Granules
    leaked: NDArray[np.float64]
    granule_counts: NDArray[np.float64]
    clarity: NDArray[np.float64]

    def figure(self, name: str) -> NDArray[np.float64]:
        """One column of the figures, by its name in `FEATURES`."""
        column: NDArray[np.float64] = self.appearance.figures[:, list(FEATURES).index(name)]
        return column


def find_candidates(
    view: ChannelView,
    *,
    min_snr: float,
    min_share: float = 0.0,
    other: ChannelView | None = None,
) -> Candidates:
    """Find, resolve and describe the points of a channel; `other` shows the other probe.

    What lies alone and is far below `min_share` of a typical height is left out: it is the grain of
    the image, and there may be more of it than of all else.
    """
    scale = view.scale
    start = _seeds(view, min_snr)
    coarse = view.coarse_heights(start.y_px, start.x_px)
    sharp = start.take(coarse < SHARP_COARSE * start.amplitude_counts)
    granules = find_granules(view, sharp)
    if len(granules):
        view = without_granules(view, granules)
        start = _seeds(view, min_snr)
    scene = Scene.of(plane_without(view, granules), sigma_px=scale.search_sigma_px)
    points = resolve(scene, start, view=view, min_snr=min_snr, min_share=min_share)
    points = fit_at_edges(
        view.plane,
        points,
        scale.search_sigma_px,
        granules=granules.light,
        granule_sigma_px=granules.sigma_px,
    )
    points = points.take(np.lexsort((points.x_px, points.y_px)))
    # The image of the scene is no longer needed, and is as large as the plane.
    model, patches = scene.model, Patches.of(scene, points)
    del scene
    return Candidates(
        points=points,
        model=model,
        patches=patches,
        appearance=appearance(view, granules, model, points, other=other),
        granules=granules,
        leaked=share_explained(points, view, other),
        granule_counts=granule_beside(granules, points),
        clarity=scale.typical_counts * model.norm / view.pixel_noise(points.y_px, points.x_px),
    )


def _seeds(view: ChannelView, min_snr: float) -> Points:
    maxima, _ = view.maxima(min_snr)
    place = maxima + parabolic_offsets(view.response, maxima)
    return Points(
        y_px=place[:, 0],
        x_px=place[:, 1],
        amplitude_counts=view.response[tuple(maxima.T)].astype(np.float64) / view.scale.gain,
    )
