"""Check that each channel fits its role: bright nuclei in DAPI, bright points in a probe.

A channel that is inverted, or swapped with another, can be searched like any other, and the result
would have a category all the same. All limits are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import largest_near, smallest_near
from fishcount.flags import Finding
from fishcount.image import DAPI, FishImage, Window
from fishcount.nuclei import Nuclei, OutlinedNuclei, edge_curvature
from fishcount.robust import quantile
from fishcount.settings import QualitySettings
from fishcount.slide import Slide
from fishcount.spots import coarse_response, dark_over_bright

__all__ = ["inverted_channels", "swapped_channels"]

# Edges that curve more are those of gaps in a crowd, which are dark as well.
_GAP_UM = 2.0
# With fewer nuclei, or fewer pixels inside them, nothing is concluded.
_MIN_NUCLEI, _MIN_PIXELS = 5, 4000
# A rim of this width is left out: the edge of a nucleus would be taken for points.
_RIM_UM = 0.6
# Two copies light up about a hundredth of a nucleus; texture and noise are alike at both ends.
_FEW = 0.002
# Texture of DAPI alone reaches 1.3 in drawn fields of any kind.
_POINTS = 1.4


def inverted_channels(
    sample: FishImage, *, settings: QualitySettings | None = None
) -> tuple[Finding, ...]:
    """INVERTED_CHANNEL, with its figure, where nuclei or signals are dark on a bright ground.

    Parameters
    ----------
    sample
        A field, or what stands for it (`Slide.sample`).
    settings
        Limits; the defaults where not given.
    """
    settings = QualitySettings.of(settings)
    findings = []
    curvature = edge_curvature(sample.raw(DAPI), pixel_size_um=sample.pixel_size_um)
    if curvature is not None and settings.max_dark_curvature_per_um < curvature < 1 / _GAP_UM:
        findings.append(Finding("INVERTED_CHANNEL", curvature, DAPI))
    for probe in sample.probes:
        ratio = dark_over_bright(sample.raw(probe), pixel_size_um=sample.pixel_size_um)
        if ratio is not None and ratio > settings.max_dark_over_bright:
            findings.append(Finding("INVERTED_CHANNEL", ratio, probe))
    return tuple(findings)


def swapped_channels(
    image: FishImage | Slide,
    nuclei: Nuclei | OutlinedNuclei,
    *,
    windows: Sequence[Window] | None = None,
    settings: QualitySettings | None = None,
) -> tuple[Finding, ...]:
    """SWAPPED_CHANNELS, with its figure, for each probe that shows fewer points than DAPI does.

    Nuclei are found in a probe's channel too, by their glow. Inside them, DAPI has texture, as dark
    as it is bright; a probe has points, and points are bright.

    Parameters
    ----------
    image, nuclei
        A field and what was found in it.
    windows
        Where it is looked at; everywhere where not given.
    settings
        Limits; the defaults where not given.
    """
    limit = QualitySettings.of(settings).max_points_in_dapi
    slide = Slide.of(image)
    windows = windows or (slide.whole,)
    if len(nuclei) < _MIN_NUCLEI:
        return ()
    in_dapi = _bright_over_dark(slide, nuclei, DAPI, windows)
    if in_dapi is None or in_dapi < _POINTS:
        return ()
    findings = []
    for probe in slide.probes:
        in_probe = _bright_over_dark(slide, nuclei, probe, windows)
        if in_probe is not None and in_dapi > limit * in_probe:
            findings.append(Finding("SWAPPED_CHANNELS", in_dapi / in_probe, f"{DAPI}, {probe}"))
    return tuple(findings)


def _bright_over_dark(
    slide: Slide, nuclei: Nuclei | OutlinedNuclei, role: str, windows: Sequence[Window]
) -> float | None:
    """How far the brightest places inside nuclei stand out, over how far the darkest do."""
    parts = []
    few = len(nuclei) <= np.iinfo(np.uint16).max
    for window in windows:
        response, factor = coarse_response(
            slide.read(role, window).max(axis=0), slide.pixel_size_um
        )
        labels = nuclei.labels_in(window)[::factor, ::factor]
        number = labels.astype(np.uint16 if few else np.float32)
        parts.append(response[_inside(number, factor * slide.pixel_size_um)])
    responses = np.concatenate(parts)
    if len(responses) < _MIN_PIXELS:
        return None
    dark, bright = quantile(responses, _FEW), quantile(responses, 1 - _FEW)
    return bright / -dark if dark < 0 < bright else None


def _inside(labels: NDArray[Any], pixel_size_um: float) -> NDArray[np.bool_]:
    """Pixels whose surroundings belong to the same nucleus."""
    side = 2 * max(round(_RIM_UM / pixel_size_um), 1) + 1
    lowest = smallest_near(labels, side)
    return np.asarray((lowest == largest_near(labels, side)) & (lowest > 0), np.bool_)
