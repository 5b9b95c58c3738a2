"""Tiles cover an image once, and every position belongs to one of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fishcount.tiles import tiles_of

SIDES = st.integers(1, 90)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(SIDES, SIDES),
    tile_px=st.integers(1, 70),
    halo_px=st.integers(0, 40),
    origin_px=st.tuples(st.integers(-80, 80), st.integers(-80, 80)),
)
def test_cores_cover_an_image_once(shape, tile_px, halo_px, origin_px):
    covered = np.zeros(shape, int)
    for tile in tiles_of(shape, tile_px=tile_px, halo_px=halo_px, origin_px=origin_px):
        covered[tile.core] += 1
        for core, window, side, origin in zip(
            tile.core, tile.window, shape, origin_px, strict=True
        ):
            assert 0 < core.stop - core.start <= tile_px
            assert window.start == max(core.start - halo_px, 0)
            assert window.stop == min(core.stop + halo_px, side)
            assert core.start == 0 or (core.start - origin) % tile_px == 0
    assert (covered == 1).all()


@settings(max_examples=40, deadline=None)
@given(
    tile_px=st.integers(1, 70),
    origin_px=st.tuples(st.integers(0, 80), st.integers(0, 80)),
    seed=st.integers(0, 99),
)
def test_every_position_has_one_owner(tile_px, origin_px, seed):
    shape = (75, 61)
    rng = np.random.default_rng(seed)
    y = rng.uniform(-0.5, shape[0] - 0.5, 50)
    x = rng.uniform(-0.5, shape[1] - 0.5, 50)
    y[:10], x[:10] = np.floor(y[:10]) + 0.5, np.floor(x[:10]) + 0.5
    y, x = np.minimum(y, shape[0] - 0.51), np.minimum(x, shape[1] - 0.51)
    tiles = tiles_of(shape, tile_px=tile_px, halo_px=3, origin_px=origin_px)
    assert (sum(tile.owns(y, x).astype(int) for tile in tiles) == 1).all()


@pytest.mark.parametrize(("tile_px", "halo_px"), [(0, 1), (8, -1)])
def test_sizes_must_be_sizes(tile_px, halo_px):
    with pytest.raises(ValueError, match="tile_px must be > 0 and halo_px >= 0"):
        list(tiles_of((10, 10), tile_px=tile_px, halo_px=halo_px))
