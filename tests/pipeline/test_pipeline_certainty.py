"""What the pipeline hands to scoring and guidelines comes back in the case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fishcount import score_case, score_field
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def fields():
    return [
        score_field(image) for image, _ in simulate_case("negative", seed=2, n_fields=2, size=384)
    ]


def skipping_half(field):
    """The same field, its first half of scored nuclei skipped for one colour."""
    skipped = np.flatnonzero(field.scored)[: (int(field.scored.sum()) + 1) // 2]
    scored, reason = field.scored.copy(), field.reject_reason.astype("U19")
    scored[skipped], reason[skipped] = False, "ONE_COLOUR"
    return replace(field, scored=scored, reject_reason=reason)


def test_categories_carry_probabilities(fields):
    case = score_case(fields)
    assert case.score.n_scored >= 2
    for category in case.categories:
        assert sum(category.probability.values()) == pytest.approx(1)


def test_many_skipped_nuclei_are_a_finding(fields):
    halved = [skipping_half(field) for field in fields]
    scored = sum(int(field.scored.sum()) for field in halved)
    skipped = sum(
        int(np.isin(field.reject_reason, ("NO_SIGNAL", "ONE_COLOUR")).sum()) for field in halved
    )
    shares = {finding.code: finding.figure for finding in score_case(halved).findings}
    assert shares["MANY_SKIPPED"] == pytest.approx(skipped / (scored + skipped))
    assert shares["MANY_SKIPPED"] > 0.4
