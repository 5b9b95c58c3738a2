"""What holds for a whole field is measured once; with it the same nuclei are found again."""

import numpy as np
import pytest

from fishcount.nuclei.search import plane
from fishcount.nuclei.search.ladder import climb_ladder
from fishcount.nuclei.search.plane import measure_field, search_nuclei, search_part
from fishcount.settings import NucleiSettings


def disks(radius, centres, shape=(240, 320)):
    rng = np.random.default_rng(5)
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = rng.normal(100, 3, shape)
    for k, (cy, cx) in enumerate(centres):
        image += (100 + 60 * k) * (np.hypot(y - cy, x - cx) < radius)
    return image.astype(np.float32)


@pytest.mark.parametrize("prior_px", [None, 60.0])
def test_a_field_searched_with_its_own_scale_gives_the_same_nuclei(prior_px):
    image = disks(30, [(60, 60), (70, 118), (160, 90), (170, 240)])
    settings = NucleiSettings()
    whole = search_nuclei(image, prior_px=prior_px, settings=settings)
    field = measure_field(image, prior_px=prior_px, settings=settings)
    part = search_part(image, field=field)
    np.testing.assert_array_equal(part.labels, whole.labels)
    assert part.labels.max() > 0
    assert part.diameter_px == whole.diameter_px == field.diameter_px * field.factor


def test_also_where_the_first_guess_of_the_size_was_far_off():
    centres = [(y, x) for y in (40, 120, 200) for x in (40, 120, 200, 280)]
    image = disks(20, centres)
    settings = NucleiSettings()
    whole = search_nuclei(image, prior_px=80.0, settings=settings)
    field = measure_field(image, prior_px=80.0, settings=settings)
    assert whole.diameter_px == pytest.approx(40, rel=0.1)
    np.testing.assert_array_equal(search_part(image, field=field).labels, whole.labels)


def test_of_many_nuclei_half_the_resolution_tells_the_size(monkeypatch):
    """The first search is on half the pixels each way, the one that counts on all of them."""
    searched = []

    def spy(signal, **figures):
        searched.append(signal.shape)
        return climb_ladder(signal, **figures)

    monkeypatch.setattr(plane, "climb_ladder", spy)
    centres = [(y, x) for y in range(30, 680, 58) for x in range(30, 680, 58)]
    rng = np.random.default_rng(3)
    image = rng.normal(100, 3, (700, 700))
    y, x = np.mgrid[:31, :31] - 15
    for cy, cx in centres:
        image[cy - 15 : cy + 16, cx - 15 : cx + 16] += 300 * (np.hypot(y, x) < 12)
    found = search_nuclei(image.astype(np.float32), prior_px=28.0, settings=NucleiSettings())
    assert searched == [(350, 350), (700, 700)]
    assert found.diameter_px == pytest.approx(24, rel=0.1)
    assert len(np.unique(found.labels)) - 1 == len(centres)


def test_a_blank_field_has_no_scale():
    blank = np.full((64, 64), 100, np.float32)
    assert measure_field(blank, prior_px=None, settings=NucleiSettings()) is None
