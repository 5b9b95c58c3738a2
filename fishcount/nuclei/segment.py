"""DAPI to nuclei: the steps in order."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from fishcount.errors import MetadataError, PixelError
from fishcount.nuclei.focus import best_focus, best_planes
from fishcount.nuclei.foreground import find_foreground, typical_diameter
from fishcount.nuclei.illumination import background_mesh, enlarge, noise_sigma, reduce_by
from fishcount.nuclei.measure import in_centroid_order, measure_nuclei
from fishcount.nuclei.result import Nuclei
from fishcount.nuclei.runs import find_runs
from fishcount.nuclei.split import split_by_distance
from fishcount.settings import NucleiSettings

__all__ = ["nuclei_from_labels", "segment_nuclei"]

# Without a pixel size, the size of nuclei is first guessed on an image of about this width.
GUESS_WIDTH_PX = 512
MIN_DIAMETER_PX = 5.0


def segment_nuclei(
    dapi: ArrayLike,
    *,
    pixel_size_um: float | None = None,
    roi: NDArray[np.bool_] | None = None,
    settings: NucleiSettings | None = None,
) -> Nuclei:
    """Find the nuclei of a DAPI image, split those that touch, flag what should not be scored.

    Parameters
    ----------
    dapi
        Camera counts, (y, x) or (z, y, x); a stack is projected to its sharpest planes.
    pixel_size_um
        Edge of a pixel; a prior for the nuclear size. None: the image alone decides.
    roi
        Region to be scored, (y, x); nuclei outside of it are flagged OUTSIDE_ROI.
    settings
        See `fishcount.settings.NucleiSettings`.

    Returns
    -------
    Nuclei
        Labels in the order of centroids; empty where nothing stands out from the background.

    Raises
    ------
    MetadataError
        When the array is no image or stack, or `roi` has another size.
    PixelError
        When pixels are not real and finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:96, :128]
    >>> dapi = 100 + 900.0 * (np.hypot(y - 40, x - 60) < 20)
    >>> nuclei = segment_nuclei(dapi)
    >>> len(nuclei), nuclei.y_px.round().tolist(), nuclei.x_px.round().tolist()
    (1, [40.0], [60.0])
    """
    settings = NucleiSettings() if settings is None else settings
    stack = _checked(dapi, roi)
    limit = _camera_limit(stack, np.asarray(dapi).dtype)
    image, sharpness = (stack, None) if stack.ndim == 2 else best_focus(stack)
    prior_px = None if pixel_size_um is None else settings.diameter_um / pixel_size_um
    factor = _working_factor(image, prior_px, settings)
    small = reduce_by(image, factor)
    labels, background, diameter, threshold = _find(small, settings)
    full = in_centroid_order(_enlarge_labels(labels, small - background, image.shape))
    nuclei = measure_nuclei(
        full,
        image,
        background=background,
        limit_counts=limit,
        diameter_px=diameter * factor,
        threshold_counts=threshold,
        roi=roi,
        settings=settings,
    )
    return nuclei if sharpness is None else _with_planes(nuclei, sharpness)


def nuclei_from_labels(
    labels: ArrayLike,
    dapi: ArrayLike,
    *,
    roi: NDArray[np.bool_] | None = None,
    settings: NucleiSettings | None = None,
) -> Nuclei:
    """Nuclei of another program's label image, measured and flagged as ours.

    Parameters
    ----------
    labels
        Integers (y, x); 0 is background. They are renumbered in the order of centroids.
    dapi, roi, settings
        As for `segment_nuclei`.

    Raises
    ------
    MetadataError
        When the label image is not integer, negative, or has another size than the image.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.zeros((8, 8), int)
    >>> labels[1:4, 4:7], labels[5:8, 1:4] = 7, 3
    >>> nuclei = nuclei_from_labels(labels, labels * 10.0)
    >>> nuclei.y_px.tolist(), nuclei.area_px.tolist()
    ([2.0, 6.0], [9, 9])
    """
    settings = NucleiSettings() if settings is None else settings
    stack = _checked(dapi, roi)
    array = np.asarray(labels)
    if array.shape != stack.shape[-2:]:
        raise MetadataError(
            "the label image has another size than the image",
            found=array.shape,
            expected=stack.shape[-2:],
        )
    if array.dtype.kind not in "iu" or (array.size and int(array.min()) < 0):
        raise MetadataError("no label image", found=array.dtype, expected="integers from 0")
    limit = _camera_limit(stack, np.asarray(dapi).dtype)
    image, sharpness = (stack, None) if stack.ndim == 2 else best_focus(stack)
    full = in_centroid_order(array)
    area = np.bincount(full.ravel())[1:]
    diameter = float(np.sqrt(4 / np.pi * np.median(area))) if len(area) else float("nan")
    background = background_mesh(image, cell_px=3 * diameter) if len(area) else image
    nuclei = measure_nuclei(
        full,
        image,
        background=background,
        limit_counts=limit,
        diameter_px=diameter,
        threshold_counts=float("nan"),
        roi=roi,
        settings=settings,
    )
    return nuclei if sharpness is None else _with_planes(nuclei, sharpness)


def _checked(dapi: ArrayLike, roi: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    array = np.asarray(dapi)
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise MetadataError(
            "no image", field="dapi", found=f"shape {array.shape}", expected="(y, x) or (z, y, x)"
        )
    if array.dtype.kind not in "buif":
        raise PixelError("no camera counts", field="dapi", found=array.dtype)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise PixelError("NaN or infinite pixels", field="dapi")
    if roi is not None and roi.shape != array.shape[-2:]:
        raise MetadataError(
            "the region has another size than the image",
            field="roi",
            found=roi.shape,
            expected=array.shape[-2:],
        )
    image: NDArray[np.float32] = array.astype(np.float32)
    return image[0] if image.ndim == 3 and len(image) == 1 else image


def _camera_limit(stack: NDArray[np.float32], dtype: np.dtype[Any]) -> float:
    """Counts at which the camera is full: the type's limit, or 12 or 14 bits where they clip."""
    top = float(stack.max())
    if dtype.kind not in "iu":
        return math.inf
    for bits in (8, 12, 14, 16):
        if top == 2**bits - 1:
            return top
    return float(np.iinfo(dtype).max)


