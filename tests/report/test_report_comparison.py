"""The page of a batch of cases."""

from __future__ import annotations

import json

import pytest
from drawn_cases import draw_field_result, make_case
from report_pages import Page

from fishcount.errors import InputError
from fishcount.guidelines import RESEARCH_USE
from fishcount.report import render_comparison
from fishcount.tables import summary_record


@pytest.fixture(scope="module")
def summaries():
    cases = [
        make_case([draw_field_result()], name="b"),
        make_case([draw_field_result(cep17=None)], name="a"),
        make_case([draw_field_result(her2=(), cep17=())], name="c"),
    ]
    return [json.loads(json.dumps(summary_record(case))) for case in cases]


def test_each_case_has_a_row_with_its_link(summaries):
    page = Page(render_comparison(summaries, links=["b/report.html", "a/report.html", "c d.html"]))
    assert page.open == []
    assert [attrs["data-name"] for attrs in page.all("tr") if "data-name" in attrs] == [
        "b",
        "a",
        "c",
    ]
    links = {attrs["href"] for attrs in page.all("a")}
    assert {"b/report.html", "a/report.html", "c%20d.html"} <= links


def test_figures_and_categories_are_those_of_the_summary(summaries):
    page = Page(render_comparison(summaries))
    row = next(attrs for attrs in page.all("tr") if attrs.get("data-name") == "b")
    assert float(row["data-ratio"]) == summaries[0]["her2_cep17_ratio"]
    assert row["data-scored"] == "3"
    assert row["data-guideline"] == "Needs IHC2"
    assert "an IHC score of the same specimen" in page.words


def test_what_does_not_exist_is_empty_and_never_nan(summaries):
    html = render_comparison(summaries)
    row = next(attrs for attrs in Page(html).all("tr") if attrs.get("data-name") == "c")
    assert row["data-ratio"] == row["data-her2"] == ""
    assert "nan" not in Page(html).words.lower().split()


def test_columns_that_sort_say_so(summaries):
    page = Page(render_comparison(summaries))
    assert sum("aria-sort" in attrs for attrs in page.all("th")) == 1
    keys = [attrs["data-sort"] for attrs in page.all("button") if "data-sort" in attrs]
    assert keys == [
        "number",
        "name",
        "seed",
        "guideline",
        "scored",
        "her2",
        "cep17",
        "ratio",
        "low",
        "flags",
    ]
    for row in (attrs for attrs in page.all("tr") if "data-name" in attrs):
        assert {f"data-{key}" for key in keys} <= set(row)


def test_a_thumbnail_stands_in_its_row_with_words(summaries):
    page = Page(render_comparison(summaries, thumbnails=[b"\xff\xd8jpeg", b"", b""]))
    (picture,) = page.all("img")
    assert picture["src"] == "data:image/jpeg;base64,/9hqcGVn"
    assert picture["alt"] == "Five scored nuclei of b, from few to many HER2 copies"
    assert [attrs["class"] for attrs in page.all("img")] == ["nuclei-strip"]


def test_a_category_stays_in_the_column_of_its_scheme():
    guideline = {"scheme": "asco-cap-2018-dual", "category": "NEGATIVE", "group": 5}
    page = Page(render_comparison([{"case": "a", "categories": [guideline]}]))
    row = next(attrs for attrs in page.all("tr") if "data-name" in attrs)
    assert (row["data-seed"], row["data-guideline"]) == ("", "Negative5")


def test_different_settings_are_pointed_out(summaries):
    assert "different settings" not in Page(render_comparison(summaries)).words
    other = {**summaries[1], "settings_sha256": "0" * 64}
    assert "different settings" in Page(render_comparison([summaries[0], other])).words


def test_hostile_summaries_stay_text_and_links_stay_paths():
    hostile = '"><script>alert(1)</script>'
    html = render_comparison(
        [{"case": hostile, "flags": [hostile], "categories": [{"scheme": "seed-copies"}]}],
        links=["javascript:alert(1)"],
        title=hostile,
    )
    page = Page(html)
    assert len(page.all("script")) == 1
    assert all(not (attrs["href"] or "").startswith("javascript:") for attrs in page.all("a"))


def test_a_batch_without_cases_is_a_page():
    page = Page(render_comparison([]))
    assert "No case was given." in page.words
    assert RESEARCH_USE in page.words


def test_links_must_be_one_for_each_case(summaries):
    with pytest.raises(InputError, match="links: one for each case"):
        render_comparison(summaries, links=["a"])
    with pytest.raises(InputError, match="thumbnails: one for each case"):
        render_comparison(summaries, thumbnails=[b""])


def test_a_case_without_a_result_says_why(summaries):
    page = Page(render_comparison([*summaries, {"case": "d", "problem": "FileFormatError: <b>"}]))
    assert "No result: FileFormatError: <b>" in " ".join(page.words.split())
    row = next(attrs for attrs in page.all("tr") if attrs.get("data-name") == "d")
    assert row["data-ratio"] == row["data-seed"] == ""
    assert "of 0, 0 fields" not in page.words


def test_two_hundred_hostile_names_are_text_in_their_rows():
    stems = [
        "<script>alert({0})</script>",
        '"><img src=x onerror=alert({0})>',
        "javascript:alert({0})//",
        "../../../etc/passwd{0}",
        "C:\\..\\{0}",
        "{{{{ 7 * {0} }}}}",
        "{{% raw %}}{0}",
        "</title></style><svg onload=a({0})>",
        "=HYPERLINK({0})",
        "\u202egnp.{0}\x00\x1b[31m",
    ]
    names = [stems[i % len(stems)].format(i) for i in range(200)]
    plain = Page(render_comparison([{"case": f"case {i}"} for i in range(200)], links=["x"] * 200))
    page = Page(render_comparison([{"case": name} for name in names], links=names))
    assert page.open == []
    shown = [attrs["data-name"] for attrs in page.all("tr") if "data-name" in attrs]
    assert len(shown) == 200
    for tag in ("script", "img", "svg", "style", "title", "iframe", "a"):
        assert len(page.all(tag)) == len(plain.all(tag)), tag
    schemes = {attrs["href"].split(":")[0] for attrs in page.all("a") if ":" in attrs["href"]}
    assert not schemes & {"javascript", "data", "file", "C"}
