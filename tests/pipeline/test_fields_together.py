"""Fields of a case beside each other: the light of a single signal, and the size of a nucleus."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fishcount import score_case, score_field
from fishcount.flags import has_flag
from fishcount.settings import Settings
from fishcount.signals import SingleFlux, count_signals
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def fields():
    images = [image for image, _ in simulate_case("amplified", seed=4, n_fields=3, size=512)]
    return [score_field(image, threads=1) for image in images]


def brighter(field, times: float):
    """The same field, exposed so many times as long."""
    spots = {
        probe: replace(
            one,
            amplitude_counts=one.amplitude_counts * times,
            flux_counts=one.flux_counts * times,
            typical_counts=one.typical_counts * times,
        )
        for probe, one in field.spots.items()
    }
    single = {
        probe: SingleFlux(typical_counts=one.typical_counts * times, spread=one.spread, n=one.n)
        for probe, one in field.counts.single_flux.items()
    }
    return replace(field, spots=spots, counts=replace(field.counts, single_flux=single))


def told(field) -> list[str]:
    return [one.detail for one in field.findings if one.code == "UNLIKE_FIELDS"]


def test_a_single_field_stays_as_it_is(fields):
    (field,) = score_case(fields[:1]).fields
    assert field is fields[0]


def without_singles(field):
    """The same field, in which nothing tells how much light a single signal holds."""
    unknown = SingleFlux(typical_counts=math.nan, spread=math.nan, n=0)
    spots = {probe: replace(one, typical_counts=math.nan) for probe, one in field.spots.items()}
    counts = count_signals(
        spots,
        field.nuclei,
        pixel_size_um=field.image.pixel_size_um,
        single_flux=dict.fromkeys(spots, unknown),
    )
    return replace(field, spots=spots, counts=counts)


def test_fields_that_tell_are_counted_by_themselves(fields):
    for before, after in zip(fields, score_case(fields).fields, strict=True):
        assert after.counts is before.counts


def test_a_field_without_single_signals_is_counted_with_those_of_the_others(fields):
    unknown = without_singles(fields[2])
    resolved = unknown.counts.copies["HER2"]
    case = score_case([*fields[:2], unknown])
    flux = [one.counts.single_flux_counts["HER2"] for one in case.fields]
    assert flux[2] == pytest.approx(math.sqrt(flux[0] * flux[1]))
    assert not resolved.estimated.any()
    assert case.fields[2].counts.copies["HER2"].estimated.any()
    assert case.fields[2].counts.copies["HER2"].best.sum() > resolved.best.sum()


def test_a_case_of_the_fields_of_a_case_is_the_same(fields):
    case = score_case([*fields[:2], brighter(fields[2], 5.0)])
    again = score_case(case.fields)
    assert again.score == case.score
    assert [one.findings for one in again.fields] == [one.findings for one in case.fields]


def test_a_field_exposed_longer_is_counted_as_before_and_told(fields):
    first, second, third = fields
    case = score_case([first, second, brighter(third, 5.0)])
    assert told(case.fields[0]) == told(case.fields[1]) == []
    assert [words.partition(":")[0] for words in told(case.fields[2])] == ["HER2", "CEP17"]
    assert_array_equal(case.fields[2].counts.copies["HER2"].best, third.counts.copies["HER2"].best)


def test_how_unlike_fields_may_be_is_a_setting(fields):
    quality = Settings().quality.model_copy(update={"max_times_other_fields": 9.0})
    settings = Settings(quality=quality)
    relaxed = [replace(one, settings=settings) for one in fields]
    case = score_case([*relaxed[:2], brighter(relaxed[2], 5.0)])
    assert told(case.fields[2]) == []


def test_fields_of_other_pixel_sizes_are_not_compared(fields):
    first, second, _ = fields
    coarse = replace(second, image=replace(second.image, pixel_size_um=0.2))
    case = score_case([first, coarse])
    assert case.fields[0] is first
    assert case.fields[1] is coarse


def only(field, kept):
    """A field in which all nuclei but some are cut by the edge."""
    cut = np.ones(len(field.nuclei), bool)
    cut[kept] = False
    border = np.where(cut, field.flags | np.uint32(1), field.flags)
    return replace(field, flags=border.astype(np.uint32))


def test_a_nucleus_alone_in_its_field_is_compared_with_those_of_the_case():
    images = [image for image, _ in simulate_case("negative", seed=6, n_fields=2, size=768)]
    full, sparse = (score_field(image, threads=1) for image in images)
    assert (~has_flag(full.flags, "BORDER")).sum() >= 10
    kept = int(np.flatnonzero(sparse.scored)[0])
    area = np.asarray(sparse.nuclei.area_px).copy()
    area[kept] *= 5
    large = only(replace(sparse, nuclei=replace(sparse.nuclei, area_px=area)), [kept])
    case = score_case([full, large])
    assert_array_equal(case.fields[0].flags, full.flags)
    assert has_flag(case.fields[1].flags, "TOO_LARGE")[kept]
    assert case.fields[1].reject_reason[kept] == "TOO_LARGE"
    assert not case.fields[1].scored[kept]
