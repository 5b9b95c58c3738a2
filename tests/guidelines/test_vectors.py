"""The vectors of the rule book: counts, IHC and recount in, categories under all schemes out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fishcount.guidelines import Recount, classify

DUAL, SINGLE = "asco-cap-2018-dual", "asco-cap-2018-single"
LETTERS = {"N": "NEGATIVE", "E": "EQUIVOCAL", "P": "POSITIVE"}
COMMENTS = {2: "LIMITED_EVIDENCE", 3: "INSUFFICIENT_DATA", 4: "UNCERTAIN_BENEFIT"}


@dataclass(frozen=True)
class Vector:
    """One dual-probe vector; marks are c comment, L HER2-low, b borderline, p polysomy."""

    number: int
    counts: tuple[int, int, int]
    ihc: str | None
    older: str  # seed-copies, 2007 dual, 2013 dual
    group: int
    category: str
    marks: str = ""
    recount: tuple[int, int, int] | None = None


VECTORS = [
    Vector(1, (20, 40, 40), "0", "ENN", 5, "NEGATIVE"),
    Vector(2, (20, 39, 40), "1+", "NNN", 5, "NEGATIVE", "L"),
    Vector(3, (20, 80, 40), "2+", "EEP", 1, "POSITIVE", "b"),
    Vector(4, (20, 81, 40), "2+", "PEP", 1, "POSITIVE", "b"),
    Vector(5, (20, 79, 40), "2+", "EEN", 5, "NEGATIVE", "Lb"),
    Vector(6, (20, 79, 39), "2+", "EEP", 2, "NEEDS_RECOUNT", "b"),
    Vector(7, (20, 60, 30), "3+", "EEP", 2, "POSITIVE", "b"),
    Vector(8, (20, 60, 30), "1+", "EEP", 2, "NEGATIVE", "cLb"),
    Vector(9, (20, 60, 30), None, "EEP", 2, "NEEDS_IHC", "b"),
    Vector(10, (20, 60, 30), "2+", "EEP", 2, "NEGATIVE", "cLb", (20, 62, 30)),
    Vector(11, (20, 120, 80), "2+", "PNP", 3, "NEEDS_RECOUNT", "p"),
    Vector(12, (20, 120, 80), "2+", "PNP", 3, "POSITIVE", "p", (20, 124, 82)),
    Vector(13, (20, 120, 80), "0", "PNP", 3, "NEGATIVE", "cp"),
    Vector(14, (20, 120, 80), "3+", "PNP", 3, "POSITIVE", "p"),
    Vector(15, (20, 119, 80), "2+", "PNE", 4, "NEGATIVE", "cLp", (20, 118, 80)),
    Vector(16, (20, 100, 60), "3+", "PNE", 4, "POSITIVE", "p"),
    Vector(17, (20, 100, 60), "1+", "PNE", 4, "NEGATIVE", "cLp"),
    Vector(18, (20, 100, 60), None, "PNE", 4, "NEEDS_IHC", "p"),
    Vector(19, (20, 100, 60), "2+", "PNE", 4, "ADJUDICATE", "p", (20, 100, 48)),
    Vector(20, (20, 240, 40), "3+", "PPP", 1, "POSITIVE"),
    Vector(21, (20, 143, 48), None, "PPP", 1, "POSITIVE"),
    Vector(22, (20, 300, 200), "2+", "PNP", 3, "POSITIVE", "p", (20, 310, 200)),
    Vector(23, (20, 88, 40), "2+", "PEP", 1, "POSITIVE", "b"),
    Vector(24, (20, 89, 40), "2+", "PPP", 1, "POSITIVE"),
    Vector(25, (20, 72, 40), "2+", "EEN", 5, "NEGATIVE", "Lb"),
    Vector(26, (20, 71, 40), "1+", "ENN", 5, "NEGATIVE", "L"),
    Vector(27, (40, 79 + 83, 40 + 40), "2+", "PEP", 1, "POSITIVE", "b"),
    Vector(28, (20, 199, 100), "1+", "PEP", 3, "NEGATIVE", "cLbp"),
    Vector(29, (20, 10 * 3 + 10 * 4, 10 * 1 + 10 * 4), "0", "ENN", 5, "NEGATIVE"),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"vector-{vector.number}")
def test_dual_probe_vector(vector: Vector) -> None:
    result = classify(*vector.counts, ihc=vector.ihc, recount=vector.recount, areas=2)
    older = ["seed-copies", "asco-cap-2007-dual", "asco-cap-2013-dual"]
    assert [result.under(name).category for name in older] == [LETTERS[one] for one in vector.older]

    now = result.under(DUAL)
    assert (now.group, now.category) == (vector.group, vector.category)
    comments = {COMMENTS[vector.group]} if "c" in vector.marks else set()
    assert set(now.flags) & set(COMMENTS.values()) == comments
    assert ("BORDERLINE_RATIO" in now.flags) == ("b" in vector.marks)
    assert ("POLYSOMY" in now.flags) == ("p" in vector.marks)
    assert "DISCORDANT" not in now.flags
    assert result.tags == (("HER2-low",) if "L" in vector.marks else ())


@pytest.mark.parametrize(("counts", "areas"), [((19, 57, 38), 2), ((20, 60, 40), 1)])
def test_30_too_few_nuclei_or_areas_keep_the_group(counts, areas):
    result = classify(*counts, areas=areas)
    older = ["seed-copies", "asco-cap-2007-dual", "asco-cap-2013-dual"]
    assert [result.under(name).category for name in older] == ["EQUIVOCAL", "NEGATIVE", "NEGATIVE"]
    now = result.under(DUAL)
    assert (now.category, now.group) == ("INDETERMINATE", 5)
    assert now.needs == (("more_nuclei",) if counts[0] < 20 else ("more_areas",))
    assert result.tags == ()


def test_31_without_cep17_the_single_probe_schemes_still_decide():
    result = classify(20, 45, 0, areas=2)
    for scheme in (DUAL, "asco-cap-2013-dual", "asco-cap-2007-dual"):
        assert result.under(scheme).category == "NOT_EVALUABLE"
        assert "NO_CEP17" in result.under(scheme).flags
    for scheme in (SINGLE, "asco-cap-2013-single", "asco-cap-2007-single"):
        assert result.under(scheme).category == "NEGATIVE"
    assert result.under("seed-copies").category == "EQUIVOCAL"


def test_32_ultralow_comes_from_an_explicit_input_only():
    tagged = classify(20, 40, 40, ihc="0", faint_staining=True, areas=2)
    assert tagged.under(DUAL).category == "NEGATIVE"
    assert tagged.tags == ("HER2-ultralow",)
    assert classify(20, 40, 40, ihc="0", areas=2).tags == ()


def test_33_group_5_with_ihc_3_is_negative_by_ish_and_discordant():
    now = classify(20, 40, 40, ihc="3+", areas=2).under(DUAL)
    assert (now.group, now.category) == (5, "NEGATIVE")
    assert "DISCORDANT" in now.flags
    assert "by ISH" in now.reason


@pytest.mark.parametrize(("her2", "then"), [(120, "EQUIVOCAL"), (121, "POSITIVE")])
def test_34_single_probe_at_six(her2, then):
    result = classify(20, her2, areas=2)
    assert result.under("asco-cap-2007-single").category == then
    assert result.under(SINGLE).category == "POSITIVE"


@pytest.mark.parametrize(
    ("her2", "ihc", "category"),
    [
        (119, "2+", "NEEDS_DUAL_PROBE"),
        (119, "1+", "NEGATIVE"),
        (119, "3+", "POSITIVE"),
        (79, None, "NEGATIVE"),
        (80, None, "NEEDS_IHC_OR_DUAL_PROBE"),
    ],
)
def test_35_36_single_probe_with_ihc(her2, ihc, category):
    result = classify(20, her2, ihc=ihc, areas=2)
    assert result.under(SINGLE).category == category
    assert [category.scheme for category in result.headline] == ["seed-copies", SINGLE]


@pytest.mark.parametrize(
    ("counts", "ratio", "copies"),
    [((20, 60, 30), "POSITIVE", "POSITIVE"), ((20, 120, 80), "NEGATIVE", "POSITIVE")],
)
def test_37_gastro_oesophageal(counts, ratio, copies):
    result = classify(*counts, schemes=["gea-ratio", "gea-ratio-or-copies"])
    assert [one.category for one in result.categories] == [ratio, copies]


@pytest.mark.parametrize(
    ("n_reached", "category", "flagged"),
    [(10, "AMPLIFIED", True), (9, "NOT_AMPLIFIED", False), (11, "AMPLIFIED", False)],
)
def test_38_colorectal_by_nuclei(n_reached, category, flagged):
    her2 = [4] * n_reached + [3] * (20 - n_reached)
    cep17 = [2] * 20
    result = classify(
        20, sum(her2), sum(cep17), nucleus_counts=(her2, cep17), schemes=["crc-heracles"]
    )
    (heracles,) = result.categories
    assert heracles.category == category
    assert ("HALF_OF_NUCLEI" in heracles.flags) == flagged


def test_41_group_1_with_ihc_0_is_discordant():
    result = classify(20, 120, 40, ihc="0", areas=2)
    older = ["seed-copies", "asco-cap-2007-dual", "asco-cap-2013-dual"]
    assert {result.under(name).category for name in older} == {"POSITIVE"}
    now = result.under(DUAL)
    assert (now.group, now.category) == (1, "POSITIVE")
    assert "DISCORDANT" in now.flags
    assert "DISCORDANT" in {finding.code for finding in result.findings}


def test_42_no_her2_signal_is_never_negative():
    result = classify(20, 0, 40, ihc="0", areas=2)
    assert {category.category for category in result.categories} == {"NOT_EVALUABLE"}
    assert all("HER2_ABSENT" in category.flags for category in result.categories)
    assert result.tags == ()


def test_recount_is_a_record_beside_the_first_count():
    recount = Recount(n_nuclei=20, her2=62, cep17=30, reader="B")
    result = classify(20, 60, 30, ihc="2+", recount=recount, areas=2)
    assert result.recount == recount
    assert "60/30" in result.under(DUAL).reason
