"""Fields of one case that show the same nuclei."""

from dataclasses import replace

import numpy as np
import pytest

from fishcount import FishImage, score_case
from fishcount.scoring import overlap_findings
from fishcount.synthetic import simulate_case


def places(n, seed, side=2000):
    return np.random.default_rng(seed).uniform(0, side, (n, 2))


def told(*fields):
    number = np.repeat(np.arange(len(fields)), [len(one) for one in fields])
    names = [f"field_{i}" for i in range(len(fields))]
    return overlap_findings(names, number, np.concatenate(fields))


@pytest.mark.parametrize("n", [5, 60, 300])
def test_fields_of_their_own_share_nothing(n):
    assert told(*(places(n, seed) for seed in range(6))) == ()


def test_a_crop_and_tiles_that_overlap_are_told():
    whole = places(80, 1)
    crop = whole[whole[:, 0] > 300] - (300, 0) + np.random.default_rng(2).normal(0, 0.5, 2)
    (finding,) = told(whole, places(80, 3), crop)
    assert finding.code == "FIELDS_OVERLAP"
    assert finding.figure == len(crop)
    assert finding.detail.endswith("in field_0 and field_2")
    right = whole[whole[:, 1] > 1600] - (0, 1600)
    assert len(told(whole, np.concatenate([right, places(60, 4) + np.array([0, 400])]))) == 1


def test_few_nuclei_or_none_say_nothing():
    assert told(places(5, 1), places(5, 1)) == ()
    assert told(np.zeros((0, 2)), places(30, 1)) == ()
    assert overlap_findings([], np.zeros(0, int), np.zeros((0, 2))) == ()


def test_nuclei_without_a_place_say_nothing():
    here, there = places(20, 1), places(20, 2)
    here[:3] = np.nan
    assert told(here, there) == ()
    assert told(np.full((9, 2), np.nan), there) == ()
    assert told(here, here + 31)[0].figure == 17


def test_a_stack_beside_its_projection_is_told():
    image, _ = simulate_case("negative", seed=3, n_fields=1, size=448, n_planes=5)[0]
    projected = FishImage.from_array(
        image.pixels.max(axis=1),
        axes="CYX",
        channels=image.channels,
        pixel_size_um=image.pixel_size_um,
        name="projected",
    )
    case = score_case([replace(image, name="stack"), projected])
    (finding,) = [one for one in case.findings if one.code == "FIELDS_OVERLAP"]
    assert finding.detail.endswith("nuclei in stack and projected")
