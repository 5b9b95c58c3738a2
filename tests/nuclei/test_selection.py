"""Selection is a rule over flags, and flags say what they mean."""

import numpy as np
import pytest

from fishcount.errors import SettingsError
from fishcount.flags import codes_of, mask_of
from fishcount.nuclei import nuclei_from_labels, select_nuclei
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
    with pytest.raises(SettingsError, match="no flag of a nucleus"):
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
