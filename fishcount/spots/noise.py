"""Noise of one channel: of its blob response, and of its pixels, by local brightness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.background import BackgroundMap, NoiseModel
from fishcount.spots.filters import white_noise_gain

__all__ = ["Noise"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Noise:
    """Noise of the blob response, by local brightness, for one channel.

    Attributes
    ----------
    brightness : BackgroundMap
    model : NoiseModel
        Of the response.
    passes : int
        Of the response.
    """

    brightness: BackgroundMap
    model: NoiseModel
    passes: int

    def of_response(
        self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sigma of the response at positions."""
        return np.maximum(self.model.at(self.brightness.at(y_px, x_px)), 1e-9)

    def of_pixels(
        self, y_px: NDArray[np.float64], x_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Sigma of a pixel at positions."""
        return self.of_response(y_px, x_px) / white_noise_gain(self.passes)
