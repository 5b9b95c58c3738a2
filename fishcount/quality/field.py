"""Quality of a field once its nuclei and signals are known: focus, bleed-through, glow of tissue.

ASCO/CAP name poor nuclear resolution and strong autofluorescence among the reasons to call a
specimen not evaluable; they give no figures, so the limits are our own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from fishcount.filters import mirrored
from fishcount.flags import Finding, has_flag
from fishcount.image import FishImage, Window
from fishcount.nuclei import Nuclei, OutlinedNuclei
from fishcount.robust import middle
from fishcount.settings import QualitySettings
from fishcount.signals import SignalCounts, Status
from fishcount.slide import Slide

__all__ = ["cross_talk", "field_findings", "share_blurred", "tissue_glow"]

# With fewer than these a share or a median means little.
_MIN_NUCLEI = 5
_MIN_SIGNALS = 10
# Strong glow hides signals, so few are left to compare it with.
_MIN_BESIDE_GLOW = 3
# The slope at the edge of a nucleus is taken over seven pixels.
_MIN_DIAMETER_PX = 40
# Around a signal: its own pixels, and a ring that tells what lies beneath.
_CORE_UM = 0.15
_RING_UM = (0.6, 0.9)
# Signals of the other probe nearer than this would be taken for bleed-through.
_APART_UM = 1.2
# A median needs no more than every third pixel along each axis.
_THINNING = 3


def field_findings(
    image: FishImage | Slide,
    nuclei: Nuclei | OutlinedNuclei,
    counts: SignalCounts,
    *,
    windows: Sequence[Window] | None = None,
    settings: QualitySettings | None = None,
) -> tuple[Finding, ...]:
    """What speaks against a field, with the figures: its pixels, focus, bleed-through and glow.

    COARSE_PIXELS, PIXELS_TOO_LARGE, COARSE_PLANES, DOUBTFUL_SIZE, OUT_OF_FOCUS, CROSS_TALK and
    AUTOFLUORESCENCE.

    Parameters
    ----------
    image, nuclei, counts
        A field and what was found in it.
    windows
        Where light is looked at; everywhere where not given.
    settings
        Limits; the defaults where not given.

    Returns
    -------
    tuple of Finding
        Empty when all is well, or when there are too few nuclei or signals to tell.
    """
    settings = QualitySettings.of(settings)
    slide = Slide.of(image)
    windows = windows or (slide.whole,)
    findings = _pixel_findings(slide.pixel_size_um, settings)
    if slide.z_step_um is not None and slide.z_step_um > settings.coarse_step_um:
        findings.append(Finding("COARSE_PLANES", slide.z_step_um, f"{slide.z_step_um:g} um"))
    findings += _size_findings(nuclei, slide.pixel_size_um, settings)
    blurred = share_blurred(nuclei, max_edge_width=settings.max_edge_width)
    if blurred > settings.max_share_blurred:
        findings.append(Finding("OUT_OF_FOCUS", blurred))
    for one, other in permutations(slide.probes, 2):
        share = cross_talk(slide, counts, source=one, target=other, windows=windows)
        if share > settings.max_cross_talk:
            findings.append(Finding("CROSS_TALK", share, f"{one} into {other}"))
    for probe in slide.probes:
        glow = tissue_glow(slide, nuclei, counts, probe=probe, windows=windows)
        if glow > settings.max_tissue_glow:
            findings.append(Finding("AUTOFLUORESCENCE", glow, probe))
    return tuple(findings)


def _pixel_findings(pixel_size_um: float, settings: QualitySettings) -> list[Finding]:
    """Whether pixels are fine enough to tell signals apart."""
    coarse = [
        ("PIXELS_TOO_LARGE", settings.max_pixel_um),
        ("COARSE_PIXELS", settings.coarse_pixel_um),
    ]
    for code, limit_um in coarse:
        if pixel_size_um > limit_um:
            return [Finding(code, pixel_size_um, f"{pixel_size_um:.3g} um, over {limit_um:g} um")]
    return []


def _size_findings(
    nuclei: Nuclei | OutlinedNuclei, pixel_size_um: float, settings: QualitySettings
) -> list[Finding]:
    """Whether nuclei have the size of nuclei; a pixel size may be mistyped, or ignore binning."""
    area_px = nuclei.area_px[~has_flag(nuclei.flags, "BORDER")]
    if len(area_px) < _MIN_NUCLEI:
        return []
    wide_um = 2 * math.sqrt(float(np.median(area_px)) / math.pi) * pixel_size_um
    if settings.least_nucleus_um <= wide_um <= settings.largest_nucleus_um:
        return []
    words = f"{wide_um:.1f} um, not {settings.least_nucleus_um:g} to "
    return [Finding("DOUBTFUL_SIZE", wide_um, f"{words}{settings.largest_nucleus_um:g}")]


def share_blurred(nuclei: Nuclei | OutlinedNuclei, *, max_edge_width: float) -> float:
    """Share of the nuclei that are blurred, by themselves or beside the others of the field.

    BLURRED compares a nucleus with its field, so it is silent where the whole field is out of
    focus. There the edges tell: one that takes up more than `max_edge_width` of the diameter is
    blurred, too. The field's edge hides that of a nucleus, and small nuclei have none that
    could be measured: these are not looked at. 0 when there are too few nuclei.
    """
    if len(nuclei) < _MIN_NUCLEI:
        return 0.0
    blurred = has_flag(nuclei.flags, "BLURRED")
    diameter_px = 2 * np.sqrt(nuclei.area_px / np.pi)
    seen = ~has_flag(nuclei.flags, "BORDER") & (diameter_px >= _MIN_DIAMETER_PX)
    soft = nuclei.edge_width_px[seen] > max_edge_width * diameter_px[seen]
    if seen.sum() < _MIN_NUCLEI:
        return float(blurred.mean())
    return max(float(blurred.mean()), float((blurred[seen] | soft).mean()))


def cross_talk(
    image: FishImage | Slide,
    counts: SignalCounts,
    *,
    source: str,
    target: str,
    windows: Sequence[Window] | None = None,
) -> float:
    """Share of the light of one probe's signals that shows in the channel of the other.

    The median, over kept signals of `source` with none of `target` nearby, of the height above
    the surroundings in the target's channel over that in the source's own. What is as high beside
    them is the dome of a glowing nucleus, and taken away. 0 when there are too few such signals.
    """
    kept = counts.signals.status == Status.KEPT.value
    own = kept & (counts.signals.channel == source)
    rows, columns = _positions(counts, own, image.shape)
    theirs = _positions(counts, kept & (counts.signals.channel == target), image.shape)
    if len(theirs[0]):
        tree = KDTree(np.stack(theirs, axis=1))
        distance_px, _ = tree.query(np.stack([rows, columns], axis=1))
        alone = distance_px * image.pixel_size_um > _APART_UM
        rows, columns = rows[alone], columns[alone]
    if len(rows) < _MIN_SIGNALS:
        return 0.0
    slide = Slide.of(image)
    parts = []
    for window in windows or (slide.whole,):
        at = _within(window, rows, columns)
        theirs_px = _Light(slide.read(target, window), image.pixel_size_um)
        own_px = _Light(slide.read(source, window), image.pixel_size_um)
        parts.append([theirs_px.heights(*at) - theirs_px.heights_beside(*at), own_px.heights(*at)])
    heights = [np.concatenate(part) for part in zip(*parts, strict=True)]
    bright = heights[1] > 0
    if bright.sum() < _MIN_SIGNALS:
        return 0.0
    return max(float(np.median(heights[0][bright] / heights[1][bright])), 0.0)


def tissue_glow(
    image: FishImage | Slide,
    nuclei: Nuclei | OutlinedNuclei,
    counts: SignalCounts,
    *,
    probe: str,
    windows: Sequence[Window] | None = None,
) -> float:
    """Light of the nuclei themselves in a probe's channel, in heights of its median signal.

    The median of the channel within nuclei above that of the field's background. 0 when there
    are too few signals or nuclei.
    """
    signals = counts.signals
    own = (signals.status == Status.KEPT.value) & (signals.channel == probe)
    if own.sum() < _MIN_BESIDE_GLOW or len(nuclei) < _MIN_NUCLEI:
        return 0.0
    slide = Slide.of(image)
    windows = windows or (slide.whole,)
    thin = np.s_[::_THINNING, ::_THINNING]
    inside = np.concatenate([(nuclei.labels_in(window)[thin] > 0).ravel() for window in windows])
    if inside.all() or not inside.any():
        return 0.0
    light = np.concatenate(
        [slide.read(probe, window)[:, *thin].max(axis=0).ravel() for window in windows]
    )
    glow = middle(light[inside]) - middle(light[~inside])
    height = middle(signals.amplitude_counts[own])
    return max(glow / height, 0.0) if height > 0 else 0.0


def _positions(
    counts: SignalCounts, chosen: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    signals = counts.signals
    rows = np.clip(np.rint(signals.y_px[chosen]).astype(np.int64), 0, shape[0] - 1)
    columns = np.clip(np.rint(signals.x_px[chosen]).astype(np.int64), 0, shape[1] - 1)
    return rows, columns


def _within(
    window: Window, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The positions that lie in a window, counted from its first pixel."""
    (top, bottom), (left, right) = ((part.start, part.stop) for part in window)
    here = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    return rows[here] - top, columns[here] - left


