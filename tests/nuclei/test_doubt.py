"""Outlines that may hold two nuclei, cuts that may go through one, and what becomes of both."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.flags import codes_of
from fishcount.nuclei import nuclei_from_labels, select_nuclei
from fishcount.nuclei.parting.concavity import cut_anew
from fishcount.nuclei.parting.contacts import find_contacts, join_false_cuts
from fishcount.nuclei.parting.dents import NO_CUT, find_cuts, outlines_of
from fishcount.settings import NucleiSettings

ROWS, COLUMNS = np.indices((160, 200))


def disk(y: float, x: float, radius: float) -> np.ndarray:
    return np.asarray(np.hypot(ROWS - y, COLUMNS - x) < radius)


def others() -> np.ndarray:
    """Four nuclei of radius 14 that stand alone."""
    labels = np.zeros(ROWS.shape, np.int32)
    for k, (y, x) in enumerate([(30, 30), (30, 170), (130, 30), (130, 170)]):
        labels[disk(y, x, 14)] = k + 1
    return labels


def flags_at(labels: np.ndarray, y: int, x: int, settings: NucleiSettings | None = None):
    nuclei = nuclei_from_labels(labels, 100.0 + 500 * (labels > 0), settings=settings)
    number = nuclei.labels[y, x] - 1
    return nuclei, number, codes_of(int(nuclei.flags[number]))


def test_contacts_are_as_wide_as_they_are_long():
    labels = np.zeros((60, 60), np.int32)
    labels[10:40, 10:30], labels[20:40, 30:45] = 3, 5
    contacts = find_contacts(labels)
    assert (contacts.one.tolist(), contacts.other.tolist()) == ([3], [5])
    assert contacts.width == pytest.approx(20 / np.sqrt(4 / np.pi * 20 * 15))
    assert contacts.area_px == pytest.approx(30 * 20 + 20 * 15)


def test_a_slanting_contact_is_not_longer_than_a_straight_one():
    side = ROWS + COLUMNS > 180
    labels = np.where(disk(80, 100, 40), np.where(side, 2, 1), 0).astype(np.int32)
    half = 2 * np.sqrt(0.5 * 40**2)
    assert find_contacts(labels).width == pytest.approx(80 / half, rel=0.05)


def test_nothing_touches_nothing():
    assert len(find_contacts(np.zeros((5, 5), np.int32)).one) == 0
    assert join_false_cuts(np.zeros((5, 5), np.int32), diameter_px=3).tolist() == [0]


def test_a_cut_through_one_nucleus_is_undone_and_one_at_a_waist_stays():
    whole = np.where(disk(80, 60, 14), np.where(COLUMNS < 62, 1, 2), 0)
    pair = np.where(disk(80, 120, 14) | disk(80, 144, 14), np.where(COLUMNS < 132, 3, 4), 0)
    new = join_false_cuts((whole + pair).astype(np.int32), diameter_px=28)
    assert new.tolist() == [0, 1, 1, 3, 4]


def test_nuclei_cut_by_the_edge_are_not_joined():
    labels = np.where(disk(0, 60, 14), np.where(COLUMNS < 62, 1, 2), 0).astype(np.int32)
    assert join_false_cuts(labels, diameter_px=28).tolist() == [0, 1, 2]


def test_a_waist_is_cheap_to_cut_and_a_disk_has_none():
    two = disk(80, 90, 14) | disk(80, 112, 14)
    labels = two.astype(np.int32) + 2 * disk(30, 30, 14)
    boxes = [(slice(60, 100), slice(70, 130)), (slice(10, 50), slice(10, 50))]
    outlines = outlines_of(labels, np.array([1, 2]), boxes)
    cuts = find_cuts(outlines, diameter_px=28, min_dent=0.02, min_area_px=90)
    assert cuts.cost[0, 0] < 0.6
    assert cuts.cost[1, 0] == NO_CUT
    assert cuts.one[0, 0, 1] == pytest.approx(101, abs=2.5)
    assert cuts.other[0, 0, 1] == pytest.approx(101, abs=2.5)


def test_a_long_cut_beside_the_dents_moves_into_them():
    two = disk(80, 90, 14) | disk(80, 113, 14)
    wrong = np.where(two, np.where(COLUMNS < 109, 1, 2), 0).astype(np.int32)
    moved = cut_anew(wrong, diameter_px=28)
    right = np.where(two, np.where(COLUMNS < 101.5, 1, 2), 0)
    assert (wrong != right).sum() > 150
    assert (moved != right).sum() < 40


def test_an_outline_around_two_is_overlapped_though_neither_large_nor_bright():
    labels = others()
    labels[disk(80, 92, 10) | disk(80, 110, 10)] = 5
    nuclei, number, flags = flags_at(labels, 80, 92)
    assert nuclei.neck[number] < 0.9 < nuclei.neck[0]
    assert flags == ("OVERLAPPED",)
    assert flags_at(labels, 80, 92, NucleiSettings(min_neck=-5))[2] == ()


def test_a_cut_without_a_waist_is_unsure_and_neither_side_is_scored():
    labels = others()
    labels[disk(80, 100, 19) & (COLUMNS < 100)] = 5
    labels[disk(80, 100, 19) & (COLUMNS >= 100)] = 6
    nuclei, number, flags = flags_at(labels, 80, 90)
    assert nuclei.contact_width[number] > 1
    assert "UNSURE_CUT" in flags
    scored, _ = select_nuclei(nuclei.flags)
    assert scored.sum() == 4
    assert nuclei.contact_width[0] == 0


def test_two_that_touch_at_a_waist_are_scored():
    labels = others()
    labels[disk(80, 86, 14)], labels[disk(80, 113, 14)] = 5, 6
    nuclei, number, flags = flags_at(labels, 80, 86)
    assert 0 < nuclei.contact_width[number] < 1
    assert nuclei.overlap[number] < 0.03
    assert flags == ()


def test_what_two_ellipses_have_in_common_is_measured():
    labels = others()
    labels[disk(80, 88, 14) & (COLUMNS < 98)] = 5
    labels[disk(80, 108, 14) & (COLUMNS >= 98)] = 6
    nuclei, number, flags = flags_at(labels, 80, 88)
    lens = 2 * 14**2 * np.arccos(10 / 14) - 10 * np.sqrt(4 * 14**2 - 20**2)
    # Fitted ellipses are drawn a little towards the cut.
    assert nuclei.overlap[number] == pytest.approx(lens / nuclei.area_px[number], abs=0.05)
    assert flags == ("SHARED_AREA",)
    assert select_nuclei(nuclei.flags)[0].all()
    assert flags_at(labels, 80, 88, NucleiSettings(max_overlap=0.5))[2] == ()
    assert nuclei.overlap[0] == 0


@pytest.mark.parametrize("shape", [(1, 30_000), (30_000, 1), (4, 30_000)])
def test_outlines_of_a_few_rows_are_measured_as_others_are(shape):
    labels = np.ones(shape, np.int32)
    labels[-1, -1] = 2
    nuclei = nuclei_from_labels(labels, 100.0 * labels)
    assert sorted(nuclei.area_px.tolist()) == [1, labels.size - 1]
