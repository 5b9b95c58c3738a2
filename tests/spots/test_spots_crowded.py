"""Close spots: what is resolved, what is one, and what the groups are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fishcount.spots import cut_at, detect_spots
from fishcount.spots.candidates.refit import without_rejected
from fishcount.spots.channel.measured_view import measured_view
from fishcount.spots.channel.psf import expected_width
from fishcount.spots.crowds.joint_fit import amplitude_errors, fit_jointly
from fishcount.spots.crowds.moments import Patches, energy
from fishcount.spots.crowds.prior import point_cost
from fishcount.spots.crowds.scene import Scene
from fishcount.spots.judgement.doubles import doubles
from fishcount.spots.judgement.score import pooled_score
from fishcount.spots.points.groups import blocks_of_groups, connected_groups
from fishcount.spots.points.model import Points
from fishcount.synthetic import simulate_case

SIGMA = 1.6


def drawn(points, *, shape=(160, 160), noise=4.0, seed=5):
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.random.default_rng(seed).normal(200, noise, shape)
    for row, column, height in points:
        image += height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * SIGMA**2))
    return image.astype(np.float32)


SINGLES = [(20.2 + 30 * r, 24.6 + 35 * c, 100.0) for r, c in np.ndindex(4, 4)]


def as_points(rows):
    y, x, height = np.array(rows, float).T
    return Points(y_px=y, x_px=x, amplitude_counts=height)


def test_overlapping_points_are_fitted_to_the_truth():
    truth = [(60.3, 60.2, 100.0), (61.0, 63.9, 80.0), (64.6, 61.1, 120.0)]
    scene = Scene.of(drawn(truth, noise=0.0), sigma_px=SIGMA)
    start = as_points([(60, 60, 90), (61, 65, 90), (65, 61, 90)])
    found = fit_jointly(scene, start, iterations=15)
    assert_allclose(found.yx_px, np.array(truth)[:, :2], atol=0.1)
    assert_allclose(found.amplitude_counts, [100, 80, 120], rtol=0.05)


def test_a_further_point_costs_less_where_signals_are_near_and_not_where_grain_is():
    view = measured_view(drawn(SINGLES), expected_width())
    scene = Scene.of(view.plane, sigma_px=SIGMA)

    def cost_beside(*others):
        """What a point costs at (60, 60) that has others (distance, height) beside it."""
        rows = [(60.0, 60.0 + distance, height) for distance, height in others]
        return point_cost(scene, as_points([(60.0, 60.0, 100.0), *rows]), view)[0]

    alone = cost_beside((70.0, 100.0))
    assert cost_beside((4.0, 25.0), (5.0, 30.0)) == alone
    near, around = cost_beside((6.0, 100.0)), cost_beside((11.0, 100.0))
    assert near < around < alone
    assert cost_beside((6.0, 100.0), (7.0, 100.0)) < near


def test_what_was_rejected_beside_a_signal_no_longer_moves_it():
    truth = [(60.3, 60.2, 100.0), (60.0, 100.4, 90.0), (30.2, 30.6, 100.0)]
    scene = Scene.of(drawn(truth, noise=0.5), sigma_px=SIGMA)
    drawn_away, grain = (60.1, 59.8, 80.0), (60.6, 62.8, 30.0)
    points = as_points([drawn_away, *truth[1:], grain])
    found = SimpleNamespace(points=points, model=scene.model, patches=Patches.of(scene, points))
    kept, none = np.array([True, True, True, False]), np.zeros(0, np.int64)
    again = without_rejected(found, kept, whole=none)
    assert_allclose([again.y_px[0], again.x_px[0]], [60.3, 60.2], atol=0.03)
    assert_allclose(again.amplitude_counts, points.amplitude_counts)
    whole = without_rejected(found, kept, whole=np.array([0]))
    assert_allclose(whole.amplitude_counts, [100.0, 90.0, 100.0, 30.0], rtol=0.05)
    for name in ("y_px", "x_px"):
        assert_allclose(getattr(again, name)[1:], getattr(points, name)[1:], atol=0)


def pair_with_others(gap_px, n_others):
    """Two points so far apart, and others around them."""
    others = [(60.0 + 9 * np.sin(a), 60.0 + 9 * np.cos(a), 100.0) for a in range(n_others)]
    return as_points([(60.0, 60.0, 100.0), (60.0, 60.0 + gap_px, 60.0), *others])


@pytest.mark.parametrize(("n_others", "gap_px"), [(0, 3.6), (1, 2.4), (3, 1.8)])
def test_a_pair_is_one_signal_unless_the_optics_or_its_neighbours_speak_for_two(n_others, gap_px):
    def parts(gap_px, n_others):
        points = pair_with_others(gap_px, n_others)
        part, whole = doubles(points, np.ones(len(points), bool), SIGMA)
        return part.tolist(), whole.tolist()

    assert parts(gap_px, n_others) == ([1], [0])
    assert parts(gap_px + 0.4, n_others) == ([], [])
    assert parts(gap_px, 4) == ([], [])


def test_only_what_is_kept_makes_a_pair():
    points = pair_with_others(2.0, 0)
    for kept in ([True, False], [False, True], [False, False]):
        assert [len(rows) for rows in doubles(points, np.array(kept), SIGMA)] == [0, 0]
    assert len(doubles(points.take(np.zeros(2, bool)), np.zeros(0, bool), SIGMA)[0]) == 0


def test_a_wide_signal_beside_a_faint_one_is_one_and_keeps_its_light():
    """What is left of it looks like a second point, and the faint one makes the pair a crowd."""
    wide = [(60.0, 73.9, 120.0), (60.0, 76.1, 120.0), (64.6, 79.2, 30.0)]
    spots = detect_spots(drawn([*SINGLES, *wide], noise=2.0))
    part = spots.reason == "SAME_SIGNAL"
    assert part.sum() == 1
    near = spots.kept & (np.hypot(spots.y_px - 60, spots.x_px - 75) < 3)
    assert_allclose([spots.y_px[near], spots.x_px[near]], [[60.0], [75.0]], atol=0.4)
    assert spots.amplitude_counts[near] > 1.5 * np.median(spots.amplitude_counts[spots.kept])
    looser = cut_at(spots, -9.0, min_share=0.0)
    assert not looser.kept[part].any()


def test_energy_is_least_at_the_truth():
    truth = as_points([(60.3, 60.2, 100.0), (61.0, 64.4, 80.0)])
    scene = Scene.of(drawn([(60.3, 60.2, 100.0), (61.0, 64.4, 80.0)], noise=0.0), sigma_px=SIGMA)
    least = energy(scene, truth).sum()
    for other in ([(60.8, 60.2, 100.0), (61.0, 64.4, 80.0)], [(60.3, 60.2, 70.0), (61, 64.4, 80)]):
        assert energy(scene, as_points(other)).sum() > least


def test_heights_of_close_points_are_known_less_well():
    scene = Scene.of(drawn([]), sigma_px=SIGMA)
    apart = amplitude_errors(scene, as_points([(40, 40, 100.0), (40, 80, 100.0)]))
    close = amplitude_errors(scene, as_points([(40, 40, 100.0), (40, 42.5, 100.0)]))
    assert_allclose(apart[0], apart[1], rtol=1e-6)
    assert (close > 1.3 * apart).all()


def test_neighbours_that_the_optics_resolve_are_two_spots():
    spots = detect_spots(drawn([*SINGLES, (60.0, 75.0, 100.0), (60.0, 80.5, 90.0)]))
    near = spots.kept & (np.abs(spots.y_px - 60) < 4) & (np.abs(spots.x_px - 77.5) < 6)
    assert_allclose(np.sort(spots.x_px[near]), [75.0, 80.5], atol=0.3)
    cluster = spots.cluster[near]
    assert cluster[0] > 0 or np.ptp(spots.x_px[near]) > 3 * spots.psf_sigma_px


def test_a_cluster_shares_a_number_and_holds_the_light_of_its_copies():
    rng = np.random.default_rng(0)
    members = [(*row, 100.0) for row in 72 + rng.uniform(-3.5, 3.5, (9, 2))]
    spots = detect_spots(drawn([*SINGLES, *members]))
    alone = spots.kept & (spots.cluster == 0)
    near = spots.kept & (np.hypot(spots.y_px - 72, spots.x_px - 72) < 10)
    assert near.sum() >= 4
    assert len(set(spots.cluster[near])) == 1
    assert spots.cluster[near][0] > 0
    copies = spots.flux_counts[near].sum() / np.median(spots.flux_counts[alone])
    assert 7 <= copies <= 11


@pytest.mark.parametrize("n", [0, 1, 7])
def test_groups_hold_every_point_once(n):
    group = connected_groups(np.arange(n) * 2.0, np.zeros(n), 1.0)
    members = np.concatenate([[-1], *(block.reshape(-1) for block in blocks_of_groups(group))])
    assert sorted(members[members >= 0]) == list(range(n))


@pytest.mark.parametrize(("sure", "pooled"), [(3.0, 2.25), (1.0, 0.0)])
def test_a_crowd_stands_together_only_where_it_is_likely(sure, pooled):
    score, group = np.array([sure, sure, sure, sure, 0.0, 0.0]), np.array([0, 0, 0, 0, 0, 1])
    height = np.array([1.0, 1, 1, 1, 4 / 3, 1])
    found = pooled_score(score, height, group)
    assert_allclose(found[4:], [pooled, 0.0])
    assert_allclose(found[:4], sure)


@pytest.mark.parametrize("gain", [16, 1000, 2.0**-5])
def test_the_gain_of_the_camera_changes_nothing(gain):
    image, _ = simulate_case("amplified", seed=3, n_fields=1, size=256, snr="easy")[0]
    counts = image.channel("HER2")
    spots, louder = detect_spots(counts), detect_spots(counts * np.float32(gain))
    assert len(spots) > 50
    np.testing.assert_array_equal(louder.kept, spots.kept)
    assert_allclose(louder.y_px, spots.y_px, atol=0.01)
    assert_allclose(louder.amplitude_counts, gain * spots.amplitude_counts, rtol=0.01)
