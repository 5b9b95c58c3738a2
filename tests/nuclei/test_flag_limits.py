"""Every flag of a nucleus is raised beyond its limit, not short of it, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fishcount.flags import codes_of
from fishcount.nuclei import Nuclei
from fishcount.nuclei.figures.flags import flag_nuclei
from fishcount.settings import NucleiSettings

SHAPE = (400, 600)
SETTINGS = NucleiSettings()
N_ORDINARY = 8
ORDINARY = {
    "area_px": 1000,
    "bbox_px": (100, 100, 140, 140),
    "dose_counts": 5e5,
    "mean_dapi_counts": 500.0,
    "edge_width_px": 4.0,
    "texture": 0.2,
    "detail": 0.1,
    "solidity": 0.97,
    "eccentricity": 0.4,
    "neck": 1.0,
    "depth_distance_um": np.nan,
}


def flags_of_the_last(*, like=ORDINARY, **odd) -> set[str]:
    """Flags of a nucleus that is like eight others but for the figures given."""
    n = N_ORDINARY + 1
    blank = Nuclei.empty(SHAPE)
    columns = {}
    for name, none in blank.figures().items():
        if not isinstance(none, np.ndarray):
            continue
        columns[name] = np.zeros((n, *none.shape[1:]), none.dtype)
        columns[name][:] = like.get(name, 0)
        columns[name][-1] = odd.get(name, like.get(name, 0))
    nuclei = replace(blank, **columns)
    masks = flag_nuclei(
        nuclei, inside_roi=np.ones(n, bool), shape_px=SHAPE, settings=SETTINGS
    ).tolist()
    assert set(masks[:-1]) == {0}
    return set(codes_of(masks[-1]))


def scaled(figure, times):
    return type(ORDINARY[figure])(ORDINARY[figure] * times)


MORE, LESS = 1.02, 0.98


@pytest.mark.parametrize(
    ("code", "figure", "limit"),
    [
        ("TOO_LARGE", "area_px", SETTINGS.too_large),
        ("OVERLAPPED", "dose_counts", SETTINGS.max_dose),
        ("DIGESTED", "texture", SETTINGS.digested),
    ],
)
def test_over_so_many_times_the_typical_figure(code, figure, limit):
    assert flags_of_the_last(**{figure: scaled(figure, MORE * limit)}) == {code}
    assert flags_of_the_last(**{figure: scaled(figure, LESS * limit)}) == set()


@pytest.mark.parametrize(
    ("codes", "figure", "limit"),
    [
        ({"TOO_SMALL"}, "area_px", SETTINGS.too_small),
        ({"TOO_SMALL", "DEBRIS"}, "area_px", SETTINGS.debris),
        ({"DIM"}, "mean_dapi_counts", SETTINGS.dim),
        ({"BLURRED"}, "detail", SETTINGS.blurred_detail),
    ],
)
def test_under_such_a_part_of_the_typical_figure(codes, figure, limit):
    assert flags_of_the_last(**{figure: scaled(figure, LESS * limit)}) == codes
    assert flags_of_the_last(**{figure: scaled(figure, MORE * limit)}) < codes


@pytest.mark.parametrize(
    ("code", "figure", "beyond", "short"),
    [
        ("IRREGULAR", "solidity", SETTINGS.min_solidity - 0.01, SETTINGS.min_solidity + 0.01),
        ("UNSURE_CUT", "contact_width", SETTINGS.max_contact_width + 0.01, 0.5),
        ("SHARED_AREA", "overlap", SETTINGS.max_overlap + 0.01, SETTINGS.max_overlap - 0.01),
        ("SATURATED", "saturated_fraction", SETTINGS.saturated + 0.01, SETTINGS.saturated / 2),
        ("OVERLAPPED", "neck", SETTINGS.min_neck - 0.01, SETTINGS.min_neck + 0.01),
        ("OVERLAPPED", "depth_distance_um", 2.0, 0.0),
    ],
)
def test_beyond_a_figure_of_its_own(code, figure, beyond, short):
    assert flags_of_the_last(**{figure: beyond}) == {code}
    assert flags_of_the_last(**{figure: short}) == set()


def test_where_no_nucleus_shows_detail_a_soft_edge_is_blurred():
    bare = {**ORDINARY, "detail": 0.0}
    limit_px = SETTINGS.blurred * ORDINARY["edge_width_px"]
    assert flags_of_the_last(like=bare, edge_width_px=MORE * limit_px) == {"BLURRED"}
    assert flags_of_the_last(like=bare, edge_width_px=LESS * limit_px) == set()
    assert flags_of_the_last(edge_width_px=MORE * limit_px) == set()


def test_elongated_beyond_the_limit():
    def flags(elongation):
        return flags_of_the_last(eccentricity=np.sqrt(1 - elongation**-2.0))

    assert flags(MORE * SETTINGS.max_elongation) == {"IRREGULAR"}
    assert flags(LESS * SETTINGS.max_elongation) == set()


TWO = {
    "area_px": scaled("area_px", 1.1 * SETTINGS.overlap_area),
    "dose_counts": scaled("dose_counts", 1.1 * SETTINGS.overlap_dose),
    "solidity": SETTINGS.overlap_solidity - 0.01,
}


@pytest.mark.parametrize("ordinary", [None, *TWO])
def test_two_are_large_and_bright_and_dented_all_at_once(ordinary):
    figures = {name: value for name, value in TWO.items() if name != ordinary}
    assert flags_of_the_last(**figures) == (set() if ordinary else {"OVERLAPPED"})


CONDENSED = {
    "mean_dapi_counts": scaled("mean_dapi_counts", MORE * SETTINGS.mitotic_brightness),
    "area_px": scaled("area_px", LESS * SETTINGS.mitotic_area),
}


@pytest.mark.parametrize("ordinary", [None, *CONDENSED])
def test_mitotic_is_bright_and_small_at_once(ordinary):
    figures = {name: value for name, value in CONDENSED.items() if name != ordinary}
    assert flags_of_the_last(**figures) == (set() if ordinary else {"MITOTIC"})


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        ((0, 100, 40, 140), True),
        ((1, 100, 41, 140), False),
        ((100, 0, 140, 40), True),
        ((100, 1, 140, 41), False),
        ((360, 100, 400, 140), True),
        ((359, 100, 399, 140), False),
        ((100, 560, 140, 600), True),
        ((100, 559, 140, 599), False),
    ],
)
def test_cut_is_what_touches_an_edge(box, cut):
    assert flags_of_the_last(bbox_px=box) == ({"BORDER"} if cut else set())


@pytest.mark.parametrize(
    "figures",
    [
        {"area_px": 20},
        {"eccentricity": 0.99},
        {"texture": scaled("texture", 3.0)},
        CONDENSED,
    ],
    ids=lambda figures: " ".join(figures),
)
def test_what_the_edge_cuts_is_not_judged_by_what_it_hides(figures):
    assert flags_of_the_last(bbox_px=(0, 100, 40, 140), **figures) == {"BORDER"}
