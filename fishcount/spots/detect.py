"""From a probe image to spots: filter, find, fit, accept or reject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import NoneType

import numpy as np
from numpy.typing import NDArray

from fishcount.background import is_constant
from fishcount.errors import PixelError, check_kind, check_positive
from fishcount.image import project
from fishcount.image.checks import as_counts, check_sizes
from fishcount.optics import KnownOptics
from fishcount.settings import SpotSettings
from fishcount.spots.candidates.find import find_candidates
from fishcount.spots.candidates.refit import without_rejected
from fishcount.spots.channel.leak import with_leak
from fishcount.spots.channel.like_widths import with_like_widths
from fishcount.spots.channel.measured_view import measured_view
from fishcount.spots.channel.psf import PointWidth, expected_sigma_px, expected_width
from fishcount.spots.channel.reduction import (
    in_larger_pixels,
    narrowest_px,
    reduce_channels,
    reduction_of,
)
from fishcount.spots.channel.scale import ChannelScale, ChannelView, view_channel
from fishcount.spots.channel.singles import with_singles
from fishcount.spots.checks import checked_counts
from fishcount.spots.depth import separated_in_depth
from fishcount.spots.judgement.judge import judge
from fishcount.spots.result import Spots
from fishcount.spots.stack import place_in_stack, project_signals
from fishcount.spots.table import as_spots

__all__ = ["detect_in_channels", "detect_spots"]

# Less does not hold a point and what is around it.
_MIN_SIDE_PX = 9


def detect_spots(
    image: NDArray[np.number],
    *,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    other: NDArray[np.number] | None = None,
    scale: ChannelScale | None = None,
    other_scale: ChannelScale | None = None,
    point_sigma_um: float | None = None,
    settings: SpotSettings | None = None,
) -> Spots:
    """Find the spots of one probe channel, without a threshold to tune.

    Parameters
    ----------
    image : ndarray, (y, x) or (z, y, x)
        Camera counts: of 8 or 16 bits as they are stored, or float32.
    pixel_size_um : float, optional
        Used where the image itself cannot tell how wide a point is.
    z_step_um : float, optional
        Distance of planes. A stack is smoothed along z as a signal is long and detected on its
        maximum over planes, so that no signal is counted twice. Then the plane in which each is
        brightest is looked up; a lone spot with two such planes becomes two signals. With
        `settings.project_stacks` only the plain maximum is used.
    other : ndarray, (y, x) or (z, y, x), optional
        The other probe: its bleed-through is told from signals, and granules show in both.
    scale, other_scale : ChannelScale, optional
        What `measure_channels` found in the whole channel that `image`, or `other`, is a part
        of; measured here when left out.
    point_sigma_um : float, optional
        Width of a point in focus (`fishcount.optics.diffraction_sigma_um`), where it is known: a
        better first guess than the pixel size gives. The image decides.
    settings : SpotSettings, optional
        Its optics apply to probes by name, so only `detect_in_channels` reads them.

    Returns
    -------
    Spots
        All candidates, kept or rejected with their reason; empty for a blank channel or one
        smaller than a spot.

    Raises
    ------
    PixelError
        When pixels are a mask, NaN, infinite, masked, beyond 1e9, or beyond 2**24 and not exact in
        float32, `image` is no plane or stack, or `other` has another size.
    CalibrationError
        When a size is not above 0, or not that of a microscope: 65 is one in nanometres.

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
    check_sizes(pixel_size_um=pixel_size_um, z_step_um=z_step_um)
    check_positive(point_sigma_um=point_sigma_um)
    for name, measured in (("scale", scale), ("other_scale", other_scale)):
        check_kind(name, measured, ChannelScale, NoneType, remedy="measure_channels makes one")
    settings = SpotSettings.of(settings)
    given = {"image": image} if other is None else {"image": image, "other": other}
    channels = _as_searched(given, settings)
    _check_same_size(channels)
    known = {"image": scale, "other": other_scale}
    factor = _known_factor(known) or reduction_of(
        channels,
        expected_px=expected_sigma_px(pixel_size_um, point_sigma_um),
        z_step_um=z_step_um,
    )
    channels = reduce_channels(channels, factor)
    width = expected_width(in_larger_pixels(pixel_size_um, factor), point_sigma_um)
    views = _views(channels, known, dict.fromkeys(channels, width), z_step_um)
    return _spots_of_probe("image", channels, views, z_step_um, settings).enlarged(factor)


