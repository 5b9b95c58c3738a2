"""What the other probe's channel shows at the same places, and how much of it leaks over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from fishcount.background import background_map, noise_by_brightness
from fishcount.spots.filters import blob_response, point_gain
from fishcount.spots.maxima import local_maxima
from fishcount.spots.resample import halve
from fishcount.spots.typical import bright_ones

__all__ = ["OtherProbe", "sampled"]

_SURE_SNR = 8.0
_LEAST_SPOTS = 10
_BLOCK_PX = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherProbe:
    """Blob responses of the other probe's plane, at the scale of a point and at twice that.

    Attributes
    ----------
    fine : ndarray of float32, (y, x)
    coarse : ndarray of float32, (y / 2, x / 2)
        On pixels twice as large.
    brightest : ndarray of int64, (n, 2)
        Where its signals stand out.
    """

    fine: NDArray[np.float32]
    coarse: NDArray[np.float32]
    brightest: NDArray[np.int64]

    @classmethod
    def of(cls, plane: NDArray[np.float32], *, passes: int) -> OtherProbe:
        """Filter a plane as the channel beside it is filtered."""
        fine = blob_response(plane, passes)
        brightness = background_map(plane, block_px=_BLOCK_PX)
        noise = noise_by_brightness(fine, brightness)
        maxima = local_maxima(fine, _SURE_SNR * max(noise.floor_counts, 1e-9))
        at = maxima.astype(np.float64)
        height = fine[tuple(maxima.T)].astype(np.float64)
        sure = height >= _SURE_SNR * noise.at(brightness.at(at[:, 0], at[:, 1]))
        maxima, height = maxima[sure], height[sure]
        return cls(
            fine=fine,
            coarse=blob_response(halve(plane), passes),
            brightest=maxima[bright_ones(height)],
        )

    def leak_into(self, response: NDArray[np.float32]) -> float:
        """Share of this probe's light that shows in a channel with the given blob response.

        The median over the brightest signals of this probe: few of them lie on signals of the
        other by chance. 0 where there are too few to tell.
        """
        if len(self.brightest) < _LEAST_SPOTS:
            return 0.0
        places = tuple(self.brightest.T)
        return max(float(np.median(response[places] / self.fine[places])), 0.0)


def sampled(
    response: NDArray[np.float32],
    y_px: NDArray[np.float64],
    x_px: NDArray[np.float64],
    *,
    sigma_px: float,
    passes: int,
    halved: bool = False,
) -> NDArray[np.float64]:
    """Height of a point of the width `sigma_px` that a blob response stands for at each place.

    A `halved` response is one on pixels twice as large, where a point has half the width.
    """
    places = np.stack([y_px, x_px])
    if halved:
        places = (places - 0.5) / 2
        sigma_px = sigma_px / 2
    at = ndi.map_coordinates(response, places, order=1, mode="nearest", output=np.float64)
    return np.asarray(at / point_gain(passes, round(sigma_px, 3)), np.float64)
