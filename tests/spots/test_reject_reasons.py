"""Why a candidate is no signal: each reason beyond its limit, not short of it, and their order."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fishcount.spots.judgement.rejection import reject_reasons
from fishcount.spots.points.model import Points

SIGMA_PX, MIN_SHARE = 2.0, 0.3
# A candidate that nothing is wrong with, though it is not plain to see either.
FIGURES = {
    "log_width": 0.0,
    "log_height": 0.0,
    "coarse_over_fine": 1.0,
    "snr": 10.0,
    "neighbours": 0.0,
    "roundness": 0.0,
}
CLARITY = 10.0


def candidates(x_px, **given):
    """Candidates in a row, with what stands in place of the figures above."""
    n = len(x_px)
    columns = {name: np.broadcast_to(given.get(name, FIGURES[name]), n) for name in FIGURES}
    return SimpleNamespace(
        points=Points(
            y_px=np.zeros(n),
            x_px=np.asarray(x_px, float),
            amplitude_counts=np.broadcast_to(given.get("amplitude_counts", 100.0), n),
        ),
        granule_counts=np.broadcast_to(given.get("granule_counts", 0.0), n),
        leaked=np.broadcast_to(given.get("leaked", 0.0), n),
        clarity=np.broadcast_to(given.get("clarity", CLARITY), n),
        figure=columns.__getitem__,
    )


def reasons(found, score):
    return reject_reasons(
        found,
        np.asarray(score, float),
        sigma_px=SIGMA_PX,
        width_spread=0.1,
        min_score=0.0,
        min_share=MIN_SHARE,
    ).tolist()


def reason(score=-1.0, **given):
    return reasons(candidates([0.0], **given), [score])[0]


@pytest.mark.parametrize(
    ("code", "figure", "beyond", "short"),
    [
        ("TOO_WIDE", "log_width", 0.31, 0.29),
        ("TOO_WIDE", "coarse_over_fine", 1.51, 1.49),
        ("TOO_NARROW", "log_width", -0.41, -0.39),
        ("LOW_SNR", "snr", 4.99, 5.01),
        ("LOW_SNR", "log_height", np.log(0.99 * MIN_SHARE), np.log(1.01 * MIN_SHARE)),
    ],
)
def test_what_the_figures_say_of_a_low_score(code, figure, beyond, short):
    assert reason(**{figure: beyond}) == code
    assert reason(**{figure: short}) == "POOR_FIT"


@pytest.mark.parametrize(("log_width", "code"), [(-0.5, "LOW_SNR"), (0.5, "TOO_WIDE")])
def test_a_weak_one_may_be_too_wide_and_is_never_too_narrow(log_width, code):
    assert reason(log_width=log_width, snr=4.0) == code


def test_a_score_above_the_least_is_a_signal_whatever_the_figures():
    assert reason(0.01, log_width=0.5, snr=4.0) == ""
    assert reason(0.0) == "POOR_FIT"


@pytest.mark.parametrize(
    ("code", "beyond", "short"),
    [
        ("BLEED_THROUGH", {"leaked": 0.51}, {"leaked": 0.49}),
        ("TOO_WIDE", {"granule_counts": 410.0}, {"granule_counts": 390.0}),
        ("LOW_SNR", {"log_height": np.log(0.99 * MIN_SHARE)}, {"log_height": np.log(0.31)}),
    ],
)
def test_some_reasons_stand_against_any_score(code, beyond, short):
    assert reason(9.0, **beyond) == code
    assert reason(9.0, **short) == ""


def test_what_is_plain_to_see_needs_no_score():
    plain = {"roundness": 0.99, "clarity": 12.1}
    assert reason(**plain) == ""
    for hidden in ({"clarity": 11.9}, {"roundness": 0.0}, {"neighbours": 1.0}):
        assert reason(**{**plain, **hidden}) == "POOR_FIT"
    assert reason(clarity=80.1, neighbours=1.0) == ""
    assert reason(clarity=79.9, neighbours=1.0) == "POOR_FIT"
    assert reason(clarity=80.1, log_width=0.39) == ""
    assert reason(clarity=80.1, log_width=0.41) == "TOO_WIDE"


@pytest.mark.parametrize(
    ("widths", "score", "code"),
    [
        ((2.9, 3.9), -1.4, ""),
        ((2.9, 3.9), -1.6, "POOR_FIT"),
        ((3.1, 3.9), -1.4, "POOR_FIT"),
        ((2.9, 4.1), -1.4, "POOR_FIT"),
        ((2.9,), -1.4, "POOR_FIT"),
    ],
)
def test_beside_two_signals_a_little_less_is_asked_for(widths, score, code):
    found = candidates([0.0, *(SIGMA_PX * np.array(widths))])
    first, *others = reasons(found, [score, *(5.0 for _ in widths)])
    assert first == code
    assert set(others) == {""}
