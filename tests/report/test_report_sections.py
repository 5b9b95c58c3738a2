"""Stability, saturation and review, as words and geometry."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drawn_cases import draw_field_result, make_case

from fishcount.report.saturation import COPIES, draw_saturation
from fishcount.report.sources import show_result
from fishcount.report.stability import stability_of


@pytest.fixture(scope="module")
def case():
    return show_result(make_case([draw_field_result()]))


def with_summary(case, **more):
    return replace(case, summary={**case.summary, **more})


def test_deciding_nuclei_and_fields_are_named_with_the_other_category(case):
    left_out = {
        "scheme": "seed-copies",
        "category": "POSITIVE",
        "stable": False,
        "nuclei": [
            {"field": "field_1", "nucleus": number, "category": "EQUIVOCAL"} for number in (2, 3)
        ],
        "fields": [{"field": "field_1", "category": "NOT_EVALUABLE"}],
    }
    (row,) = stability_of(
        with_summary(case, stability={"variations": [], "left_out": [left_out]})
    ).firm
    assert row.nuclei == "2: without any of field_1 2, field_1 3 it would be “equivocal”"
    assert row.fields == "1: without field_1 it would be “not evaluable”"


def test_a_changed_setting_says_what_differs_and_which_category_changes(case):
    base = {
        "words": "w",
        "n_scored": 3,
        "mean_her2_per_nucleus": 5.0,
        "her2_cep17_ratio": None,
        "categories": {"seed-copies": "EQUIVOCAL"},
        "changed": ["seed-copies"],
    }
    rejected = case.settings.selection.reject
    variations = [
        {**base, "setting": "spots.min_score", "value": -2.0},
        {
            **base,
            "setting": "selection.reject",
            "value": [*(code for code in rejected if code != "DIM"), "SHARED_AREA"],
            "changed": [],
        },
    ]
    shown = stability_of(with_summary(case, stability={"variations": variations})).varied
    assert shown[0].setting == "spots.min_score = -2"
    assert shown[0].ratio == "not available"
    assert shown[0].changed == ("HER2 copies, patient page: equivocal",)
    assert shown[1].setting == "also left out: shares its area; no longer left out: dim DAPI"
    assert shown[1].changed == ()


def test_the_selection_is_shown_beside_all_that_were_fit(case):
    selection = {
        "n_scored": 3,
        "n_eligible": 4,
        "share_skipped": 0.25,
        "mean_her2_of_eligible": 4.5,
        "her2_cep17_ratio_of_eligible": 2.6,
    }
    found = stability_of(with_summary(case, selection=selection)).selection
    assert found.skipped == "1 of 4 (25\xa0%)"
    assert found.figures == (
        ("HER2 copies per nucleus", "5.00", "4.50"),
        ("HER2/CEP17 ratio", "2.14", "2.60"),
    )


def test_a_summary_of_an_older_version_says_only_what_it_has(case):
    bare = {
        key: value
        for key, value in case.summary.items()
        if key not in ("stability", "selection", "heterogeneity")
    }
    found = stability_of(replace(case, summary=bare))
    assert (found.varied, found.selection, found.pattern) == ((), None, "")


def saturation(her2, **more):
    n = len(her2)
    field = draw_field_result(her2=her2, cep17=[2] * n, reject_reason=[""] * n, **more)
    return draw_saturation(show_result(make_case([field])))


def test_few_copies_raise_no_warning_and_many_do():
    few, many = saturation([2, 3, 4, 4]), saturation([2, 3, 4, 90])
    assert not few.warns
    assert many.warns
    assert (few.n_beyond, many.n_beyond) == (0, 1)


def test_copies_apart_are_told_apart_longer_than_in_a_heap():
    found = saturation([2, 3, 4, 4])
    assert 1 <= found.limit_heaped < found.limit_apart < COPIES[-1]
    assert f"up to about {found.limit_apart} copies that lie apart" in found.alt


@pytest.mark.parametrize(
    ("said", "set_", "words"),
    [
        ({}, {}, "NA 1.3 and 588 nm, which are supposed: neither image nor settings say them"),
        ({"numerical_aperture": 0.75}, {}, "of which image or settings say the former"),
        ({"numerical_aperture": 0.75}, {"her2_emission_nm": 620.0}, "NA 0.75 and 620 nm, as image"),
        ({"emission_nm": {"HER2": 600.0}}, {"numerical_aperture": 1.4}, "NA 1.4 and 600 nm, as"),
    ],
)
def test_the_curve_is_that_of_the_optics_that_are_known(said, set_, words):
    field = draw_field_result(her2=[2, 3, 4, 4], cep17=[2] * 4, reject_reason=[""] * 4)
    shown = show_result(make_case([field]))
    spots = shown.settings.spots.model_copy(update=set_)
    found = draw_saturation(
        replace(
            shown,
            fields=tuple(replace(one, record={**one.record, **said}) for one in shown.fields),
            settings=shown.settings.model_copy(update={"spots": spots}),
        )
    )
    assert words in found.optics
    if said.get("numerical_aperture"):
        assert found.resolution_um > draw_saturation(shown).resolution_um


def test_nothing_scored_has_no_curve():
    field = draw_field_result(reject_reason=["BORDER"] * 4)
    assert draw_saturation(show_result(make_case([field]))) is None


def test_heterogeneity_is_told_with_its_figures(case):
    mixed = {
        "pattern": "heterogeneous",
        "criterion": "over 6 copies",
        "n_amplified": 5,
        "n_with_ratio": 20,
        "separation": 6.04,
        "populations": [{"n_nuclei": 15}, {"n_nuclei": 5}],
        "clustering": {"share": 0.8, "expected": 0.2, "z": 6.0, "together": True},
    }
    found = stability_of(with_summary(case, heterogeneity=mixed))
    assert "have over 6 HER2 copies. 5 of 20 here." in found.pattern
    assert "are two populations: Ashman's D of the best two is 6.0" in found.pattern
    assert found.together.startswith("They lie together: of their nearest neighbours 80")
    older = {"pattern": "homogeneous", "n_amplified": 0, "n_with_ratio": 20}
    found = stability_of(with_summary(case, heterogeneity=older))
    assert found.pattern == "No or few nuclei with a ratio over 2.2: of one kind. 0 of 20 here."
    assert found.together == ""
