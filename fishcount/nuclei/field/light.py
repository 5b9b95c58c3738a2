"""How nuclei of a field shine: their typical height, and how low their outlines lie on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.shape import disk_area

__all__ = ["CUT", "LOWEST_CUT", "NuclearLight", "core_heights", "measure_light"]

# The outline of evenly filled nuclei lies at this share of their height above the glow around
# them: less than half, because the height is that of the brighter part.
CUT, _EVEN_FILL = 0.34, 0.705
# In nuclei with a bright middle the outline lies lower: by _CUT_SLOPE times what their fill, the
# mean over the brightest part, is less than _EVEN_FILL; but not below LOWEST_CUT.
_CUT_SLOPE, LOWEST_CUT = 5.0, 0.15
# Smaller cores, in nuclear areas, are left out.
_MIN_AREA = 0.3


@dataclass(frozen=True, slots=True)
class NuclearLight:
    """Typical of the nuclei of a field.

    Attributes
    ----------
    height_counts : float
        Mean of the brighter part of a nucleus, above background; 0 where there are none.
    cut : float
        Where outlines lie, as a part of the height.
    """

    height_counts: float
    cut: float


def core_heights(cores: NDArray[np.int32], signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean of the brighter part of each core; row 0 is background."""
    return _means_upwards(cores, signal, steps=2)[0][1]


def measure_light(
    cores: NDArray[np.int32], signal: NDArray[np.float32], *, diameter_px: float
) -> NuclearLight:
    """Typical light of nuclei from their cores (y, x), which are cut high on all of them."""
    (mean, height, top), area = _means_upwards(cores, signal, steps=3)
    whole = area > _MIN_AREA * disk_area(diameter_px)
    whole[0] = False
    if not whole.any():
        return NuclearLight(0.0, CUT)
    fill = float(np.median(mean[whole] / np.maximum(top[whole], 1e-6)))
    lower = _CUT_SLOPE * max(_EVEN_FILL - fill, 0.0)
    return NuclearLight(float(np.median(height[whole])), max(CUT - lower, LOWEST_CUT))


def _means_upwards(
    cores: NDArray[np.int32], signal: NDArray[np.float32], *, steps: int
) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    """Mean of each core, then of its part above that mean, and so on, and the pixels of each core.

    Row 0 is background, whose pixels are not counted.
    """
    inside = np.flatnonzero(cores > 0)
    label, values = cores.ravel()[inside], signal.ravel()[inside]
    n = int(cores.max(initial=0)) + 1
    means: list[NDArray[np.float64]] = []
    pixels: list[NDArray[np.int64]] = []
    for step in range(steps):
        if step:
            upper = np.flatnonzero(values >= means[-1].take(label))
            label, values = label[upper], values[upper]
        pixels.append(np.bincount(label, minlength=n))
        means.append(np.bincount(label, values, n) / np.maximum(pixels[-1], 1))
    return means, pixels[0]
