"""The page of a case: complete, self-contained, safe, accessible, small."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from drawn_cases import CATEGORIES, draw_field_result, make_case
from report_pages import Page

from fishcount.flags import FLAGS, Finding
from fishcount.guidelines import RESEARCH_USE
from fishcount.report import render_report
from fishcount.report.marks import outline_nuclei
from fishcount.report.page import css_string, fingerprint
from fishcount.report.sources import show_result
from fishcount.report.wording import signs
from fishcount.results import Category
from fishcount.signals import Signals


@pytest.fixture(scope="module")
def case():
    found = (Finding("CROSS_TALK", 0.061), Finding("WEAK_SIGNALS", 0.3, "HER2, over 2.2"))
    noted = draw_field_result(name="field_2", seed=2, findings=found)
    return make_case([draw_field_result(), noted])


@pytest.fixture(scope="module")
def html(case):
    return render_report(case, provenance={"software": {"numpy": "2.0"}})


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_every_element_is_closed_and_ids_are_unique(page):
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_links_and_labels_lead_somewhere(page):
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    targets = {attrs["href"][1:] for attrs in page.all("a")}
    named = {
        name for _, attrs in page.elements for name in (attrs.get("aria-labelledby") or "").split()
    }
    assert targets | named <= ids


def test_the_headline_shows_both_schemes_side_by_side(page):
    assert len(page.classes("verdict")) == 2
    for words in ("Positive", "Needs IHC", "Group 2", "What is needed", "an IHC score"):
        assert words in page.words


def test_every_category_of_every_scheme_is_there(page):
    for category in CATEGORIES:
        assert category.scheme in page.words
        assert category.category in page.words
        assert " ".join(signs(category.reason).split()) in page.words


def test_the_research_sentence_is_on_the_page_and_on_every_printed_page(html, page):
    assert page.words.count(RESEARCH_USE) >= 2
    assert f"@bottom-left {{ content: {css_string(RESEARCH_USE)}; }}" in html


def test_every_printed_page_names_the_case_and_its_fingerprint(html, case):
    assert f'@top-left {{ content: "Case case{css_string("_")[1:-1]}1"; }}' in html
    assert f'"fingerprint {fingerprint(show_result(case))[:12]}"' in html


def test_counts_are_sums_over_scored_nuclei(page):
    for words in ("30 HER2 / 6 nuclei", "14 CEP17 / 6 nuclei", "30 HER2 / 14 CEP17", "2.14"):
        assert words in page.words
    assert "95 % interval 4.10 to 5.90" in page.words


def test_every_picture_says_in_words_what_it_shows(page):
    assert page.all("img")
    for attrs in page.all("img"):
        assert len(attrs["alt"]) > 10
    pictures = [attrs for attrs in page.all("svg") if attrs.get("role") == "img"]
    assert len(pictures) == 2 + 3 + 1 + 1
    for attrs in page.all("svg"):
        hidden = attrs.get("aria-hidden") == "true" or "x" in attrs
        assert hidden or len(attrs["aria-label"]) > 10


def test_every_table_has_a_caption_and_headers(page):
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attrs.get("scope") in ("col", "row") for attrs in page.all("th"))


def test_every_nucleus_has_an_outline_a_card_and_its_reason(page):
    assert len(page.classes("card")) == 8
    outlines = [attrs for attrs in page.all("path") if "data-card" in attrs]
    assert {attrs["data-card"] for attrs in outlines} == {
        attrs["id"] for attrs in page.classes("card")
    }
    skipped = [attrs for attrs in outlines if "skipped" in attrs["class"].split()]
    assert len(skipped) == 2
    assert FLAGS["ONE_COLOUR"].sentence in page.words


def test_signals_are_drawn_at_their_pixels_with_two_shapes(page, case):
    signals = case.fields[0].counts.signals
    rings = {
        (float(a["cx"]), float(a["cy"]))
        for a in page.classes("ring")
        if a.get("class") == "ring kept"
    }
    her2 = signals.channel == "HER2"
    truth = set(zip(signals.x_px[her2].round(1), signals.y_px[her2].round(1), strict=True))
    assert truth <= rings
    assert page.classes("cross")


def test_quality_findings_come_with_their_figure(page):
    assert FLAGS["CROSS_TALK"].sentence in page.words
    assert "field_2: 6.1 %" in page.words
    # Beside words that end with a figure it stands apart.
    assert "field_2: HER2, over 2.2 (30 %)" in page.words


def test_fields_that_may_not_be_evaluable_are_told_beside_the_categories():
    weak = (Finding("WEAK_SIGNALS", 0.4),)
    case = make_case([draw_field_result(findings=weak), draw_field_result(name="field_2", seed=2)])
    words = Page(render_report(case)).words
    told = words.index("Look at the images first.")
    assert words[told:].startswith("Look at the images first. By the criteria of ASCO/CAP, field_1")
    assert told < words.index("The arithmetic category")
    sound = make_case([draw_field_result()])
    assert "Look at the images first" not in Page(render_report(sound)).words


def test_nothing_is_fetched_from_anywhere(html, page):
    sources = [
        attrs[key]
        for _, attrs in page.elements
        for key in ("src", "href", "xlink:href", "data", "action")
        if attrs.get(key)
    ]
    assert all(source.startswith(("data:image/", "#")) for source in sources)
    assert "url(" not in html
    assert "default-src 'none'" in html


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "a'b\\"]
)
def test_hostile_names_stay_text(hostile):
    field = draw_field_result(name=hostile)
    category = Category(scheme=hostile, edition=hostile, category="NEGATIVE", reason=hostile)
    html = render_report(
        make_case([field], name=hostile, categories=[category]),
        provenance={hostile: hostile},
    )
    page = Page(html)
    assert len(page.all("script")) == 1
    assert all(not attrs["src"].startswith("x") for attrs in page.all("img"))
    assert page.words.count(hostile) >= 5
    assert "onerror" not in {key for _, attrs in page.elements for key in attrs}


def test_a_name_cannot_leave_its_css_string():
    assert re.fullmatch(r'"[\w\\ .-]*"', css_string('"}</style><b>é\n'))


def test_a_field_without_nuclei_is_not_evaluable_and_says_so():
    field = draw_field_result(her2=(), cep17=(), findings=(Finding("NO_NUCLEI"),))
    category = Category(scheme="seed-copies", edition="2025", category="NOT_EVALUABLE")
    page = Page(render_report(make_case([field], categories=[category])))
    assert "Not evaluable" in page.words
    assert "That is not a negative result." in page.words
    assert "images in which nuclei and signals of every probe can be scored" in page.words
    assert "Nothing more under these schemes" not in page.words
    assert "not available" in page.words
    assert FLAGS["NO_NUCLEI"].sentence in page.words
    assert "nan" not in page.words.lower().split()


def test_a_case_without_fields_is_drawn():
    page = Page(render_report(make_case([], categories=[CATEGORIES[0]])))
    assert "No field was given." in page.words


def test_a_single_probe_case_shows_no_ratio_and_no_plane():
    page = Page(render_report(make_case([draw_field_result(cep17=None)])))
    assert "HER2/CEP17 ratio" not in page.words
    assert not page.classes("plane")
    assert not page.classes("cross")


def test_a_stack_is_shown_as_its_maximum():
    page = Page(render_report(make_case([draw_field_result(planes=3)])))
    assert "maximum over 3 planes" in page.words


def test_a_flat_channel_is_drawn_black():
    field = draw_field_result()
    pixels = np.array(field.image.pixels)
    pixels[1] = 100
    counts = replace(field.counts, signals=Signals.empty())
    blank = replace(field, image=replace(field.image, pixels=pixels), counts=counts)
    assert "HER2 100 to 101," in Page(render_report(make_case([blank]))).words


def test_two_hundred_nuclei_stay_under_ten_megabytes():
    n = 50
    fields = [
        draw_field_result(
            name=f"field_{i}",
            her2=[4] * n,
            cep17=[2] * n,
            reject_reason=[""] * n,
            side_px=700,
            seed=i,
        )
        for i in range(4)
    ]
    assert len(render_report(make_case(fields)).encode()) < 10_000_000


def test_the_same_case_gives_the_same_page(case, html):
    assert render_report(case, provenance={"software": {"numpy": "2.0"}}) == html


def test_an_empty_nuclei_table_has_no_outline():
    (field,) = show_result(make_case([draw_field_result(her2=(), cep17=())])).fields
    assert outline_nuclei(field) == ()


def test_only_the_page_s_own_script_may_run(html, page):
    (script,) = re.findall(r"<script>(.*?)</script>", html, flags=re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [
        attrs["content"]
        for attrs in page.all("meta")
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert f"script-src 'sha256-{digest}'" in policy
    assert not [key for _, attrs in page.elements for key in attrs if key.startswith("on")]
