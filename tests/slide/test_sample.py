"""The sample that stands for a slide is taken from where the nuclei are, however few they are."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.slide import sample_windows

SHAPE = (9000, 12000)


def glass(window, *, sigma=4.0):
    """Background with the noise of a camera; another one in each window."""
    rng = np.random.default_rng([part.start for part in window])
    size = [part.stop - part.start for part in window]
    return rng.normal(100, sigma, size).astype(np.float32)


def with_tissue(window, *, where, sigma=4.0):
    """Squares of light, as large as nuclei, in some windows of 1,024 pixels."""
    rows, columns = window
    lit = where(rows.start // 1024, columns.start // 1024)
    y, x = np.indices((rows.stop - rows.start, columns.stop - columns.start))
    squares = ((y + rows.start) // 40 + (x + columns.start) // 40) % 2
    return glass(window, sigma=sigma) + np.float32(50 * lit) * squares


def chosen(where, **options):
    windows = sample_windows(SHAPE, lambda window: with_tissue(window, where=where, **options))
    places = {(rows.start // 1024, columns.start // 1024) for rows, columns in windows}
    assert len(windows) == len(places) == 9
    return places


@pytest.mark.parametrize("sigma", [0.0, 4.0])
def test_from_where_the_nuclei_are(sigma):
    assert all(column >= 5 for _, column in chosen(lambda row, column: column >= 5, sigma=sigma))


@pytest.mark.parametrize("sigma", [0.0, 4.0])
def test_though_nearly_all_of_the_slide_is_bare_glass(sigma):
    tissue = {(0, 3), (4, 4), (7, 9)}
    assert tissue < chosen(lambda row, column: (row, column) in tissue, sigma=sigma)


def test_from_the_region_to_be_scored_though_it_is_small():
    region = {(2, 2), (2, 3), (2, 4), (3, 2), (3, 3), (3, 4), (4, 2), (4, 3), (4, 4)}

    def inside(window):
        place = window[0].start // 1024, window[1].start // 1024
        return np.full([part.stop - part.start for part in window], place in region)

    windows = sample_windows(
        SHAPE, lambda window: with_tissue(window, where=lambda *place: 1), inside=inside
    )
    assert {(rows.start // 1024, columns.start // 1024) for rows, columns in windows} == region


def test_evenly_spread_where_there_is_nothing():
    places = chosen(lambda row, column: 0)
    assert min(row for row, _ in places) == 0
    assert max(row for row, _ in places) == 7