class _Light:
    """Light of one channel around pixels, read at those pixels alone."""

    def __init__(self, stack: NDArray[np.generic], pixel_size_um: float) -> None:
        # The maximum of whole planes takes less time than that of their pixels one by one.
        plane = stack[0] if len(stack) == 1 else stack.max(axis=0)
        self._plane = np.ascontiguousarray(plane)
        self._outer = outer = max(math.ceil(_RING_UM[1] / pixel_size_um), 2)
        steps = np.mgrid[-outer : outer + 1, -outer : outer + 1]
        radius_um = np.hypot(*steps) * pixel_size_um
        ring = (radius_um >= _RING_UM[0]) & (radius_um <= _RING_UM[1])
        if not ring.any():
            ring = radius_um >= radius_um[outer, -1]
        self._ring = steps[:, ring]
        self._core = steps[:, (radius_um <= _CORE_UM) | (radius_um == 0)]
        # First pixels of rows, and columns, of the image where it goes on, mirrored, beyond its
        # edges.
        rows, self._columns = (
            mirrored(np.arange(-outer, size + outer), size) for size in self._plane.shape
        )
        self._rows = rows * self._plane.shape[1]
        self._far = max(round(_APART_UM / pixel_size_um), 1)

    def heights(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mean of the core above that of the ring around it, at each pixel (n,)."""
        return self._mean(rows, columns, self._core) - self._mean(rows, columns, self._ring)

    def heights_beside(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """As `heights`, mean of four places around each that its own light does not reach."""
        last = np.array(self._plane.shape) - 1
        around = [
            self.heights(np.clip(rows + down, 0, last[0]), np.clip(columns + right, 0, last[1]))
            for down, right in self._far * np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])
        ]
        return np.asarray(np.mean(around, axis=0), np.float64)

    def _mean(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], steps: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        pixels = self._rows.take(rows[:, None] + (steps[0] + self._outer))
        pixels += self._columns.take(columns[:, None] + (steps[1] + self._outer))
        mean: NDArray[np.float64] = self._plane.take(pixels).mean(axis=1, dtype=np.float64)
        return mean
