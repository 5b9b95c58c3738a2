"""Parts of an image that hold no pixels: the black beside the tiles of a scan, or of one channel.

Stitching and alignment fill what no camera saw with zeros. To what measures a field such a part is
a deep hole with steep edges: a nucleus that it cuts looks whole, background and thresholds are
drawn towards zero, and edges are taken for light. So it is filled with what background looks like
while the field is searched, and nuclei at it count as cut.

A zero alone says nothing: in an image whose background was subtracted, most pixels are zero. But
there zeros are everywhere, and they end where light begins. An empty area is known by its straight
edges, and by the lack of zeros elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage.measure import find_contours

from fishcount.filters import largest_near, smallest_near
from fishcount.flags import Finding, raise_flag
from fishcount.image import DAPI, FishImage, Window, window_shape
from fishcount.image.checks import ROLES
from fishcount.nuclei import Nuclei, OutlinedNuclei
from fishcount.robust import quantile, robust_sigma
from fishcount.slide import Slide, blocks_of
from fishcount.spots import project_signals

__all__ = ["EmptyAreas", "fill_empty_areas", "find_empty_areas"]

# An empty area is made of squares of this odd width; beyond the edge of the image all is empty, so
# the narrow strips that aligned channels leave there are empty areas, too.
_SQUARE_PX = 33
# More zeros than this share elsewhere: the channel holds them for another reason.
_MAX_STRAY = 1e-3
# At least this share of its edge is straight. An edge is taken in pieces of this many steps, which
# are straight where their points lie this near to a line (root mean square, px): the first are
# along rows and columns, the second at a slant, where the steps from pixel to pixel make 0.3 alone.
# Of a circle, such a piece is straight from a radius of some 650 px on.
_MIN_STRAIGHT = 0.9
_STRAIGHT_PIECES = ((33, 0.1), (91, 0.45))
# A channel that is empty but for a rest is blank, which is found elsewhere.
_MAX_SHARE = 0.9
# The level of background among the acquired pixels of a channel, as a quantile.
_LOW_SHARE = 0.25
# A nucleus this near to an empty area is cut by it: its outline is drawn on a smoothed image.
_REACH_UM = 0.3
# The noise that is filled in repeats after this many pixels. Smoothed over the widths of points,
# nothing stands out of it by more than _HIGHEST sigmas: what does is damped over a square of this
# width, in this many turns.
_TILE_PX = 256
_WIDTHS_PX, _HIGHEST, _DAMPED_PX, _DAMPINGS = (1.0, 1.5, 2.2), 2.2, 7, 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmptyAreas:
    """Where a field may be empty, and with what that is filled.

    Attributes
    ----------
    slide : Slide
        The field as it was acquired.
    background : dict
        For each channel whose zeros are empty areas: level and noise of its background, in counts.
    """

    slide: Slide
    background: dict[str, tuple[float, float]]
    _met: set[str] = field(default_factory=set, repr=False)

    def empty(self, role: str, window: Window) -> NDArray[np.bool_]:
        """Mask (y, x) of what is empty in a window of a channel; the same in any window."""
        if role not in self.background:
            return np.zeros(window_shape(window), np.bool_)
        return _zeros(self.slide, role, window)[1]

    def filled(self, role: str, window: Window) -> NDArray[np.generic]:
        """Counts (z, y, x) of a window, with background where it is empty."""
        stack = self.slide.read(role, window)
        if role not in self.background or stack[0].all():
            return stack
        empty = self.empty(role, window)
        if not empty.any():
            return stack
        # What has been searched need not be read again where nothing in it was empty.
        self._met.add(role)
        stack = stack.copy()
        level, sigma = self.background[role]
        counts = level + sigma * _noise(role, window)
        if stack.dtype.kind in "iu":
            counts = np.rint(counts)
        # The same in all planes: where each had its own, the brightest noise of all would be seen.
        stack[:, empty] = np.maximum(counts, 0)[empty].astype(stack.dtype)
        return stack

    def cut(
        self, nuclei: Nuclei | OutlinedNuclei
    ) -> tuple[NDArray[np.uint32], tuple[Finding, ...]]:
        """BORDER (n,) for nuclei at or in an empty area, and EMPTY_AREA with its share.

        Nuclei and spots must have been searched in what `filled` gives.
        """
        if not self._met:
            return np.zeros(len(nuclei), np.uint32), ()
        reach = max(2, round(_REACH_UM / self.slide.pixel_size_um))
        touched = np.zeros(len(nuclei) + 1, np.int64)
        n_empty = 0
        for block in blocks_of(self.slide.shape):
            window = _grown(block.core, reach, self.slide.shape)
            empty = np.zeros(window_shape(window), np.uint8)
            for role in sorted(self._met):
                empty |= self.empty(role, window)
            if not empty.any():
                continue
            near = largest_near(empty, 2 * reach + 1)
            inner = _within(block.core, window)
            n_empty += int(empty[inner].sum())
            labels = nuclei.labels_in(block.core)
            touched += np.bincount(labels[near[inner] > 0], minlength=len(touched))
        flags = np.zeros(len(nuclei), np.uint32)
        raise_flag(flags, "BORDER", touched[1:] > 0)
        share = n_empty / (self.slide.shape[0] * self.slide.shape[1])
        roles = [role for role in self.slide.channels if role in self._met]
        detail = f"{100 * share:.1f} % of {', '.join(roles)}"
        return flags, (Finding("EMPTY_AREA", share, detail),) if n_empty else ()


def find_empty_areas(image: FishImage | Slide, windows: Sequence[Window]) -> EmptyAreas | None:
    """What may be empty in a field, told from its sample.

    Parameters
    ----------
    image
        A field, plane or stack.
    windows
        From `Slide.sample_windows`.

    Returns
    -------
    EmptyAreas or None
        None where the sample is all of the field and no part of it is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount import FishImage
    >>> from fishcount.quality import find_empty_areas
    >>> pixels = np.random.default_rng(1).poisson(100, (2, 128, 128)).astype(np.uint16)
    >>> pixels[:, :, :50] = 0
    >>> image = FishImage.from_array(
    ...     pixels, axes="CYX", channels=["DAPI", "HER2"], pixel_size_um=0.1)
    >>> areas = find_empty_areas(image, [(slice(0, 128), slice(0, 128))])
    >>> int(areas.empty("HER2", (slice(0, 10), slice(40, 60))).sum())
    100
    >>> bool((areas.filled("HER2", (slice(0, 10), slice(40, 60))) > 0).all())
    True
    """
    slide = Slide.of(image)
    is_all = tuple(windows) == (slide.whole,)
    background = {}
    for role in slide.channels:
        if is_all and slide.read(role, slide.whole)[0].all():
            continue
        level = _background(slide, role, windows)
        if level is not None:
            background[role] = level
    if is_all and not any(_zeros(slide, role, slide.whole)[1].any() for role in background):
        return None
    return EmptyAreas(slide=slide, background=background)


def fill_empty_areas(image: FishImage | Slide, areas: EmptyAreas) -> FishImage | Slide:
    """The same field to be searched: background where it is empty."""
    if isinstance(image, Slide):
        read: Callable[[str, Window], NDArray[np.generic]] = areas.filled
        return replace(image, read=read, image=None)
    whole = areas.slide.whole
    channels = [areas.filled(role, whole) for role in image.channels]
    unchanged = all(np.may_share_memory(channel, image.pixels) for channel in channels)
    return image if unchanged else replace(image, pixels=np.stack(channels))


def _background(slide: Slide, role: str, windows: Sequence[Window]) -> tuple[float, float] | None:
    """Level and noise of a channel beside its empty areas; None where its zeros are none."""
    n_empty = n_stray = n_acquired = n_edge = n_straight = 0
    levels, steps = [], []
    for window in windows:
        zero, empty = _zeros(slide, role, window)
        n_empty += int(empty.sum())
        n_stray += int((zero & ~empty).sum())
        n_acquired += int((~empty).sum())
        edge, straight = _edges(empty)
        n_edge, n_straight = n_edge + edge, n_straight + straight
        plane = _as_searched(slide, role, window)
        levels.append(plane[~empty])
        pairs = ~empty[:, 1:] & ~empty[:, :-1]
        steps.append((np.diff(plane, axis=1))[pairs])
    if n_stray > _MAX_STRAY * n_acquired or n_empty > _MAX_SHARE * (n_empty + n_acquired):
        return None
    if n_straight < _MIN_STRAIGHT * n_edge:
        return None
    level = quantile(np.concatenate(levels), _LOW_SHARE)
    sigma = robust_sigma(np.concatenate(steps), centre=0.0) / float(np.sqrt(2))
    return level, sigma


def _as_searched(slide: Slide, role: str, window: Window) -> NDArray[np.float32]:
    """A plane (y, x) of a window, as bright and noisy as what a channel is searched in.

    Probes are searched in the projection of a stack, nuclei in its sharpest planes.
    """
    counts = slide.counts(role, window)
    if counts.ndim == 2:
        return counts
    if role == DAPI:
        return np.asarray(counts[len(counts) // 2], np.float32)
    return np.asarray(project_signals(counts, z_step_um=slide.z_step_um), np.float32)


def _zeros(slide: Slide, role: str, window: Window) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels (y, x) of a window that are zero in all planes, and those in empty areas of these."""
    around = _grown(window, _SQUARE_PX - 1, slide.shape)
    zero = (slide.read(role, around) == 0).all(axis=0)
    inner = _within(window, around)
    if not zero.any():
        return zero[inner], zero[inner]
    padded = np.pad(zero.astype(np.uint8), _SQUARE_PX, constant_values=1)
    squares = largest_near(smallest_near(padded, _SQUARE_PX), _SQUARE_PX)
    squares = squares[_SQUARE_PX:-_SQUARE_PX, _SQUARE_PX:-_SQUARE_PX]
    return zero[inner], squares[inner].astype(np.bool_) & zero[inner]