def detect_in_channels(
    channels: Mapping[str, NDArray[np.number]],
    *,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    scales: Mapping[str, ChannelScale] | None = None,
    optics: KnownOptics | None = None,
    settings: SpotSettings | None = None,
    threads: int = 2,
) -> dict[str, Spots]:
    """As `detect_spots`, for all probes of a field, each beside the next one.

    Parameters
    ----------
    channels
        Camera counts of each probe, (y, x) or (z, y, x), by role.
    scales
        What `measure_channels` found, by role; measured here when left out.
    optics
        What is known of objective and dyes; `settings` say it, too, and win.
    threads
        How many probes are searched at the same time; the result is the same for any number.

    Returns
    -------
    dict of str to Spots
        As of `detect_spots`, by role.

    Raises
    ------
    PixelError, CalibrationError
        As `detect_spots`; also when the probes differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import detect_in_channels
    >>> blank = np.zeros((64, 64), np.float32)
    >>> {role: len(spots) for role, spots in detect_in_channels({"HER2": blank}).items()}
    {'HER2': 0}
    """
    check_sizes(pixel_size_um=pixel_size_um, z_step_um=z_step_um)
    settings, known = SpotSettings.of(settings), scales or {}
    optics = (optics or KnownOptics()).overruled_by(settings.optics)
    channels = _as_searched(channels, settings)
    _check_same_size(channels)
    factor = _known_factor(known) or reduction_of(
        channels,
        expected_px=narrowest_px(channels, pixel_size_um, optics),
        z_step_um=z_step_um,
    )
    channels = reduce_channels(channels, factor)
    pixel_size_um = in_larger_pixels(pixel_size_um, factor)
    widths = {role: expected_width(pixel_size_um, optics.point_sigma_um(role)) for role in channels}
    # Most of the time is spent in numpy, which lets go of the interpreter's lock.
    with ThreadPoolExecutor(max(1, threads)) as pool:
        views = _views(channels, known, widths, z_step_um, each=pool.map)
        found = pool.map(
            lambda role: _spots_of_probe(role, channels, views, z_step_um, settings), channels
        )
        enlarged = (spots.enlarged(factor) for spots in found)
        return dict(zip(channels, enlarged, strict=True))


def _known_factor(scales: Mapping[str, ChannelScale | None]) -> int | None:
    """By how much the channels were reduced when they were measured; None before."""
    return next((scale.factor for scale in scales.values() if scale is not None), None)


def _as_searched(
    channels: Mapping[str, NDArray[np.number]], settings: SpotSettings
) -> Mapping[str, NDArray[np.number]]:
    """Stacks as they are, or as planes where they are to be projected."""
    channels = {role: as_counts(pixels, role) for role, pixels in channels.items()}
    if not settings.project_stacks:
        return channels
    return {
        role: project(pixels) if pixels.ndim == 3 else pixels for role, pixels in channels.items()
    }


def _check_same_size(channels: Mapping[str, NDArray[np.number]]) -> None:
    """Raise PixelError where the probes of a field are not of one size, or one is a stack."""
    shapes = [np.shape(pixels) for pixels in channels.values()]
    for shape in shapes[1:]:
        if shape != shapes[0]:
            raise PixelError("the probes differ in size", found=shape, expected=shapes[0])


def _spots_of_probe(
    role: str,
    channels: Mapping[str, NDArray[np.number]],
    views: Mapping[str, ChannelView | None],
    z_step_um: float | None,
    settings: SpotSettings,
) -> Spots:
    """Spots of one probe, the next one beside it; those of a stack with their height in it."""
    view = views[role]
    beside = next((other for name, other in views.items() if name != role), None)
    if view is None:
        return Spots.empty(min_snr=settings.min_snr)
    if beside is not None:
        view = with_leak(view, beside)
    spots, pixels = _spots_of_plane(view, beside, settings), np.asarray(channels[role])
    if pixels.ndim == 2:
        return spots
    return separated_in_depth(place_in_stack(spots, pixels), pixels, z_step_um=z_step_um)


def _views(
    channels: Mapping[str, NDArray[np.number]],
    known: Mapping[str, ChannelScale | None],
    widths: Mapping[str, PointWidth],
    z_step_um: float | None,
    *,
    each: Callable[..., Iterable[ChannelView | None]] = map,
) -> dict[str, ChannelView | None]:
    """What detection looks at in each probe, by what its scale says, or what both probes show."""

    def view(role: str) -> ChannelView | None:
        return _view(channels[role], known.get(role) or widths[role], z_step_um)

    views = dict(zip(channels, each(view, channels), strict=True))
    return with_singles(with_like_widths(views, widths))


def _view(
    image: NDArray[np.number], about: ChannelScale | PointWidth, z_step_um: float | None
) -> ChannelView | None:
    """What detection looks at; None where there is nothing to be found.

    Without the scale of the channel it is measured here, from how wide points are expected to be.
    """
    image = checked_counts(image)
    if is_constant(image) or min(image.shape[-2:]) < _MIN_SIDE_PX:
        return None
    plane = project_signals(image, z_step_um=z_step_um)
    if isinstance(about, PointWidth):
        view = measured_view(plane, about)
    else:
        view = view_channel(plane, about)
    return view if view.scale.is_measurable else None


def _spots_of_plane(view: ChannelView, other: ChannelView | None, settings: SpotSettings) -> Spots:
    """Spots of a plane: what may be one is found and judged, and signals are fitted once more."""
    found = find_candidates(
        view, min_snr=settings.min_snr, min_share=settings.min_share, other=other
    )
    verdict = judge(found, view.scale, settings)
    return as_spots(
        found,
        without_rejected(found, verdict.kept, whole=verdict.whole),
        verdict,
        view.scale,
        min_snr=settings.min_snr,
        min_score=settings.min_score,
    )
