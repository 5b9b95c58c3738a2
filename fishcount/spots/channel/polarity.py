"""Whether a probe channel is stored upside down: dark signals on a bright ground.

Inverted exports and brightfield images of chromogenic probes look like that. A search for bright
points finds a few at the rims of the dark ones, and the case would have a category made of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means, median3
from fishcount.image import project
from fishcount.robust import quantile, robust_sigma
from fishcount.spots.channel.psf import expected_width
from fishcount.spots.channel.scale import ROUND
from fishcount.spots.points.maxima import local_maxima, roundness
from fishcount.spots.points.response import blob_response, passes_for

__all__ = ["coarse_response", "dark_over_bright"]

# So many of the strongest dark and bright points are compared: few enough for any field to have as
# many signals. The first few may be specks of dust, and are skipped.
_STRONGEST, _PASSED_OVER = 20, 2
# Share of pixels among which they are looked for first.
_BRIGHTEST = 0.003
# Points stand out of the response by this many sigmas; its spread is taken from every fourth pixel
# along each axis.
_SEEN_SIGMAS, _THINNING = 3.0, 4
# Points this wide are seen as well on pixels twice as large, in a quarter of the time.
_COARSE_FROM_PX = 1.2
# In an export with more than half of its pixels clipped there is no noise to tell: a share of all
# that is there takes its place.
_NO_NOISE = 0.01
# Types that are filtered as they are; all others become float32.
_FILTERED = (np.uint8, np.uint16)


def dark_over_bright(
    stack: NDArray[np.generic], *, pixel_size_um: float | None = None
) -> float | None:
    """Strength of the strongest dark points of a probe channel over that of the bright ones.

    The geometric mean response of the 20 strongest round extremes of either kind but the first two,
    at the width that a point has at this pixel size; where there are fewer, the others count as
    just not seen. Single hot or dead pixels are taken out before.

    Parameters
    ----------
    stack : ndarray, (y, x) or (z, y, x)
        Camera counts. Of a stack the brightest plane at each pixel is searched for bright points,
        the darkest for dark ones.
    pixel_size_um

    Returns
    -------
    float or None
        About 1 where neither kind stands out, well below 1 where bright signals do, and the inverse
        of that for the same image upside down. None where nothing is seen, as in a blank channel.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import dark_over_bright
    >>> y, x = np.mgrid[:200, :200]
    >>> image = 100 + np.random.default_rng(1).normal(0, 1, (200, 200))
    >>> for at in range(12, 190, 8):
    ...     image += 50 * np.exp(-((y - at) ** 2 + (x - at) ** 2) / (2 * 1.6**2))
    >>> dark_over_bright(image.astype(np.float32)) < 0.5 < 2 < dark_over_bright(255 - image)
    True
    """
    planes: NDArray[Any] = np.asarray(stack)
    bright, _ = coarse_response(project(planes), pixel_size_um)
    floor = dark_floor = _floor(bright)
    if planes.ndim == 2:
        # One plane is its own maximum and minimum.
        dark = -bright
    else:
        dark = -coarse_response(planes.min(axis=0), pixel_size_um)[0]
        dark_floor = _floor(dark)
    # Nothing is seen where there is nothing at all.
    return _strength(dark, dark_floor) / _strength(bright, floor) if floor and dark_floor else None


def coarse_response(
    plane: NDArray[Any], pixel_size_um: float | None
) -> tuple[NDArray[np.float32], int]:
    """Blob response at the width of a point, and how many pixels wide one pixel of it is.

    Single hot or dead pixels are taken out before.

    Parameters
    ----------
    plane : ndarray, (y, x)
        Camera counts, at least one pixel.
    pixel_size_um
        Tells how wide a point is; where it is None, a usual width is taken.

    Returns
    -------
    ndarray of float32, int
        The response, in counts, above 0 on what is bright; and the edge, in pixels of the plane, of
        the squares that are its pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import coarse_response
    >>> response, factor = coarse_response(np.zeros((64, 64), np.uint16), 0.1)
    >>> response.shape, factor
    ((32, 32), 2)
    """
    width_px = expected_width(pixel_size_um).sigma_px
    factor = 2 if width_px >= _COARSE_FROM_PX else 1
    # A median of whole numbers is the same in their own type, and found in less time.
    counts = plane if plane.dtype in _FILTERED else plane.astype(np.float32)
    coarse = block_means(median3(counts), factor)
    return blob_response(coarse, passes_for(width_px / factor)), factor


def _floor(response: NDArray[np.float32]) -> float:
    """Height above which points stand out; 0 where there is nothing at all."""
    floor = _SEEN_SIGMAS * robust_sigma(response[::_THINNING, ::_THINNING])
    return floor or _NO_NOISE * float(np.ptp(response))


def _strength(response: NDArray[np.float32], floor: float) -> float:
    """Geometric mean of the strongest bright points; the floor in place of those not seen."""
    # They are among the brightest pixels, unless hardly anything is round.
    brightest = quantile(response[::_THINNING, ::_THINNING], 1 - _BRIGHTEST)
    for least in (max(brightest, floor), floor):
        maxima = local_maxima(response, least)
        height = response[tuple(maxima.T)].astype(np.float64)
        height = height[roundness(response, maxima[:, 0], maxima[:, 1]) > ROUND]
        if len(height) >= _STRONGEST:
            break
    seen = np.sort(height)[::-1][_PASSED_OVER:_STRONGEST]
    strongest = np.append(seen, np.full(_STRONGEST - _PASSED_OVER - len(seen), floor))
    return float(np.exp(np.log(strongest).mean()))
