"""DAPI to nuclei: the steps in order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishcount.camera import full_count
from fishcount.image import Window, project
from fishcount.image.checks import as_region, check_sizes
from fishcount.nuclei.by_block import search_blocks
from fishcount.nuclei.checks import checked_dapi, checked_labels
from fishcount.nuclei.depth import measure_depths
from fishcount.nuclei.field.illumination import background_mesh
from fishcount.nuclei.figures.measure import in_centroid_order, measure_found, measure_nuclei
from fishcount.nuclei.focus import best_focus
from fishcount.nuclei.result import Nuclei, OutlinedNuclei
from fishcount.nuclei.search.plane import measure_field, search_nuclei
from fishcount.settings import NucleiSettings
from fishcount.slide import is_small, mosaic, sample_windows

__all__ = ["nuclei_from_labels", "segment_nuclei", "segment_windows"]


def segment_nuclei(
    dapi: ArrayLike,
    *,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
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
    z_step_um
        Distance of the planes of a stack; `settings.separate_depths` needs it.
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
        When the array is no image or stack, or `roi` is no mask of its size.
    PixelError
        When pixels are not real and finite numbers, masked, beyond 1e9, or beyond 2**24 and not
        exact in float32.
    CalibrationError
        When a size is not above 0, or not that of a microscope: 65 is one in nanometres.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:96, :128]
    >>> dapi = 100 + 900.0 * (np.hypot(y - 40, x - 60) < 20)
    >>> nuclei = segment_nuclei(dapi)
    >>> len(nuclei), nuclei.y_px.round().tolist(), nuclei.x_px.round().tolist()
    (1, [40.0], [60.0])
    """
    settings = NucleiSettings.of(settings)
    check_sizes(pixel_size_um=pixel_size_um, z_step_um=z_step_um)
    stack = checked_dapi(dapi)
    shape = (stack.shape[-2], stack.shape[-1])
    roi = None if roi is None else as_region(roi, shape, "roi")
    if not is_small(shape):
        inside = None if roi is None else lambda window: roi[window]
        windows = sample_windows(
            shape,
            lambda window: project(stack[..., *window].astype(np.float32)),
            inside=inside,
        )
        return segment_windows(
            lambda window: stack[..., *window],
            shape=shape,
            sample=mosaic([stack[..., *window] for window in windows]),
            dtype=np.asarray(dapi).dtype,
            pixel_size_um=pixel_size_um,
            z_step_um=z_step_um,
            roi=inside,
            settings=settings,
        ).painted()
    return _segment_whole(
        stack,
        np.asarray(dapi).dtype,
        pixel_size_um=pixel_size_um,
        z_step_um=z_step_um,
        roi=roi,
        settings=settings,
    )


def segment_windows(
    read: Callable[[Window], NDArray[np.number]],
    *,
    shape: tuple[int, int],
    sample: NDArray[np.number],
    dtype: np.dtype[Any],
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    roi: Callable[[Window], NDArray[np.bool_]] | None = None,
    settings: NucleiSettings | None = None,
) -> OutlinedNuclei:
    """Find the nuclei of an image that is read window by window; the same as `segment_nuclei`.

    Parameters
    ----------
    read
        DAPI of a window: (y, x), or (z, y, x) of a stack.
    shape
        Height and width of the image.
    sample
        The whole where it is small, else a mosaic of it, as `fishcount.slide.mosaic` makes it.
    dtype
        Type in which the counts are stored: it tells when the camera is full.
    pixel_size_um, z_step_um, settings
        As for `segment_nuclei`.
    roi
        The region to be scored in a window (y, x).

    Returns
    -------
    OutlinedNuclei
        Empty where nothing stands out from the background of the sample.
    """
    settings = NucleiSettings.of(settings)
    if is_small(shape):
        whole = (slice(0, shape[0]), slice(0, shape[1]))
        nuclei = _segment_whole(
            read(whole),
            dtype,
            pixel_size_um=pixel_size_um,
            z_step_um=z_step_um,
            roi=None if roi is None else roi(whole),
            settings=settings,
        )
        return OutlinedNuclei.of(nuclei)
    image, _ = best_focus(sample)
    field = measure_field(image, prior_px=_prior_px(pixel_size_um, settings), settings=settings)
    if field is None:
        return OutlinedNuclei.empty(shape)
    return search_blocks(
        read,
        shape=shape,
        field=field,
        limit_counts=_camera_limit(sample, dtype),
        z_step_um=z_step_um,
        roi=roi,
        settings=settings,
    )


