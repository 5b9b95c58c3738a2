"""Bit masks of nuclei: what is raised is there, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.flags import Subject, codes_of, flags_of, has_flag, mask_of, raise_flag

CODES = [flag.code for flag in flags_of(Subject.NUCLEUS)]


@pytest.mark.parametrize("codes", ["BORDER", None, 5, [5], [["BORDER"]]], ids=str)
def test_flags_are_named_in_a_list(codes):
    with pytest.raises(ValueError, match="codes must be"):
        mask_of(codes)


@pytest.mark.parametrize("code", CODES)
def test_a_raised_flag_is_the_only_one_that_comes(code):
    masks = np.array([0, mask_of(CODES[:1]), 0], np.uint32)
    raise_flag(masks, code, np.array([True, True, False]))
    assert has_flag(masks, code).tolist() == [True, True, False]
    assert [set(codes_of(mask)) for mask in masks.tolist()] == [{code}, {CODES[0], code}, set()]


def test_no_nuclei_have_no_flags():
    none = np.zeros(0, np.uint32)
    raise_flag(none, "BORDER", none > 0)
    assert has_flag(none, "BORDER").shape == (0,)


@pytest.mark.parametrize("code", ["NO_NUCLEI", "border", ""])
def test_what_is_no_flag_of_a_nucleus_is_neither_raised_nor_asked_for(code):
    masks = np.zeros(1, np.uint32)
    with pytest.raises(ValueError, match="codes must be flags of nuclei"):
        has_flag(masks, code)
    with pytest.raises(ValueError, match="codes must be flags of nuclei"):
        raise_flag(masks, code, masks == 0)
