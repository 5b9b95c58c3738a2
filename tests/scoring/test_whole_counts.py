"""What is no count of a nucleus is refused wherever counts of nuclei are taken."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.errors import FishcountError
from fishcount.guidelines import classify, find_scheme, leave_one_out
from fishcount.scoring import Replicates, check_selection, heterogeneity, score_counts

SEED = find_scheme("seed-copies")
TAKES_COUNTS = {
    "score_counts": score_counts,
    "heterogeneity": heterogeneity,
    "check_selection": lambda her2: check_selection(her2, scored=[1, 1], eligible=[1, 1]),
    "leave_one_out": lambda her2: leave_one_out(her2, field=[0, 1], scheme=SEED),
    "classify": lambda her2: classify(2, 8, nucleus_counts=(her2, None)),
}


@pytest.fixture(params=TAKES_COUNTS, name="take")
def _take(request):
    return TAKES_COUNTS[request.param]


@pytest.mark.parametrize(
    "her2",
    [
        [4.9, 4.9],
        [4, -4],
        ["4", "4"],
        [np.nan, 4],
        [[4, 4]],
        [[4], [4, 4]],
        np.ma.masked_equal([4, 9], 9),
        np.full(2, 2**63, np.uint64),
        [2**62, 2**62],
    ],
    ids=str,
)
def test_what_is_no_count_is_refused(take, her2):
    """Cut to whole numbers or wrapped around, it gave another category, or 0 copies."""
    with pytest.raises(FishcountError):
        take(her2)


@pytest.mark.parametrize("dtype", [np.uint8, ">i4", np.uint64])
def test_counts_of_any_whole_type_are_taken(take, dtype):
    assert repr(take(np.array([4, 4], dtype))) == repr(take([4, 4]))


def test_sums_of_small_types_do_not_wrap():
    assert score_counts(np.full(20, 200, np.uint8)).her2_signals == 4000


@pytest.mark.parametrize("field", [[None, None], [0], [[0, 1]], [[0], [0, 1]]], ids=str)
def test_fields_are_numbers_or_names(field):
    with pytest.raises(FishcountError, match="field"):
        score_counts([4, 4], field=field)
    with pytest.raises(FishcountError, match="field"):
        leave_one_out([4, 4], field=field, scheme=SEED)


def test_leaving_out_takes_a_scheme_and_a_known_ihc_score():
    with pytest.raises(FishcountError, match=r"scheme: .*find_scheme"):
        leave_one_out([4, 4], field=[0, 1], scheme="seed-copies")
    with pytest.raises(FishcountError, match="no such IHC score"):
        leave_one_out([4, 4], field=[0, 1], scheme=SEED, ihc="5+")


def test_no_replicates_have_no_means_and_no_sums():
    none = Replicates.empty()
    assert none.means().shape == (0, 1)
    assert none.sums()[0].shape == (0,)
