"""The pages in a browser: no request, no error, accessible, usable by keyboard, printed on A4.

`make browser` runs it and fails where there is no Chromium; elsewhere it is skipped without one.
"""

from __future__ import annotations

import importlib
import os
import shutil

import pytest

from fishcount.batch import CaseJob, FieldJob, run_batch
from fishcount.io import read_case_folder
from fishcount.report import write_reports
from fishcount.report.pdf import find_browser, print_pdf
from fishcount.review import AcceptNucleus, RejectNucleus, Review, write_reviewed
from fishcount.synthetic import simulate_case, write_case

MUST_RUN = os.environ.get("FISHCOUNT_BROWSER") == "1"
if not MUST_RUN and not shutil.which("chromium"):
    pytest.skip("no Chromium", allow_module_level=True)
_import = importlib.import_module if MUST_RUN else pytest.importorskip
axe = _import("axe_playwright_python.sync_playwright")
playwright = _import("playwright.sync_api")
pypdf = _import("pypdf")

pytestmark = pytest.mark.browser

NARROW = {"width": 390, "height": 800}
WIDE = {"width": 1280, "height": 900}
PAGES = ("index.html", "case_1/report.html", "case_1/reviewed/report.html", "empty/report.html")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A batch of two cases, one of them reviewed, one without a nucleus."""
    place = tmp_path_factory.mktemp("site")
    drawn = simulate_case("heterogeneous", seed=4, n_fields=2, size=400, snr="easy")
    empty = simulate_case("negative", seed=5, n_fields=1, size=64)
    jobs = [
        CaseJob(name=name, fields=tuple(FieldJob(files=path) for path in sorted(files)))
        for name, files in (
            ("case_1", write_case(place / "in_1", drawn)),
            ("empty", write_case(place / "in_2", empty)),
        )
    ]
    run_batch(jobs, place / "out", workers=1)
    case = place / "out" / "case_1"
    field = read_case_folder(case).summary["fields"][0]["name"]
    with Review.open(case, reader="A") as review:
        review.do(RejectNucleus(field=field, nucleus=1), reason="crushed")
        review.do(AcceptNucleus(field=field, nucleus=2))
    write_reviewed(case)
    write_reports(case)
    return place / "out"


@pytest.fixture(scope="module")
def browser():
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        one = driver.chromium.launch(executable_path=find_browser(), args=arguments)
        yield one
        one.close()


@pytest.fixture
def open_page(site, browser):
    """Opens a page from the disk and keeps what it asks for and what it complains of."""
    contexts = []

    def opened(name, *, scheme="light", viewport=WIDE):
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((site / name).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_asked_of_a_network_and_nothing_complains(open_page, site, name):
    page = open_page(name)
    page.wait_for_load_state("networkidle")
    assert [url for url in page.asked if not url.startswith("data:")] == [(site / name).as_uri()]
    assert page.said == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("scheme", "viewport"), [("light", WIDE), ("dark", WIDE), ("light", NARROW)]
)
def test_axe_finds_no_barrier(open_page, name, scheme, viewport):
    page = open_page(name, scheme=scheme, viewport=viewport)
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in found] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_window_does_not_scroll_sideways(open_page, name):
    page = open_page(name, viewport=NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def shown_cards(page, key):
    return page.eval_on_selector_all(
        ".card:not([hidden])", f"cards => cards.map(card => card.dataset.{key})"
    )


def test_the_gallery_is_sorted_and_filtered(open_page):
    page = open_page("case_1/report.html")
    everything = shown_cards(page, "her2")
    page.select_option("[name=sort]", "her2")
    page.check("[name=descending]")
    assert shown_cards(page, "her2") == sorted(everything, key=int, reverse=True)
    page.select_option("[name=show]", "skipped")
    skipped = shown_cards(page, "scored")
    assert 0 < len(skipped) < len(everything)
    assert set(skipped) == {"skipped"}
    assert page.text_content("output") == f"{len(skipped)} of {len(everything)} nuclei"
    reason = shown_cards(page, "reason")[0]
    page.select_option("[name=show]", f"reason:{reason}")
    assert set(shown_cards(page, "reason")) == {reason}


def test_the_contact_sheet_shows_one_small_picture_of_each_nucleus(open_page):
    page = open_page("case_1/report.html")
    wide = page.locator(".card .strip").first.bounding_box()
    page.select_option("[name=view]", "contact")
    small = page.locator(".card .strip").first.bounding_box()
    assert small["width"] == pytest.approx(small["height"], abs=1)
    assert small["width"] < wide["width"] / 2


def test_layers_are_switched_with_the_space_bar(open_page):
    page = open_page("case_1/report.html")
    layer, switch = page.locator(".l-her2").first, page.locator(".t-her2").first
    assert layer.is_visible()
    switch.focus()
    page.keyboard.press("Space")
    assert not layer.is_visible()
    assert page.locator(".l-dapi").first.is_visible()
    assert not page.locator(".l-rejects").first.is_visible()


def test_a_field_is_zoomed_and_moved_by_keys(open_page):
    page = open_page("case_1/report.html")
    viewport = page.locator(".viewport").first
    viewport.focus()

    def box():
        view = viewport.locator("svg").first.get_attribute("viewBox")
        return [float(part) for part in view.split()]

    full = box()
    page.keyboard.press("+")
    page.keyboard.press("+")
    near = box()
    page.keyboard.press("ArrowRight")
    assert near[2] < full[2] / 2
    assert box()[0] > near[0]
    page.keyboard.press("0")
    assert box() == full


def test_a_nucleus_leads_to_its_card_and_the_card_to_its_nucleus(open_page):
    page = open_page("case_1/report.html")
    page.locator(".locate").nth(3).press("Enter")
    assert page.evaluate("document.activeElement.className") == "viewport"
    outline = page.locator("path.nucleus.scored").first
    card = outline.get_attribute("data-card")
    outline.dispatch_event("click")
    assert page.evaluate("document.activeElement.id") == card


def test_the_skip_link_is_the_first_stop(open_page):
    page = open_page("case_1/report.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").is_visible()


def test_the_comparison_is_sorted_by_a_heading(open_page):
    page = open_page("index.html")

    def names():
        return page.eval_on_selector_all("tbody tr", "rows => rows.map(row => row.dataset.name)")

    assert names() == ["case_1", "empty"]
    page.locator("[data-sort=name]").press("Enter")
    page.locator("[data-sort=name]").press("Enter")
    assert names() == ["empty", "case_1"]
    assert page.locator("img.nuclei-strip").count() == 1


def test_it_is_printed_on_a4_with_the_case_and_its_hash_on_each_page(site, tmp_path):
    print_pdf(site / "case_1" / "report.html", tmp_path / "a.pdf")
    pages = pypdf.PdfReader(tmp_path / "a.pdf").pages
    words = [" ".join(page.extract_text().split()) for page in pages]
    for number, (page, text) in enumerate(zip(pages, words, strict=True), start=1):
        size_mm = [float(side) / 72 * 25.4 for side in page.mediabox[2:]]
        assert size_mm == pytest.approx([210, 297], abs=0.5)
        assert "Case case_1" in text
        assert "fingerprint " in text
        assert "For research use only. Not for use in diagnostic procedures." in text
        assert f"{number} / {len(pages)}" in text
    # What is folded on the screen and cannot be opened on paper: the sources of the schemes.
    assert any("J Clin Oncol" in text for text in words)
