from __future__ import annotations

import re

import numpy as np
import pytest

from fishcount.guidelines import (
    RESEARCH_USE,
    classify,
    explain,
    explain_paragraphs,
    read_scheme,
    with_own,
)
from fishcount.scoring import CaseScore, score_counts
from fishcount.settings import ScoringSettings


def told(n, her2, cep17=None, *, areas=2, **more):
    result = classify(n, her2, cep17, areas=areas, **more)
    score = CaseScore(n_scored=n, her2_signals=her2, cep17_signals=cep17, areas=areas)
    return explain(
        score, result.categories, ihc=result.ihc, tags=result.tags, findings=result.findings
    )


def test_it_says_counts_categories_and_the_research_use():
    text = told(20, 80, 40, ihc="2+")
    assert "20 nuclei were scored in 2 areas: 80 HER2 signals, 4.00 copies per nucleus" in text
    assert "the HER2/CEP17 ratio of sums is 2.00; IHC 2+." in text
    assert (
        "arithmetic category under scheme seed-copies, edition 2025-04-10, is “equivocal”" in text
    )
    assert (
        "under scheme asco-cap-2018-dual, edition 2018, affirmed 2023, is “positive”, group 1"
        in text
    )
    assert "1 HER2 signal fewer would make it “negative”." in text
    assert "20 more nuclei, pooled" in text
    assert text.endswith(RESEARCH_USE)
    assert not re.search(r"[A-Z]{3}_[A-Z]|NEGATIVE|POSITIVE|EQUIVOCAL", text)
    assert "\n" not in text


def test_one_is_one():
    assert "1 nucleus was scored in 1 area: 1 HER2 signal, 1.00" in told(1, 1, 1, areas=1)
    assert "and 1 CEP17 signal, 1.00 per nucleus" in told(1, 1, 1, areas=1)


def test_paragraphs_are_the_same_sentences():
    result = classify(20, 80, 40, areas=2)
    score = CaseScore(n_scored=20, her2_signals=80, cep17_signals=40, areas=2)
    paragraphs = explain_paragraphs(score, result.categories)
    assert len(paragraphs) == 2 + len(result.headline)
    assert " ".join(paragraphs) == explain(score, result.categories)


@pytest.mark.parametrize(
    ("case", "needed"),
    [
        ({"n": 20, "her2": 100, "cep17": 60}, "Still needed: an IHC score of the same specimen"),
        ({"n": 20, "her2": 100, "cep17": 60, "ihc": "2+"}, "a second count by another observer"),
        (
            {"n": 20, "her2": 100, "cep17": 60, "ihc": "2+", "recount": (20, 100, 48)},
            "adjudication by people",
        ),
        ({"n": 19, "her2": 57, "cep17": 38, "areas": 1}, "more scored nuclei; more scored areas"),
        ({"n": 20, "her2": 100}, "an IHC score or a dual-probe assay"),
        ({"n": 20, "her2": 40, "cep17": 40}, "need nothing further"),
        ({"n": 0, "her2": 0, "cep17": 0}, "counts that can be evaluated"),
    ],
)
def test_it_says_what_is_still_needed(case, needed):
    case = dict(case)
    assert needed in told(case.pop("n"), case.pop("her2"), **case)


def test_a_scheme_of_ones_own_asks_for_its_own_number_of_nuclei(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'id = "mine"\nname = "Mine"\nedition = "1"\ncitation = "nobody"\nprobes = "any"\n'
        'min_nuclei = 40\n[[rule]]\ncategory = "POSITIVE"\nmean_her2_per_nucleus = ">= 0"\n'
    )
    text = told(30, 60, 60, schemes=[read_scheme(path)])
    assert "30 nuclei were scored, fewer than 40" in text
    assert "Still needed: more scored nuclei." in text


def test_it_says_that_there_is_a_comment():
    assert "is “negative” with comment, group 2" in told(20, 60, 30, ihc="1+")


def test_it_says_how_sure_it_is():
    rng = np.random.default_rng(0)
    her2, cep17 = rng.poisson(2.9, 100) + 1, np.full(100, 2)
    score = score_counts(her2, cep17, field=np.repeat(np.arange(5), 20))
    result = classify(
        100, score.her2_signals, score.cep17_signals, areas=5, replicates=score.replicates
    )
    text = explain(score, result.categories)
    assert "95 % interval" in text
    assert re.search(
        r"Allowing for the uncertainty of the count, the chances are \d+ % “.*” and \d+ % “.*”",
        text,
    )