def nuclei_from_labels(
    labels: ArrayLike,
    dapi: ArrayLike,
    *,
    z_step_um: float | None = None,
    roi: NDArray[np.bool_] | None = None,
    settings: NucleiSettings | None = None,
) -> Nuclei:
    """Nuclei of another program's label image, measured and flagged as ours.

    Parameters
    ----------
    labels
        Integers (y, x); 0 is background. They are renumbered in the order of centroids.
    dapi, z_step_um, roi, settings
        As for `segment_nuclei`.

    Raises
    ------
    MetadataError
        When the label image is not integer, negative, masked, or has another size than the image.
    PixelError, CalibrationError
        As `segment_nuclei`.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.zeros((8, 8), int)
    >>> labels[1:4, 4:7], labels[5:8, 1:4] = 7, 3
    >>> nuclei = nuclei_from_labels(labels, labels * 10.0)
    >>> nuclei.y_px.tolist(), nuclei.area_px.tolist()
    ([2.0, 6.0], [9, 9])
    """
    settings = NucleiSettings.of(settings)
    check_sizes(z_step_um=z_step_um)
    stack = checked_dapi(dapi)
    roi = None if roi is None else as_region(roi, (stack.shape[-2], stack.shape[-1]), "roi")
    image, sharpness = best_focus(stack)
    full, runs = in_centroid_order(checked_labels(labels, (stack.shape[-2], stack.shape[-1])))
    area = runs.total(runs.length)
    diameter = float(np.sqrt(4 / np.pi * np.median(area))) if len(area) else float("nan")
    counts = image.astype(np.float32, copy=False)
    background = background_mesh(counts, cell_px=3 * diameter) if len(area) else counts
    depths = measure_depths(
        full,
        runs,
        stack,
        sharpness=sharpness,
        z_step_um=z_step_um,
        diameter_px=diameter,
        settings=settings,
    )
    return measure_nuclei(
        full,
        runs,
        image,
        background=background,
        limit_counts=_camera_limit(stack, np.asarray(dapi).dtype),
        diameter_px=diameter,
        threshold_counts=float("nan"),
        roi=roi,
        depths=depths,
        settings=settings,
    )


def _segment_whole(
    stack: NDArray[np.number],
    dtype: np.dtype[Any],
    *,
    pixel_size_um: float | None,
    z_step_um: float | None,
    roi: NDArray[np.bool_] | None,
    settings: NucleiSettings,
) -> Nuclei:
    """Nuclei of a plane (y, x) or stack (z, y, x), searched at once."""
    focus = best_focus(stack)
    prior_px = _prior_px(pixel_size_um, settings)
    found = search_nuclei(focus[0], prior_px=prior_px, settings=settings)
    if found is None:
        return Nuclei.empty((stack.shape[-2], stack.shape[-1]))
    nuclei, _ = measure_found(
        found,
        stack,
        focus=focus,
        limit_counts=_camera_limit(stack, dtype),
        z_step_um=z_step_um,
        roi=roi,
        settings=settings,
    )
    return nuclei


def _prior_px(pixel_size_um: float | None, settings: NucleiSettings) -> float | None:
    return None if pixel_size_um is None else settings.diameter_um / pixel_size_um


def _camera_limit(stack: NDArray[np.number], dtype: np.dtype[Any]) -> float:
    """Counts at which the camera is full, as far as the pixels or their type tell."""
    full = full_count(stack)
    if full is None:
        return float(np.iinfo(dtype).max) if dtype.kind in "iu" else math.inf
    return full
