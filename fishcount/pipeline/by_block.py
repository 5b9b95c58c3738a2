"""Nuclei and spots of a slide, block by block: of its pixels, one block is in memory at a time.

What holds for the whole slide is measured on its sample before, and its blocks are at fixed places
(`fishcount.slide`), so an image in memory and the same image in a file give the same, however the
file is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.image import DAPI, FishImage
from fishcount.nuclei import OutlinedNuclei, segment_windows
from fishcount.settings import Settings
from fishcount.slide import Block, Slide, blocks_of, is_small
from fishcount.spots import Spots, detect_in_channels, measure_channels

__all__ = ["MARGIN_PX", "OnBlock", "find_nuclei", "find_spots"]

# Many times the reach of the filters of points.
MARGIN_PX = 64

OnBlock = Callable[[int, int], object]


def find_nuclei(slide: Slide, *, sample: FishImage, settings: Settings) -> OutlinedNuclei:
    """Nuclei of a slide, with outlines in place of a label image.

    Parameters
    ----------
    slide
    sample
        From `Slide.sample`.
    settings
    """
    return segment_windows(
        lambda window: slide.counts(DAPI, window),
        shape=slide.shape,
        sample=sample.channel(DAPI),
        dtype=sample.pixels.dtype,
        pixel_size_um=slide.pixel_size_um,
        z_step_um=slide.z_step_um,
        roi=slide.roi,
        settings=settings.nuclei,
    )


def find_spots(
    slide: Slide,
    *,
    sample: FishImage,
    settings: Settings,
    threads: int = 2,
    on_block: OnBlock = lambda done, n_blocks: None,
) -> dict[str, Spots]:
    """Spots of each probe in a slide; each is found in the block in which it lies.

    Parameters
    ----------
    slide, sample, settings
        As for `find_nuclei`.
    threads
        How many probes are searched at the same time.
    on_block
        Called after each block with how many are done, and how many there are.
    """
    # Without a plane distance a stack is measured as its projection.
    z_step_um = None if settings.spots.project_stacks else slide.z_step_um
    optics = slide.optics.overruled_by(settings.spots.optics)
    about: dict[str, Any] = {
        "pixel_size_um": slide.pixel_size_um,
        "z_step_um": z_step_um,
        "optics": optics,
    }
    scales = None
    # A slide that is searched as one block is its own sample, and is measured in that search.
    if not is_small(slide.shape):
        whole: dict[str, NDArray[Any]] = {probe: sample.raw(probe) for probe in slide.probes}
        scales = measure_channels(whole, **about)
    blocks = list(blocks_of(slide.shape, margin_px=MARGIN_PX, step_px=MARGIN_PX))
    parts: dict[str, list[Spots]] = {probe: [] for probe in slide.probes}
    for done, block in enumerate(blocks, start=1):
        channels = {probe: _pixels(slide, probe, block) for probe in slide.probes}
        found = detect_in_channels(
            channels, scales=scales, settings=settings.spots, threads=threads, **about
        )
        for probe, spots in found.items():
            parts[probe].append(_owned(spots, block))
        on_block(done, len(blocks))
    return {
        probe: found[0] if len(found) == 1 else Spots.concatenate(found)
        for probe, found in parts.items()
    }


def _pixels(slide: Slide, probe: str, block: Block) -> NDArray[Any]:
    """A plane or a stack as it is stored, in half the memory of float32 at most."""
    stack = slide.read(probe, block.window)
    return stack[0] if slide.n_planes == 1 else stack


def _owned(spots: Spots, block: Block) -> Spots:
    """The spots that lie in a block itself, in pixels of the slide."""
    rows, columns = block.window
    moved = replace(spots, y_px=spots.y_px + rows.start, x_px=spots.x_px + columns.start)
    if block.core == block.window:
        return moved
    return moved.take(np.flatnonzero(block.owns(moved.y_px, moved.x_px)))
