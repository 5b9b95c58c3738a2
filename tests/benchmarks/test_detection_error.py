from __future__ import annotations

import numpy as np
import pytest

from benchmarks.detection import DetectionError, error_of_detection, held, told


def drawn(sd, correlation, n=4000, bias=0.0):
    rng = np.random.default_rng(1)
    shared = np.sqrt(correlation) * rng.standard_normal((n, 1))
    return bias + sd * (shared + np.sqrt(1 - correlation) * rng.standard_normal((n, 2)))


def test_what_is_to_be_set_is_what_made_the_errors():
    found = error_of_detection(drawn(0.15, 0.4))
    assert found.sd == pytest.approx(0.15, abs=0.01)
    assert found.correlation == pytest.approx(0.4, abs=0.05)
    assert found.settings.detection_sd == found.sd


def test_a_bias_counts_as_error_that_both_probes_share():
    found = error_of_detection(drawn(0.1, 0.0, bias=0.1))
    assert found.sd == pytest.approx(0.14, abs=0.01)
    assert found.correlation == pytest.approx(0.5, abs=0.05)


def test_errors_against_each_other_are_not_shared():
    errors = drawn(0.1, 0.5) * [1, -1]
    assert error_of_detection(errors).correlation == 0
    assert error_of_detection(np.zeros((3, 2))) == DetectionError(0.0, 0.0)


def test_what_is_said_holds_as_often_as_it_says():
    said = held(drawn(0.15, 0.4), DetectionError(0.15, 0.4))
    assert list(said.values()) == pytest.approx([0.95] * 3, abs=0.015)


def test_it_tells_what_to_set():
    text = told({"easy": drawn(0.1, 0.5, 40), "hard": drawn(0.2, 0.5, 40)})
    assert "`scoring.detection_sd = 0.1" in text[2]
    assert "held out" in text[3]
