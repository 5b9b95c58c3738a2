"""Pieces add up; what touches is cut where it touches, what is one nucleus is left whole."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fishcount.filters import gaussian
from fishcount.nuclei import segment_nuclei
from fishcount.nuclei.field.size import guess_diameter
from fishcount.nuclei.geometry.canvas import Canvas
from fishcount.nuclei.parting.concavity import cut_at_dents
from fishcount.nuclei.parting.dents import beside_others, find_cuts, outlines_of
from fishcount.nuclei.parting.pieces import hull_area, measure_pieces
from fishcount.nuclei.parting.size_law import SizeLaw, measure_sizes
from fishcount.nuclei.parting.split import inner_distance, split_foreground
from fishcount.nuclei.search.ladder import climb_ladder
from fishcount.settings import NucleiSettings

DIAMETER = 26.0


def ellipse(shape, cy, cx, a, b):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return ((y - cy) / a) ** 2 + ((x - cx) / b) ** 2 <= 1


def flat(mask):
    return np.where(mask, 100, 0).astype(np.float32)


def test_a_union_has_the_figures_of_its_parts_together():
    mask = ellipse((60, 80), 30, 40, 13, 25)
    halves = np.where(mask, 1 + (np.indices(mask.shape)[1] > 40), 0).astype(np.int32)
    depth = inner_distance(mask, diameter_px=DIAMETER)
    two = measure_pieces(halves, flat(mask), depth)
    one = measure_pieces(mask.astype(np.int32), flat(mask), depth)
    union = two.take(np.array([0])).union(two.take(np.array([1])))
    assert_allclose(union.moments, one.moments)
    assert_allclose(union.support, one.support)
    assert_allclose(union.light, one.light, rtol=1e-6)
    assert_allclose(hull_area(one), np.pi * 13.5 * 25.5, rtol=0.03)
    assert_allclose(one.ellipse_fit(), 1, atol=0.005)


@pytest.mark.parametrize("gap", [18, 21, 24])
def test_two_overlapping_disks_are_two(gap):
    mask = ellipse((60, 90), 30, 30, 13, 13) | ellipse((60, 90), 30, 30 + gap, 13, 13)
    split = split_foreground(mask.astype(np.int32), flat(mask), diameter_px=DIAMETER)
    assert_array_equal(split.components, mask)
    assert set(split.labels.ravel()[split.at]) == set(range(1, len(split.pieces) + 1))
    labels = cut_at_dents(split.labels, flat(mask), diameter_px=DIAMETER, sizes=SizeLaw())
    assert labels.max() == 2
    assert labels[30, 25] != labels[30, 35 + gap]
    assert_allclose((labels == labels[30, 25]).sum(), mask.sum() / 2, rtol=0.15)
    assert 1 <= len(split.pieces) <= 2


@pytest.mark.parametrize(("a", "b"), [(13, 13), (9, 20), (17, 12), (10, 16)])
def test_one_ellipse_is_one(a, b):
    mask = ellipse((60, 80), 30, 40, a, b)
    labels = split_foreground(mask.astype(np.int32), flat(mask), diameter_px=DIAMETER).labels
    assert cut_at_dents(labels, flat(mask), diameter_px=DIAMETER, sizes=SizeLaw()).max() == 1


def test_what_is_too_thin_for_a_seed_is_no_component():
    """What is left over is numbered without gaps."""
    components = np.zeros((60, 90), np.int32)
    components[5, 5] = 1
    components[ellipse(components.shape, 30, 30, 13, 13)] = 2
    components[50, 10] = 3
    components[ellipse(components.shape, 30, 70, 13, 13)] = 4
    split = split_foreground(components, flat(components > 0), diameter_px=DIAMETER)
    seeded = np.array([0, 0, 1, 0, 2])
    assert_array_equal(split.components, seeded[components])
    assert_array_equal(split.labels > 0, split.components > 0)
    assert len(split.pieces) == 2


def test_dents_part_a_small_nucleus_from_a_large_one():
    mask = ellipse((80, 90), 40, 35, 20, 20) | ellipse((80, 90), 40, 59, 9, 9)
    labels = cut_at_dents(mask.astype(np.int32), flat(mask), diameter_px=DIAMETER, sizes=SizeLaw())
    assert labels.max() == 2
    assert labels[40, 30] != labels[40, 63]


def test_a_third_nucleus_over_a_dent_does_not_keep_two_together():
    shape = (90, 90)
    left, right = ellipse(shape, 55, 30, 13, 13), ellipse(shape, 55, 54, 13, 13)
    above = ellipse(shape, 36, 42, 13, 13)
    labels = np.where(above, 2, left | right).astype(np.int32)
    light = 100 * (left.astype(np.float32) + right + above)
    cut = cut_at_dents(labels, light, diameter_px=DIAMETER, sizes=SizeLaw())
    assert cut.max() == 3
    assert cut[55, 25] != cut[55, 59]
    assert (cut[above] == cut[36, 42]).all()


def test_a_shallow_waist_parts_two_but_not_one_that_is_as_large_as_all_others():
    mask = ellipse((60, 90), 30, 32, 13, 13) | ellipse((60, 90), 30, 52, 13, 13)
    mask = gaussian(mask.astype(np.float32), 4.0) > 0.5

    def parts(sizes):
        labels = mask.astype(np.int32)
        return int(cut_at_dents(labels, flat(mask), diameter_px=DIAMETER, sizes=sizes).max())

    log_area = float(np.log(mask.sum() / (np.pi / 4 * DIAMETER**2)))
    assert parts(SizeLaw()) == 2
    assert parts(SizeLaw(log_area - np.log(2), 0.2)) == 2
    assert parts(SizeLaw(log_area, 0.2)) == 1


def test_sizes_speak_for_two_where_both_together_are_too_large_and_against_where_one_is_small():
    law = SizeLaw(log_area=0.0, spread=0.25)
    half = law.odds_of_two(np.array([1.0, 0.8, 0.5, 0.2]), np.array([1.0, 0.8, 0.5, 0.8]))
    assert half[0] > half[1] > 0 > half[2]
    assert half[3] < 0
    # The more nuclei differ, the less it says.
    wide = SizeLaw(log_area=0.0, spread=0.5).odds_of_two(np.ones(1), np.ones(1))
    assert 0 < wide[0] < half[0]


def test_the_law_of_sizes_is_that_of_single_nuclei_that_the_edge_does_not_cut():
    rng = np.random.default_rng(8)
    labels = np.zeros((60 * 6, 60 * 6), np.int32)
    radius = 13 * np.exp(rng.normal(0, 0.15, 36))
    for number, (row, column) in enumerate(np.ndindex(6, 6)):
        here = ellipse((60, 60), 30, 30, radius[number], radius[number])
        labels[60 * row : 60 * row + 60, 60 * column : 60 * column + 60][here] = number + 1
    law = measure_sizes(labels, diameter_px=DIAMETER)
    assert_allclose(law.log_area, np.median(2 * np.log(radius / 13)), atol=0.05)
    assert_allclose(law.spread, 0.3, rtol=0.35)
    # Pairs that are twice as large, and crescents, are not among the single ones.
    merged = labels.copy()
    for k in range(1, 12, 2):
        merged[merged == k + 1] = k
    merged = np.unique(merged, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)
    again = measure_sizes(merged, diameter_px=DIAMETER)
    assert_allclose([again.log_area, again.spread], [law.log_area, law.spread], atol=0.12)
    # Of the 16 that lie inside, one more is cut.
    inside = labels[50:-50, 50:-50]
    inside = np.unique(inside, return_inverse=True)[1].reshape(inside.shape).astype(np.int32)
    assert np.isfinite(measure_sizes(inside, diameter_px=DIAMETER).spread)
    fewer = inside[:-70]
    fewer = np.unique(fewer, return_inverse=True)[1].reshape(fewer.shape).astype(np.int32)
    assert measure_sizes(fewer, diameter_px=DIAMETER) == SizeLaw()
    assert measure_sizes(np.zeros((9, 9), np.int32), diameter_px=DIAMETER) == SizeLaw()


def test_an_unknown_law_of_sizes_says_nothing():
    areas = np.array([0.1, 1.0, 5.0])
    assert_array_equal(SizeLaw().odds_of_two(areas, areas), np.zeros(3))


def test_points_of_an_outline_beside_another_label_are_told():
    labels = np.zeros((40, 60), np.int32)
    labels[5:35, 5:30], labels[5:35, 30:55] = 1, 2
    rows, boxes = np.array([1, 2]), [(slice(5, 35), slice(5, 30)), (slice(5, 35), slice(30, 55))]
    outlines = outlines_of(labels, rows, boxes)
    beside = beside_others(labels, rows, outlines)
    # Not at corners, where outlines face away from each other as much as towards.
    inner = np.abs(outlines[..., 0] - 19.5) < 14
    assert_array_equal(beside & inner, (np.abs(outlines[..., 1] - 29.5) < 1) & inner)
    assert not beside[np.abs(outlines[..., 1] - 29.5) > 2].any()


def test_the_best_cuts_of_an_outline_are_not_one_moved_by_a_little():
    mask = ellipse((60, 120), 30, 30, 13, 13) | ellipse((60, 120), 30, 54, 13, 13)
    mask |= ellipse((60, 120), 30, 78, 13, 13)
    labels = mask.astype(np.int32)
    outlines = outlines_of(labels, np.array([1]), [(slice(10, 50), slice(10, 100))])
    cuts = find_cuts(outlines, diameter_px=DIAMETER, min_dent=0.03, min_area_px=60)
    middle = 0.5 * (cuts.one + cuts.other)[0, :2, 1]
    assert_allclose(np.sort(middle), [42, 66], atol=1.5)


def test_each_nucleus_comes_from_its_own_threshold():
    """A dim nucleus beside a bright one, and two bright ones in a common haze."""
    shape = (90, 200)
    signal = 40.0 * ellipse(shape, 45, 30, 13, 13) + 400 * ellipse(shape, 45, 62, 13, 13)
    signal += 150 * ellipse(shape, 45, 140, 30, 45)
    signal += 400 * (ellipse(shape, 45, 120, 13, 13) | ellipse(shape, 45, 160, 13, 13))
    labels, quality = climb_ladder(
        signal.astype(np.float32),
        floor_counts=5,
        typical_counts=200,
        top_counts=400,
        diameter_px=DIAMETER,
    )
    at = [labels[45, x] for x in (30, 62, 120, 160)]
    assert min(at) > 0
    assert len(set(at)) == 4
    assert len(quality) == labels.max()
    assert ((quality >= 0) & (quality <= 1)).all()


def test_the_diameter_is_estimated_from_the_image():
    rng = np.random.default_rng(2)
    for radius in (7, 13, 30):
        image = np.full((400, 400), 100.0)
        for cy in range(60, 400, 100):
            for cx in range(60, 400, 100):
                image[ellipse(image.shape, cy, cx, radius, radius)] += 500
        found = guess_diameter(rng.poisson(image).astype(np.float32), min_snr=5)
        assert_allclose(found, 2 * radius, rtol=0.1)


def test_a_packed_canvas_knows_where_its_pixels_come_from():
    components = np.zeros((100, 100), np.int32)
    components[5:15, 5:15], components[60:80, 70:75], components[90:, 90:] = 1, 2, 3
    signal = np.arange(10_000, dtype=np.float32).reshape(100, 100) + 1
    packed = Canvas.whole(signal).packed(components, np.array([True, False, True]))
    assert packed.signal.size < 1000
    taken = packed.signal > 0
    assert taken.sum() == 200
    assert_allclose(signal.ravel()[packed.origin[taken]], packed.signal[taken])
    back = packed.spread(taken.astype(np.int32))[:-1].reshape(components.shape)
    assert (back == np.isin(components, (1, 3))).all()


def blurred(image, seed):
    rng = np.random.default_rng(seed)
    return 100 + 400 * gaussian(image.astype(np.float32), 1.1) + rng.normal(0, 6, image.shape)


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_chromocentres_are_no_nuclei(seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:300, :400]
    image = np.zeros(y.shape)
    centres = ((80, 70), (80, 143), (100, 330), (220, 80), (215, 230), (215, 305))
    for cy, cx in centres:
        inside = np.hypot(y - cy, x - cx) < 38
        image += inside
        for angle, part in rng.uniform(0, 1, (12, 2)):
            dy, dx = 32 * part**0.5 * np.array([np.sin(6.28 * angle), np.cos(6.28 * angle)])
            spot = np.hypot(y - cy - dy, x - cx - dx)
            image += 4 * inside * np.exp(-0.5 * (spot / 2.5) ** 2)
    assert len(segment_nuclei(blurred(image, seed))) == len(centres)


def sheet_of_nuclei(rows, columns, seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: 64 + 24.4 * rows, : 36 + 28 * columns]
    image = np.zeros(y.shape)
    for i in range(rows):
        for j in range(columns):
            cy, cx = rng.normal((34 + 24.4 * i, 30 + 28 * j + 14 * (i % 2)), 1)
            image = np.maximum(image, np.hypot(y - cy, x - cx) < 14)
    return blurred(image, seed)


@pytest.mark.parametrize("seed", range(3))
def test_a_sheet_of_nuclei_falls_apart_at_the_gaps(seed):
    diameter_um = NucleiSettings().diameter_um
    nuclei = segment_nuclei(sheet_of_nuclei(8, 8, seed), pixel_size_um=diameter_um / 28)
    assert 60 <= len(nuclei) <= 64


@pytest.mark.parametrize("seed", range(3))
def test_the_gaps_of_a_sheet_that_fills_the_field_are_no_noise(seed):
    diameter_um = NucleiSettings().diameter_um
    image = sheet_of_nuclei(18, 16, seed)[40:440, 40:440]
    nuclei = segment_nuclei(image, pixel_size_um=diameter_um / 28)
    n = image.size / (24.4 * 28)
    assert n < len(nuclei) < 1.25 * n
