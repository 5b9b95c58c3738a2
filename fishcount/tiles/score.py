"""`score_slide`: the composition of `fishcount.pipeline`, over a slide that is read by tiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any

import numpy as np

from fishcount.image import DAPI, FishImage
from fishcount.nuclei import OutlinedNuclei, segment_windows
from fishcount.pipeline import assemble_field
from fishcount.results import FieldResult
from fishcount.settings import Settings
from fishcount.slide import Slide
from fishcount.spots import Spots, detect_spots
from fishcount.tiles.grid import Tile, tiles_of

__all__ = ["score_slide"]

# The halo: at least two nuclear diameters, and never less than this.
LEAST_HALO_PX = 64
HALO_DIAMETERS = 2.0


def score_slide(
    slide: Slide,
    *,
    settings: Settings | None = None,
    tile_px: int | None = None,
    origin_px: tuple[int, int] = (0, 0),
    threads: int = 2,
    on_tile: Callable[[int, int], object] = lambda done, n_tiles: None,
) -> FieldResult:
    """Find nuclei and signals of a field that need not fit into memory, and count copies.

    What `fishcount.score_field` finds in the whole, this finds tile by tile, whatever their size
    and wherever their grid begins: what holds for the whole field is measured on its sample
    before, nuclei are searched on a grid of the image's own, and each spot belongs to the tile in
    which it lies.

    Parameters
    ----------
    slide
        From `fishcount.io.open_slide`, or `Slide.of` an image.
    settings
        Defaults where not given.
    tile_px
        Edge of a tile; that of the settings where not given. It bounds the memory.
    origin_px
        Row and column at which a tile begins.
    threads
        How many probes are searched at the same time.
    on_tile
        Called after each tile with how many are done, and how many there are.

    Returns
    -------
    FieldResult
        Its image is the slide, its nuclei have outlines in place of a label image.

    Examples
    --------
    >>> from fishcount import score_field
    >>> from fishcount.slide import Slide
    >>> from fishcount.synthetic import simulate_case
    >>> from fishcount.tiles import score_slide
    >>> image, truth = simulate_case("negative", seed=1, n_fields=1, size=384)[0]
    >>> whole, tiled = score_field(image), score_slide(Slide.of(image), tile_px=128)
    >>> len(tiled.nuclei) == len(whole.nuclei)
    True
    """
    settings = settings or Settings()
    windows = slide.sample_windows()
    sample = slide.sample(windows)
    nuclei = segment_windows(
        lambda window: slide.counts(DAPI, window),
        shape=slide.shape,
        sample=sample.channel(DAPI),
        dtype=sample.pixels.dtype,
        pixel_size_um=slide.pixel_size_um,
        roi=slide.roi,
        settings=settings.nuclei,
    )
    tiles = list(
        tiles_of(
            slide.shape,
            tile_px=tile_px or settings.reading.tile_px,
            halo_px=_halo_px(nuclei),
            origin_px=origin_px,
        )
    )
    parts = []
    for done, found in enumerate(
        _spots_of_tiles(slide, tiles, sample, settings=settings, threads=threads), start=1
    ):
        parts.append(found)
        on_tile(done, len(tiles))
    return assemble_field(
        slide,
        sample=sample,
        windows=windows,
        nuclei=nuclei,
        spots={probe: _joined([part[probe] for part in parts]) for probe in slide.probes},
        settings=settings,
    )


def _halo_px(nuclei: OutlinedNuclei) -> int:
    diameter = nuclei.diameter_px if math.isfinite(nuclei.diameter_px) else 0.0
    return max(LEAST_HALO_PX, math.ceil(HALO_DIAMETERS * diameter))


def _spots_of_tiles(
    slide: Slide,
    tiles: Sequence[Tile],
    sample: FishImage,
    *,
    settings: Settings,
    threads: int,
) -> Iterator[Mapping[str, Spots]]:
    """Spots that each tile owns, in pixels of the slide."""
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for tile in tiles:
            channels = {probe: slide.counts(probe, tile.window) for probe in slide.probes}

            def detect(probe: str, tile: Tile = tile, channels: Any = channels) -> Spots:
                found = detect_spots(
                    channels[probe],
                    pixel_size_um=slide.pixel_size_um,
                    z_step_um=slide.z_step_um,
                    other=next((other for role, other in channels.items() if role != probe), None),
                    settings=settings.spots,
                )
                return _owned(found, tile)

            yield dict(zip(channels, pool.map(detect, channels), strict=True))


def _owned(spots: Spots, tile: Tile) -> Spots:
    rows, columns = tile.window
    moved = replace(spots, y_px=spots.y_px + rows.start, x_px=spots.x_px + columns.start)
    return _taken(moved, np.flatnonzero(tile.owns(moved.y_px, moved.x_px)))


def _joined(parts: Sequence[Spots]) -> Spots:
    """Spots of all tiles, in the order of the table: by z, y, x."""
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in _columns(parts[0])
    }
    joined = replace(parts[0], **columns)
    return _taken(joined, np.lexsort((joined.x_px, joined.y_px, joined.z_px)))


def _taken(spots: Spots, rows: Any) -> Spots:
    return replace(spots, **{name: getattr(spots, name)[rows] for name in _columns(spots)})


def _columns(spots: Spots) -> list[str]:
    return [
        column.name
        for column in fields(spots)
        if isinstance(getattr(spots, column.name), np.ndarray)
    ]
