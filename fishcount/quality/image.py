"""Quality of an image itself, before it is searched: blank, identical or saturated channels.

A channel that holds no image must never be counted as "no signals": its field is not evaluable.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.camera import full_count
from fishcount.filters import block_means, gaussian_kernel, median3, separable
from fishcount.flags import Finding
from fishcount.image import FishImage, Window, project, window_shape
from fishcount.robust import robust_sigma
from fishcount.slide import Slide
from fishcount.spots import hot_pixel_share

__all__ = ["image_findings", "is_blank", "saturated_pixels"]

# More than 0.1 % of pixels at the camera's limit make a channel doubtful.
_SATURATED_SHARE = 0.001
# Spread of block means over what white noise foretells: about 1 without an image; the channels
# of fields are at 7 and above.
_STRUCTURE_RATIO = 2.0
# A smoothed pixel this many sigmas above the rest is not noise in any field of a camera.
_PEAK_SIGMAS = 7.0
_BLOCK_PX = 8
# This many rows of blocks are enough where they show at least twice that spread.
_LOOKS, _SURE_RATIO = 32, 2 * _STRUCTURE_RATIO
# A blank channel that went through JPEG or a filter still differs by a count or two.
_DITHER_COUNTS = 2
# Noise of two exposures is independent; the grain of a copy is the same.
_SAME_GRAIN = 0.98
# Figures of noise need no more rows than this to be exact to a per cent.
_SAMPLE_ROWS = 256


def image_findings(image: FishImage) -> tuple[Finding, ...]:
    """What is wrong with the channels of a field as images.

    Parameters
    ----------
    image
        A field, plane or stack.

    Returns
    -------
    tuple of Finding
        BLANK_CHANNEL with the role in `detail`; IDENTICAL_CHANNELS with both roles and the
        correlation of their grain; IDENTICAL_PLANES with the role; SATURATED_CHANNEL and, of a
        probe, HOT_PIXELS with the role and the share of pixels. Empty when all is well.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount import FishImage
    >>> from fishcount.quality import image_findings
    >>> image = FishImage.from_array(
    ...     np.full((2, 64, 64), 100, np.uint16), axes="CYX", channels=["DAPI", "HER2"],
    ...     pixel_size_um=0.1)
    >>> [(finding.code, finding.detail) for finding in image_findings(image)]
    [('BLANK_CHANNEL', 'DAPI'), ('BLANK_CHANNEL', 'HER2')]
    """
    stacks = {role: image.pixels[image.channels.index(role)] for role in image.channels}
    blank = [role for role, stack in stacks.items() if is_blank(stack)]
    findings = [Finding("BLANK_CHANNEL", detail=role) for role in blank]
    lit = {role: stack for role, stack in stacks.items() if role not in blank}
    grain = {role: _grain(stack) for role, stack in lit.items()}
    for one, other in combinations(lit, 2):
        alike = _correlation(grain[one], grain[other])
        if alike > _SAME_GRAIN:
            findings.append(Finding("IDENTICAL_CHANNELS", figure=alike, detail=f"{one}, {other}"))
    findings += [
        Finding("IDENTICAL_PLANES", detail=role)
        for role, stack in lit.items()
        if any(_are_the_same(one, other) for one, other in pairwise(stack))
    ]
    for role, stack in lit.items():
        level = full_count(stack)
        share = 0.0 if level is None else float(np.mean(stack >= level))
        if share > _SATURATED_SHARE:
            findings.append(Finding("SATURATED_CHANNEL", figure=share, detail=role))
    for role in image.probes:
        hot = hot_pixel_share(lit[role][len(lit[role]) // 2]) if role in lit else 0.0
        if hot:
            findings.append(Finding("HOT_PIXELS", figure=hot, detail=role))
    return tuple(findings)


def is_blank(stack: NDArray[np.generic]) -> bool:
    """Whether a channel (z, y, x) holds no image: one value, or nothing but camera noise.

    Noise without an image is white: block means spread only as its pixels foretell, and no
    smoothed pixel stands out. Single hot pixels are taken out first. A stack is blank when
    all of its planes are.
    """
    # The middle of a stack is mostly in focus, so its structure shows soonest.
    middle_first = np.argsort(np.abs(np.arange(len(stack)) - len(stack) // 2), kind="stable")
    return all(_is_blank_plane(stack[plane]) for plane in middle_first)


def _are_the_same(one: NDArray[np.generic], other: NDArray[np.generic]) -> bool:
    """Whether two planes of an image have the same pixels; planes of one value do not count."""
    some = slice(len(one) // 2, len(one) // 2 + 1)
    if not np.array_equal(one[some], other[some]):
        return False
    return bool(np.ptp(one)) and np.array_equal(one, other)


def saturated_pixels(
    image: FishImage | Slide, window: Window, *, sample: FishImage
) -> NDArray[np.bool_]:
    """Mask (y, x) of pixels of a window at the camera's limit in any channel and plane.

    The limit is that of the image's sample; see `fishcount.slide`.
    """
    mask = np.zeros(window_shape(window), np.bool_)
    for role, stack in zip(sample.channels, sample.pixels, strict=True):
        level = full_count(stack)
        if level is not None:
            mask |= project(image.counts(role, window)) >= level
    return mask


def _is_blank_plane(plane: NDArray[np.generic]) -> bool:
    if _looks_structured(plane):
        return False
    counts = plane.astype(np.float32)
    sigma = _noise(_some_rows(counts))
    blocks = _block_means(counts)
    if sigma and blocks.size >= 4 and robust_sigma(blocks) * _BLOCK_PX / sigma > _STRUCTURE_RATIO:
        return False
    smooth = median3(counts)
    if np.ptp(smooth) <= _DITHER_COUNTS:
        return True
    if not sigma:
        return False
    kernel = gaussian_kernel(1.0, 4.0)
    smooth = separable(smooth, kernel, kernel, border="reflect")
    spread = robust_sigma(smooth)
    return bool(smooth.max() - np.median(smooth) < _PEAK_SIGMAS * spread)


def _looks_structured(plane: NDArray[np.generic]) -> bool:
    """Whether a few bands of a plane show already that it holds an image; a field's planes do."""
    height = plane.shape[0] // _BLOCK_PX * _BLOCK_PX
    bands = plane[:height].reshape(-1, _BLOCK_PX, plane.shape[1])
    some = bands[:: max(1, len(bands) // _LOOKS)].astype(np.float32)
    blocks = _block_means(some.reshape(-1, plane.shape[1]))
    if blocks.size < 4:
        return False
    return robust_sigma(blocks) * _BLOCK_PX > _SURE_RATIO * _noise(some[:, 0]) > 0


def _noise(rows: NDArray[np.float32]) -> float:
    """Standard deviation of single pixels, from neighbours in a row; 0 where there are none."""
    return robust_sigma(np.diff(rows, axis=1)) / float(np.sqrt(2))


def _block_means(counts: NDArray[np.number]) -> NDArray[np.float32]:
    """Of whole blocks alone."""
    height, width = (size // _BLOCK_PX * _BLOCK_PX for size in counts.shape)
    return block_means(counts[:height, :width], _BLOCK_PX)


def _grain(stack: NDArray[np.generic]) -> NDArray[np.float32]:
    """Differences between neighbours in some rows: the grain of a channel without its scene."""
    return np.diff(_some_rows(stack).astype(np.float32), axis=-1).ravel()


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    scale = float(np.sqrt(np.dot(one, one) * np.dot(other, other)))
    return float(np.dot(one, other)) / scale if scale else 0.0


def _some_rows(stack: NDArray[Any]) -> NDArray[Any]:
    """Evenly spaced rows of all planes of (..., y, x), all of them where there are few."""
    rows = stack.size // stack.shape[-1]
    return stack[..., :: max(1, rows // _SAMPLE_ROWS), :]
