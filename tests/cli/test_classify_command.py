"""`fishcount classify` and `fishcount schemes`: categories of counts that are given."""

from __future__ import annotations

import json

import pytest
from answers import one_line


def test_classify_answers_a_program(call):
    code, out, _ = call(
        "classify", "--nuclei", 20, "--her2", 80, "--cep17", 40, "--ihc", "2+", "--json"
    )
    categories = {entry["scheme"]: entry for entry in json.loads(out)["categories"]}
    assert code == 0
    assert categories["asco-cap-2018-dual"]["category"] == "POSITIVE"
    assert categories["asco-cap-2018-dual"]["group"] == 1
    assert categories["seed-copies"]["category"] == "EQUIVOCAL"


def test_classify_answers_a_person_with_the_research_sentence(call):
    code, out, _ = call("classify", "--nuclei", 20, "--her2", 40, "--cep17", 40)
    assert code == 0
    assert "For research use only." in out
    assert "NEGATIVE (group 5)" in out


def test_classify_keeps_the_recount_beside_the_first_count(call):
    counts = ("--nuclei", 20, "--her2", 60, "--cep17", 30, "--ihc", "2+", "--json")
    first = json.loads(call("classify", *counts)[1])["categories"]
    second = json.loads(call("classify", *counts, "--recount", "20/62/30")[1])["categories"]
    assert [c["category"] for c in first if c["scheme"] == "asco-cap-2018-dual"] == [
        "NEEDS_RECOUNT"
    ]
    assert [c["category"] for c in second if c["scheme"] == "asco-cap-2018-dual"] == ["NEGATIVE"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--nuclei", "20", "--her2", "-1"], "negative"),
        (["--nuclei", "20"], "--her2"),
        (["--nuclei", "20", "--her2", "4", "--ihc", "4+"], "4+"),
        (["--nuclei", "20", "--her2", "4", "--recount", "20/x"], "NUCLEI/HER2/CEP17"),
        (["--nuclei", "20", "--her2", "4", "--scheme", "asco"], "seed-copies"),
    ],
)
def test_classify_refuses_in_one_line(call, arguments, word):
    code, out, err = call("classify", *arguments)
    assert (code, out) == (2, "")
    assert word in one_line(err)


def test_schemes_show_their_table_and_citation(call):
    assert "asco-cap-2018-dual" in call("schemes")[1]
    code, out, _ = call("schemes", "show", "asco-cap-2018-dual")
    assert code == 0
    assert "J Clin Oncol 2018" in out
    assert "group 5" in out


def test_an_own_scheme_stands_beside_the_built_in_ones(call, tmp_path):
    text = (
        'id = "{}"\nname = "Mine"\nedition = "1"\ncitation = "nobody"\nprobes = "any"\n'
        '[[rule]]\ncategory = "POSITIVE"\nmean_her2_per_nucleus = ">= 0"\n'
    )
    mine, clash = tmp_path / "mine.toml", tmp_path / "clash.toml"
    mine.write_text(text.format("mine"))
    clash.write_text(text.format("seed-copies"))
    counts = ("classify", "--nuclei", 20, "--her2", 40, "--cep17", 40)
    out = json.loads(call(*counts, "--scheme-file", mine, "--json")[1])
    assert [one["scheme"] for one in out["categories"]][:1] == ["seed-copies"]
    assert [one["scheme"] for one in out["categories"]][-1:] == ["mine"]
    out = json.loads(call(*counts, "--scheme-file", mine, "--scheme", "mine", "--json")[1])
    assert [one["scheme"] for one in out["categories"]] == ["mine"]
    for files in (("--scheme-file", clash), ("--scheme-file", mine, "--scheme-file", mine)):
        code, _, err = call(*counts, *files)
        assert code == 2
        assert "such a scheme already" in one_line(err)


def test_two_recounts_are_refused(call):
    counts = ("classify", "--nuclei", 20, "--her2", 100, "--cep17", 60, "--ihc", "2+")
    code, _, err = call(*counts, "--recount", "20/100/48", "--recount", "20/104/62")
    assert code == 2
    assert "only one recount" in one_line(err)
