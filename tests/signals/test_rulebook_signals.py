"""The counting rules of the rule book (vector 40) on drawn images, from pixels to reasons."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount import FishImage, score_field
from fishcount.optics import FWHM_PER_SIGMA

SIGMA_PX = 2.2
DIAMETER_PX = FWHM_PER_SIGMA * SIGMA_PX
CENTRES = [(y, x) for y in (60, 180, 300) for x in (60, 180, 300)]
SHAPE = (360, 360)


def draw(her2, cep17, *, height=1500.0):
    """Nine round nuclei, and signals at offsets (nucleus, dy, dx) from their centres."""
    rng = np.random.default_rng(40)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    dapi = np.zeros(SHAPE)
    for cy, cx in CENTRES:
        dapi += 600 / (1 + np.exp((np.hypot(y - cy, x - cx) - 42) / 1.5))
    planes = [dapi]
    for signals in (her2, cep17):
        plane = 0.1 * dapi
        for nucleus, dy, dx in signals:
            cy, cx = CENTRES[nucleus]
            squared = (y - cy - dy) ** 2 + (x - cx - dx) ** 2
            plane = plane + height * np.exp(-squared / (2 * SIGMA_PX**2))
        planes.append(plane)
    noisy = rng.poisson(np.stack(planes) + 100.0) + rng.normal(0, 3, (3, *SHAPE))
    return FishImage.from_array(
        np.clip(np.rint(noisy), 0, None).astype(np.uint16),
        axes="CYX",
        channels=["DAPI", "HER2", "CEP17"],
        pixel_size_um=0.1,
    )


@pytest.fixture(scope="module")
def scored():
    """One field with one rule in each nucleus; the others are diploid, two and two."""
    touching, apart = 1.9 * DIAMETER_PX, 2.15 * DIAMETER_PX
    her2 = [
        *[(0, 0, 0), (0, 0, touching)],
        *[(1, 0, 0), (1, 0, apart)],
        *[(2, 10, 10)],
        *[(3, -15, 0), (3, 15, 0), (3, 0, 20)],
        *[(n, dy, 0) for n in (4, 5, 6, 7, 8) for dy in (-15, 15)],
    ]
    cep17 = [
        *[(0, 20, 20), (1, 20, 20)],
        *[(2, 10, 10)],
        *[(n, dy, 12) for n in (4, 5, 6, 7, 8) for dy in (-20, 20)],
    ]
    return score_field(draw(her2, cep17))


def nucleus_at(result, number):
    cy, cx = CENTRES[number]
    return int(result.nuclei.labels[cy, cx]) - 1


def copies(result, number):
    row = nucleus_at(result, number)
    return tuple(int(result.counts.copies[probe].best[row]) for probe in ("HER2", "CEP17"))


def test_gap_up_to_one_diameter_counts_one(scored):
    assert copies(scored, 0) == (1, 1)
    signals = scored.counts.signals
    here = (signals.nucleus == nucleus_at(scored, 0) + 1) & (signals.channel == "HER2")
    assert sorted(signals.reason[here & (signals.status == "merged")]) == ["SPLIT_SIGNAL"]


def test_wider_gap_counts_two(scored):
    assert copies(scored, 1) == (2, 1)


def test_orange_over_green_counts_one_of_each(scored):
    assert copies(scored, 2) == (1, 1)


def test_nucleus_of_one_colour_is_skipped_with_its_reason(scored):
    row = nucleus_at(scored, 3)
    assert copies(scored, 3) == (3, 0)
    assert not scored.scored[row]
    assert scored.reject_reason[row] == "ONE_COLOUR"


def test_the_others_are_two_and_two_and_scored(scored):
    assert [copies(scored, n) for n in (4, 5, 6, 7, 8)] == [(2, 2)] * 5
    rows = [nucleus_at(scored, n) for n in (0, 1, 2, 4, 5, 6, 7, 8)]
    assert scored.scored[rows].all()
    assert not scored.counts.copies["HER2"].estimated.any()
