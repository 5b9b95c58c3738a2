"""What is wrong with what a caller gave beside the image: labels of nuclei, a region to score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import Finding
from fishcount.image import Window
from fishcount.nuclei import labels_in_pieces
from fishcount.slide import Slide, blocks_of

__all__ = ["label_findings", "region_findings"]

# With coarser pixels, shapes drawn in micrometres cover so much of the field that they may well be
# right.
_FINE_UM = 0.5


def label_findings(labels: NDArray[np.integer], *, pixel_size_um: float) -> tuple[Finding, ...]:
    """What is wrong with a caller's labels (y, x): LABELS_IN_PIECES, IN_MICROMETRES.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.quality import label_findings
    >>> labels = np.zeros((200, 200), int)
    >>> labels[3:9, 4:11] = 1
    >>> [finding.code for finding in label_findings(labels, pixel_size_um=0.1)]
    ['IN_MICROMETRES']
    """
    height, width = labels.shape
    pieces, n_labels = labels_in_pieces(labels), len(np.unique(labels[labels > 0]))
    findings = []
    if pieces:
        findings.append(Finding("LABELS_IN_PIECES", pieces, f"{pieces} of {n_labels} labels"))
    whole = (slice(0, height), slice(0, width))
    if _in_corner(lambda _: labels > 0, [whole], (height, width), pixel_size_um):
        findings.append(Finding("IN_MICROMETRES", detail="labels"))
    return tuple(findings)


def region_findings(slide: Slide) -> tuple[Finding, ...]:
    """IN_MICROMETRES, where the region to be scored looks as if it was drawn in these."""
    if slide.roi is None:
        return ()
    windows = (block.core for block in blocks_of(slide.shape))
    if _in_corner(slide.roi, windows, slide.shape, slide.pixel_size_um):
        return (Finding("IN_MICROMETRES", detail="region"),)
    return ()


def _in_corner(
    mask_of: Callable[[Window], NDArray[np.bool_]],
    windows: Iterable[Window],
    shape: tuple[int, int],
    pixel_size_um: float,
) -> bool:
    """Whether all of a mask lies where an image ends whose pixels are counted in micrometres."""
    if pixel_size_um > _FINE_UM:
        return False
    height, width = (math.ceil(side * pixel_size_um) for side in shape)
    holds_any = False
    for rows, columns in windows:
        mask = mask_of((rows, columns))
        below, beside = max(0, height - rows.start), max(0, width - columns.start)
        if mask[below:].any() or mask[:, beside:].any():
            return False
        holds_any |= bool(mask.any())
    return holds_any
