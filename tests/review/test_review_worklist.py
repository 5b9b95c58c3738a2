"""The worklist: the most doubtful nuclei first, each with its reasons."""

from __future__ import annotations

import numpy as np
from reviewed_cases import draw_case

from fishcount.io import read_case_folder
from fishcount.review import DOUBTS, touching_nuclei, worklist
from fishcount.settings import Settings


def tables(tmp_path, **options):
    folder = read_case_folder(draw_case(tmp_path / "case", fields=("field_1",), **options))
    return folder.nuclei, folder.signals


def why(table):
    return {
        int(nucleus): codes for nucleus, codes in zip(table["nucleus"], table["why"], strict=True)
    }


def test_reasons_and_order(tmp_path):
    nuclei, signals = tables(tmp_path, her2=(2, 4, 3, 2, 6), cep17=(2, 2, 0, 2, 3), per_row=5)
    nuclei.loc[4, "flags"] = "HER2_ESTIMATED;ESTIMATES_DISAGREE"
    signals = signals[signals["status"] != "rejected"].copy()
    just_over = 1.1 * Settings().spots.min_snr
    signals.loc[(signals["nucleus"] == 4) & (signals["channel"] == "CEP17"), "snr"] = just_over
    nuclei.loc[0, ["scored", "reject_reason", "flags"]] = [False, "OVERLAPPED", "OVERLAPPED"]
    table = worklist(nuclei, signals, touching={"field_1": np.array([4])})
    assert why(table) == {
        5: "ESTIMATES_DISAGREE;ESTIMATED",
        4: "CUT_OR_TOUCHING;LOW_SNR",
        2: "NEAR_DECISION",
        3: "SKIPPED_FOR_SIGNALS",
        1: "CUT_OR_TOUCHING",  # left out for its outline: last
    }
    assert table["nucleus"].tolist() == [5, 4, 2, 3, 1]
    weights = {doubt.code: doubt.weight for doubt in DOUBTS}
    assert table["doubt"].tolist() == [
        sum(weights[code] for code in codes.split(";")) for codes in table["why"]
    ]


def test_an_unsure_cut_is_a_doubtful_outline(tmp_path):
    nuclei, signals = tables(tmp_path, her2=(2, 2), cep17=(2, 2), per_row=2)
    before = why(worklist(nuclei, signals))[2]
    nuclei.loc[1, "flags"] = "UNSURE_CUT"
    assert "CUT_OR_TOUCHING" not in before
    assert "CUT_OR_TOUCHING" in why(worklist(nuclei, signals))[2]


def test_ratios_from_1_8_to_2_2_are_near_a_decision(tmp_path):
    her2 = (8, 9, 10, 11, 12, 4)
    nuclei, signals = tables(tmp_path, her2=her2, cep17=(5,) * 6, per_row=6)
    reasons = why(worklist(nuclei, signals[signals["status"] == "kept"]))
    assert {n: "NEAR_DECISION" in reasons.get(n, "") for n in range(1, 6)} == {
        1: False,
        2: True,
        3: True,
        4: True,
        5: False,
    }


def test_a_range_across_the_ratio_of_two_is_near_a_decision(tmp_path):
    nuclei, signals = tables(tmp_path, her2=(3, 3), cep17=(2, 4), per_row=2)
    # The last nucleus has a cluster: 5 to 8 copies, best 6; 8 of CEP17 4 is a ratio of 2.
    assert "NEAR_DECISION" in why(worklist(nuclei, signals))[2]
    assert why(worklist(nuclei, signals))[1] == "NEAR_MISS"


def test_empty_tables_give_an_empty_list(tmp_path):
    nuclei, signals = tables(tmp_path)
    table = worklist(nuclei.iloc[:0], signals.iloc[:0])
    assert len(table) == 0
    assert list(table.columns) == ["field", "nucleus", "doubt", "why"]


def test_touching_needs_a_common_edge():
    labels = np.array([[1, 0, 2, 0], [0, 3, 0, 4], [5, 3, 0, 4], [5, 5, 0, 0]])
    assert touching_nuclei(labels).tolist() == [3, 5]
    assert touching_nuclei(np.zeros((3, 3), int)).tolist() == []
