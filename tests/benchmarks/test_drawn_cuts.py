"""The scripts that fit how nuclei are cut and joined still know the code that they fit."""

import importlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: importlib.import_module(f"benchmarks.training.{name}")


@pytest.fixture
def drawn(script):
    return script("drawn_cuts").draw_touching(1, seed=12, size=896, most_overlapping=0.4)


def test_contacts_of_pieces_are_told_from_the_truth_and_give_weights(script, drawn):
    joins = script("fit_joins")
    rows = joins.examples_of(drawn, weights=None)
    is_two = rows[:, -1] > 0
    assert is_two.sum() > 10
    assert (~is_two).sum() > 10
    weights = joins.fit(rows, share=1.0)
    told = rows[:, :-2] @ weights[:-1] + weights[-1] > 0
    assert np.mean(told[is_two]) > 0.8
    # What is asked follows from what was joined: with weights, other contacts.
    assert len(joins.examples_of(drawn, weights=weights)) != len(rows)


def test_cuts_from_dent_to_dent_are_told_from_the_truth(script, drawn):
    rows = script("fit_cuts").examples_of(drawn)
    assert len(rows)
    assert np.isfinite(rows).all()
    assert set(rows[:, -1]) <= {0.0, 1.0}


def test_contacts_of_outlines_are_told_from_the_truth(script):
    rows = script("fit_contacts").contacts_of_field(0, seed=11, size=640)
    assert len(rows)
    assert np.isfinite(rows).all()
    width, _, is_false = rows.T
    assert is_false.mean() < 0.5
    assert width.min() > 0


class _Here:
    """A pool that does its work at once."""

    map = staticmethod(map)


@pytest.mark.parametrize("test", ["joins", "cut_odds"])
def test_weights_are_set_in_the_code_that_they_are_fitted_for(script, test):
    cuts, name = script("drawn_cuts"), f"fishcount.nuclei.parting.{test}"
    module = importlib.import_module(name)
    own = np.append(module.WEIGHTS, module.BIAS)
    part_nothing, part_all = (np.append(np.zeros(len(own) - 1), bias) for bias in (-1.0, 1.0))
    drawn = cuts.draw_touching(1, seed=13, size=896, most_overlapping=0.4)
    ours, *others = cuts.f1_with([own, part_nothing, part_all], [drawn], module=name, pool=_Here())
    assert ours >= max(others)
    assert ours > min(others)
