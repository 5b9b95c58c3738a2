"""An ideal observer: how far the data can carry counting at all.

It knows the shape of every signal, the background and the noise of every pixel, and how many
signals there are; what it does not know is where each is and how bright. A signal is seen when
its height stands `MIN_SNR` standard errors over zero in the joint fit of all that is in its
nucleus: the Cramer-Rao bound with heights and positions free. What is not seen is left out,
the faintest first, and the rest is judged again, because two signals that cannot be told apart
are one. It invents nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from benchmarks.common.truth_fields import TrueField, spots_at
from fishcount.image import PROBES
from fishcount.spots import Spots
from fishcount.synthetic.truth import SpotKind

MIN_SNR = 4.0
# The camera of the phantoms.
OFFSET_COUNTS = 100.0
COUNTS_PER_ELECTRON = 2.0
READ_NOISE_ELECTRONS = 1.5
REACH_SIGMAS = 3.5


def ideal_spots(field: TrueField, probe: str) -> Spots:
    """The true signals of a probe that an ideal observer sees."""
    spots = field.truth.spots
    rows = np.flatnonzero(field.true_points(probe) & (spots.kind != SpotKind.DEBRIS))
    background = background_electrons(field, probe)
    seen = [
        rows[spots.nucleus[rows] == nucleus][
            _seen(field, rows[spots.nucleus[rows] == nucleus], background)
        ]
        for nucleus in np.unique(spots.nucleus[rows])
    ]
    return spots_at(field, np.concatenate([np.zeros(0, np.int64), *seen]))


def background_electrons(field: TrueField, probe: str) -> NDArray[np.float64]:
    """What each pixel holds beside signals: the sharpest plane, smoothed over signals."""
    plane = np.asarray(field.image.channel(probe), np.float64)
    if plane.ndim == 3:
        plane = plane[plane.shape[0] // 2]
    smooth = ndi.median_filter(plane, size=15, mode="nearest")
    return np.clip((smooth - OFFSET_COUNTS) / COUNTS_PER_ELECTRON, 0, None)


def _seen(
    field: TrueField, rows: NDArray[np.int64], background: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which points of one nucleus stand out, the faintest left out one at a time."""
    seen = np.ones(len(rows), bool)
    while seen.any():
        snr = amplitude_snr(field, rows[seen], background)
        worst = int(np.argmin(snr))
        if snr[worst] >= MIN_SNR:
            break
        seen[np.flatnonzero(seen)[worst]] = False
    return seen


def amplitude_snr(
    field: TrueField, rows: NDArray[np.int64], background: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Height over its Cramer-Rao bound, with all heights and positions free at once."""
    spots = field.truth.spots
    y0, x0 = spots.y[rows], spots.x[rows]
    reach = REACH_SIGMAS * float(spots.sigma[rows].max())
    height, width = background.shape
    y = np.arange(max(int(y0.min() - reach), 0), min(int(y0.max() + reach) + 2, height))
    x = np.arange(max(int(x0.min() - reach), 0), min(int(x0.max() + reach) + 2, width))
    if not (len(y) and len(x)):
        return np.zeros(len(rows))
    sigma, amplitude = spots.sigma[rows], spots.amp[rows]
    dy = (y[None, :, None] - y0[:, None, None]) / sigma[:, None, None]
    dx = (x[None, None, :] - x0[:, None, None]) / sigma[:, None, None]
    shape = np.exp(-0.5 * (dy**2 + dx**2))
    slope = (amplitude / sigma)[:, None, None] * shape
    expected = (amplitude[:, None, None] * shape).sum(axis=0)
    variance = background[np.ix_(y, x)] + expected + READ_NOISE_ELECTRONS**2
    design = np.concatenate([shape, slope * dy, slope * dx]).reshape(3 * len(rows), -1)
    information = (design / variance.ravel()) @ design.T
    error = np.sqrt(np.clip(np.diag(np.linalg.pinv(information, hermitian=True)), 0, None))
    with np.errstate(divide="ignore"):
        return amplitude / error[: len(rows)]


def ideal_of_all(field: TrueField) -> dict[str, Spots]:
    """Both probes."""
    return {probe: ideal_spots(field, probe) for probe in PROBES}
