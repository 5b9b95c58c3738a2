"""Blocks cover an image once, and every position belongs to one of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fishcount.slide.blocks import BLOCK_PX, blocks_of
from fishcount.slide.sample import SMALL_PX

SIDES = st.one_of(st.integers(1, 100), st.integers(SMALL_PX - 3, 5 * BLOCK_PX))


@settings(max_examples=60, deadline=None)
@given(shape=st.tuples(SIDES, SIDES), margin_px=st.integers(0, 300), step_px=st.integers(1, 64))
def test_cores_cover_an_image_once(shape, margin_px, step_px):
    blocks = list(blocks_of(shape, margin_px=margin_px, step_px=step_px))
    area = 0
    for block in blocks:
        for core, window, side in zip(block.core, block.window, shape, strict=True):
            assert 0 < core.stop - core.start <= (BLOCK_PX if max(shape) > SMALL_PX else SMALL_PX)
            assert window.start % step_px == 0
            assert max(core.start - margin_px - step_px, -1) < window.start <= core.start
            assert window.start <= max(core.start - margin_px, 0)
            assert window.stop == min(core.stop + margin_px, side)
        area += np.prod([part.stop - part.start for part in block.core])
    assert area == shape[0] * shape[1]
    assert len({(b.core[0].start, b.core[1].start) for b in blocks}) == len(blocks)


@settings(max_examples=30, deadline=None)
@given(shape=st.tuples(SIDES, SIDES), seed=st.integers(0, 99))
def test_every_position_has_one_owner(shape, seed):
    blocks = list(blocks_of(shape))
    rng = np.random.default_rng(seed)
    y, x = (rng.uniform(-0.5, side - 0.5, 50) for side in shape)
    # On the borders of blocks and half-way between pixels, where two could say yes.
    y[:10] = rng.choice([block.core[0].start for block in blocks], 10) - 0.5
    x[10:20] = rng.choice([block.core[1].start for block in blocks], 10) - 0.5
    assert (sum(block.owns(y, x).astype(int) for block in blocks) == 1).all()


@pytest.mark.parametrize("shape", [(1, 1), (SMALL_PX, SMALL_PX), (7, SMALL_PX)])
def test_a_small_image_is_one_block(shape):
    (block,) = blocks_of(shape, margin_px=64, step_px=64)
    assert block.core == block.window == (slice(0, shape[0]), slice(0, shape[1]))
