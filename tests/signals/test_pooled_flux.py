"""What the fields of a case together tell of the light of a single signal."""

import math

import pytest

from fishcount.signals import SingleFlux, pooled_flux


def shown(counts: float, *, n: int = 40, spread: float = 0.3) -> SingleFlux:
    return SingleFlux(typical_counts=counts, spread=spread, n=n)


NONE = SingleFlux(typical_counts=math.nan, spread=math.nan, n=2)


def test_one_field_of_another_light_does_not_matter():
    pooled = pooled_flux([shown(100.0), shown(104.0), shown(900.0, spread=0.7)])
    assert pooled.typical_counts == pytest.approx(104)
    assert pooled.spread == 0.3
    assert pooled.n == 120


def test_of_two_it_is_the_geometric_mean():
    assert pooled_flux([shown(50.0), shown(200.0)]).typical_counts == pytest.approx(100)


def test_fields_that_show_nothing_do_not_count():
    assert pooled_flux([NONE, shown(70.0), NONE]) == shown(pytest.approx(70.0))


@pytest.mark.parametrize("fields", [[], [NONE, NONE]])
def test_nothing_known_stays_unknown(fields):
    pooled = pooled_flux(fields)
    assert math.isnan(pooled.typical_counts)
    assert pooled.n == 0