def _edges(empty: NDArray[np.bool_]) -> tuple[int, int]:
    """Length of the edge of a mask (y, x) in steps between pixels, and of its straight pieces."""
    if empty.all() or not empty.any():
        return 0, 0
    n_edge = n_straight = 0
    outlines = find_contours(empty, 0.5)  # type: ignore[no-untyped-call]
    for outline in outlines:
        is_closed = bool((outline[0] == outline[-1]).all())
        points = outline[:-1] if is_closed else outline
        straight = np.zeros(len(points), np.bool_)
        for length, most_rms in _STRAIGHT_PIECES:
            straight |= _in_straight_pieces(points, length, most_rms, is_closed=is_closed)
        n_edge, n_straight = n_edge + len(points), n_straight + int(straight.sum())
    return n_edge, n_straight


def _in_straight_pieces(
    points: NDArray[np.float64], length: int, most_rms: float, *, is_closed: bool
) -> NDArray[np.bool_]:
    """Points (n, 2) of an outline in a piece of `length` that are near to a straight line."""
    n = len(points)
    if n < length:
        return np.zeros(n, np.bool_)
    around = np.arange(n + length - 1 if is_closed else n) % n
    y, x = (points - points.mean(axis=0))[around].T
    sums = np.cumsum([y, x, y * y, x * x, x * y], axis=1)
    sums = np.pad(sums, ((0, 0), (1, 0)))
    mean_y, mean_x, yy, xx, xy = (sums[:, length:] - sums[:, :-length]) / length
    yy, xx, xy = yy - mean_y**2, xx - mean_x**2, xy - mean_x * mean_y
    # Variance across the line of least squares: the smaller one along the axes of the points.
    across = (yy + xx) / 2 - np.hypot((yy - xx) / 2, xy)
    starts = np.flatnonzero(across <= most_rms**2)
    covered = np.zeros(n + length, np.int64)
    np.add.at(covered, starts % n, 1)
    np.add.at(covered, starts % n + length, -1)
    inside = np.cumsum(covered) > 0
    straight = inside[:n]
    straight[:length] |= inside[n:]
    return straight


