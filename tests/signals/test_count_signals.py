"""From spots to copies: assigned, merged, estimated, and nothing lost on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from fishcount.errors import CalibrationError, InputError
from fishcount.nuclei import Nuclei
from fishcount.optics import FWHM_PER_SIGMA
from fishcount.settings import SignalSettings
from fishcount.signals import (
    Neighbours,
    assign_to_nuclei,
    channel_quality,
    count_signals,
    footprint_signals,
    signal_findings,
    single_flux,
    split_partners,
)
from fishcount.spots import Spots

DIAMETER_PX = FWHM_PER_SIGMA * 2.2


def count(spots, nuclei, **settings):
    return count_signals(spots, nuclei, pixel_size_um=0.1, settings=SignalSettings(**settings))


def test_each_spot_counts_in_the_nucleus_it_lies_in(make_spots, two_nuclei):
    spots = make_spots([(30, 50), (50, 30), (50, 150), (95, 100)])
    counts = count({"HER2": spots}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [2, 1]
    assert counts.signals.nucleus.tolist() == [1, 1, 2, 0]
    assert counts.signals.status.tolist() == ["kept", "kept", "kept", "outside"]
    assert counts.signals.reason.tolist() == ["", "", "", "NOT_IN_NUCLEUS"]
    assert_array_equal(counts.copies["HER2"].low, counts.copies["HER2"].high)


def test_rejected_spots_keep_their_reason_and_count_nothing(make_spots, two_nuclei):
    spots = make_spots([(30, 50), (50, 30)], kept=[True, False], reason=["", "TOO_WIDE"])
    counts = count({"HER2": spots}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [1, 0]
    assert counts.signals.status.tolist() == ["kept", "rejected"]
    assert counts.signals.reason.tolist() == ["", "TOO_WIDE"]
    assert counts.signals.copies.tolist() == [1, 0]


def test_a_merged_signal_names_the_one_that_it_counts_with(make_spots, two_nuclei):
    # Three points in a row: one is part of its neighbour, whose split partner outshines both.
    reach = DIAMETER_PX
    row = [(50, 40), (50, 40 + 0.5 * reach), (50, 40 + 2.2 * reach)]
    her2 = make_spots(row, amplitude=[60.0, 90.0, 100.0])
    cep17 = make_spots([(20, 50), (50, 150), (50, 154)], amplitude=[100.0, 90.0, 100.0])
    signals = count({"HER2": her2, "CEP17": cep17}, two_nuclei).signals
    assert signals.status.tolist() == ["merged", "merged", "kept", "kept", "merged", "kept"]
    # Numbers count on from probe to probe, as those of the table do.
    assert signals.merged_into.tolist() == [3, 3, 0, 0, 6, 0]


def test_signals_keep_the_score_of_their_spots(make_spots, two_nuclei):
    spots = replace(make_spots([(30, 50), (50, 30)]), score=np.array([2.5, -1.0]))
    assert count({"HER2": spots}, two_nuclei).signals.score.tolist() == [2.5, -1.0]
    unscored = count({"HER2": make_spots([(30, 50)])}, two_nuclei).signals
    assert np.isnan(unscored.score).all()
    assert unscored.merged_into.tolist() == [0]


def test_spot_just_outside_goes_to_the_nearest_nucleus(make_spots, two_nuclei):
    spots = make_spots([(50, 92), (50, 107.5), (50, 100)])
    assert count({"HER2": spots}, two_nuclei).signals.nucleus.tolist() == [1, 2, 0]
    strict = count({"HER2": spots}, two_nuclei, border_tolerance_um=0)
    assert strict.signals.nucleus.tolist() == [0, 0, 0]


def test_tolerance_is_a_distance_and_ties_go_to_the_lower_label():
    labels = np.zeros((5, 11), np.int32)
    labels[:, 0], labels[:, 10] = 2, 1
    assert assign_to_nuclei([[2, 5], [2, 3], [2, -9], [7, 0]], labels, tolerance_px=5).tolist() == [
        1,
        2,
        0,
        2,
    ]
    assert assign_to_nuclei([[2, 5]], labels, tolerance_px=4.9).tolist() == [0]


def test_a_place_belongs_to_the_pixel_whose_centre_is_nearest():
    labels = np.zeros((9, 9), np.int32)
    labels[3:6, 3:6] = 1
    edges = [[2.49, 4], [2.51, 4], [5.49, 4], [5.51, 4], [4, 2.49], [4, 2.51], [4, 5.49], [4, 5.51]]
    assert assign_to_nuclei(edges, labels, tolerance_px=0).tolist() == [0, 1, 1, 0, 0, 1, 1, 0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bad", [np.nan, np.inf], ids=str)
def test_spots_lie_somewhere(make_spots, two_nuclei, bad):
    """A place that is no number lay in none of the nuclei, and its copies were lost."""
    for spots in (make_spots([(50, 50), (bad, 50)]), make_spots([(50, 50)], z_px=[bad])):
        for assigned in (None, {"HER2": np.ones(len(spots), int)}):
            with pytest.raises(InputError, match="spots HER2: positions must be finite"):
                count_signals({"HER2": spots}, two_nuclei, pixel_size_um=0.1, assigned=assigned)
    with pytest.raises(InputError, match="positions must be finite"):
        assign_to_nuclei([[1.0, bad]], np.ones((3, 3), np.int32))
    for no_pairs in ("ab", [1.0, 2.0, 3.0], None):
        with pytest.raises(InputError, match="yx_px: positions"):
            assign_to_nuclei(no_pairs, np.ones((3, 3), np.int32))
    far = [[1e300, 0.0], [0.0, -1e300]]
    assert not assign_to_nuclei(far, np.ones((3, 3), np.int32), tolerance_px=2).any()


def test_no_spots_and_no_nuclei_are_values(make_spots, two_nuclei):
    counts = count({"HER2": Spots.empty(), "CEP17": make_spots([(50, 50)])}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [0, 0]
    assert counts.copies["CEP17"].best.tolist() == [1, 0]
    assert np.isnan(counts.single_flux_counts["HER2"])
    bare = count({"HER2": make_spots([(50, 50)])}, Nuclei.empty((100, 100)))
    assert bare.signals.status.tolist() == ["outside"]
    assert bare.copies["HER2"].best.shape == (0,)
    nothing = count({}, two_nuclei)
    assert len(nothing.signals) == 0


# Vector 40 of the rule book, on spots; on drawn images it is in test_rulebook_signals.py.
@pytest.mark.parametrize(
    ("gap_diameters", "copies"), [(0.0, 1), (0.5, 1), (1.0, 1), (1.01, 2), (2.0, 2)]
)
def test_equal_signals_count_one_up_to_a_gap_of_one_diameter(
    make_spots, two_nuclei, gap_diameters, copies
):
    distance = DIAMETER_PX * (1 + gap_diameters) - 1e-9
    spots = make_spots([(50, 40), (50, 40 + distance)])
    counts = count({"HER2": spots}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [copies, 0]
    if copies == 1:
        assert sorted(counts.signals.status) == ["kept", "merged"]
        assert sorted(counts.signals.reason) == ["", "SPLIT_SIGNAL"]
        assert counts.signals.copies.sum() == 1


def test_the_gap_is_a_setting(make_spots, two_nuclei):
    spots = make_spots([(50, 40), (50, 40 + 1.4 * DIAMETER_PX)])
    assert count({"HER2": spots}, two_nuclei).copies["HER2"].best[0] == 1
    narrow = count({"HER2": spots}, two_nuclei, split_gap_diameters=0.3)
    assert narrow.copies["HER2"].best[0] == 2


def test_unequal_neighbours_are_two(make_spots, two_nuclei):
    spots = make_spots([(50, 40), (50, 44)], amplitude=[100, 40], snr=100)
    assert count({"HER2": spots}, two_nuclei).copies["HER2"].best[0] == 2
    similar = make_spots([(50, 40), (50, 44)], amplitude=[70, 100], snr=100)
    counts = count({"HER2": similar}, two_nuclei)
    assert counts.signals.status.tolist() == ["merged", "kept"]


def test_orange_over_green_is_one_of_each(make_spots, two_nuclei):
    counts = count({"HER2": make_spots([(50, 50)]), "CEP17": make_spots([(50.5, 50)])}, two_nuclei)
    assert counts.copies["HER2"].best[0] == counts.copies["CEP17"].best[0] == 1
    assert counts.signals.channel.tolist() == ["HER2", "CEP17"]


def test_neighbours_in_different_nuclei_are_never_merged():
    frame = np.array([[0.0, 0.0], [0.0, 2.0]])
    into = split_partners(
        Neighbours.of(frame, np.array([1, 2]), reach_px=8.0),
        np.ones(2),
        strength_error=np.zeros(2),
        reach_px=np.full(2, 8.0),
        min_similarity=0.6,
    )
    assert into.tolist() == [-1, -1]


@given(
    st.lists(
        st.tuples(*[st.integers(-9, 9)] * 3, st.integers(0, 3)).map(lambda p: (0.5 * p[0], *p[1:])),
        max_size=12,
    )
)
def test_pairs_groups_and_footprints_are_those_of_the_plain_search(points):
    table = np.array(points, np.float64).reshape(-1, 4)
    position, nucleus = table[:, :3], table[:, 3].astype(np.int64)
    near = np.linalg.norm(position[:, None] - position, axis=2) <= 3.0
    near &= nucleus[:, None] == nucleus
    found = Neighbours.of(position, nucleus, reach_px=3.0)
    pairs, apart = found.pairs, found.apart_px
    expected = {(i, j) for i, j in np.argwhere(near).tolist() if i < j}
    assert {tuple(sorted(pair)) for pair in pairs.tolist()} == expected
    assert (apart <= 3.0).all()
    assert len(pairs) == len(expected)

    group = np.arange(len(table)) + len(table)
    rows, number = found.groups()
    group[rows] = number
    reached = np.linalg.matrix_power(near.astype(float), max(len(table), 1)) > 0
    assert_array_equal(group[:, None] == group, reached)
    # Numbered in the order of their first members.
    assert (np.diff(np.unique(number, return_index=True)[1]) > 0).all()

    distance = np.where(near, np.linalg.norm(position[:, None] - position, axis=2), np.inf)
    np.fill_diagonal(distance, np.inf)
    neighbour, apart = found.nearest()
    assert_allclose(apart, distance.min(axis=1, initial=np.inf))
    assert_array_equal(neighbour[rows], distance[rows].argmin(axis=1) if len(rows) else [])

    group = np.unique(group, return_inverse=True)[1]
    area = footprint_signals(group, position[:, 1:], diameter_px=3.0)
    steps = [(y, x) for y in range(-2, 3) for x in range(-2, 3) if np.hypot(y, x) <= 1.5]
    for number in np.unique(group):
        covered = {(y + dy, x + dx) for y, x in position[group == number, 1:] for dy, dx in steps}
        assert area[number] == len(covered) / len(steps)


def test_nuclei_that_are_known_already_give_the_same_count(make_spots, two_nuclei):
    spots = {"HER2": make_spots([(30, 50), (50, 92), (95, 100)]), "CEP17": make_spots([(50, 150)])}
    first = count(spots, two_nuclei)
    assigned = {role: first.signals.nucleus[first.signals.channel == role] for role in spots}
    again = count_signals(spots, two_nuclei, pixel_size_um=0.1, assigned=assigned)
    for role in spots:
        assert_array_equal(again.copies[role].best, first.copies[role].best)
    assert_array_equal(again.signals.status, first.signals.status)


def test_a_chain_of_three_loses_one_and_equal_positions_do_not_break(make_spots, two_nuclei):
    chain = make_spots([(50, 40), (50, 45), (50, 49)])
    assert count({"HER2": chain}, two_nuclei).copies["HER2"].best[0] == 2
    same = make_spots([(50, 40), (50, 40)])
    counts = count({"HER2": same}, two_nuclei)
    assert counts.signals.status.tolist() == ["kept", "merged"]


def test_a_heap_with_the_light_of_many_is_no_stringy_signal(make_spots, two_nuclei):
    """Nine points apart tell how bright one signal is; four that overlap are as bright as eight."""
    apart = [(20 + 15 * row, 135 + 15 * column) for row in range(1, 4) for column in range(3)]
    heap = [(50, 50), (52, 52), (50, 54), (53, 49)]
    spots = make_spots([*apart, *heap], amplitude=[100.0] * 9 + [200.0] * 4)
    settings = {"split_max_chance_neighbours": 5.0, "split_gap_diameters": 0.0}
    heaped = count({"HER2": spots}, two_nuclei, **settings)
    # The two that are nearest to each other are still one split signal.
    assert heaped.copies["HER2"].best.tolist() == [3, 9]
    stringy = count({"HER2": spots}, two_nuclei, cluster_least_signals=9, **settings)
    assert stringy.copies["HER2"].best.tolist() == [1, 9]


def test_stringy_signal_is_one_of_whatever_brightness(make_spots, two_nuclei):
    string = [(50, 40), (50, 43), (51, 46), (50, 49)]
    spots = make_spots(string, amplitude=[60, 200, 110, 70], snr=200)
    counts = count({"HER2": spots}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [1, 0]
    # The brightest point stands for it; the others say what became of them.
    assert counts.signals.status.tolist() == ["merged", "kept", "merged", "merged"]
    assert set(counts.signals.reason[[0, 2, 3]]) == {"SPLIT_SIGNAL"}
    apart = count({"HER2": spots}, two_nuclei, stringy_overlap_diameters=1.0)
    assert apart.copies["HER2"].best[0] == 4


def test_crowded_nuclei_keep_their_close_pairs(make_spots, two_nuclei):
    pairs = [(y, x + dx) for y in range(30, 71, 10) for x in (30, 50, 70) for dx in (0, 4)]
    assert count({"HER2": make_spots(pairs)}, two_nuclei).copies["HER2"].best[0] == 30
    one_pair = make_spots(pairs[:2] + pairs[8:9])
    assert count({"HER2": one_pair}, two_nuclei).copies["HER2"].best[0] == 2


def test_grain_of_the_nucleus_is_too_faint(make_spots, two_nuclei):
    signals = [(30, 50), (70, 50), (30, 150), (70, 150)]
    grain = [(y, x) for y in (40, 50, 60) for x in (40, 60, 140, 160)]
    spots = make_spots(signals + grain, amplitude=[100, 90, 110, 60] + [20] * 12)
    counts = count({"HER2": spots}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [2, 2]
    assert set(counts.signals.reason[4:]) == {"TOO_FAINT"}
    assert set(counts.signals.status[4:]) == {"rejected"}
    everything = count({"HER2": spots}, two_nuclei, min_share_of_typical=0)
    assert everything.copies["HER2"].best.tolist() == [8, 8]


def test_split_through_z_counts_one_and_stacked_signals_two(make_spots, two_nuclei):
    def copies(z_px):
        spots = make_spots([(50, 50), (50, 50)], z_px=z_px)
        counts = count_signals({"HER2": spots}, two_nuclei, pixel_size_um=0.1, z_step_um=0.4)
        return counts.copies["HER2"].best[0]

    assert copies([3, 4]) == 1
    assert copies([1, 9]) == 2


def test_merging_does_not_depend_on_the_order_of_spots(make_spots, two_nuclei):
    rng = np.random.default_rng(3)
    yx = 50 + 50 * (rng.random((9, 2)) - 0.5)
    amplitude = rng.uniform(80, 120, 9)
    order = rng.permutation(9)
    first = count({"HER2": make_spots(yx, amplitude=amplitude)}, two_nuclei)
    other = count({"HER2": make_spots(yx[order], amplitude=amplitude[order])}, two_nuclei)
    assert_array_equal(first.signals.status[order], other.signals.status)


def _cluster(make_spots, *, brightness):
    """Six singles, and five signals in a cluster of the second nucleus."""
    singles = [(20, 50), (50, 20), (80, 50), (50, 80), (20, 150), (80, 150)]
    dense = [(50, 150), (50, 154), (54, 151), (47, 147), (54, 155)]
    return make_spots(
        singles + dense,
        amplitude=[100, 99, 101, 100, 100, 100] + [100 * brightness] * 5,
    )


def test_cluster_is_estimated_from_its_light(make_spots, two_nuclei):
    counts = count({"HER2": _cluster(make_spots, brightness=4.0)}, two_nuclei)
    copies = counts.copies["HER2"]
    assert copies.best.tolist() == [4, 22]
    assert copies.estimated.tolist() == [False, True]
    assert copies.low[1] <= 22 <= copies.high[1]
    assert copies.low[1] >= 2 + 17
    assert_allclose(counts.clusters.from_flux, [20.0], rtol=0.02)
    assert counts.clusters.n_resolved.tolist() == [5]
    # Twenty signals' worth of light on the area of three: the estimates disagree.
    assert copies.disagree.tolist() == [False, True]
    # The remainder adds no points: it is in the copies of the cluster's brightest signal.
    assert counts.signals.copies[:6].tolist() == [1] * 6
    assert sorted(counts.signals.copies[6:]) == [1, 1, 1, 1, 16]
    assert counts.signals.status.tolist() == ["kept"] * 11


def test_rejected_light_beside_signals_adds_no_copies(make_spots, two_nuclei):
    singles = [(20, 50), (50, 20), (80, 50), (50, 80), (20, 150), (80, 150)]
    dense = [(50, 150), (50, 156), (55, 153), (45, 153), (55, 147)]
    core, granule = (50, 153), (50, 125)
    spots = make_spots(
        [*singles, *dense, core, granule],
        amplitude=[100] * 11 + [600, 600],
        kept=[True] * 11 + [False] * 2,
        reason=[""] * 11 + ["TOO_WIDE", "POOR_FIT"],
    )
    counts = count({"HER2": spots}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [4, 2 + 5]
    assert counts.clusters.n_resolved.tolist() == [5]
    assert counts.signals.status[11:].tolist() == ["rejected", "rejected"]
    assert counts.signals.copies[11:].tolist() == [0, 0]
    assert counts.signals.copies[:11].sum() == 11


def test_cluster_without_light_for_more_is_what_was_resolved(make_spots, two_nuclei):
    counts = count({"HER2": _cluster(make_spots, brightness=1.0)}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [4, 7]
    assert counts.clusters.from_area[0] < 5


def test_split_signal_beside_a_third_is_no_cluster(make_spots, two_nuclei):
    yx = [(20, 50), (50, 20), (80, 50), (50, 80), (30, 150), (50, 150), (50, 153), (54, 147)]
    spots = make_spots(yx, amplitude=[100] * 5 + [45, 45, 100], snr=100)
    copies = count({"HER2": spots}, two_nuclei).copies["HER2"]
    assert copies.best.tolist() == [4, 3]
    assert copies.estimated.tolist() == [False, False]


def test_without_singles_nothing_is_estimated(make_spots, two_nuclei):
    dense = [(50, 150), (50, 158), (58, 151), (42, 147)]
    spots = make_spots(dense, amplitude=[100, 300, 100, 300], snr=100)
    counts = count({"HER2": spots}, two_nuclei)
    assert counts.copies["HER2"].best.tolist() == [0, 4]
    assert not counts.copies["HER2"].estimated.any()
    assert np.isnan(counts.single_flux_counts["HER2"])


def test_crowded_signals_tell_the_single_light_where_none_is_alone(make_spots, two_nuclei):
    rng = np.random.default_rng(2)
    grid = [(y, x) for y in range(30, 71, 6) for x in range(30, 71, 6)]
    spots = make_spots(grid, amplitude=rng.uniform(90, 110, len(grid)))
    counts = count({"HER2": spots}, two_nuclei)
    assert_allclose(counts.single_flux_counts["HER2"], 100 * 2 * np.pi * 2.2**2, rtol=0.05)
    assert_allclose(counts.copies["HER2"].best[0], len(grid), atol=2)


def test_single_flux_is_robust_and_needs_enough():
    assert_allclose(single_flux([100, 100, 100, 100, 5000], least=5).typical_counts, 100)
    rng = np.random.default_rng(8)
    signals = 100 * np.exp(rng.normal(0, 0.4, 4000))
    found = single_flux(np.append(signals, 2 * signals[:200]), least=5)
    # The mode of the log-normal law, not its median 100 or its mean 108.
    assert_allclose(found.typical_counts, 100 * np.exp(-(0.4**2)), rtol=0.05)
    assert_allclose(found.spread, 0.4, atol=0.03)
    assert np.isnan(single_flux([100, 90], least=5).typical_counts)
    assert single_flux([100, np.nan, -3, 0], least=1).n == 1


def test_quality_of_a_channel(make_spots, two_nuclei):
    snr = [20, 20, 20, 4.2, 4.5, 20]
    spots = {
        "HER2": make_spots([(30, 50), (50, 30), (50, 150), (50, 60), (70, 150), (2, 2)], snr=snr)
    }
    counts = count(spots, two_nuclei)
    quality = channel_quality(counts)["HER2"]
    assert quality.n_signals == 6
    assert_allclose([quality.share_outside, quality.share_weak], [1 / 6, 2 / 5])
    findings = signal_findings(counts)
    assert [(f.code, f.detail) for f in findings] == [
        ("SIGNALS_OUTSIDE", "HER2"),
        ("WEAK_SIGNALS", "HER2"),
    ]
    assert_allclose(findings[0].figure, 1 / 6)


def test_quality_of_no_signals_is_unknown_and_raises_nothing(two_nuclei):
    spots = {"HER2": Spots.empty()}
    counts = count(spots, two_nuclei)
    assert np.isnan(channel_quality(counts)["HER2"].share_outside)
    assert signal_findings(counts) == ()


@pytest.mark.parametrize("bad", [0, -1, np.nan, np.inf])
def test_sizes_must_be_positive(two_nuclei, bad):
    with pytest.raises(CalibrationError, match="pixel_size_um: must be above 0"):
        count_signals({}, two_nuclei, pixel_size_um=bad)
    with pytest.raises(CalibrationError, match="z_step_um: must be above 0"):
        count_signals({"HER2": Spots.empty()}, two_nuclei, pixel_size_um=0.1, z_step_um=bad)


@given(
    st.lists(
        st.tuples(st.floats(-5, 105), st.floats(-5, 205), st.floats(1, 1e4), st.integers(0, 3)),
        max_size=40,
    )
)
def test_every_spot_has_one_fate_and_counts_add_up(make_spots, two_nuclei, rows):
    spots = make_spots(
        [(y, x) for y, x, _, _ in rows],
        amplitude=[a for _, _, a, _ in rows],
        cluster=[c for _, _, _, c in rows],
    )
    counts = count({"HER2": spots}, two_nuclei)
    signals, copies = counts.signals, counts.copies["HER2"]
    assert len(signals) == len(rows)
    assert set(signals.status) <= {"kept", "merged", "outside", "rejected"}
    assert set(signals.reason[signals.status == "rejected"]) <= {"TOO_FAINT"}
    kept = signals.status == "kept"
    assert (signals.copies[kept] >= 1).all()
    assert (signals.copies[~kept] == 0).all()
    summed = np.bincount(signals.nucleus, signals.copies, minlength=3)[1:]
    assert_array_equal(copies.best, summed)
    assert (copies.low <= copies.best).all()
    assert (copies.best <= copies.high).all()
    assert (copies.low[copies.best > 0] >= 1).all()
