"""Pictures and figures: where things are drawn, and how bright."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from drawn_cases import RADIUS_PX, draw_field_result, make_case
from numpy.testing import assert_allclose

from fishcount.guidelines import classify
from fishcount.image import DAPI
from fishcount.report.fields import field_pictures
from fishcount.report.gallery import draw_cards, draw_thumbnail
from fishcount.report.histogram import draw_histogram
from fishcount.report.marks import mark_clusters, mark_signals, outline_nuclei
from fishcount.report.pixels import (
    DisplayRange,
    display_range,
    encode_strip,
    encode_within,
    strip_quality,
    to_display,
)
from fishcount.report.plane import draw_plane
from fishcount.report.sources import show_result
from fishcount.scoring import CaseScore


def decode(uri: str) -> np.ndarray:
    head, data = uri.split(",")
    codec = imagecodecs.webp_decode if "webp" in head else imagecodecs.jpeg8_decode
    return codec(base64.b64decode(data))


def corners(path: str) -> np.ndarray:
    return np.array(re.findall(r"([-\d.]+) ([-\d.]+)", path), float)


@pytest.fixture(scope="module")
def field():
    return show_result(make_case([draw_field_result()])).fields[0]


def test_an_outline_runs_half_a_pixel_outside_its_nucleus(field):
    outline = outline_nuclei(field)[0]
    x, y = corners(outline.path).T
    distance = np.hypot(x - outline.x_px, y - outline.y_px)
    assert_allclose(distance, RADIUS_PX + 0.5, atol=1.0)
    top, left, bottom, right = field.boxes_px[0]
    assert_allclose([y.min(), y.max()], [top - 0.5, bottom - 0.5], atol=0.6)
    assert_allclose([x.min(), x.max()], [left - 0.5, right - 0.5], atol=0.6)


def test_marks_keep_position_status_and_snr(field):
    signals = field.signals
    marks = mark_signals(field)
    assert_allclose([mark.x_px for mark in marks], signals.x_px, atol=0.051)
    assert_allclose([mark.y_px for mark in marks], signals.y_px, atol=0.051)
    assert {mark.title for mark in marks} == {"HER2, kept, SNR 9.0", "CEP17, kept, SNR 9.0"}


def test_copies_stand_on_the_far_side_of_the_number_of_their_nucleus(field):
    signals = field.signals.copy()
    signals["copies"] = 4
    marks = mark_clusters(replace(field, signals=signals))
    middle = field.nuclei.set_index("nucleus")
    assert len(marks) == len(signals)
    assert {mark.left for mark in marks} == {mark.above for mark in marks} == {True, False}
    for mark in marks:
        of = middle.loc[mark.nucleus]
        assert mark.left == (mark.x_px < of.x_px)
        assert mark.above == (mark.y_px <= of.y_px)


def test_black_and_white_of_a_probe_come_from_haze_and_signals():
    rng = np.random.default_rng(5)
    pixels = rng.normal(100, 5, (64, 64)).astype(np.float32)
    inside = np.zeros((64, 64), bool)
    inside[16:48, 16:48] = True
    pixels[inside] += 50
    shown = display_range(
        pixels, role="HER2", inside=inside, at_signals=np.array([300, 400, 900], np.float32)
    )
    assert_allclose(shown.black_counts, 147, atol=3)
    assert shown.white_counts == 400
    assert shown.gamma == 1


def test_noise_alone_is_not_stretched():
    pixels = np.random.default_rng(5).normal(100, 5, (64, 64)).astype(np.float32)
    none = np.zeros((64, 64), bool)
    for role in (DAPI, "HER2"):
        shown = display_range(pixels, role=role, inside=none, at_signals=np.zeros(0, np.float32))
        assert to_display(pixels, shown).mean() < 60


def test_display_is_linear_between_black_and_white():
    counts = np.array([[90, 100, 150, 200, 250]], np.float32)
    assert to_display(counts, DisplayRange(100, 200)).tolist() == [[0, 0, 128, 255, 255]]


def test_pictures_fit_the_budget_all_at_one_size():
    noise = np.random.default_rng(5).integers(0, 255, (2, 900, 700), np.uint8)
    large = encode_within(list(noise), budget_bytes=10_000_000)
    small = encode_within(list(noise), budget_bytes=100_000)
    assert [picture.size_px for picture in large] == [(900, 700)] * 2
    assert sum(len(picture.uri) for picture in small) <= 100_000
    assert small[0].size_px == small[1].size_px
    assert decode(small[0].uri).shape[:2] == small[0].size_px


def test_shrinking_keeps_brightness_and_place():
    picture = np.zeros((400, 600), np.uint8)
    picture[100:200, 300:450] = 200
    (small,) = encode_within([picture] * 1, budget_bytes=0)
    assert small.size_px == (171, 256)
    grey = decode(small.uri)[..., 0].astype(float)
    assert_allclose(grey.mean(), picture.mean(), atol=1.5)
    y, x = np.nonzero(grey > 100)
    assert_allclose([y.min(), y.max() + 1], [100 * 171 / 400, 200 * 171 / 400], atol=1.5)
    assert_allclose([x.min(), x.max() + 1], [300 * 256 / 600, 450 * 256 / 600], atol=1.5)


def test_a_strip_keeps_colour_at_full_resolution():
    panel = np.zeros((32, 32, 3), np.uint8)
    panel[16, 16] = (255, 64, 255)
    strip = decode(encode_strip([panel, panel], quality=85))
    assert strip.shape == (32, 64, 3)
    assert strip[16, 16, 0] > strip[16, 16, 1] + 60
    assert strip[16, 19].max() < 40


@pytest.mark.parametrize("n", [0, 200, 500, 1000, 5000])
def test_more_nuclei_never_get_more_bytes_each(n):
    assert strip_quality(n + 100) <= strip_quality(n)


def test_a_crop_beyond_the_edge_is_black_there(field):
    picture = field_pictures([field], budget_bytes=1_000_000)
    card = draw_cards([field], picture)[0]
    x, y, side, _ = card.window_px
    assert (x, y) < (0, 0)
    panel = decode(card.strip)[:, int(side) : 2 * int(side)]
    # A window begins at the rim of its first pixel, not at the centre.
    assert ((y + 0.5).is_integer(), (x + 0.5).is_integer()) == (True, True)
    assert panel[: int(-y) - 1].max() < 40
    assert panel[int(side) // 2, int(side) // 2].min() > 100


@pytest.mark.parametrize(
    ("her2", "cep17"), [(200, 60), (60, 25), (300, 200), (100, 60), (40, 40), (80, 40), (120, 80)]
)
def test_a_case_lies_in_the_region_of_its_group(her2, cep17):
    score = CaseScore(n_scored=20, her2_signals=her2, cep17_signals=cep17)
    group = classify(20, her2, cep17, areas=2).under("asco-cap-2018-dual").group
    plane = draw_plane(score, group=group)
    (here,) = [region for region in plane.regions if region.here]
    point = plane.points[0]
    assert here.x <= point.x <= here.x + here.width
    assert here.y <= point.y <= here.y + here.height


def test_a_case_without_ratio_has_no_point():
    score = CaseScore(n_scored=20, her2_signals=40, cep17_signals=0)
    assert draw_plane(score, group=None).points == ()


@pytest.mark.parametrize("top", [0, 3, 40, 3000])
@pytest.mark.parametrize("whole", [True, False])
def test_a_histogram_counts_every_nucleus_once(top, whole):
    values = np.linspace(0, top, 37)
    values = np.floor(values) if whole else values
    labels = {"title": "t", "x_label": "x", "role": "her2", "mean_text": ""}
    drawn = draw_histogram(values, **labels, whole=whole, mean=1.0)
    assert sum(bar.count for bar in drawn.bars) == len(values)
    assert max(bar.x + bar.width for bar in drawn.bars) <= drawn.width + 0.01


def test_a_histogram_of_nothing_is_flat():
    labels = {"title": "t", "x_label": "x", "role": "her2", "mean_text": ""}
    drawn = draw_histogram(np.zeros(0), **labels, whole=True, mean=None)
    assert all(bar.count == 0 for bar in drawn.bars)
    assert drawn.alt == "t: no nucleus to show."


def test_the_picture_says_in_words_what_it_shows(field):
    (picture,) = field_pictures([field], budget_bytes=1_000_000)
    assert picture.alt == (
        "Field field_1: 4 nuclei outlined, 3 of them scored; 18 HER2 signals, "
        "7 CEP17 signals marked."
    )


def test_a_thumbnail_shows_five_scored_nuclei_from_few_to_many_copies():
    copies = list(range(1, 11))
    case = show_result(
        make_case([draw_field_result(her2=copies, cep17=[2] * 10, reject_reason=[""] * 10)])
    )
    pictures = field_pictures(case.fields, budget_bytes=1_000_000)
    thumbnail = imagecodecs.jpeg8_decode(draw_thumbnail(case.fields, pictures)).astype(int)
    assert thumbnail.shape == (56, 5 * 56, 3)
    magenta = np.minimum(thumbnail[..., 0], thumbnail[..., 2]) - thumbnail[..., 1]
    lit = [int((magenta[:, i * 56 : (i + 1) * 56] > 60).sum()) for i in range(5)]
    assert lit[0] < lit[2] < lit[4]


def test_without_scored_nuclei_there_is_no_thumbnail():
    case = show_result(make_case([draw_field_result(reject_reason=["BORDER"] * 4)]))
    pictures = field_pictures(case.fields, budget_bytes=1_000_000)
    assert draw_thumbnail(case.fields, pictures) is None