def _working_factor(
    image: NDArray[np.float32], prior_px: float | None, settings: NucleiSettings
) -> int:
    """By how much the image is reduced so that nuclei are `working_diameter_px` wide."""
    diameter = prior_px
    if diameter is None:
        guess = max(1, round(max(image.shape) / GUESS_WIDTH_PX))
        small = reduce_by(image, guess)
        mask, _ = _foreground(small, cell_px=60)
        diameter = typical_diameter(mask) * guess
    if not math.isfinite(diameter):
        return 1
    return max(1, int(diameter / settings.working_diameter_px + 0.25))


def _foreground(
    small: NDArray[np.float32], *, cell_px: float, min_snr: float = 5.0
) -> tuple[NDArray[np.bool_], float]:
    smooth = ndi.gaussian_filter(small, 1.0, mode="nearest")
    smooth = smooth - background_mesh(smooth, cell_px=cell_px)
    # A Gaussian of sigma 1 leaves 1 / (2 sqrt(pi)) of the noise.
    return find_foreground(smooth, floor_counts=min_snr * 0.28 * noise_sigma(small))


def _find(
    small: NDArray[np.float32], settings: NucleiSettings
) -> tuple[NDArray[np.int32], NDArray[np.float32], float, float]:
    """Labels, background, diameter and threshold on the working image."""
    background = background_mesh(small, cell_px=3 * settings.working_diameter_px)
    mask, threshold = _foreground(
        small, cell_px=3 * settings.working_diameter_px, min_snr=settings.min_snr
    )
    diameter = typical_diameter(mask)
    if not diameter >= MIN_DIAMETER_PX:
        return np.zeros(small.shape, np.int32), background, float("nan"), float("nan")
    mask = ndi.binary_opening(mask, iterations=max(1, round(diameter / 20)))
    labels = split_by_distance(mask, diameter_px=diameter)
    area = np.bincount(labels.ravel())
    labels = in_centroid_order(np.where(area[labels] < 0.03 * diameter**2, 0, labels))
    return labels, background, diameter, threshold


def _enlarge_labels(
    labels: NDArray[np.int32], signal: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Labels at full size with a smooth outline: half of each nucleus' own level."""
    smooth = ndi.gaussian_filter(signal, 0.8, mode="nearest")
    n = int(labels.max(initial=0))
    level = np.append(0, ndi.mean(smooth, labels, np.arange(1, n + 1))).astype(np.float32)
    near = ndi.grey_dilation(labels, size=3)
    near = np.where(labels > 0, labels, near)
    margin = np.where(near > 0, smooth - 0.5 * level[near], -0.25 * level.max())
    rows = np.minimum(np.arange(shape[0]) * labels.shape[0] // shape[0], labels.shape[0] - 1)
    columns = np.minimum(np.arange(shape[1]) * labels.shape[1] // shape[1], labels.shape[1] - 1)
    full: NDArray[np.int32] = near[rows][:, columns]
    full[enlarge(margin.astype(np.float32), shape) <= 0] = 0
    return full


def _with_planes(nuclei: Nuclei, sharpness: NDArray[np.float32]) -> Nuclei:
    return replace(nuclei, plane=best_planes(find_runs(nuclei.labels), sharpness))
