"""Scheme files: what comes with fishcount is sound, and what is not sound is refused."""

from __future__ import annotations

import pytest

from fishcount.errors import SchemeError
from fishcount.flags import FLAGS
from fishcount.guidelines import builtin_schemes, classify, find_scheme, read_scheme
from fishcount.settings import ScoringSettings

MINE = """
id = "mine"
name = "Mine"
edition = "1"
citation = "Nobody, 2026"
probes = "dual"

[[rule]]
category = "POSITIVE"
her2_cep17_ratio = ">= 2.0"

[[rule]]
category = "NEGATIVE"
her2_cep17_ratio = "< 2.0"
"""


@pytest.fixture
def written(tmp_path):
    def write(text: str):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


def test_all_schemes_of_the_rule_book_are_there_in_order():
    assert list(builtin_schemes()) == [
        "seed-copies",
        "asco-cap-2018-dual",
        "asco-cap-2018-single",
        "asco-cap-2013-dual",
        "asco-cap-2013-single",
        "asco-cap-2007-dual",
        "asco-cap-2007-single",
        "gea-ratio",
        "gea-ratio-or-copies",
        "crc-heracles",
    ]


@pytest.mark.parametrize("scheme", builtin_schemes().values(), ids=lambda scheme: scheme.id)
def test_a_scheme_says_where_it_comes_from(scheme):
    assert scheme.edition
    assert scheme.citation
    assert scheme.source
    assert all(code in FLAGS for rule in scheme.rule for code in rule.flags)


def test_defaults_are_on_in_the_settings_and_the_others_are_not():
    listed = set(ScoringSettings().schemes)
    assert set(builtin_schemes()) - listed == {"gea-ratio", "gea-ratio-or-copies", "crc-heracles"}


def test_a_file_of_ones_own_decides_without_code(written):
    scheme = read_scheme(written(MINE))
    result = classify(20, 80, 40, schemes=["seed-copies", scheme])
    assert [one.scheme for one in result.categories] == ["seed-copies", "mine"]
    assert result.under("mine").category == "POSITIVE"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            ('"< 2.0"', '"< 1.8"'),
            r"gap: ratio 1\.8 falls in no category; gap: ratio 1\.9 falls in no category$",
        ),
        (('"< 2.0"', '"<= 2.0"'), r"overlap: ratio 2 falls under rules 1 and 2$"),
        (('">= 2.0"', '"> 2.0"'), r"gap: ratio 2 falls in no category$"),
        (
            ('category = "NEGATIVE"', 'category = "NEGATIVE"\nihc = ["0", "1+", "2+", "3+"]'),
            r"gap: ratio 0, IHC unknown falls in no category",
        ),
        (('"< 2.0"', '"under 2"'), r"must read like '>= 4\.0, < 6\.0'"),
        (('"NEGATIVE"', '"GOOD"'), r"mine\.toml: rule 2 category: Input should be"),
        (('edition = "1"', 'editon = "1"'), r"editon: Extra inputs"),
        (('probes = "dual"', 'probes = "single"'), r"cannot use CEP17"),
        (('category = "NEGATIVE"', 'category = "NEGATIVE"\nflags = ["BORDER"]'), "flag of cases"),
        (("[[rule]]", "[[rule"), "is not TOML"),
        (('her2_cep17_ratio = "< 2.0"', ""), "compare at least one figure"),
    ],
)
def test_a_faulty_file_is_refused_with_the_point(written, change, problem):
    path = written(MINE.replace(*change))
    with pytest.raises(SchemeError, match=problem) as error:
        read_scheme(path)
    assert "mine.toml" in str(error.value)


def test_a_missing_file_is_a_scheme_error(tmp_path):
    with pytest.raises(SchemeError, match="cannot be read"):
        read_scheme(tmp_path / "none.toml")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(SchemeError, match="seed-copies, asco-cap-2018-dual"):
        find_scheme("asco")


def test_one_scheme_may_be_named_without_a_list():
    alone = classify(20, 80, 40, schemes="seed-copies")
    assert [category.scheme for category in alone.categories] == ["seed-copies"]


def test_what_a_caller_does_to_the_schemes_that_it_got_stays_there():
    builtin_schemes().pop("seed-copies")
    assert find_scheme("seed-copies").id == "seed-copies"
    with pytest.raises(SchemeError, match="unknown scheme"):
        find_scheme(["seed-copies"])
