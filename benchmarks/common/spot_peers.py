"""Other detectors of spots, each with its own threshold or the best that truth can find for it.

big-fish, alone and with its decomposition of crowded regions, scikit-image, trackpy and photutils.
A threshold of NaN is their own: the automatic one of big-fish, what scikit-image and trackpy take
when none is given, and for DAOStarFinder five sigmas, as in its documentation.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage import feature

SIGMA_PX = 1.7

Image = NDArray[np.float32]
Points = NDArray[np.float64]
Found = TypeVar("Found")
Peer = Callable[[Image, float], Points]


def blob_log(image: Image, threshold: float) -> Points:
    asked = {} if np.isnan(threshold) else {"threshold": threshold}
    found = feature.blob_log(unit(image), 1.2, 2.6, num_sigma=5, overlap=0.8, **asked)
    return found[:, :2]


def blob_dog(image: Image, threshold: float) -> Points:
    asked = {} if np.isnan(threshold) else {"threshold": threshold}
    found = feature.blob_dog(unit(image), 1.2, 2.6, overlap=0.8, **asked)
    return found[:, :2]


def log_maxima(image: Image, threshold: float) -> Points:
    response = -ndi.gaussian_laplace(unit(image), SIGMA_PX)
    return feature.peak_local_max(response, threshold_abs=threshold).astype(np.float64)


def trackpy_locate(image: Image, threshold: float) -> Points:
    import trackpy

    minmass = None if np.isnan(threshold) else threshold
    found = trackpy.locate(unit(image), 7, minmass=minmass, engine="python")
    return found[["y", "x"]].to_numpy()


def dao_star_finder(image: Image, threshold: float) -> Points:
    from photutils.detection import DAOStarFinder

    above = image - ndi.gaussian_filter(image, 16)
    if np.isnan(threshold):
        counts = 5 * 1.4826 * float(np.median(np.abs(above - np.median(above))))
    else:
        counts = threshold * 1000
    found = DAOStarFinder(threshold=counts, fwhm=2.355 * SIGMA_PX)(above)
    if found is None:
        return np.zeros((0, 2))
    return np.stack([found["ycentroid"], found["xcentroid"]], axis=1)


def big_fish(image: Image, threshold: float) -> Points:
    from bigfish.detection import detect_spots as detect

    counts = image.astype(np.uint16)
    scale = {"voxel_size": 100, "spot_radius": 100 * SIGMA_PX}
    if np.isnan(threshold):
        return detect(counts, **scale).astype(np.float64)
    return detect(counts, threshold=threshold * 1000, **scale).astype(np.float64)


def big_fish_dense(image: Image, threshold: float) -> Points:
    """The same, crowded regions decomposed into as many points as have their light.

    Where it finds no typical spot to compare with, which it tells by an error, none are.
    """
    from bigfish.detection import decompose_dense

    found = big_fish(image, threshold).astype(np.int64)
    if not len(found):
        return found.astype(np.float64)
    scale = {"voxel_size": 100, "spot_radius": 100 * SIGMA_PX}
    try:
        points, _, _ = decompose_dense(image.astype(np.uint16), found, **scale)
    except RuntimeError:
        return found.astype(np.float64)
    return np.asarray(points, np.float64)


def unit(image: Image) -> Image:
    low, high = np.percentile(image, (1, 99.9))
    return ((image - low) / max(high - low, 1e-9)).astype(np.float32)


STEPS = np.geomspace(0.01, 0.6, 12)
GRID_RATIO = float(STEPS[1] / STEPS[0])
N_BETWEEN = 8
PEERS: dict[str, tuple[str, Peer, NDArray[np.float64], bool]] = {
    "blob_log": ("skimage", blob_log, STEPS, True),
    "blob_dog": ("skimage", blob_dog, STEPS / 2, True),
    "LoG + peak_local_max": ("skimage", log_maxima, STEPS / 4, False),
    "trackpy": ("trackpy", trackpy_locate, STEPS * 40, True),
    "DAOStarFinder": ("photutils", dao_star_finder, STEPS, True),
    "big-fish": ("bigfish", big_fish, STEPS, True),
    "big-fish, dense": ("bigfish", big_fish_dense, STEPS, True),
}
# These measure a threshold on the image; what the others take unasked finds nothing, or everything.
AUTOMATIC = ("big-fish", "big-fish, dense")


def installed_peers() -> dict[str, tuple[str, Peer, NDArray[np.float64], bool]]:
    """By name: package, detector, grid of thresholds, and whether it has one of its own."""
    return {name: peer for name, peer in PEERS.items() if importlib.util.find_spec(peer[0])}


def with_best(
    attempt: Callable[[float], Found], steps: NDArray[np.float64], f1: Callable[[Found], float]
) -> Found:
    """The best of a grid of thresholds, below it while that is its lowest, and in between."""
    found = {threshold: attempt(threshold) for threshold in steps.tolist()}

    def best() -> float:
        return max(found, key=lambda threshold: f1(found[threshold]))

    while best() == min(found) and len(found) < 2 * len(steps):
        lower = min(found) / GRID_RATIO
        found[lower] = attempt(lower)
    for threshold in np.geomspace(best() / GRID_RATIO, best() * GRID_RATIO, N_BETWEEN).tolist():
        found[threshold] = attempt(threshold)
    return found[best()]
