"""A probe channel is measured once: how wide a point is, its noise, a typical signal, the leak.

What is found in a part of a channel then depends on that part and these few figures alone, so
tiles give what the whole image gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import check_positive
from fishcount.optics import KnownOptics
from fishcount.spots.channel.leak import with_leak
from fishcount.spots.channel.like_widths import with_like_widths
from fishcount.spots.channel.measured_view import measured_view
from fishcount.spots.channel.psf import expected_sigma_px, expected_width
from fishcount.spots.channel.reduction import (
    in_larger_pixels,
    narrowest_px,
    reduce_channels,
    reduction_of,
)
from fishcount.spots.channel.scale import ChannelScale
from fishcount.spots.channel.singles import with_singles
from fishcount.spots.checks import checked_counts
from fishcount.spots.stack import project_signals

__all__ = ["measure_channel", "measure_channels"]


def measure_channel(
    plane: NDArray[np.number],
    *,
    pixel_size_um: float | None = None,
    point_sigma_um: float | None = None,
) -> ChannelScale:
    """The figures of a channel that need all of it.

    Parameters
    ----------
    plane : ndarray, (y, x)
        Camera counts. Of an image larger than memory, a sample of its tiles side by side.
    pixel_size_um
        Tells how wide a point is where the image has too few.
    point_sigma_um
        Width of a point in focus, where NA and wavelength tell it (`KnownOptics`): a closer guess.

    Returns
    -------
    ChannelScale
        Of a blank plane, `is_measurable` is false.

    Raises
    ------
    PixelError
        When pixels are NaN or infinite, there are none, or `plane` is no plane.
    CalibrationError
        When a size is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import measure_channel
    >>> y, x = np.mgrid[:128, :128]
    >>> image = 100 + np.random.default_rng(1).normal(0, 1, (128, 128))
    >>> for at in range(12, 120, 12):
    ...     image += 50 * np.exp(-((y - at) ** 2 + (x - at) ** 2) / (2 * 1.5**2))
    >>> scale = measure_channel(image.astype(np.float32))
    >>> round(scale.psf_sigma_px, 1), round(scale.typical_counts / 10)
    (1.5, 5)
    """
    check_positive(pixel_size_um=pixel_size_um, point_sigma_um=point_sigma_um)
    factor = reduction_of(
        {"image": plane}, expected_px=expected_sigma_px(pixel_size_um, point_sigma_um)
    )
    plane = reduce_channels({"image": checked_counts(plane)}, factor)["image"]
    expected = expected_width(in_larger_pixels(pixel_size_um, factor), point_sigma_um)
    return replace(measured_view(plane, expected).scale, factor=factor)


def measure_channels(
    channels: Mapping[str, NDArray[np.number]],
    *,
    pixel_size_um: float | None = None,
    z_step_um: float | None = None,
    optics: KnownOptics | None = None,
) -> dict[str, ChannelScale]:
    """As `measure_channel`, for the probes of a field, and what leaks from one into the other.

    Parameters
    ----------
    channels
        Camera counts (y, x) or (z, y, x) by role.
    pixel_size_um, z_step_um
        As for `fishcount.detect_spots`.
    optics
        What is known of objective and dyes.

    Returns
    -------
    dict of str to ChannelScale
        By role. Of a blank channel, `is_measurable` is false.

    Raises
    ------
    PixelError, CalibrationError
        As `measure_channel`; also when the probes differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots import measure_channels
    >>> measure_channels({"HER2": np.zeros((64, 64), np.float32)})["HER2"].is_measurable
    False
    """
    check_positive(pixel_size_um=pixel_size_um, z_step_um=z_step_um)
    optics = optics or KnownOptics()
    channels = {role: checked_counts(image) for role, image in channels.items()}
    factor = reduction_of(
        channels,
        expected_px=narrowest_px(channels, pixel_size_um, optics),
        z_step_um=z_step_um,
    )
    pixel_size_um = in_larger_pixels(pixel_size_um, factor)
    planes = {
        role: project_signals(image, z_step_um=z_step_um)
        for role, image in reduce_channels(channels, factor).items()
    }
    expected = {role: expected_width(pixel_size_um, optics.point_sigma_um(role)) for role in planes}
    views = {role: measured_view(plane, expected[role]) for role, plane in planes.items()}
    scales = {}
    views = with_singles(with_like_widths(views, expected))
    for role, view in views.items():
        other = next((other for name, other in views.items() if name != role), None)
        scale = view.scale if other is None else with_leak(view, other).scale
        scales[role] = replace(scale, factor=factor)
    return scales
