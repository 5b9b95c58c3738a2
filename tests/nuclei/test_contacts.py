"""Cuts between touching nuclei: from dent to dent, smooth, and only near the contact."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.nuclei.field.light import NuclearLight
from fishcount.nuclei.geometry.ellipses import fit_ellipses
from fishcount.nuclei.parting.contacts import divide_at_contacts
from fishcount.nuclei.search.full_size import enlarge_outlines
from fishcount.nuclei.search.outline import draw_outlines


def disk(y: float, x: float, radius: float, shape: tuple[int, int] = (80, 100)) -> np.ndarray:
    rows, columns = np.indices(shape)
    return np.hypot(rows - y, columns - x) < radius


def two_disks() -> tuple[np.ndarray, np.ndarray]:
    """Two disks that overlap and a cut beside their dents; also where the cut should be."""
    one, other = disk(40, 35, 20), disk(40, 67, 16)
    columns = np.indices(one.shape)[1]
    # The circles cross where (x - 35)^2 - 20^2 = (x - 67)^2 - 16^2.
    crossing = (67**2 - 35**2 + 20**2 - 16**2) / (2 * (67 - 35))
    wrong = np.where(one | other, np.where(columns < crossing + 4, 1, 2), 0).astype(np.int32)
    right = np.where(one | other, np.where(columns < crossing, 1, 2), 0)
    return wrong, right


def test_the_free_outline_gives_back_the_whole_ellipse() -> None:
    rows, columns = np.indices((80, 100))
    ellipse = ((rows - 40) / 25) ** 2 + ((columns - 50) / 15) ** 2 < 1
    labels = ellipse.astype(np.int32)
    labels[ellipse & (columns > 58)] = 2
    fitted = fit_ellipses(labels)
    assert fitted.centre[1] == pytest.approx((40, 50), abs=2)
    on_the_ellipse = fitted.depth_in(
        np.array([1, 1]), np.array([15.0, 40.0]), np.array([50.0, 35.0])
    )
    assert on_the_ellipse == pytest.approx(1, abs=0.12)


def test_a_cut_moves_into_the_dents() -> None:
    wrong, right = two_disks()
    divided = divide_at_contacts(wrong, fit_ellipses(wrong), diameter_px=36)
    before, after = ((labels != right).sum() for labels in (wrong, divided))
    assert after < 0.5 * before
    assert ((divided > 0) == (wrong > 0)).all()


def test_what_lies_far_from_a_contact_stays() -> None:
    wrong, _ = two_disks()
    divided = divide_at_contacts(wrong, fit_ellipses(wrong), diameter_px=36)
    changed = np.nonzero(divided != wrong)[1]
    assert changed.size
    contact = np.nonzero((wrong[:, :-1] == 1) & (wrong[:, 1:] == 2))[1].mean()
    assert np.abs(changed - contact).max() <= 0.25 * 36 + 1


def test_nuclei_that_touch_nobody_stay_as_they_are() -> None:
    labels = disk(40, 25, 15).astype(np.int32) + 2 * disk(40, 75, 15).astype(np.int32)
    assert divide_at_contacts(labels, fit_ellipses(labels), diameter_px=30) is labels
    empty = np.zeros((9, 9), np.int32)
    assert not divide_at_contacts(empty, fit_ellipses(empty), diameter_px=30).any()


def test_cuts_are_smooth_at_full_size() -> None:
    """On the enlarged image a cut leaves the straight line by less than the working pixel."""
    rows, columns = np.indices((80, 100))
    both = disk(38, 35, 18) | disk(44, 65, 18)
    side = (columns - 50) * 30 + (rows - 41) * 6 > 0
    cores = np.where(both, np.where(side, 2, 1), 0).astype(np.int32)
    drawn = draw_outlines(
        cores,
        both.astype(np.float32) * 100,
        diameter_px=36,
        floor_counts=1,
        light=NuclearLight(100.0, 0.34),
    )
    full = enlarge_outlines(drawn, 4, (320, 400))
    contact = (full[:, :-1] == 1) & (full[:, 1:] == 2)
    y, x = np.nonzero(contact)
    assert len(y) > 60
    off = x - np.polynomial.Polynomial.fit(y, x, 1)(y)
    assert np.abs(off).max() < 2