@pytest.mark.parametrize("ihc", [None, "0", "1+", "2+", "3+"])
@pytest.mark.parametrize("her2", [0, 30, 79, 80, 81, 119, 120, 300])
def test_no_therapy_and_no_patient(her2, ihc):
    text = told(20, her2, 40, ihc=ihc).lower()
    for word in ("patient", "treat", "therap", "trastuzumab", "nan", "inf ", "benefit"):
        assert word not in text


def test_options_add_to_the_headline_and_never_take_away():
    settings = ScoringSettings(headline=("asco-cap-2007-dual",))
    result = classify(20, 80, 40, areas=2, settings=settings)
    assert [one.scheme for one in result.headline] == [
        "seed-copies",
        "asco-cap-2018-dual",
        "asco-cap-2007-dual",
    ]
    score = CaseScore(n_scored=20, her2_signals=80, cep17_signals=40, areas=2)
    assert "scheme asco-cap-2007-dual" in explain(score, result.categories, also=result.also)


def test_a_scheme_is_of_the_headline_by_its_whole_identifier(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'id = "seed-mine"\nname = "Mine"\nedition = "1"\ncitation = "nobody"\nprobes = "any"\n'
        '[[rule]]\ncategory = "POSITIVE"\nmean_her2_per_nucleus = ">= 0"\n'
    )
    result = classify(20, 80, 40, schemes=with_own([read_scheme(path)], dual=True))
    assert result.under("seed-mine").category == "POSITIVE"
    assert [one.scheme for one in result.headline] == ["seed-copies", "asco-cap-2018-dual"]


def test_below_the_minimum_more_signals_change_nothing_and_nuclei_are_asked_for_once():
    score = score_counts([5, 6, 4, 6, 5, 7] * 2, [4] * 12, field=[0] * 6 + [1] * 6)
    result = classify(
        12, score.her2_signals, score.cep17_signals, areas=2, replicates=score.replicates
    )
    category = result.under("asco-cap-2018-dual")
    assert (category.category, category.change) == ("INDETERMINATE", "")
    assert category.more_nuclei >= 8
    text = explain(score, result.categories, findings=result.findings)
    assert "With enough nuclei and areas, the chances would be" in text
    assert "Still needed: more scored nuclei. Mean CEP17" in text


def test_a_second_population_is_told_with_its_figures():
    her2, cep17 = [2] * 30 + [12] * 10, [2] * 40
    score = score_counts(her2, cep17, field=[0] * 20 + [1] * 20)
    result = classify(40, 180, 80, areas=2, nucleus_counts=(her2, cep17))
    text = explain(score, result.categories, findings=result.findings)
    assert (
        "counted apart: 30 nuclei, mean HER2 2.00, ratio 1.00, and "
        "10 nuclei, mean HER2 12.00, ratio 6.00." in text
    )
    assert "amplified on their own: 10 of 40, ratio over 2.2." in text


def test_fields_that_may_not_be_evaluable_are_told():
    result = classify(20, 80, 40, areas=2)
    score = CaseScore(n_scored=20, her2_signals=80, cep17_signals=40, areas=2)
    doubts = {"field_1": ["WEAK_SIGNALS", "ROLES_GUESSED"], "field_2": [], "b": ["OUT_OF_FOCUS"]}
    text = explain(score, result.categories, doubts=doubts)
    assert "field_1 (weak signals) and b (out of focus) may not be evaluable: look at them" in text
    assert "may not be evaluable" not in explain(score, result.categories, doubts={"a": []})


def test_how_fields_were_stored_is_told_where_it_bears_on_counts():
    """Halved colour loses red signals, and a forgotten CEP17 the ratio: both look like a result."""
    result = classify(20, 40, areas=2)
    score = CaseScore(n_scored=20, her2_signals=40, cep17_signals=None, areas=2)
    doubts = {"a": ["COLOUR_MERGE", "LOSSY_COLOUR"], "b": ["CHANNELS_UNUSED", "LOSSY_COLOUR"]}
    text = explain(score, result.categories, doubts=doubts)
    assert "a and b: Stored with halved colour: unfit for counting red." in text
    assert "b: Scored with one probe, though the file holds further channels" in text
    assert "halved colour" not in explain(score, result.categories, doubts={"a": []})
