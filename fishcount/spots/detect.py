"""From a probe image to spots: filter, find, fit, judge."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.background import is_constant
from fishcount.errors import PixelError
from fishcount.image import project
from fishcount.settings import SpotSettings
from fishcount.spots.candidates import find_candidates
from fishcount.spots.groups import connected_groups
from fishcount.spots.judge import reject_reasons
from fishcount.spots.psf import estimate_psf_sigma
from fishcount.spots.result import Spots
from fishcount.spots.scene import Points
from fishcount.spots.score import pooled_score, signal_score

__all__ = ["detect_spots"]

_MIN_SIDE_PX = 9
# Kept points closer than so many widths are one crowded group.
_CLUSTER_REACH = 3.0
# Points closer than this many widths are judged together.
_CROWD_REACH = 2.5


def detect_spots(
    image: NDArray[np.float32],
    *,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    labels: NDArray[np.integer] | None = None,
    other: NDArray[np.float32] | None = None,
    settings: SpotSettings | None = None,
) -> Spots:
    """Find the spots of one probe channel, without a threshold to tune.

    Parameters
    ----------
    image : ndarray of float32, (y, x) or (z, y, x)
        Camera counts.
    pixel_size_um : float, optional
        Used where the image itself cannot tell how wide a point is.
    z_step_um : float, optional
        Distance of planes. A stack is detected on its maximum over planes, so that no signal
        is counted twice, and the plane at which each is brightest is looked up afterwards.
    labels : ndarray of int, (y, x), optional
        Nuclei. They change nothing: noise and background are local, and signals outside
        nuclei are found too, for the quality of the field.
    other : ndarray of float32, (y, x) or (z, y, x), optional
        The other probe: what leaks over from it is told apart, and a granule must show in it.
    settings : SpotSettings, optional

    Returns
    -------
    Spots
        All candidates, kept or rejected with their reason; empty for a blank channel or one
        smaller than a spot.

    Raises
    ------
    PixelError
        When pixels are NaN or infinite, or `image` is no plane or stack.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import detect_spots
    >>> y, x = np.mgrid[:64, :64]
    >>> image = 100 + np.random.default_rng(1).normal(0, 1, (64, 64))
    >>> image += 100 * np.exp(-((y - 30.3) ** 2 + (x - 20.6) ** 2) / (2 * 1.6**2))
    >>> spots = detect_spots(image.astype(np.float32))
    >>> brightest = spots.amplitude_counts.argmax()
    >>> float(spots.y_px[brightest].round(1)), float(spots.x_px[brightest].round(1))
    (30.3, 20.6)
    """
    settings = settings or SpotSettings()
    image = _checked(image)
    if is_constant(image) or min(image.shape[-2:]) < _MIN_SIDE_PX:
        return Spots.empty(min_snr=settings.min_snr)
    plane = project(image)
    beside = None if other is None else project(_checked(other))
    if beside is not None and beside.shape != plane.shape:
        raise PixelError("the probes differ in size", found=beside.shape, expected=plane.shape)
    psf_sigma_px = estimate_psf_sigma(plane, pixel_size_um=pixel_size_um)
    spots = _detect_in_plane(plane, beside, psf_sigma_px, settings)
    return spots if image.ndim == 2 else _in_stack(spots, image)


def _checked(image: NDArray[np.float32]) -> NDArray[np.float32]:
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "buif":
        raise PixelError(
            "not a plane or stack of counts",
            found=f"{pixels.dtype} of shape {pixels.shape}",
            expected="numbers (y, x) or (z, y, x)",
        )
    pixels = pixels.astype(np.float32, copy=False)
    if not np.isfinite(pixels).all():
        bad = np.argwhere(~np.isfinite(pixels))
        raise PixelError(
            "NaN or infinite pixels", found=f"{len(bad)}, the first at {tuple(bad[0].tolist())}"
        )
    return pixels


def _detect_in_plane(
    plane: NDArray[np.float32],
    other: NDArray[np.float32] | None,
    psf_sigma_px: float,
    settings: SpotSettings,
) -> Spots:
    found = find_candidates(plane, psf_sigma_px=psf_sigma_px, min_snr=settings.min_snr, other=other)
    if found is None:
        return Spots.empty(psf_sigma_px=psf_sigma_px, min_snr=settings.min_snr)
    group = connected_groups(found.points.y_px, found.points.x_px, _CROWD_REACH * psf_sigma_px)
    score = pooled_score(
        signal_score(found.appearance.figures), found.points.amplitude_counts, group
    )
    reason = reject_reasons(
        found, score, min_score=settings.min_score, min_share=settings.min_share
    )
    points, fits, granules = found.points, found.appearance.fits, found.granules
    kept = reason == ""
    cluster = _clusters(points, kept, _CLUSTER_REACH * psf_sigma_px)
    # Light of a point of the known width: the free width of a faint point is mostly noise.
    flux = 2 * np.pi * points.amplitude_counts * psf_sigma_px**2
    granule_flux = 2 * np.pi * granules.amplitude_counts * np.square(granules.sigma_px)
    y, x = np.append(points.y_px, granules.y_px), np.append(points.x_px, granules.x_px)
    order = np.lexsort((x, y))

    def both(ours: NDArray[Any], theirs: Any) -> NDArray[Any]:
        """A column of points and granules, in the order of the table."""
        return np.append(ours, np.broadcast_to(theirs, len(granules)).astype(ours.dtype))[order]

    return Spots(
        z_px=np.zeros(len(order)),
        y_px=y[order],
        x_px=x[order],
        amplitude_counts=both(points.amplitude_counts, granules.amplitude_counts),
        background_counts=both(fits.background_counts, granules.background_counts),
        sigma_px=both(fits.sigma_px, granules.sigma_px),
        flux_counts=both(flux, granule_flux),
        snr=both(found.figure("snr"), granules.snr),
        kept=both(kept, False),
        reason=both(reason, "TOO_WIDE"),
        cluster=both(cluster, 0),
        score=both(score, np.nan),
        psf_sigma_px=psf_sigma_px,
        min_snr=settings.min_snr,
    )


def _in_stack(spots: Spots, stack: NDArray[np.float32]) -> Spots:
    """The same spots with the height at which each is brightest, by a parabola over planes."""
    y = np.rint(spots.y_px).astype(np.int64).clip(1, stack.shape[1] - 2)
    x = np.rint(spots.x_px).astype(np.int64).clip(1, stack.shape[2] - 2)
    around = [stack[:, y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    column: NDArray[np.float64] = np.stack(around).sum(axis=0, dtype=np.float64)
    top = np.argmax(column, axis=0)
    inner = top.clip(1, max(stack.shape[0] - 2, 1))
    offset = np.zeros(len(spots))
    if stack.shape[0] > 2:
        before, here, after = (column[inner + k, np.arange(len(spots))] for k in (-1, 0, 1))
        bend = before - 2 * here + after
        vertex = 0.5 * (before - after) / np.where(bend < 0, bend, -np.inf)
        offset = np.where(inner == top, np.clip(vertex, -0.5, 0.5), 0.0)
    z = top + offset
    order = np.lexsort((spots.x_px, spots.y_px, z))
    columns = {
        name.name: getattr(spots, name.name)[order]
        for name in fields(spots)
        if isinstance(getattr(spots, name.name), np.ndarray)
    }
    return replace(spots, **{**columns, "z_px": z[order]})


def _clusters(points: Points, kept: NDArray[np.bool_], reach_px: float) -> NDArray[np.int64]:
    """Numbers of crowded groups of kept points, from 1; 0 for the others."""
    rows = np.flatnonzero(kept)
    group = connected_groups(points.y_px[rows], points.x_px[rows], reach_px)
    crowded = np.bincount(group, minlength=1) > 1
    number = np.where(crowded, np.cumsum(crowded), 0)
    cluster = np.zeros(len(kept), np.int64)
    cluster[rows] = number[group]
    return cluster