def _noise(role: str, window: Window) -> NDArray[np.float32]:
    """Noise (y, x) of sigma 1 in a window, of its own for each channel."""
    # Shifted by other steps for each, a tile of noise has nothing in common with itself.
    down, across = 61 * ROLES.index(role), 23 * ROLES.index(role)
    rows, columns = (
        (np.arange(part.start, part.stop) + shift) % _TILE_PX
        for part, shift in zip(window, (down, across), strict=True)
    )
    return _noise_tile()[np.ix_(rows, columns)]


@lru_cache(maxsize=1)
def _noise_tile() -> NDArray[np.float32]:
    """A tile (y, x) of noise, always the same: no result is left to chance.

    What stands out of it by chance is damped. So it is as wide as noise is to a median, and adds
    nothing to the maxima of a channel, among which the share of signals is measured.
    """
    tile = np.random.default_rng(1).standard_normal((_TILE_PX, _TILE_PX), dtype=np.float32)
    spread = [_blobs(tile, width).std() for width in _WIDTHS_PX]
    for _ in range(_DAMPINGS):
        for width, sigma in zip(_WIDTHS_PX, spread, strict=True):
            high = np.abs(_blobs(tile, width)) / sigma
            damp = np.minimum(1, _HIGHEST / np.maximum(high, _HIGHEST))
            tile *= ndi.minimum_filter(damp, size=_DAMPED_PX, mode="wrap")
    return tile / np.float32(robust_sigma(tile))


def _blobs(tile: NDArray[np.float32], width_px: float) -> NDArray[np.float32]:
    """What stands out of a tile over a width: the difference of two Gaussians."""
    fine, coarse = (ndi.gaussian_filter(tile, k * width_px, mode="wrap") for k in (1, 1.6))
    return np.asarray(fine - coarse)


def _grown(window: Window, margin_px: int, shape: tuple[int, int]) -> Window:
    """A window with a margin, as far as the image reaches."""
    rows, columns = (
        slice(max(part.start - margin_px, 0), min(part.stop + margin_px, side))
        for part, side in zip(window, shape, strict=True)
    )
    return rows, columns


def _within(window: Window, around: Window) -> Window:
    """A window in pixels of one that holds it."""
    rows, columns = (
        slice(part.start - outer.start, part.stop - outer.start)
        for part, outer in zip(window, around, strict=True)
    )
    return rows, columns
