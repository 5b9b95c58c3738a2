"""What a case says of its settings holds for every field of it."""

import pytest

from fishcount import score_case, score_field
from fishcount.errors import SettingsError
from fishcount.settings import Settings, with_overrides
from fishcount.synthetic import simulate_case


@pytest.fixture(scope="module")
def image():
    return simulate_case("negative", seed=1, n_fields=1, size=320)[0][0]


def test_results_bring_their_settings_along(image):
    strict = with_overrides(Settings(), ["spots.min_snr=9"])
    assert score_case([score_field(image, settings=strict, threads=1)]).settings == strict
    assert score_case([image]).settings == Settings()


def test_other_settings_of_counting_are_refused_and_of_scoring_taken(image):
    result = score_field(image, threads=1)
    for assignment in ("spots.min_snr=20", "selection.reject=[]", "signals.max_share_outside=0.5"):
        with pytest.raises(SettingsError, match="other settings"):
            score_case([result], settings=with_overrides(Settings(), [assignment]))
    other = with_overrides(Settings(), ["scoring.two_copies=negative"])
    assert score_case([result], settings=other).settings == other
