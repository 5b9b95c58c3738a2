"""Selection is a rule over flags, and flags say what they mean."""

import numpy as np
import pytest

from fishcount.errors import SettingsError
from fishcount.filters import gaussian
from fishcount.flags import codes_of, mask_of
from fishcount.nuclei import nuclei_from_labels, segment_nuclei, select_nuclei
from fishcount.settings import NucleiSettings, SelectionSettings


def test_the_first_flag_of_the_settings_is_the_reason():
    flags = np.array([mask_of(["DIM", "BORDER"]), mask_of(["BLURRED"]), 0], np.uint32)
    scored, reason = select_nuclei(flags, settings=SelectionSettings(reject=("DIM", "BORDER")))
    assert scored.tolist() == [False, True, True]
    assert reason.tolist() == ["DIM", "", ""]


def test_no_nuclei_no_reasons():
    scored, reason = select_nuclei(np.zeros(0, np.uint32))
    assert scored.shape == reason.shape == (0,)


def test_a_reason_that_no_nucleus_can_have_is_refused():
    with pytest.raises(SettingsError, match="not a flag of a nucleus"):
        select_nuclei(np.zeros(1, np.uint32), settings=SelectionSettings(reject=("LOW_SNR",)))


def drawn():
    """Nine equal squares, then one of each oddity."""
    labels = np.zeros((200, 260), np.int32)
    for k in range(9):
        labels[10 + 40 * (k // 3) : 30 + 40 * (k // 3), 10 + 40 * (k % 3) :][:, :20] = k + 1
    labels[150:154, 10:14] = 10
    labels[140:190, 100:150] = 11
    labels[10:30, 240:] = 12
    labels[60:80, 200:240], labels[70:100, 212:228] = 13, 0
    image = np.where(labels > 0, 600.0, 100.0)
    image[labels == 9] = 130
    return labels, image


def test_oddities_are_flagged_and_equal_nuclei_are_not():
    labels, image = drawn()
    nuclei = nuclei_from_labels(labels, image)
    flags = {
        int(labels[nuclei.labels == k + 1][0]): codes_of(int(m)) for k, m in enumerate(nuclei.flags)
    }
    assert all(flags[k] == () for k in range(1, 9))
    assert "DIM" in flags[9]
    assert {"TOO_SMALL", "DEBRIS"} <= set(flags[10])
    assert {"TOO_LARGE", "OVERLAPPED"} <= set(flags[11])
    assert flags[12] == ("BORDER",)
    assert "IRREGULAR" in flags[13]


def test_a_limit_in_the_settings_moves_the_flag():
    labels, image = drawn()
    nuclei = nuclei_from_labels(labels, image, settings=NucleiSettings(too_large=50, max_dose=50))
    assert not any("TOO_LARGE" in codes_of(int(mask)) for mask in nuclei.flags)


def with_one_more(*, long_px=30.0, short_px=30.0, turned=0.0, counts=800.0):
    """Eight round nuclei, and in the middle one of these half axes and this height: flags, edge."""
    y, x = np.mgrid[:480, :480]
    image = np.full(y.shape, 100.0)
    for k in range(9):
        dy, dx = y - 90 - 150 * (k // 3), x - 90 - 150 * (k % 3)
        half = (long_px, short_px) if k == 4 else (30.0, 30.0)
        along = dx * np.cos(turned) + dy * np.sin(turned)
        across = dy * np.cos(turned) - dx * np.sin(turned)
        inside = np.hypot(along / half[0], across / half[1]) < 1
        image += (counts if k == 4 else 800) * inside
    image = gaussian(image.astype(np.float32), 3)
    image = np.random.default_rng(0).poisson(image).astype(np.uint16)
    nuclei = segment_nuclei(image, pixel_size_um=0.13)
    (row,) = np.flatnonzero(np.hypot(nuclei.y_px - 240, nuclei.x_px - 240) < 20)
    return codes_of(int(nuclei.flags[row])), float(nuclei.edge_width_px[row])


@pytest.mark.parametrize("turned", [0.0, 0.6, np.pi / 2])
def test_a_long_nucleus_is_as_sharp_in_any_direction(turned):
    _, round_edge = with_one_more()
    flags, edge = with_one_more(long_px=46, short_px=20, turned=turned)
    assert flags == ()
    assert edge == pytest.approx(round_edge, rel=0.06)


@pytest.mark.parametrize("turned", [0.0, 0.6, np.pi / 2])
def test_a_spindle_is_irregular(turned):
    flags, _ = with_one_more(long_px=60, short_px=14, turned=turned)
    assert "IRREGULAR" in flags


def test_a_nucleus_much_dimmer_than_its_field_is_found_and_not_scored():
    flags, _ = with_one_more(counts=175)
    assert flags == ("DIM",)
    assert not select_nuclei(np.array([mask_of(flags)], np.uint32))[0].any()


def test_a_condensed_and_bright_nucleus_is_mitotic_as_the_settings_say():
    labels, image = drawn()
    image[labels == 10], image[labels == 5] = 100, 2600
    labels[labels == 5] = 0
    labels[55:67, 55:67] = 5
    for limit, mitotic in ((2.5, True), (6.0, False)):
        settings = NucleiSettings(mitotic_brightness=limit)
        nuclei = nuclei_from_labels(labels, image, settings=settings)
        row = int(nuclei.labels[60, 60]) - 1
        assert ("MITOTIC" in codes_of(int(nuclei.flags[row]))) == mitotic


def test_what_could_not_be_measured_is_never_scored():
    flags = np.array([mask_of(["FIELD_NOT_EVALUABLE", "BORDER"]), mask_of(["DIM"]), 0], np.uint32)
    for reject in ((), ("BORDER",), ("DIM", "FIELD_NOT_EVALUABLE")):
        scored, reason = select_nuclei(flags, settings=SelectionSettings(reject=reject))
        assert scored.tolist() == [False, "DIM" not in reject, True]
        assert reason[0] == "FIELD_NOT_EVALUABLE"
