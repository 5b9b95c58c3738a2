"""Autofluorescent granules: broad, in every channel, and not signals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.synthetic.optics import defocused_sigma_um, stamp_points
from fishcount.synthetic.spec import FieldSpec

__all__ = ["Granules", "draw_granules"]

# Lipofuscin glows over the whole spectrum, less in the blue.
_CHANNEL_SHARE = (0.5, 1.0, 1.1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Granules:
    """Pieces of granules; columns of length n. `peak` is (channel, n), in electrons."""

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    z_um: NDArray[np.float64]
    sigma_um: NDArray[np.float64]
    peak: NDArray[np.float64]

    def add_to(
        self, image: NDArray[np.float64], *, channel: int, z_um: float, spec: FieldSpec
    ) -> None:
        """Add them to a plane (y, x) of a channel (0 DAPI, 1 HER2, 2 CEP17) in place."""
        wide = defocused_sigma_um(
            self.sigma_um, self.z_um - z_um, wavelength_um=spec.optics.her2_um, optics=spec.optics
        )
        peak = self.peak[channel] * (self.sigma_um / wide) ** 2
        stamp_points(image, self.y, self.x, peak=peak, sigma_px=wide * spec.px_per_um)


def draw_granules(spec: FieldSpec, *, peak_electrons: float, rng: np.random.Generator) -> Granules:
    """Draw granules anywhere in the field, a third of them in small heaps."""
    artefacts = spec.artefacts
    n = int(rng.poisson(artefacts.granules_per_mm2 * spec.area_mm2))
    y, x = rng.uniform(-0.5, np.array(spec.shape)[:, None] - 0.5, (2, n))
    heaped = (rng.random(n) < 0.33) & (np.arange(n) > 0)
    partner = rng.integers(0, np.maximum(np.arange(n), 1))
    y, x = (
        np.where(heaped, axis[partner] + rng.normal(0, 1.5 * spec.px_per_um, n), axis)
        for axis in (y, x)
    )
    sigma_um = rng.uniform(*artefacts.granule_um, n)
    peak = artefacts.granule_peak * peak_electrons * np.exp(rng.normal(0, 0.6, n))
    z_um = rng.normal(0, 0.4, n)
    piece = np.repeat(np.arange(n), artefacts.granule_pieces)
    jitter = 0.5 * sigma_um[piece] * spec.px_per_um
    shares = np.array(_CHANNEL_SHARE)[:, None] * np.exp(rng.normal(0, 0.25, (3, n)))
    y_piece, x_piece = (axis[piece] + rng.normal(0, 1, piece.size) * jitter for axis in (y, x))
    sigma_piece = sigma_um[piece] * rng.uniform(0.7, 1.0, piece.size)
    if artefacts.granule_shared < 1:
        in_one = rng.random(n) >= artefacts.granule_shared
        probe = rng.integers(1, len(_CHANNEL_SHARE), n)
        shares *= ~in_one | (np.arange(len(_CHANNEL_SHARE))[:, None] == probe)
    return Granules(
        y=y_piece,
        x=x_piece,
        z_um=z_um[piece],
        sigma_um=sigma_piece,
        peak=(shares * peak)[:, piece] / artefacts.granule_pieces,
    )
