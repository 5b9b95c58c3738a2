"""Agreement of two readers, against published and hand-computed figures."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.errors import CountError
from fishcount.review import (
    AddSignal,
    DeleteNucleus,
    History,
    RejectNucleus,
    bland_altman,
    cohen_kappa,
    compare_readers,
    count_class,
    icc_2_1,
    reviewed_nuclei,
)


def from_table(table):
    """The two columns of ratings that a table of agreement stands for."""
    first, second = [], []
    for i, row in enumerate(table):
        for j, n in enumerate(row):
            first += [i] * n
            second += [j] * n
    return first, second


def test_kappa_of_fleiss():
    # Fleiss 1981, Statistical Methods for Rates and Proportions, table 13.1: 0.676.
    table = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    assert cohen_kappa(*from_table(table)) == pytest.approx(0.676, abs=0.0005)


def test_kappa_by_hand():
    # Agreement 35/50 = 0.7, by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    assert cohen_kappa(*from_table([[20, 5], [10, 15]])) == pytest.approx(0.4)
    assert cohen_kappa(["a", "b"], ["b", "a"]) == pytest.approx(-1.0)
    assert cohen_kappa(["a", "b"], ["a", "b"]) == 1.0


def test_kappa_that_does_not_exist_is_none():
    assert cohen_kappa([], []) is None
    assert cohen_kappa(["a", "a"], ["a", "a"]) is None
    with pytest.raises(CountError, match="one value of each reader"):
        cohen_kappa(["a"], ["a", "b"])


@pytest.mark.parametrize(
    "gap",
    [float("nan"), None, np.datetime64("NaT"), ["a", "b"]],
    ids=["NaN", "None", "NaT", "list"],
)
def test_what_is_no_category_is_not_one_of_its_own(gap):
    with pytest.raises(CountError):
        cohen_kappa(["yes", gap, "no"], ["yes", "no", "no"])
    with pytest.raises(CountError):
        cohen_kappa([1, 2, 3], [1, gap, 3])
    with pytest.raises(CountError, match="without a category"):
        cohen_kappa([1.0, 2.0], np.ma.masked_invalid([1.0, np.nan]))
    with pytest.raises(CountError, match="cannot be compared"):
        cohen_kappa(["1", "2"], [1, 2])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bad", [np.nan, np.inf, "many", None, [1, 2]], ids=str)
def test_what_is_no_value_is_refused(bad):
    """A mean over it is no number, and no pair was missing as far as the count told."""
    pairs = [[1, 2], [2, 2], [4, bad]]
    for figure in (lambda: bland_altman([1, 2, bad], [1, 2, 3]), lambda: icc_2_1(pairs)):
        with pytest.raises(CountError, match=r"values (are numbers|must be finite)"):
            figure()
    with pytest.raises(CountError):
        count_class([1, bad])
    with pytest.raises(CountError, match="negative"):
        count_class([1, -1])


def test_icc_of_shrout_and_fleiss():
    # Shrout & Fleiss 1979, table 2: four judges, six targets; ICC(2,1) = 0.29.
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    assert icc_2_1(ratings) == pytest.approx(0.2898, abs=0.00005)


def test_icc_sees_a_shift():
    x = np.arange(10.0)
    assert icc_2_1(np.column_stack([x, x])) == pytest.approx(1.0)
    assert icc_2_1(np.column_stack([x, x + 3])) < 0.9
    assert icc_2_1(np.zeros((4, 2))) is None
    assert icc_2_1(np.zeros((1, 2))) is None


def test_limits_of_bland_and_altman():
    # Bland & Altman 1986, table 1: peak flow with two meters, first readings (l/min): mean
    # difference -2.1, standard deviation 38.8.
    large = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    found = bland_altman(large, mini)
    assert found.n == 17
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    np.testing.assert_allclose(
        found.limits, (-2.118 - 1.96 * 38.765, -2.118 + 1.96 * 38.765), atol=0.1
    )


def test_bland_altman_of_too_few():
    assert bland_altman([], []).bias is None
    assert (bland_altman([3], [1]).bias, bland_altman([3], [1]).limits) == (2.0, None)


def test_classes_of_counts():
    assert count_class([0, 1, 2, 3, 4, 5, 6, 99]).tolist() == [0, 1, 2, 3, 4, 4, 6, 6]


def test_two_readers_are_compared_on_the_nuclei_that_both_scored(start):
    history = History(present=start)
    for action in (
        RejectNucleus(field="field_1", nucleus=1),
        DeleteNucleus(field="field_1", nucleus=2),
        AddSignal(field="field_1", channel="HER2", y_px=12, x_px=60),
    ):
        history, _ = history.after(action)
    first, second = reviewed_nuclei(start), reviewed_nuclei(history.present)
    her2, cep17, ratio = compare_readers(first, second)
    assert (her2.figure, her2.n, cep17.n, ratio.n) == ("her2", 6, 6, 6)
    assert her2.exact_share == pytest.approx(5 / 6)
    assert her2.bland_altman.bias == pytest.approx(-1 / 6)
    assert cep17.exact_share == 1.0
    assert ratio.kappa is None
    assert set(her2.record()) == set(ratio.record())
    # HER2 2, 9 | 4, 3, 2, 9 against 3, 9 | 4, 3, 2, 9: classes differ once.
    # Agreement 5/6; by chance (2*1 + 1*2 + 1*1 + 2*2) / 36 = 9/36.
    assert her2.kappa == pytest.approx((5 / 6 - 1 / 4) / (3 / 4))


def test_no_common_nucleus_gives_no_figures(start):
    empty = reviewed_nuclei(start).iloc[:0]
    her2 = compare_readers(reviewed_nuclei(start), empty)[0]
    assert (her2.n, her2.exact_share, her2.kappa, her2.icc) == (0, None, None, None)
